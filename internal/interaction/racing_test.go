// SPDX-License-Identifier: Apache-2.0

package interaction_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"galen/internal/fault"
	"galen/internal/fhir"
	"galen/internal/fhir/fhirtest"
	"galen/internal/interaction"
)

const (
	purses = 6    // Patients, each with a number
	purse  = 1000 // in each at first
)

// transfer is what a Basic says of a transaction that took from one purse and gave to another: their versions before it, and how much it was.
type transfer struct {
	From, To               string
	FromVersion, ToVersion uint32
	Amount                 int
}

// TestRacingTransfersKeepTheSum holds transactions to what they promise over random histories: 32 writers take from one purse and give to another, each
// under the condition of the versions they read, and leave a note; some have an entry that fails. Whenever somebody looks, the sum is
// what it was; and in the end each version of each purse is of exactly one note.
func TestRacingTransfersKeepTheSum(t *testing.T) {
	scripts(t, func(t *testing.T, s *script) {
		for i := range purses {
			s.run(fmt.Sprintf(`put Patient/w%d {"multipleBirthInteger":%d}`, i, purse))
		}
		seed := rand.Uint64()
		t.Logf("seed %d", seed)
		var done, refused, looked atomic.Int64
		var looking sync.WaitGroup
		stop := make(chan struct{})
		for range 2 {
			looking.Go(func() {
				for {
					select {
					case <-stop:
						return
					default:
						s.checkSum(t)
						looked.Add(1)
					}
				}
			})
		}
		race(func(i int) {
			r := rand.New(rand.NewPCG(seed, uint64(i)))
			for n := range 12 {
				switch err := s.transfer(t, r, fmt.Sprintf("%d-%d", i, n)); {
				case err == nil:
					done.Add(1)
				case errors.Is(err, fault.Precondition), errors.Is(err, fault.Conflict):
					refused.Add(1)
				default:
					t.Error(err)
				}
			}
		})
		close(stop)
		looking.Wait()
		s.checkSum(t)
		s.checkNotes(t)
		t.Logf("%d transfers, %d refused, looked %d times", done.Load(), refused.Load(), looked.Load())
	})
}

// transfer moves something between two purses. It fails if somebody else was faster, or if it was made to fail.
func (s *script) transfer(t *testing.T, r *rand.Rand, name string) error {
	a, b := r.IntN(purses), r.IntN(purses-1)
	if b >= a {
		b++
	}
	from, fromVersion := s.purse(t, a)
	to, toVersion := s.purse(t, b)
	x := transfer{fmt.Sprint("w", a), fmt.Sprint("w", b), fromVersion, toVersion, r.IntN(from + 1)}
	note, err := json.Marshal(x)
	if err != nil {
		t.Fatal(err)
	}
	put := func(id string, version uint32, value int) string {
		return fmt.Sprintf(`{"resource":{"resourceType":"Patient","id":%q,"multipleBirthInteger":%d},"request":{"method":"PUT","url":"Patient/%s","ifMatch":"W/\"%d\""}}`, id, value, id, version)
	}
	entries := []string{put(x.From, fromVersion, from-x.Amount), put(x.To, toVersion, to+x.Amount),
		fmt.Sprintf(`{"resource":{"resourceType":"Basic","identifier":[{"system":"urn:t","value":%q}],"code":{"text":%q}},"request":{"method":"POST","url":"Basic","ifNoneExist":"identifier=urn:t|%s"}}`, name, note, name)}
	fails := r.IntN(8) == 0
	if fails {
		entries = append(entries, `{"request":{"method":"PATCH","url":"Patient/nobody"},"resource":{"resourceType":"Binary","contentType":"application/json-patch+json","data":"W10="}}`)
	}
	r.Shuffle(len(entries), func(i, j int) { entries[i], entries[j] = entries[j], entries[i] })
	body := []byte(`{"resourceType":"Bundle","type":"transaction","entry":[` + strings.Join(entries, ",") + `]}`)
	if _, err = s.service.Bundle(t.Context(), s.caller, body, interaction.Bundling{}); fails {
		if err == nil {
			t.Error("a transaction with an entry that fails is carried out")
		}
		return fault.New(fault.Conflict, "made to fail")
	}
	return err
}

// purse reads what is in a purse, and its version.
func (s *script) purse(t *testing.T, i int) (int, uint32) {
	v, err := s.service.Read(t.Context(), s.caller, fhir.Key{Type: "Patient", ID: fmt.Sprint("w", i)})
	if err != nil {
		t.Error(err)
	}
	return number(t, v.Body), v.VersionID
}

func number(t *testing.T, body []byte) int {
	var p struct{ MultipleBirthInteger int }
	if err := json.Unmarshal(body, &p); err != nil {
		t.Error(err)
	}
	return p.MultipleBirthInteger
}

// checkSum looks at all purses at one position.
func (s *script) checkSum(t *testing.T) {
	text, err := s.service.Search(t.Context(), s.caller, interaction.Find{Type: "Patient", Query: "_count=100"})
	if err != nil {
		t.Error(err)
		return
	}
	sum := 0
	for _, e := range fhirtest.Parse(t, text).Field("entry").Elements() {
		sum += number(t, e.Field("resource").Raw())
	}
	if want := purses * purse; sum != want {
		t.Errorf("in all purses there are %d, want %d", sum, want)
	}
}

// checkNotes holds that each version of each purse after the first was made by one transfer, and that what is in it is what that transfer says.
func (s *script) checkNotes(t *testing.T) {
	made := map[string]transfer{} // by the version that it made
	text, err := s.service.Search(t.Context(), s.caller, interaction.Find{Type: "Basic", Query: "_count=1000"})
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]bool{}
	for _, e := range fhirtest.Parse(t, text).Field("entry").Elements() {
		var x transfer
		if err := json.Unmarshal([]byte(e.Field("resource").Field("code").Field("text").Text()), &x); err != nil {
			t.Fatal(err)
		}
		name := e.Field("resource").Field("identifier").First().Field("value").Text()
		for _, version := range []string{fmt.Sprint(x.From, " ", x.FromVersion+1), fmt.Sprint(x.To, " ", x.ToVersion+1)} {
			if _, twice := made[version]; twice || names[name] {
				t.Errorf("version %s was made by two transfers, or there are two notes %s", version, name)
			}
			made[version] = x
		}
		names[name] = true
	}
	versions := 0
	for i := range purses {
		id := fmt.Sprint("w", i)
		before := purse
		_, newest := s.purse(t, i)
		for v := uint32(2); v <= newest; v++ {
			versions++
			x, ok := made[fmt.Sprint(id, " ", v)]
			got, err := s.service.VRead(t.Context(), s.caller, fhir.Key{Type: "Patient", ID: id}, fmt.Sprint(v))
			if err != nil {
				t.Fatal(err)
			}
			change := x.Amount
			if x.From == id {
				change = -change
			}
			if now := number(t, got.Body); !ok || now != before+change {
				t.Errorf("version %d of %s has %d after %d; the note %v says %+v", v, id, now, before, ok, x)
			}
			before += change
		}
	}
	if versions != len(made) {
		t.Errorf("%d versions were made, the notes are of %d", versions, len(made))
	}
}
