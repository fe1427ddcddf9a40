// SPDX-License-Identifier: Apache-2.0

package terminology_test

import (
	"testing"

	"galen/internal/fhir"
	"galen/internal/fhir/def"
	"galen/internal/fhir/pack"
	"galen/internal/fhir/validate"
	"galen/internal/terminology"
)

// A profile's binding and its invariant are about a value set that only the data store has.
const boundProfile = `{"resourceType":"StructureDefinition","url":"http://x/p","kind":"resource","type":"Patient",
"baseDefinition":"http://hl7.org/fhir/StructureDefinition/Patient","derivation":"constraint","differential":{"element":[
{"path":"Patient","constraint":[{"key":"t-1","severity":"error","human":"x","expression":"maritalStatus.empty() or maritalStatus.memberOf('http://x/v') or maritalStatus.text = 'z'"}]},
{"path":"Patient.maritalStatus","binding":{"strength":"required","valueSet":"http://x/v"}}]}}`

func TestBindingsAskTheDataStore(t *testing.T) {
	packages := pack.NewSet([]*pack.Package{{Name: "t", Version: "1", Resources: []pack.Resource{
		{Type: "StructureDefinition", URL: "http://x/p", JSON: []byte(boundProfile)}}}})
	h := newHouse(t, terminology.Options{Packages: packages})
	v := validate.NewWithProfiles(def.R4(), validate.NewProfiles(def.R4(), packages, nil))
	check := func(code string) (errors int) {
		var tape fhir.Tape
		if err := tape.Parse([]byte(`{"resourceType":"Patient","meta":{"profile":["http://x/p"]},"maritalStatus":{"coding":[{"system":"http://x/c","code":"`+code+`"}]}}`), fhir.Limits{}); err != nil {
			t.Fatal(err)
		}
		return len(validate.Faults(v.ResourceIn(tape.Root(), validate.Strict, h.codes.Members(h.store(1)))))
	}
	h.put(`{"resourceType":"ValueSet","id":"v","url":"http://x/v","status":"active","compose":{"include":[{"system":"http://x/c","concept":[{"code":"a"}]}]}}`)
	if got := check("a"); got != 0 {
		t.Errorf("a code of the stored value set: %d errors", got)
	}
	if got := check("b"); got != 2 {
		t.Errorf("another code: %d errors, want one of the binding and one of the invariant", got)
	}
	h.put(`{"resourceType":"ValueSet","id":"v","url":"http://x/v","status":"active","compose":{"include":[{"system":"http://x/c","concept":[{"code":"b"}]}]}}`)
	if got := check("b"); got != 0 {
		t.Errorf("after a change: %d errors", got)
	}
}
