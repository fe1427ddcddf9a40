// SPDX-License-Identifier: Apache-2.0

package schema_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"galen/internal/fault"
	"galen/internal/fhir"
	"galen/internal/fhir/def"
	"galen/internal/search/index"
	"galen/internal/search/schema"
)

func param(id, code string, bases ...string) schema.Param {
	return schema.Param{ID: id, URL: "http://x/" + id, Code: code, Type: "token", Bases: bases, Expression: "Patient.gender"}
}

// TestNumbersAreNotUsedAgain holds that a parameter that changes, goes or comes back has a number that no other ever had.
func TestNumbersAreNotUsedAgain(t *testing.T) {
	s := schema.First()
	seen := map[def.ParamID]bool{}
	put := func(p schema.Param) {
		t.Helper()
		next, err := s.Put(p)
		if err != nil {
			t.Fatal(err)
		}
		if next.Generation <= s.Generation {
			t.Errorf("generation %d comes after %d", next.Generation, s.Generation)
		}
		s = next
		got := s.Params[len(s.Params)-1]
		if seen[got.Number] || got.Number < def.FirstFreeParam || got.Since != s.Generation || got.Complete {
			t.Errorf("%s is %+v in generation %d", p.ID, got, s.Generation)
		}
		seen[got.Number] = true
	}
	put(param("a", "a", "Patient"))
	put(param("b", "b", "Patient"))
	same, err := s.Put(param("a", "a", "Patient"))
	if err != nil || same.Generation != s.Generation {
		t.Errorf("what asks for the same: generation %d, %v", same.Generation, err)
	}
	changed := param("a", "a", "Patient")
	changed.Expression = "Patient.maritalStatus"
	put(changed)
	s = s.Remove("b")
	put(param("b", "b", "Patient"))
	if again := s.Remove("none"); again.Generation != s.Generation {
		t.Error("to remove what is not there is a change")
	}
}

