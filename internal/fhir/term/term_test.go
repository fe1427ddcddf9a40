// SPDX-License-Identifier: Apache-2.0

package term_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"galen/internal/fault"
	"galen/internal/fhir"
	"galen/internal/fhir/term"
)

// store is a Source over JSON texts.
type store struct {
	resources  map[string]string // kind, space, url
	generation uint64
}

func (s *store) Resource(kind, url, version string) ([]byte, error) {
	text, ok := s.resources[kind+" "+url]
	if !ok || version != "" && !strings.Contains(text, `"version":"`+version+`"`) {
		return nil, nil
	}
	return []byte(text), nil
}

func (s *store) ConceptMaps() (urls []string, err error) {
	for name := range s.resources {
		if kind, url, _ := strings.Cut(name, " "); kind == "ConceptMap" {
			urls = append(urls, url)
		}
	}
	return urls, nil
}

func (s *store) Generation() uint64 { return s.generation }

func (s *store) add(t testing.TB, texts ...string) *store {
	t.Helper()
	if s.resources == nil {
		s.resources = map[string]string{}
	}
	for _, text := range texts {
		n := parse(t, text)
		s.resources[fhir.Type(n)+" "+n.Field("url").Text()] = text
	}
	s.generation++
	return s
}

func parse(t testing.TB, text string) fhir.Node {
	t.Helper()
	var tape fhir.Tape
	if err := tape.Parse([]byte(text), fhir.Limits{}); err != nil {
		t.Fatal(err)
	}
	return tape.Root()
}

// animals has a hierarchy with two parents for the bat, properties, designations, and an abstract root.
const animals = `{"resourceType":"CodeSystem","url":"http://x/animals","version":"1","name":"Animals","content":"complete","caseSensitive":false,
"property":[{"code":"legs","type":"integer"},{"code":"food","type":"string"},{"code":"eats","type":"code"}],
"concept":[{"code":"animal","display":"Animal","property":[{"code":"notSelectable","valueBoolean":true}],"concept":[
 {"code":"mammal","display":"Mammal","concept":[
  {"code":"dog","display":"Dog","designation":[{"language":"de","value":"Hund"},{"language":"fr","use":{"system":"http://x/use","code":"pet"},"value":"Chien"}],"property":[{"code":"legs","valueInteger":4},{"code":"food","valueString":"meat"}]},
  {"code":"bat","display":"Fruit bat","property":[{"code":"legs","valueInteger":2},{"code":"parent","valueCode":"flyer"}]},
  {"code":"mammoth","display":"Mammoth","property":[{"code":"legs","valueInteger":4},{"code":"inactive","valueBoolean":true},{"code":"eats","valueCode":"dog"}]}]},
 {"code":"flyer","display":"Flying animal","concept":[{"code":"bird","display":"Bird","property":[{"code":"legs","valueInteger":2}]}]}]}]}`

func valueSet(url, compose string) string {
	return fmt.Sprintf(`{"resourceType":"ValueSet","url":%q,"compose":%s}`, url, compose)
}

func include(rest string) string {
	return `{"include":[{"system":"http://x/animals"` + rest + `}]}`
}

func filtered(property, op, value string) string {
	return include(fmt.Sprintf(`,"filter":[{"property":%q,"op":%q,"value":%q}]`, property, op, value))
}

// list is the codes of an expansion, nested ones in parentheses.
func list(contains []term.Contains) string {
	var parts []string
	for _, c := range contains {
		text := c.Code
		if len(c.Contains) > 0 {
			text += "(" + list(c.Contains) + ")"
		}
		parts = append(parts, text)
	}
	return strings.Join(parts, " ")
}

func expand(s *term.Service, r term.ExpandRequest) string {
	e, err := s.Expand(r)
	if err != nil {
		return string(fault.KindOf(err))
	}
	return list(e.Contains)
}

