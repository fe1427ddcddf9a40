// SPDX-License-Identifier: Apache-2.0

package interaction_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"

	"galen/internal/engine"
	"galen/internal/engine/lsm"
	"galen/internal/engine/mem"
	"galen/internal/engine/scripttest"
	"galen/internal/fault"
	"galen/internal/fhir"
	"galen/internal/fhir/fhirtest"
	"galen/internal/fhir/validate"
	"galen/internal/interaction"
	"galen/internal/store"
)

// entries carries out a batch or transaction written as a script has it, and prints a line for each answer.
func (s *script) entries(kind, text string) []string {
	var entries []string
	for part := range strings.SplitSeq(text, " ;; ") {
		entries = append(entries, scriptEntry(part))
	}
	body := fmt.Sprintf(`{"resourceType":"Bundle","type":%q,"entry":[%s]}`, kind, strings.Join(entries, ","))
	answer, err := s.service.Bundle(context.Background(), s.caller, []byte(body), bundling)
	if err != nil {
		return failure(err)
	}
	var tape fhir.Tape
	if err := tape.Parse(answer, fhir.Limits{}); err != nil {
		return []string{err.Error()}
	}
	var lines []string
	for _, f := range validator.Resource(tape.Root(), validate.Strict) {
		lines = append(lines, fmt.Sprintf("invalid: %s at %s", f.Text, f.Expression))
	}
	for _, e := range tape.Root().Field("entry").Elements() {
		r := e.Field("response")
		line := strings.TrimSpace(r.Field("status").Text() + " " + r.Field("location").Text())
		if o := r.Field("outcome"); o.Ok() {
			line += " " + o.Field("issue").First().Field("diagnostics").Text()
		}
		if res := e.Field("resource"); res.Ok() {
			line += " " + fhir.Type(res)
			if t := res.Field("total"); t.Ok() {
				line += " total " + t.Number()
			}
		}
		lines = append(lines, uuid.ReplaceAllString(line, "<uuid>"))
	}
	return lines
}

var bundling = interaction.Bundling{Refuse: func(err error) (int, []byte) {
	return 400, fhir.AppendErrorOutcome(nil, err)
}}

func scriptEntry(text string) string {
	method, rest, _ := strings.Cut(text, " ")
	url, rest, _ := strings.Cut(rest, " ")
	request := map[string]string{"method": method, "url": url}
	entry := map[string]any{"request": request}
	for rest != "" && rest[0] != '{' && rest[0] != '[' {
		var option string
		option, rest, _ = strings.Cut(rest, " ")
		switch name, value, _ := strings.Cut(option, "="); {
		case strings.HasPrefix(option, "@"):
			entry["fullUrl"] = option[1:]
		case name == "if":
			request["ifMatch"] = `W/"` + value + `"`
		case name == "none":
			request["ifNoneMatch"] = value
		case name == "unless":
			request["ifNoneExist"] = value
		}
	}
	if method == "PATCH" {
		rest = fmt.Sprintf(`{"resourceType":"Binary","contentType":"application/json-patch+json","data":%q}`, base64.StdEncoding.EncodeToString([]byte(rest)))
	}
	if rest != "" {
		path, _, _ := strings.Cut(url, "?")
		parts := strings.Split(path+"/", "/")
		entry["resource"] = json.RawMessage(fill(rest, fhir.Key{Type: parts[0], ID: parts[1]}))
	}
	b, err := json.Marshal(entry)
	if err != nil {
		return err.Error()
	}
	return string(b)
}

// scripts runs a test with a service on every engine.
func scripts(t *testing.T, f func(t *testing.T, s *script)) {
	scripttest.OnEngines(t, func(t *testing.T, e engine.Engine) { f(t, newScript(t, e)) })
}

// race runs f in 32 goroutines, each with a number.
func race(f func(i int)) {
	var wg sync.WaitGroup
	for i := range 32 {
		wg.Go(func() { f(i) })
	}
	wg.Wait()
}

func TestRacingConditionalCreatesMakeOne(t *testing.T) {
	scripts(t, func(t *testing.T, s *script) {
		for round := range 5 {
			value := fmt.Sprint("v", round)
			body := fmt.Appendf(nil, `{"resourceType":"Patient","identifier":[{"system":"urn:s","value":%q}]}`, value)
			transaction := fmt.Appendf(nil, `{"resourceType":"Bundle","type":"transaction","entry":[{"resource":%s,"request":{"method":"POST","url":"Patient","ifNoneExist":"identifier=urn:s|%s"}}]}`, body, value)
			var mu sync.Mutex
			made, ids := 0, map[string]bool{}
			race(func(i int) {
				if i%2 == 1 {
					if _, err := s.service.Bundle(t.Context(), s.caller, transaction, bundling); err != nil {
						t.Error(err)
					}
					return
				}
				w, err := s.service.Create(t.Context(), s.caller, "Patient", interaction.Input{Body: body, Unless: "identifier=urn:s|" + value})
				if err != nil {
					t.Error(err)
					return
				}
				mu.Lock()
				defer mu.Unlock()
				if ids[w.Version.ID] = true; w.Created {
					made++
				}
			})
			got := s.run("search Patient?identifier=urn:s|" + value)
			if made > 1 || len(ids) != 1 || got[0] != "total 1" {
				t.Errorf("%d made, ids %v, found %v", made, ids, got)
			}
		}
	})
}

