// SPDX-License-Identifier: Apache-2.0

package validate_test

import (
	"encoding/json"
	"testing"

	"galen/internal/fhir/def"
	"galen/internal/fhir/fhirtest"
	"galen/internal/fhir/validate"
)

func TestMarkAddsOneExtensionAndKeepsTheRest(t *testing.T) {
	v := validate.New(def.R4())
	for _, tt := range []struct {
		in   string
		want int // extensions afterwards
	}{
		{`{"resourceType":"Patient","birthDate":"soon"}`, 1},
		{` { "resourceType" : "Patient" , "extension" : [ {"url":"a","valueCode":"b"} ] , "birthDate":"soon" } `, 2},
		{`{"resourceType":"Patient","extension":[],"birthDate":"soon"}`, 1},
		{`{"resourceType":"Binary","contentType":1}`, 0},
	} {
		node := fhirtest.Parse(t, []byte(tt.in))
		findings := v.Resource(node, validate.Minimal)
		if len(findings) == 0 {
			t.Fatalf("%s has no finding", tt.in)
		}
		var got, before map[string]any
		if err := json.Unmarshal(validate.Mark(nil, node, findings), &got); err != nil {
			t.Fatalf("%s: %v", tt.in, err)
		}
		_ = json.Unmarshal([]byte(tt.in), &before)
		list, _ := got["extension"].([]any)
		if len(list) != tt.want || got["birthDate"] != before["birthDate"] || len(got) < len(before) {
			t.Errorf("%s became %v", tt.in, got)
			continue
		}
		if tt.want == 0 {
			continue
		}
		last := list[len(list)-1].(map[string]any)
		var outcome map[string]any
		if err := json.Unmarshal([]byte(last["valueString"].(string)), &outcome); err != nil || outcome["resourceType"] != "OperationOutcome" ||
			last["url"] != validate.IssueExtension {
			t.Errorf("%s: extension %v (%v)", tt.in, last, err)
		}
	}
}
