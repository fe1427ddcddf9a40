// SPDX-License-Identifier: Apache-2.0

package patch_test

import (
	"encoding/json"
	stdxml "encoding/xml"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"galen/internal/fault"
	"galen/internal/fhir"
	"galen/internal/fhir/patch"
	"galen/internal/fhir/xml"
)

// fromXML gives the JSON of a resource inside a case of the suite.
func fromXML(t testing.TB, inner string) string {
	t.Helper()
	d, err := xml.Decode([]byte(strings.TrimSpace(inner)), fhir.Limits{})
	if err != nil {
		t.Fatalf("%v in %s", err, inner)
	}
	return strings.ReplaceAll(string(d.JSON), "&quot;", `\"`) // two ways to write the same XHTML, and the suite has both
}

// same compares two documents.
func same(t testing.TB, a, b string) bool {
	t.Helper()
	var x, y any
	if json.Unmarshal([]byte(a), &x) != nil || json.Unmarshal([]byte(b), &y) != nil {
		t.Fatalf("not JSON: %s or %s", a, b)
	}
	return reflect.DeepEqual(x, y)
}

func TestFHIRPathSuite(t *testing.T) {
	var suite struct {
		Case []struct {
			Name  string `xml:"name,attr"`
			Input struct {
				Inner string `xml:",innerxml"`
			} `xml:"input"`
			Diff struct {
				Inner string `xml:",innerxml"`
			} `xml:"diff"`
			Output struct {
				Inner string `xml:",innerxml"`
			} `xml:"output"`
			Error *struct{} `xml:"error"`
		} `xml:"case"`
	}
	if err := stdxml.Unmarshal(shared(t, "suites/patch/fhir-patch-tests.xml"), &suite); err != nil {
		t.Fatal(err)
	}
	passed := 0
	for _, c := range suite.Case {
		got, err := patch.FHIRPath(nil, parse(t, fromXML(t, c.Input.Inner)), parse(t, fromXML(t, c.Diff.Inner)))
		switch {
		case c.Error != nil && err == nil:
			t.Errorf("%s: got %s, want an error", c.Name, got)
		case c.Error == nil && err != nil:
			t.Errorf("%s: %v", c.Name, err)
		case err == nil && !same(t, string(got), fromXML(t, c.Output.Inner)):
			t.Errorf("%s: got %s, want %s", c.Name, got, fromXML(t, c.Output.Inner))
		default:
			passed++
		}
	}
	t.Logf("FHIRPath Patch suite: %d of %d cases pass", passed, len(suite.Case))
}

// op is an operation as JSON: parts are "name=JSON of the part without its name".
func op(parts ...string) string {
	var list []string
	for _, p := range parts {
		name, rest, _ := strings.Cut(p, "=")
		list = append(list, fmt.Sprintf(`{"name":%q,%s}`, name, rest))
	}
	return `{"name":"operation","part":[` + strings.Join(list, ",") + `]}`
}

func kind(s string) string { return `type="valueCode":"` + s + `"` }
func path(s string) string { return `path="valueString":` + string(fhir.AppendString(nil, s)) }

func TestFHIRPathPatch(t *testing.T) {
	const doc = `{"resourceType":"Observation","status":"final","valueQuantity":{"value":1.50},"_issued":{"extension":[{"url":"u","valueCode":"x"}]},` +
		`"note":[{"text":"a"}],"performer":[{"display":"p"}],"code":{"coding":[{"code":"c"}]}}`
	for _, c := range []struct{ name, op, from, to string }{
		{"another type of a choice", op(kind("replace"), path("Observation.value"), `value="valueString":"v"`), `"valueQuantity":{"value":1.50}`, `"valueString":"v"`},
		{"an extension of a primitive", op(kind("add"), path("Observation.status"), `name="valueString":"extension"`, `value="valueExtension":{"url":"w"}`), `"status":"final"`, `"status":"final","_status":{"extension":[{"url":"w"}]}`},
		{"a primitive that has only extensions", op(kind("delete"), path("Observation.issued")), `"_issued":{"extension":[{"url":"u","valueCode":"x"}]},`, ``},
		{"what is inside one", op(kind("delete"), path("Observation.issued.extension")), `"_issued":{"extension":[{"url":"u","valueCode":"x"}]},`, ``},
		{"into a list that is not there", op(kind("insert"), path("Observation.category"), `index="valueInteger":0`, `value="valueCodeableConcept":{"text":"t"}`), `"status":"final"`, `"status":"final","category":[{"text":"t"}]`},
		{"nothing to delete", op(kind("delete"), path("Observation.method")), ``, ``},
		{"the last of a list, and what it leaves empty", op(kind("delete"), path("Observation.code.coding[0].code")), `,"code":{"coding":[{"code":"c"}]}`, ``},
		{"a value with an extension", op(kind("replace"), path("Observation.status"), `value="_valueCode":{"id":"i"}`), `"status":"final"`, `"_status":{"id":"i"}`},
		{"a nested anonymous type", op(kind("add"), path("Observation"), `name="valueString":"component"`,
			`value="part":[{"name":"code","valueCodeableConcept":{"text":"t"}},{"name":"value","valueInteger":3},{"name":"referenceRange","part":[{"name":"text","valueString":"r"}]}]`),
			`"status":"final"`, `"status":"final","component":[{"code":{"text":"t"},"valueInteger":3,"referenceRange":[{"text":"r"}]}]`},
	} {
		got, err := patch.FHIRPath(nil, parse(t, doc), parse(t, `{"resourceType":"Parameters","parameter":[`+c.op+`]}`))
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if want := strings.Replace(doc, c.from, c.to, 1); !same(t, string(got), want) {
			t.Errorf("%s: got %s, want %s", c.name, got, want)
		}
		if c.from == "" && string(got) != doc {
			t.Errorf("%s: the text changed: %s", c.name, got)
		}
	}
}

