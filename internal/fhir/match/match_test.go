// SPDX-License-Identifier: Apache-2.0

package match_test

import (
	"slices"
	"strings"
	"testing"

	"galen/internal/fhir"
	"galen/internal/fhir/match"
)

const ann = `{"resourceType":"Patient","identifier":[{"system":"urn:mrn","value":"17"}],"name":[{"family":"Ågren","given":["Ann","Maria"]}],"gender":"female",` +
	`"birthDate":"1970-03-14","telecom":[{"system":"phone","value":"+46 (8) 123-4567"},{"system":"email","value":"ann@example.org"}],"address":[{"city":"Lund","postalCode":"221 00"}]}`

func TestPatients(t *testing.T) {
	for _, c := range []struct {
		name, with string
		grade      match.Grade
		fields     string
	}{
		{"itself", ann, match.Certain, "identifier family given birthDate gender phone email address"},
		{"by identifier alone", `{"identifier":[{"system":"urn:mrn","value":"17"}]}`, match.Certain, "identifier"},
		{"an identifier of another system", `{"identifier":[{"system":"urn:other","value":"17"}]}`, match.Not, ""},
		{"the same identifier, but another person", `{"identifier":[{"system":"urn:mrn","value":"17"}],"name":[{"family":"Berg","given":["Karl"]}],"gender":"male","birthDate":"1999-01-01"}`, match.Not, "identifier"},
		{"name and birth date", `{"name":[{"family":"AGREN","given":["ann"]}],"birthDate":"1970-03-14","gender":"female"}`, match.Certain, "family given birthDate gender"},
		{"a letter mistaken", `{"name":[{"family":"Agern","given":["Ann"]}],"birthDate":"1970-03-14"}`, match.Certain, "family given birthDate"},
		{"day and month mistaken", `{"name":[{"family":"Ågren","given":["Ann"]}],"birthDate":"1970-14-03"}`, match.Probable, "family given"},
		{"only a name", `{"name":[{"family":"Ågren","given":["Ann"]}]}`, match.Possible, "family given"},
		{"an initial", `{"name":[{"family":"Ågren","given":["A"]}],"birthDate":"1970-03-14"}`, match.Probable, "family birthDate"},
		{"a twin", `{"name":[{"family":"Ågren","given":["Eva"]}],"birthDate":"1970-03-14","gender":"female"}`, match.Probable, "family birthDate gender"},
		{"somebody else", `{"name":[{"family":"Berg","given":["Karl"]}],"birthDate":"1999-01-01","gender":"male"}`, match.Not, ""},
		{"nothing", `{}`, match.Not, ""},
	} {
		got := match.Patients(parse(t, ann), parse(t, c.with))
		if got.Grade != c.grade || strings.Join(got.Fields, " ") != c.fields {
			t.Errorf("%s: %s (%.4f) for %v, want %s for %s", c.name, got.Grade, got.Score, got.Fields, c.grade, c.fields)
		}
		back := match.Patients(parse(t, c.with), parse(t, ann))
		if back.Score != got.Score || back.Grade != got.Grade || !slices.Equal(back.Fields, got.Fields) {
			t.Errorf("%s: the other way round it is %v, not %v", c.name, back, got)
		}
	}
}

// FuzzPatients holds that whatever two patients are, their score is between 0 and 1 and the same both ways.
func FuzzPatients(f *testing.F) {
	f.Add(ann, `{"name":[{"family":"Agren"}],"birthDate":"1970"}`)
	f.Add(`{"name":"x","birthDate":1,"identifier":[null]}`, `{"telecom":[{"system":"phone","value":"1234567"}]}`)
	f.Fuzz(func(t *testing.T, a, b string) {
		var x, y fhir.Tape
		if x.Parse([]byte(a), fhir.Limits{}) != nil || y.Parse([]byte(b), fhir.Limits{}) != nil {
			return
		}
		one, two := match.Patients(x.Root(), y.Root()), match.Patients(y.Root(), x.Root())
		if one.Score < 0 || one.Score > 1 || one.Score != two.Score {
			t.Errorf("the scores are %v and %v", one.Score, two.Score)
		}
	})
}

func parse(t *testing.T, text string) fhir.Node {
	t.Helper()
	var tape fhir.Tape
	if err := tape.Parse([]byte(text), fhir.Limits{}); err != nil {
		t.Fatal(err)
	}
	return tape.Root()
}