func TestExpandCompose(t *testing.T) {
	s := term.New(term.Options{Source: (&store{}).add(t, animals, valueSet("http://x/pets", include(`,"concept":[{"code":"dog","display":"Doggy"},{"code":"bat"}]`)))})
	for _, c := range []struct{ compose, want string }{
		{include(``), "animal mammal dog bat mammoth flyer bird"},
		{filtered("concept", "is-a", "mammal"), "mammal dog bat mammoth"},
		{filtered("concept", "descendent-of", "flyer"), "bat bird"},
		{filtered("concept", "is-not-a", "mammal"), "animal flyer bird"},
		{filtered("concept", "generalizes", "bat"), "animal mammal bat flyer"},
		{filtered("legs", "=", "2"), "bat bird"},
		{filtered("legs", "in", "2, 3"), "bat bird"},
		{filtered("legs", "not-in", "2"), "animal mammal dog mammoth flyer"},
		{filtered("legs", "exists", "false"), "animal mammal flyer"},
		{filtered("food", "exists", "true"), "dog"},
		{filtered("code", "regex", "b.*"), "bat bird"},
		{filtered("display", "regex", ".*[Aa]nimal"), "animal flyer"},
		{filtered("parent", "=", "flyer"), "bat bird"},
		{filtered("child", "exists", "true"), "animal mammal flyer"},
		{filtered("inactive", "=", "true"), "mammoth"},
		{filtered("eats", "=", "dog"), "mammoth"},
		{include(`,"filter":[{"property":"legs","op":"=","value":"2"},{"property":"concept","op":"is-a","value":"mammal"}]`), "bat"},
		{include(`,"valueSet":["http://x/pets"],"filter":[{"property":"legs","op":"=","value":"2"}]`), "bat"},
		{`{"include":[{"valueSet":["http://x/pets"]}]}`, "dog bat"},
		{`{"include":[{"system":"http://x/animals"}],"exclude":[{"valueSet":["http://x/pets"]},{"system":"http://x/animals","concept":[{"code":"bird"}]}]}`, "animal mammal mammoth flyer"},
		{`{"inactive":false,"include":[{"system":"http://x/animals"}]}`, "animal mammal dog bat flyer bird"},
		{`{"include":[{"system":"http://x/animals","concept":[{"code":"bird"}]},{"system":"http://x/animals","concept":[{"code":"dog"},{"code":"bird"}]}]}`, "bird dog"},
		{`{"include":[{"system":"http://unknown","concept":[{"code":"b"},{"code":"a"}]}]}`, "b a"},
		{filtered("concept", "is-a", "unicorn"), "unprocessable"},
		{filtered("wings", "=", "2"), "unprocessable"},
		{filtered("concept", "near", "dog"), "unsupported"},
		{filtered("code", "regex", "(a"), "invalid"},
		{filtered("code", "regex", "(?=a)b"), "invalid"},
		{filtered("code", "regex", strings.Repeat("a", 2000)), "too costly"},
		{`{"include":[{"system":"http://unknown"}]}`, "not found"},
		{`{"include":[{"valueSet":["http://x/none"]}]}`, "not found"},
		{`{"include":[{}]}`, "invalid"},
		{`{"include":[{"system":"urn:ietf:bcp:13"}]}`, "too costly"},
	} {
		got := expand(s, term.ExpandRequest{ValueSet: parse(t, valueSet("http://x/it", c.compose)), Flat: true})
		if got != c.want {
			t.Errorf("%s: got %s, want %s", c.compose, got, c.want)
		}
	}
}

