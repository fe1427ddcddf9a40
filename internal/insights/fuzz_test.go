// SPDX-License-Identifier: Apache-2.0

package insights_test

import (
	"encoding/json"
	"testing"

	"galen/internal/insights"
)

// FuzzSummarise: whatever JSON a record is, there is a summary whose files are well formed, or an error.
func FuzzSummarise(f *testing.F) {
	f.Add(little)
	f.Add(`{"resourceType":"Patient","id":"p","name":[{"given":"x"}],"birthDate":"0001"}`)
	f.Add(`{"resourceType":"Bundle","entry":[{"resource":{"resourceType":"Patient","id":"p"}},{"resource":{"resourceType":"Observation","id":"o","subject":{"reference":"Patient/p"},
"effectiveDateTime":"2020","code":{"text":"x"},"valueQuantity":{"value":1e9,"unit":"{a}{"}}},{"resource":{"resourceType":"MedicationRequest","id":"m","status":"active","subject":
{"reference":"Patient/p"},"medicationReference":{"reference":"#x"},"contained":[{"id":"x","code":{"text":"y"}}],"dosageInstruction":[{"timing":{"repeat":{"frequency":2,"period":1,"periodUnit":"h"}}}]}}]}`)
	f.Fuzz(func(t *testing.T, src string) {
		out, err := insights.Summariser{}.Summarise(t.Context(), insights.Input{Request: insights.Request{Patient: "p", Reason: "diabetes", Now: now}, Resources: [][]byte{[]byte(src)}})
		if err != nil {
			return
		}
		for _, file := range out.Files {
			if file.Name[len(file.Name)-5:] == ".json" && !json.Valid(file.Body) {
				t.Errorf("%s is no JSON", file.Name)
			}
		}
	})
}
