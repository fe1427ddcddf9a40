// SPDX-License-Identifier: Apache-2.0

package fhir_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
)

// serialWrite is one write of a random transaction: about a resource by id, or by an identifier that it is found by.
type serialWrite struct {
	method string // PUT, PATCH or DELETE; POST is a create if no resource has the identifier
	id     string // empty: by identifier
	ident  string
	value  int
}

// serialTransaction is a random transaction and what it was answered.
type serialTransaction struct {
	writes []serialWrite
	reads  bool // its last entry finds all patients
	status int
	answer struct {
		Entry []struct {
			Resource json.RawMessage
			Response struct{ Status, Etag, Location string }
		}
	}
}

// serialPatient is a patient of the model.
type serialPatient struct {
	version int
	live    bool
	ident   string
	value   int
}

// randomTransaction makes one to three writes about different patients.
func randomTransaction(r *rand.Rand) serialTransaction {
	x := serialTransaction{reads: r.IntN(2) == 0}
	targets := r.Perm(8)[:1+r.IntN(3)]
	for _, n := range targets {
		w := serialWrite{value: r.IntN(1000)}
		if n < 4 {
			w.id, w.method = fmt.Sprint("p", n), []string{"PUT", "PUT", "PATCH", "DELETE"}[r.IntN(4)]
		} else {
			w.ident, w.method = fmt.Sprint("i", n), []string{"POST", "PUT", "PUT", "DELETE"}[r.IntN(4)]
		}
		x.writes = append(x.writes, w)
	}
	return x
}

// entry is the write as an entry of a Bundle.
func (w serialWrite) entry() string {
	url, more := "Patient/"+w.id, ""
	body := fmt.Sprintf(`{"resourceType":"Patient","multipleBirthInteger":%d`, w.value)
	switch {
	case w.id != "":
		body += fmt.Sprintf(`,"id":%q}`, w.id)
	default:
		body += fmt.Sprintf(`,"identifier":[{"system":"urn:s","value":%q}]}`, w.ident)
		url = "Patient?identifier=urn:s|" + w.ident
		if w.method == "POST" {
			url, more = "Patient", `,"ifNoneExist":"identifier=urn:s|`+w.ident+`"`
		}
	}
	switch w.method {
	case "DELETE":
		return fmt.Sprintf(`{"request":{"method":"DELETE","url":%q}}`, url)
	case "PATCH":
		body = fmt.Sprintf(`{"resourceType":"Parameters","parameter":[{"name":"operation","part":[{"name":"type","valueCode":"replace"},`+
			`{"name":"path","valueString":"Patient.multipleBirth"},{"name":"value","valueInteger":%d}]}]}`, w.value)
	}
	return fmt.Sprintf(`{"resource":%s,"request":{"method":%q,"url":%q%s}}`, body, w.method, url, more)
}

// TestTransactionsAreSerializable holds that the answers of transactions that race are those that they would have got one after the other, in the
// order of their commits: what is created and what is found, the versions that are made, and all that their reads see.
func TestTransactionsAreSerializable(t *testing.T) {
	onEngines(t, func(t *testing.T, s *server) {
		const workers, each = 16, 25
		seed := rand.Uint64()
		t.Logf("seed %d", seed)
		var mu sync.Mutex
		all := map[string]serialTransaction{} // guarded by mu
		var wg sync.WaitGroup
		for i := range workers {
			wg.Go(func() {
				r := rand.New(rand.NewPCG(seed, uint64(i)))
				for n := range each {
					x, name := randomTransaction(r), fmt.Sprintf("%d-%d", i, n)
					s.carryOut(&x, name)
					mu.Lock()
					all[name] = x
					mu.Unlock()
				}
			})
		}
		wg.Wait()
		world, done, reads := map[string]*serialPatient{}, 0, 0
		for page := s.do("GET", r4+"/Basic?_count=1000", "").bundle(t); ; page = s.do("GET", local(page.link("next")), "").bundle(t) {
			for _, e := range page.Entry {
				var marker struct{ Code struct{ Text string } }
				if err := json.Unmarshal(e.Resource, &marker); err != nil {
					t.Fatal(err)
				}
				x, ok := all[marker.Code.Text]
				if !ok || x.status != 200 {
					t.Fatalf("transaction %s was answered with %d and is stored", marker.Code.Text, x.status)
				}
				delete(all, marker.Code.Text)
				replay(t, world, x)
				if done++; x.reads {
					reads++
				}
			}
			if page.link("next") == "" {
				break
			}
		}
		for name, x := range all {
			if x.status != 404 && x.status != 409 && x.status != 410 && x.status != 412 {
				t.Errorf("transaction %s was answered with %d", name, x.status)
			}
		}
		t.Logf("%d transactions, %d of them with reads; %d were refused", done, reads, len(all))
		if done < workers*each/4 || reads == 0 {
			t.Errorf("only %d transactions were carried out", done)
		}
	})
}

