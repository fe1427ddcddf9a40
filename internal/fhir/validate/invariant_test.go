// SPDX-License-Identifier: Apache-2.0

package validate_test

import (
	"slices"
	"testing"

	"galen/internal/fhir/def"
	"galen/internal/fhir/fhirtest"
	"galen/internal/fhir/validate"
)

func TestBaseInvariants(t *testing.T) {
	v := validate.New(def.R4())
	for _, c := range []struct{ name, right, wrong, want string }{
		{"of a type", `{"resourceType":"Encounter","status":"planned","class":{"code":"x"},"period":{"start":"2020","end":"2021"}}`,
			`{"resourceType":"Encounter","status":"planned","class":{"code":"x"},"period":{"start":"2021","end":"2020"}}`, "invariant Encounter.period"},
		{"of a resource", `{"resourceType":"Organization","name":"x"}`, `{"resourceType":"Organization","active":true}`, "invariant Organization"},
		{"of an element", `{"resourceType":"Patient","contact":[{"gender":"male","name":{"text":"x"}}]}`,
			`{"resourceType":"Patient","contact":[{"gender":"male"}]}`, "invariant Patient.contact[0]"},
		{"of a resource within", `{"resourceType":"Bundle","type":"collection","entry":[{"resource":{"resourceType":"Organization","name":"x"}}]}`,
			`{"resourceType":"Bundle","type":"collection","entry":[{"resource":{"resourceType":"Organization","active":true}}]}`, "invariant Bundle.entry[0].resource"},
		{"contained, referenced", `{"resourceType":"Patient","managingOrganization":{"reference":"#o"},"contained":[{"resourceType":"Organization","id":"o","name":"x"}]}`,
			`{"resourceType":"Patient","contained":[{"resourceType":"Organization","id":"o","name":"x"}]}`, "invariant Patient.contained[0]"},
		{"contained, referencing", `{"resourceType":"Patient","contained":[{"resourceType":"Provenance","id":"o","target":[{"reference":"#"}],"recorded":"2020-01-01T00:00:00Z","agent":[{"who":{"display":"x"}}]}]}`,
			`{"resourceType":"Patient","contained":[{"resourceType":"Organization","id":"o","name":"#x"}]}`, "invariant Patient.contained[0]"},
		{"of what the whole resource says", `{"resourceType":"Observation","status":"final","code":{"coding":[{"code":"a"}]},"valueString":"x","component":[{"code":{"coding":[{"code":"b"}]}}]}`,
			`{"resourceType":"Observation","status":"final","code":{"coding":[{"code":"a"}]},"valueString":"x","component":[{"code":{"coding":[{"code":"a"}]}}]}`, "invariant Observation"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if found := v.Resource(fhirtest.Parse(t, c.right), validate.Strict); found != nil {
				t.Errorf("right: got %v, want nothing", found)
			}
			if got, want := short(v.Resource(fhirtest.Parse(t, c.wrong), validate.Strict)), []string{c.want}; !slices.Equal(got, want) {
				t.Errorf("wrong: got %q, want %q", got, want)
			}
			if got := v.Resource(fhirtest.Parse(t, c.wrong), validate.Minimal); got != nil {
				t.Errorf("minimal: got %v, want nothing", got)
			}
		})
	}
}