func TestPutRefuses(t *testing.T) {
	s, err := schema.First().Put(param("a", "a", "Patient", "Group"))
	if err != nil {
		t.Fatal(err)
	}
	sameURL := param("b", "b", "Group")
	sameURL.URL = "http://x/a"
	for name, p := range map[string]schema.Param{"url": sameURL, "code": param("c", "a", "Group"), "code of all": param("d", "a", "Resource")} {
		if next, err := s.Put(p); !errors.Is(err, fault.Unprocessable) {
			t.Errorf("%s: %+v, %v", name, next.Params, err)
		}
	}
	if _, err := s.Put(param("e", "a", "Observation")); err != nil {
		t.Errorf("the same code on another type: %v", err)
	}
	for i := len(s.Params); i < schema.MaxParams; i++ {
		if s, err = s.Put(param(fmt.Sprint("n", i), fmt.Sprint("n", i), "Patient")); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.Put(param("more", "more", "Patient")); !errors.Is(err, fault.Unprocessable) {
		t.Errorf("one too many: %v", err)
	}
	if next, err := s.Put(param("a", "other", "Patient")); err != nil || len(next.Params) != schema.MaxParams {
		t.Errorf("a change when there are as many as there can be: %d, %v", len(next.Params), err)
	}
}

// TestAPassCompletesWhatCameBeforeIt holds that a parameter that comes during a pass waits for the next one.
func TestAPassCompletesWhatCameBeforeIt(t *testing.T) {
	s, _ := schema.First().Put(param("a", "a", "Patient"))
	begun, full, drop := s.Begin()
	pass := schema.Pass{Generation: begun.Generation, Full: full, Began: 1}
	if full || drop || !pass.Running() {
		t.Errorf("the pass is full %v, drops %v, %+v", full, drop, pass)
	}
	later, _ := begun.Put(param("b", "b", "Group"))
	patient, group := def.R4().Type("Patient").ID, def.R4().Type("Group").ID
	if got := later.Pending(pass); !slices.Equal(got, []def.ParamID{later.Params[0].Number}) || !later.Covers(pass, patient) || later.Covers(pass, group) {
		t.Errorf("the pass is for %v", got)
	}
	done := later.Finish(pass)
	if !done.Params[0].Complete || done.Params[1].Complete || !done.Due() || later.Params[0].Complete {
		t.Errorf("after it the parameters are %+v", done.Params)
	}
	rows, err := schema.Parse(done.Row(), done.ParamsRow())
	if err != nil || fmt.Sprint(rows) != fmt.Sprint(done) {
		t.Errorf("read back it is %+v, %v, want %+v", rows, err, done)
	}
}

func TestAnotherVersionIsMadeAnew(t *testing.T) {
	old, err := schema.Parse([]byte(`{"version":0,"generation":5}`), nil)
	if err != nil || old.Stands() || !old.Due() {
		t.Fatalf("%+v, %v", old, err)
	}
	begun, full, drop := old.Begin()
	if !full || !drop || begun.Version != index.Version || begun.Stands() || begun.Generation != 6 {
		t.Errorf("%+v, full %v, drops %v", begun, full, drop)
	}
	if done := begun.Finish(schema.Pass{Generation: 6, Full: true}); !done.Stands() || done.Due() {
		t.Errorf("after it: %+v", done)
	}
	if done := begun.Finish(schema.Pass{Generation: 5}); done.Stands() {
		t.Error("a pass that is not full has made all terms")
	}
}

// FuzzRead holds that whatever is taken compiles, and has the terms it must on any resource.
func FuzzRead(f *testing.F) {
	for _, expression := range []string{"Patient.gender", "Patient.name.where(use = 'nickname').given | Group.name", "Resource.meta.tag", "Patient.link.other.where(resolve() is Patient)",
		"Patient.extension.where(url = 'x').value.code", "Patient.birthDate < today()", "(Patient.multipleBirth as integer)", "%resource.id", "Patient./*'*/id", "Patient.`id`"} {
		for _, kind := range []string{"token", "string", "reference", "number"} {
			f.Add("code", kind, "Patient,Group", expression)
		}
	}
	base, err := index.New(def.R4())
	if err != nil {
		f.Fatal(err)
	}
	var tape fhir.Tape
	resource := `{"resourceType":"Patient","id":"a","meta":{"tag":[{"code":"x"}]},"name":[{"use":"nickname","given":["al"]}],"gender":"male","multipleBirthInteger":3}`
	if err := tape.Parse([]byte(resource), fhir.Limits{}); err != nil {
		f.Fatal(err)
	}
	var other fhir.Tape
	stored := strings.Replace(strings.Replace(resource, `"id":"a"`, `"id":"b"`, 1), `"meta":{`, `"meta":{"versionId":"3","lastUpdated":"2026-01-01T00:00:00Z",`, 1)
	if err := other.Parse([]byte(stored), fhir.Limits{}); err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, code, kind, bases, expression string) {
		var text []byte
		text = fhir.AppendString(append(text, `{"resourceType":"SearchParameter","url":"http://x/y","status":"active","code":`...), code)
		text = fhir.AppendString(append(text, `,"type":`...), kind)
		text = fhir.AppendString(append(text, `,"expression":`...), expression)
		text = append(text, `,"base":[`...)
		for i, b := range strings.Split(bases, ",") {
			if i > 0 {
				text = append(text, ',')
			}
			text = fhir.AppendString(text, b)
		}
		var in fhir.Tape
		if err := in.Parse(append(text, `]}`...), fhir.Limits{}); err != nil {
			return
		}
		p, err := schema.Read(in.Root())
		if err != nil && !errors.Is(err, fault.Unprocessable) {
			t.Fatalf("refused with %v", err)
		}
		if p == nil {
			return
		}
		s, err := schema.First().Put(*p)
		if err != nil {
			t.Fatal(err)
		}
		x, err := base.With(s.Definitions())
		if err != nil {
			t.Fatalf("%s: what was taken does not compile: %v", text, err)
		}
		if a, b := terms(t, x, tape.Root()), terms(t, x, other.Root()); a != b {
			t.Errorf("%s: as it came the resource has the terms %q, as it is stored %q", text, a, b)
		}
	})
}

// terms are those of own parameters.
func terms(t *testing.T, x *index.Index, resource fhir.Node) string {
	var all index.Terms
	if err := x.AppendTerms(&all, resource); err != nil {
		t.Fatal(err)
	}
	var own []string
	for i := range all.Len() {
		if key := all.Key(i); key[3] >= byte(def.FirstFreeParam>>8) {
			own = append(own, string(key))
		}
	}
	slices.Sort(own)
	return strings.Join(own, " ")
}