func TestExpandRequest(t *testing.T) {
	s := term.New(term.Options{MaxExpansion: 7, Source: (&store{}).add(t, animals, valueSet("http://x/all", include(``)))})
	for _, c := range []struct {
		r    term.ExpandRequest
		want string
	}{
		{term.ExpandRequest{}, "animal(mammal(dog bat mammoth) flyer(bird))"},
		{term.ExpandRequest{ActiveOnly: true}, "animal(mammal(dog bat) flyer(bird))"},
		{term.ExpandRequest{NotForUI: true}, "mammal(dog bat mammoth) flyer(bird)"},
		{term.ExpandRequest{Flat: true}, "animal mammal dog bat mammoth flyer bird"},
		{term.ExpandRequest{Count: 2}, "animal mammal"},
		{term.ExpandRequest{Offset: 2, Count: 2}, "dog bat"},
		{term.ExpandRequest{Offset: 6, Count: 2}, "bird"},
		{term.ExpandRequest{Offset: 9, Count: 2}, ""},
		{term.ExpandRequest{CountOnly: true}, ""},
		{term.ExpandRequest{Filter: "mamm"}, "mammal mammoth"},
		{term.ExpandRequest{Filter: "BAT fru"}, "bat"},
		{term.ExpandRequest{Filter: "hund"}, "dog"},
		{term.ExpandRequest{Filter: "at"}, ""},
		{term.ExpandRequest{Count: 8}, "too costly"},
		{term.ExpandRequest{Count: -1}, "invalid"},
		{term.ExpandRequest{Filter: strings.Repeat("x", 1000)}, "invalid"},
	} {
		c.r.URL = "http://x/all"
		if got := expand(s, c.r); got != c.want {
			t.Errorf("%+v: got %s, want %s", c.r, got, c.want)
		}
	}
	e, err := s.Expand(term.ExpandRequest{URL: "http://x/all", Filter: "dog", Designations: true, DisplayLanguage: "fr-CH", Properties: []string{"legs"}})
	if err != nil || e.Contains[0].Display != "Chien" || len(e.Contains[0].Designations) != 2 || e.Contains[0].Properties[0].Value != "4" || e.Total != 1 {
		t.Errorf("got %+v, %v", e, err)
	}
	small := term.New(term.Options{MaxExpansion: 6, Source: (&store{}).add(t, animals, valueSet("http://x/all", include(``)))})
	if got := expand(small, term.ExpandRequest{URL: "http://x/all"}); got != "too costly" {
		t.Errorf("got %s", got)
	}
}

func TestValidateCode(t *testing.T) {
	s := term.New(term.Options{
		Unit: func(code string) bool { return code == "mg" },
		Source: (&store{}).add(t, animals, valueSet("http://x/mammals", filtered("concept", "is-a", "mammal")),
			valueSet("http://x/pets", include(`,"concept":[{"code":"dog","display":"Doggy"},{"code":"bat"}]`)),
			valueSet("http://x/simple", `{"include":[{"system":"urn:ietf:bcp:47","filter":[{"property":"script","op":"exists","value":"false"},{"property":"region","op":"in","value":"CH,AT"}]}]}`),
			valueSet("http://x/mixed", `{"include":[{"system":"http://snomed.info/sct"},{"system":"http://x/animals"}]}`)),
	})
	for _, c := range []struct {
		set, system, code, display string
		want                       string
	}{
		{"http://x/mammals", "http://x/animals", "dog", "", "yes"},
		{"http://x/mammals", "http://x/animals", "DOG", "hund", "yes"},
		{"http://x/mammals", "http://x/animals", "dog", "Cat", "display"},
		{"http://x/pets", "http://x/animals", "dog", "doggy", "yes"},
		{"http://x/pets", "http://x/animals", "dog", "Dog", "yes"},
		{"http://x/pets", "http://x/animals", "bird", "", "no"},
		{"http://x/mammals", "http://x/animals", "bird", "", "no"},
		{"http://x/mammals", "http://x/other", "dog", "", "no"},
		{"", "http://x/animals", "bird", "", "yes"},
		{"", "http://x/animals", "cow", "", "no"},
		{"", "http://x/none", "cow", "", "not found"},
		{"http://x/none", "http://x/animals", "bird", "", "not found"},
		{"http://x/mixed", "http://x/animals", "bird", "", "yes"},
		{"http://x/mixed", "http://snomed.info/sct", "1", "", "not found"},
		{"http://x/mixed", "http://loinc.org", "1", "", "no"},
		{"http://hl7.org/fhir/ValueSet/administrative-gender|4.0.1", "http://hl7.org/fhir/administrative-gender", "male", "Male", "yes"},
		{"http://hl7.org/fhir/ValueSet/ucum-units", "http://unitsofmeasure.org", "mg", "", "yes"},
		{"", "http://unitsofmeasure.org", "mg", "", "yes"},
		{"", "http://unitsofmeasure.org", "mgg", "", "no"},
		{"http://hl7.org/fhir/ValueSet/mimetypes", "urn:ietf:bcp:13", "text/plain; charset=utf-8", "", "yes"},
		{"http://hl7.org/fhir/ValueSet/mimetypes", "urn:ietf:bcp:13", "text", "", "no"},
		{"http://hl7.org/fhir/ValueSet/all-languages", "urn:ietf:bcp:47", "de-CH-1996", "", "yes"},
		{"http://hl7.org/fhir/ValueSet/all-languages", "urn:ietf:bcp:47", "de-", "", "no"},
		{"http://hl7.org/fhir/ValueSet/all-languages", "urn:ietf:bcp:47", "zh-cmn-Hans-CN-a-bbb-x-y", "", "yes"},
		{"http://hl7.org/fhir/ValueSet/all-languages", "urn:ietf:bcp:47", "de-a", "", "no"},
		{"http://x/simple", "urn:ietf:bcp:47", "de-CH", "", "yes"},
		{"http://x/simple", "urn:ietf:bcp:47", "de-Latn-CH", "", "no"},
		{"http://x/simple", "urn:ietf:bcp:47", "de", "", "no"},
		{"http://hl7.org/fhir/ValueSet/currencies", "urn:iso:std:iso:4217", "CHF", "", "yes"},
		{"http://hl7.org/fhir/ValueSet/iso3166-1-3", "urn:iso:std:iso:3166", "CHE", "", "yes"},
		{"http://hl7.org/fhir/ValueSet/iso3166-1-3", "urn:iso:std:iso:3166", "CH", "", "no"},
	} {
		v, err := s.ValidateCode(term.ValidateRequest{URL: c.set, Codings: []term.Coding{{System: c.system, Code: c.code, Display: c.display}}})
		got := "no"
		switch {
		case err != nil:
			got = string(fault.KindOf(err))
		case v.Result:
			got = "yes"
		case v.DisplayInvalid:
			got = "display"
		}
		if got != c.want {
			t.Errorf("%+v: got %s (%v, %v)", c, got, v.Message, err)
		}
	}
	two := []term.Coding{{System: "http://x/animals", Code: "bird"}, {System: "http://x/animals", Code: "dog"}}
	if v, err := s.ValidateCode(term.ValidateRequest{URL: "http://x/pets", Codings: two}); err != nil || v.Code != "dog" || v.Display != "Doggy" {
		t.Errorf("got %+v, %v", v, err)
	}
	bare := []term.Coding{{Code: "dog"}}
	if v, _ := s.ValidateCode(term.ValidateRequest{URL: "http://x/pets", Codings: bare}); v.Result {
		t.Errorf("a code without system was valid: %+v", v)
	}
	if v, err := s.ValidateCode(term.ValidateRequest{URL: "http://x/pets", Codings: bare, InferSystem: true}); err != nil || v.System != "http://x/animals" {
		t.Errorf("got %+v, %v", v, err)
	}
	if v, _ := s.ValidateCode(term.ValidateRequest{NoAbstract: true, Codings: []term.Coding{{System: "http://x/animals", Code: "animal"}}}); v.Result {
		t.Errorf("an abstract code was valid")
	}
	if ok, err := s.MemberOf("http://hl7.org/fhir/ValueSet/administrative-gender", term.Coding{Code: "male"}); !ok || err != nil {
		t.Errorf("got %v, %v", ok, err)
	}
}