func TestFHIRPathPatchRefused(t *testing.T) {
	const doc = `{"resourceType":"Patient","active":true,"name":[{"given":["a","b"]},{"given":["c"]}],"gender":"male"}`
	for _, c := range []struct {
		op   string
		want fault.Kind
	}{
		{`{"name":"oops"}`, fault.Invalid},
		{op(kind("copy"), path("Patient.name")), fault.Invalid},
		{op(kind("delete")), fault.Invalid},
		{op(kind("delete"), path("Patient.")), fault.Invalid},
		{op(kind("delete"), path("Patient")), fault.Unprocessable},
		{op(kind("delete"), path("Patient.name")), fault.Unprocessable},
		{op(kind("delete"), path("Patient.name.count()")), fault.Unprocessable},
		{op(kind("replace"), path("Patient.birthDate"), `value="valueDate":"1970"`), fault.Unprocessable},
		{op(kind("replace"), path("Patient.gender")), fault.Invalid},
		{op(kind("add"), path("Patient"), `name="valueString":"gender"`, `value="valueCode":"female"`), fault.Unprocessable},
		{op(kind("add"), path("Patient"), `name="valueString":"flavour"`, `value="valueCode":"x"`), fault.Unprocessable},
		{op(kind("add"), path("Patient"), `name="valueString":"deceased"`, `value="valueCode":"x"`), fault.Unprocessable},
		{op(kind("add"), path("Patient"), `value="valueCode":"x"`), fault.Invalid},
		{op(kind("insert"), path("Patient.name.given"), `index="valueInteger":0`, `value="valueString":"x"`), fault.Unprocessable},
		{op(kind("insert"), path("Patient.name"), `index="valueInteger":3`, `value="valueHumanName":{}`), fault.Unprocessable},
		{op(kind("insert"), path("Patient.gender"), `index="valueInteger":0`, `value="valueCode":"x"`), fault.Unprocessable},
		{op(kind("move"), path("Patient.name"), `source="valueInteger":0`, `destination="valueInteger":2`), fault.Unprocessable},
		{op(kind("move"), path("Patient.contact"), `source="valueInteger":0`, `destination="valueInteger":0`), fault.Unprocessable},
		{op(kind("move"), path("Patient.name")), fault.Invalid},
	} {
		_, err := patch.FHIRPath(nil, parse(t, doc), parse(t, `{"resourceType":"Parameters","parameter":[`+c.op+`]}`))
		if !errors.Is(err, c.want) {
			t.Errorf("%s: got %v, want %s", c.op, err, c.want)
		}
	}
	if _, err := patch.FHIRPath(nil, parse(t, doc), parse(t, doc)); !errors.Is(err, fault.Invalid) {
		t.Errorf("no Parameters: got %v", err)
	}
}

// FuzzFHIRPath holds whatever a patch makes to being JSON.
func FuzzFHIRPath(f *testing.F) {
	f.Add(`{"resourceType":"Patient","_active":{"id":"x"},"name":[{"given":["a",null],"_given":[null,{"id":"y"}]}]}`,
		`{"resourceType":"Parameters","parameter":[`+op(kind("move"), path("Patient.name.given"), `source="valueInteger":0`, `destination="valueInteger":1`)+`,`+
			op(kind("add"), path("Patient.active"), `name="valueString":"extension"`, `value="part":[{"name":"url","valueUri":"u"}]`)+`]}`)
	f.Fuzz(func(t *testing.T, doc, ops string) {
		d, o := new(fhir.Tape), new(fhir.Tape)
		if d.Parse([]byte(doc), fhir.Limits{}) != nil || o.Parse([]byte(ops), fhir.Limits{}) != nil {
			return
		}
		out, err := patch.FHIRPath(nil, d.Root(), o.Root())
		if err != nil {
			return
		}
		if err := new(fhir.Tape).Parse(out, fhir.Limits{Depth: 1000}); err != nil {
			t.Fatalf("%v in %s", err, out)
		}
	})
}