func TestRacingTransactionsLeaveAWhole(t *testing.T) {
	scripts(t, func(t *testing.T, s *script) {
		// Each transaction writes both resources or, when the other's condition fails, none: their versions stay equal.
		s.run(`transaction PUT Patient/a {"active":true} ;; PUT Patient/b {"active":true}`)
		race(func(i int) {
			for n := range 4 {
				first, second := "a", "b"
				if i%2 == 1 {
					first, second = second, first
				}
				s.run(fmt.Sprintf(`transaction PUT Patient/%s if=%d {"active":true} ;; PUT Patient/%s {"active":false}`, first, n+1, second))
			}
		})
		versions := map[uint32]bool{}
		for _, id := range []string{"a", "b"} {
			v, err := s.service.Read(t.Context(), s.caller, fhir.Key{Type: "Patient", ID: id})
			if err != nil {
				t.Fatal(err)
			}
			versions[v.VersionID] = true
		}
		if len(versions) != 1 || versions[1] {
			t.Errorf("the resources have versions %v", versions)
		}
	})
}

func TestRacingPatchesAllCount(t *testing.T) {
	scripts(t, func(t *testing.T, s *script) {
		s.run(`put Patient/p {"name":[{"family":"x"}]}`)
		race(func(i int) {
			line := fmt.Sprintf(`patch Patient/p [{"op":"add","path":"/name/0","value":{"family":"n%d"}}]`, i)
			if i%2 == 1 {
				line = fmt.Sprintf(`transaction PATCH Patient/p [{"op":"add","path":"/name/-","value":{"family":"n%d"}}]`, i)
			}
			if got := s.run(line); !strings.Contains(got[0], "p v") && !strings.Contains(got[0], "Patient/p") {
				t.Error(got)
			}
		})
		v, err := s.service.Read(t.Context(), s.caller, fhir.Key{Type: "Patient", ID: "p"})
		if n := strings.Count(string(v.Body), "family"); err != nil || n != 33 || v.VersionID != 33 {
			t.Errorf("%d names in version %d, %v; want 33", n, v.VersionID, err)
		}
	})
}

func TestBundlesAreBounded(t *testing.T) {
	e := mem.New()
	defer e.Close()
	x := newIndex(t)
	stores := store.New(e, x, store.Options{})
	defer stores.Close()
	s := newService(t, stores, x, func(context.Context, string, string) (*store.Store, error) { return stores.Store(1) })
	entry := `{"resource":{"resourceType":"Basic","code":{"text":"x"}},"request":{"method":"POST","url":"Basic"}}`
	for n, want := range map[int]fault.Kind{5000: "", 5001: fault.TooLarge} {
		body := `{"resourceType":"Bundle","type":"transaction","entry":[` + strings.Repeat(entry+",", n-1) + entry + `]}`
		_, err := s.Bundle(t.Context(), newCaller(), []byte(body), bundling)
		if (err != nil) != (want != "") || err != nil && fault.KindOf(err) != want {
			t.Errorf("%d entries: %v, want %v", n, err, want)
		}
	}
}

func BenchmarkTransaction100(b *testing.B) {
	e, err := lsm.Open(b.TempDir(), lsm.Options{})
	if err != nil {
		b.Fatal(err)
	}
	defer e.Close()
	x := newIndex(b)
	stores := store.New(e, x, store.Options{})
	defer stores.Close()
	s := newService(b, stores, x, func(context.Context, string, string) (*store.Store, error) { return stores.Store(1) })
	caller := newCaller()
	lines := fhirtest.Synthea(b, "synthea-10")["Observation"]
	var body strings.Builder
	body.WriteString(`{"resourceType":"Bundle","type":"transaction","entry":[`)
	for i := range 100 {
		if i > 0 {
			body.WriteString(",")
		}
		fmt.Fprintf(&body, `{"fullUrl":"urn:uuid:%d","resource":%s,"request":{"method":"POST","url":"Observation"}}`, i, lines[i%len(lines)])
	}
	body.WriteString(`]}`)
	b.SetBytes(int64(body.Len()))
	for b.Loop() {
		if _, err := s.Bundle(b.Context(), caller, []byte(body.String()), bundling); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(100*b.N)/b.Elapsed().Seconds(), "resources/s")
}