func TestLookupAndSubsumes(t *testing.T) {
	s := term.New(term.Options{Source: (&store{}).add(t, animals)})
	c, err := s.Lookup(term.LookupRequest{Coding: term.Coding{System: "http://x/animals", Code: "bat"}})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, p := range c.Properties {
		got = append(got, p.Code+"="+p.Value)
	}
	if want := "legs=2 inactive=false parent=mammal parent=flyer"; strings.Join(got, " ") != want || c.Name != "Animals" || c.Version != "1" {
		t.Errorf("got %v %+v, want %s", got, c, want)
	}
	for _, c := range []struct {
		a, b string
		want string
	}{{"animal", "bat", "subsumes"}, {"bat", "flyer", "subsumed-by"}, {"dog", "flyer", "not-subsumed"}, {"dog", "Dog", "equivalent"}, {"dog", "cow", "not found"}} {
		got, err := s.Subsumes(term.Coding{System: "http://x/animals", Code: c.a}, term.Coding{System: "http://x/animals", Code: c.b})
		if err != nil {
			got = term.Subsumption(fault.KindOf(err))
		}
		if string(got) != c.want {
			t.Errorf("%s %s: got %s, want %s", c.a, c.b, got, c.want)
		}
	}
}

// TestSourceChanges: what was compiled is made anew when the source says so.
func TestSourceChanges(t *testing.T) {
	src := (&store{}).add(t, animals)
	s := term.New(term.Options{Source: src})
	if got := expand(s, term.ExpandRequest{URL: "http://x/all"}); got != "not found" {
		t.Errorf("got %s", got)
	}
	src.add(t, valueSet("http://x/all", include(`,"concept":[{"code":"dog"}]`)))
	if got := expand(s, term.ExpandRequest{URL: "http://x/all"}); got != "dog" {
		t.Errorf("got %s", got)
	}
}