// carryOut sends a transaction with a marker of its own.
func (s *server) carryOut(x *serialTransaction, name string) {
	var entries []string
	for _, w := range x.writes {
		entries = append(entries, w.entry())
	}
	entries = append(entries, fmt.Sprintf(`{"resource":{"resourceType":"Basic","code":{"text":%q}},"request":{"method":"POST","url":"Basic"}}`, name))
	if x.reads {
		entries = append(entries, `{"request":{"method":"GET","url":"Patient?_count=1000"}}`)
	}
	got := s.do("POST", r4, `{"resourceType":"Bundle","type":"transaction","entry":[`+strings.Join(entries, ",")+`]}`)
	x.status = got.status
	if got.status == 200 {
		if err := json.Unmarshal([]byte(got.body), &x.answer); err != nil {
			s.t.Error(err)
		}
	}
}

// replay does to the model what a transaction did, and compares the answers.
func replay(t *testing.T, world map[string]*serialPatient, x serialTransaction) {
	t.Helper()
	for i, w := range x.writes {
		response := x.answer.Entry[i].Response
		id := w.id
		for other, p := range world {
			if id == "" && p.live && p.ident == w.ident && w.ident != "" {
				id = other
			}
		}
		p := world[id]
		want := "200"
		switch {
		case w.method == "DELETE":
			want = "204"
			if w.id == "" && p == nil {
				t.Errorf("%+v finds what is not there", w)
			}
		case w.method == "PATCH" && (p == nil || !p.live):
			t.Errorf("%+v patches what is not there", w)
		case w.method != "PATCH" && (p == nil || !p.live):
			want = "201"
		}
		if response.Status != want {
			t.Errorf("%+v was answered %+v, want status %s of %+v", w, response, want, p)
		}
		if id == "" { // it is new: its id is the server's
			id, _, _ = strings.Cut(strings.TrimPrefix(response.Location, "Patient/"), "/")
		}
		apply(world, id, w)
		if p := world[id]; p != nil && response.Etag != fmt.Sprintf(`W/"%d"`, p.version) {
			t.Errorf("%+v was answered %+v, want version %d", w, response, p.version)
		}
	}
	if !x.reads {
		return
	}
	var found bundle
	if err := json.Unmarshal(x.answer.Entry[len(x.answer.Entry)-1].Resource, &found); err != nil {
		t.Fatal(err)
	}
	got, want := map[string]int{}, map[string]int{}
	for _, e := range found.Entry {
		var p struct {
			ID                   string
			MultipleBirthInteger int
		}
		if err := json.Unmarshal(e.Resource, &p); err != nil {
			t.Fatal(err)
		}
		got[p.ID] = p.MultipleBirthInteger
	}
	for id, p := range world {
		if p.live {
			want[id] = p.value
		}
	}
	if !maps.Equal(got, want) {
		t.Errorf("after %+v it reads %v, want %v", x.writes, sorted(got), sorted(want))
	}
}

// apply does a write to the model.
func apply(world map[string]*serialPatient, id string, w serialWrite) {
	p := world[id]
	switch {
	case w.method == "DELETE" && (p == nil || !p.live), w.method == "POST" && p != nil:
	case w.method == "DELETE":
		p.version, p.live = p.version+1, false
	default:
		if p == nil {
			p = new(serialPatient)
			world[id] = p
		}
		p.version, p.live, p.value = p.version+1, true, w.value
		if w.method != "PATCH" {
			p.ident = w.ident
		}
	}
}

func sorted(m map[string]int) []string {
	var list []string
	for id, v := range m {
		list = append(list, fmt.Sprint(id, "=", v))
	}
	slices.Sort(list)
	return list
}
