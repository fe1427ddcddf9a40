// SPDX-License-Identifier: Apache-2.0

package fhir_test

import (
	"fmt"
	"net/url"
	"runtime"
	"strings"
	"testing"

	api "galen/internal/api/fhir"
	"galen/internal/engine/mem"
)

// made is the bytes that f allocates, whether they are kept or not: a bound on it is one on the work, too.
func made(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// TestHostileResources sends resources that are wrong in ways that cost much to look at. Each is answered by an OperationOutcome, and what
// is allocated for it is a few MB and a few times what was sent.
func TestHostileResources(t *testing.T) {
	s := newServer(t, mem.New(), api.Options{})
	s.do("PUT", r4+"/Patient/p1", patient).want(t, 201)
	const mega = 1 << 20
	in := func(member string) string { return `{"resourceType":"Patient",` + member + `}` }
	for name, c := range map[string]struct {
		body, code string
	}{
		"objects 100,000 deep":    {in(`"contact":` + strings.Repeat(`{"name":`, 100_000)), "invalid"},
		"lists 100,000 deep":      {in(`"name":` + strings.Repeat(`[`, 100_000)), "invalid"},
		"contained 60 deep":       {strings.Repeat(`{"resourceType":"Patient","contained":[`, 60) + patient + strings.Repeat(`]}`, 60), "invariant"},
		"a string of 10 MB":       {in(`"gender":"` + strings.Repeat("x", 10*mega) + `"`), "code-invalid"},
		"an id of 10 MB":          {in(`"id":"` + strings.Repeat("x", 10*mega) + `"`), "value"},
		"a number of 1 MB":        {in(`"multipleBirthInteger":` + strings.Repeat("1", mega)), "value"},
		"a huge exponent":         {in(`"extension":[{"url":"http://x","valueDecimal":1e999999999}],"gender":"x"`), ""},
		"invalid UTF-8":           {in("\"name\":[{\"family\":\"\xff\xfe\"}]"), "invalid"},
		"half a surrogate":        {in(`"name":[{"family":"\ud800"}]`), "invalid"},
		"a NUL":                   {in("\"name\":[{\"family\":\"\x00\"}]"), "invalid"},
		"a member twice":          {in(`"gender":"male","gender":"female"`), "invalid"},
		"the type twice":          {in(`"resourceType":"Observation"`), "invalid"},
		"100,000 other members":   {in(many(100_000, `"m%d":1`)), "structure"},
		"100,000 other profiles":  {in(`"meta":{"profile":[` + many(100_000, `"http://x/%d"`) + `]},"gender":"x"`), ""},
		"100,000 nulls":           {in(`"name":[null` + strings.Repeat(`,null`, 100_000) + `]`), "structure"},
		"extensions 40 deep":      {in(strings.Repeat(`"extension":[{"url":"http://x",`, 40) + `"valueCode":" "` + strings.Repeat(`}]`, 40)), "value"},
		"a list of another type":  {in(`"name":{"family":"x"}`), "structure"},
		"an object in its place":  {in(`"birthDate":{"a":[1,2,{"b":null}]}`), "structure"},
		"a number in its place":   {in(`"gender":7`), ""},
		"a tag of no XML at 5 MB": {in(`"text":{"status":"generated","div":"<div xmlns='http://www.w3.org/1999/xhtml'>` + strings.Repeat("<b>", 5*mega/3) + `"}`), ""},
	} {
		t.Run(name, func(t *testing.T) {
			for _, to := range []struct{ method, path string }{{"POST", "/Patient"}, {"PUT", "/Patient/p1"}, {"POST", "/Patient/$validate"}} {
				var got reply
				spent := made(func() { got = s.do(to.method, r4+to.path, c.body) })
				if got.status == 200 && strings.HasSuffix(to.path, "$validate") {
					got.want(t, 200, `"OperationOutcome"`, `"error"`)
				} else {
					got.want(t, 400, `"OperationOutcome"`, `"code":"`+c.code)
				}
				if limit := uint64(16*mega + 8*len(c.body)); spent > limit && !raced || len(got.body) > mega {
					t.Errorf("%s %s: %d bytes for %d sent, %d at most; the answer has %d", to.method, to.path, spent, len(c.body), limit, len(got.body))
				}
			}
		})
	}
	s.do("GET", r4+"/Patient/p1", "").want(t, 200, `"versionId":"1"`)
}

// many joins the numbers below n, each in a form, by commas.
func many(n int, form string) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, ","+form, i)
	}
	return b.String()[1:]
}