func TestClosure(t *testing.T) {
	s := term.New(term.Options{Source: (&store{}).add(t, animals)})
	var c term.Closure
	add := func(codes ...string) string {
		var all []term.Coding
		for _, code := range codes {
			all = append(all, term.Coding{System: "http://x/animals", Code: code})
		}
		added, err := c.Add(s, all)
		if err != nil {
			return string(fault.KindOf(err))
		}
		var got []string
		for _, r := range added {
			got = append(got, r.Source.Code+"<"+r.Target.Code)
		}
		return strings.Join(got, " ")
	}
	for _, step := range []struct{ codes, want string }{
		{"mammal dog", "dog<mammal"}, {"bat", "bat<mammal"}, {"dog", ""}, {"flyer animal", "bat<flyer mammal<animal dog<animal bat<animal flyer<animal"}, {"cow", "not found"},
	} {
		if got := add(strings.Fields(step.codes)...); got != step.want {
			t.Errorf("%s: got %s, want %s", step.codes, got, step.want)
		}
	}
	data, err := c.AppendBinary(nil)
	if err != nil {
		t.Fatal(err)
	}
	again, err := term.ParseClosure(data)
	if err != nil || again.Version() != 3 || again.Len() != 5 || len(again.Since(1)) != 6 {
		t.Errorf("got %+v, %v", again, err)
	}
}

// TestHostileSets: what would never end, or be too large, ends with an error.
func TestHostileSets(t *testing.T) {
	src := (&store{}).add(t, animals,
		valueSet("http://x/a", `{"include":[{"valueSet":["http://x/b"]}]}`), valueSet("http://x/b", `{"include":[{"valueSet":["http://x/a"]}]}`),
		valueSet("http://x/self", `{"include":[{"system":"http://x/animals"}],"exclude":[{"valueSet":["http://x/self"]}]}`),
		`{"resourceType":"CodeSystem","url":"http://x/ring","content":"complete","concept":[{"code":"a","property":[{"code":"parent","valueCode":"b"}]},{"code":"b","property":[{"code":"parent","valueCode":"c"}]},{"code":"c","property":[{"code":"parent","valueCode":"a"}]}]}`,
		valueSet("http://x/ring-set", `{"include":[{"system":"http://x/ring"}]}`))
	for i := range 60 {
		src.add(t, valueSet(fmt.Sprint("http://x/deep", i), fmt.Sprintf(`{"include":[{"valueSet":["http://x/deep%d"]}]}`, i+1)))
	}
	s := term.New(term.Options{Source: src})
	for url, want := range map[string]string{
		"http://x/a": "unprocessable", "http://x/self": "unprocessable", "http://x/deep0": "too costly", "http://x/ring-set": "a b c",
	} {
		if got := expand(s, term.ExpandRequest{URL: url}); got != want {
			t.Errorf("%s: got %s, want %s", url, got, want)
		}
	}
	if got, err := s.Subsumes(term.Coding{System: "http://x/ring", Code: "a"}, term.Coding{System: "http://x/ring", Code: "c"}); err != nil || got != term.Subsumer {
		t.Errorf("got %s, %v", got, err)
	}
	many := strings.Repeat(`{"valueSet":["http://x/none"]},`, 20_000)
	_, err := s.Expand(term.ExpandRequest{ValueSet: parse(t, valueSet("http://x/many", `{"include":[`+many+`{}]}`))})
	if !errors.Is(err, fault.TooCostly) {
		t.Errorf("got %v", err)
	}
	var one strings.Builder
	for i := range 9_000 {
		fmt.Fprintf(&one, `{"system":"http://unknown/1","version":"%d","concept":[{"code":"c%d"}]},`, i, i)
	}
	_, err = s.Expand(term.ExpandRequest{ValueSet: parse(t, valueSet("http://x/many", `{"include":[`+one.String()+`{"system":"http://x/animals"}]}`))})
	if !errors.Is(err, fault.TooCostly) {
		t.Errorf("got %v", err)
	}
}