// TestHostileDefinitions stores definitions that go round in circles, explode or never end, and asks for what needs them.
func TestHostileDefinitions(t *testing.T) {
	s := newServer(t, mem.New(), api.Options{})
	put := func(typ, id, members string) {
		t.Helper()
		url := "http://x/" + id
		s.do("PUT", r4+"/"+typ+"/"+id, fmt.Sprintf(`{"resourceType":%q,"id":%q,"url":%q,"status":"active",%s}`, typ, id, url, members)).want(t, 201)
	}
	profile := func(id, parent, elements string) {
		put("StructureDefinition", id, fmt.Sprintf(`"name":"P","kind":"resource","abstract":false,"type":"Patient","baseDefinition":%q,"derivation":"constraint","differential":{"element":[{"id":"Patient","path":"Patient"%s}]}`, parent, elements))
	}
	rule := func(expression string) string {
		return fmt.Sprintf(`,"constraint":[{"key":"t-1","severity":"error","human":"x","expression":%q}]`, expression)
	}
	const base = "http://hl7.org/fhir/StructureDefinition/Patient"
	profile("self", "http://x/self", "")
	profile("one", "http://x/two", "")
	profile("two", "http://x/one", "")
	profile("conforms", base, rule("conformsTo('http://x/conforms')"))
	profile("explodes", base, rule("name.all(text.matches('((a?){30}){30}b'))"))
	profile("brackets", base, rule(strings.Repeat("(", 100_000)+"true"+strings.Repeat(")", 100_000)))
	profile("squares", base, rule("name.where(%resource.name.where($this.text = 'b').exists(text = 'c')).empty()"))
	profile("repeats", base, rule("(1).repeat($this + 1).empty()"))
	put("Questionnaire", "q", `"item":[{"linkId":"a","type":"string","enableWhen":[{"question":"b","operator":"exists","answerBoolean":true}]},{"linkId":"b","type":"string","enableWhen":[{"question":"a","operator":"exists","answerBoolean":true}]}]`)
	put("CodeSystem", "c", `"content":"complete","concept":[`+many(3000, `{"code":"`+strings.Repeat("a", 200)+`%d"}`)+`]`)
	set := func(id, include string) { put("ValueSet", id, `"compose":{"include":[`+include+`]}`) }
	set("v1", `{"valueSet":["http://x/v2"]}`)
	set("v2", `{"valueSet":["http://x/v1"]}`)
	set("regex", `{"system":"http://x/c","filter":[{"property":"code","op":"regex","value":"((a?){30}){30}b"}]}`)
	set("long", `{"system":"http://x/c","filter":[{"property":"code","op":"regex","value":"(a?){240}b"}]}`)
	for i := range 30 {
		set(fmt.Sprintf("d%d", i), fmt.Sprintf(`{"valueSet":["http://x/d%d"]},{"valueSet":["http://x/d%d"]}`, i+1, i+1))
	}
	set("d30", `{"system":"http://x/c"}`)

	names := `{"resourceType":"Patient","name":[` + strings.Repeat(`{"text":"b"},`, 3000) + `{"text":"` + strings.Repeat("a", 1<<20) + `"}]}`
	answers := `{"resourceType":"QuestionnaireResponse","status":"completed","questionnaire":"http://x/q","item":[{"linkId":"a","answer":[{"valueString":"x"}]}]}`
	validate := func(id string) string { return "Patient/$validate?profile=" + url.QueryEscape("http://x/"+id) }
	for name, c := range map[string]struct{ path, body, want string }{
		"a profile that is its own base":      {validate("self"), names, "go round in a circle"},
		"two that are each other's":           {validate("one"), names, "go round in a circle"},
		"a profile that asks for itself":      {validate("conforms"), names, ""},
		"a pattern that explodes":             {validate("explodes"), names, "too-costly"},
		"100,000 brackets":                    {validate("brackets"), names, "was not evaluated"},
		"every name with every other":         {validate("squares"), names, "too-costly"},
		"a repetition without end":            {validate("repeats"), names, "too-costly"},
		"questions that enable each other":    {"QuestionnaireResponse/$validate", answers, ""},
		"value sets in each other":            {"ValueSet/v1/$expand", "", "includes itself"},
		"a code of them":                      {"ValueSet/$validate-code?url=http://x/v1&system=http://x/c&code=a", "", "includes itself"},
		"a search by them":                    {"Patient?identifier:in=http://x/v1", "", "includes itself"},
		"a filter that explodes":              {"ValueSet/regex/$expand", "", "too-costly"},
		"a filter of too many codes":          {"ValueSet/long/$expand", "", "too-costly"},
		"value sets that double, thirty deep": {"ValueSet/d0/$expand?count=1", "", `"ValueSet"`},
	} {
		t.Run(name, func(t *testing.T) {
			method := "GET"
			if c.body != "" {
				method = "POST"
			}
			var got reply
			spent := made(func() { got = s.do(method, r4+"/"+c.path, c.body) })
			if got.status >= 500 || !strings.Contains(got.body, `"resourceType"`) || !strings.Contains(got.body, c.want) {
				t.Errorf("status %d, want %s: %.600s", got.status, c.want, got.body)
			}
			if limit := uint64(32<<20 + 8*len(c.body)); spent > limit && !raced {
				t.Errorf("%d bytes for %d sent, want %d at most", spent, len(c.body), limit)
			}
			t.Logf("status %d, %d bytes allocated: %.300s", got.status, spent, got.body)
		})
	}
}
