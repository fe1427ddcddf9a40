// SPDX-License-Identifier: Apache-2.0

package plan_test

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// twist changes one thing of a resource into something that the shared data has none of. It leaves alone what does not fit.
func (b *bench) twist(body map[string]any) {
	pick := func(json string) any { return decoded(b.t, []byte(json)) }
	number := b.rand.IntN(5)
	has := func(name string) bool { _, ok := body[name]; return ok }
	switch b.rand.IntN(18) {
	case 0, 1:
		body["meta"] = pick(fmt.Sprintf(`{"tag":[{"system":"urn:tag","code":"t%d"},{"code":"plain"}],"security":[{"system":"urn:sec","code":"R","display":"very restricted"}],`+
			`"profile":["http://example.org/p%d|%d","http://example.org/base"],"source":"http://feeds.example.org/%d#x"}`, number, number, number, number))
	case 2:
		body["birthDate"] = []string{"1970", "1970-03", "2000-02-29", "1899-12-31", "1970-03-01"}[number]
	case 3:
		if has("name") && body["resourceType"] != "Organization" && body["resourceType"] != "Location" { // those have a text
			body["name"] = pick([]string{`[{"family":"Ångström de la  Cruz","given":["Zoë"]}]`, `[{"family":"O'Neill, $r","given":["É|mile"]}]`, `[{"text":"only text"}]`,
				`[{"family":"ANGSTROM"},{"family":"Zorn","prefix":["Dr."]}]`, `[{"given":["Ann","Maria"]}]`}[number])
		}
	case 4:
		if has("effectiveDateTime") {
			body["effectiveDateTime"] = []string{"2015", "2015-06", "2015-06-30", "2015-06-30T23:59:59.999Z", "2015-07-01T00:30:00+01:00"}[number]
		}
	case 5:
		if has("effectiveDateTime") {
			delete(body, "effectiveDateTime")
			body["effectivePeriod"] = pick([]string{`{"start":"2015-06"}`, `{"end":"2015-06-30"}`, `{"start":"2015-06-30","end":"2015-07-01"}`, `{"start":"2015","end":"2016"}`,
				`{"start":"2015-06-30T10:00:00Z","end":"2015-06-30T11:00:00.5Z"}`}[number])
		}
	case 6:
		if has("valueQuantity") {
			body["valueQuantity"] = pick([]string{`{"value":5.4,"unit":"mg"}`, `{"value":5.40,"system":"http://unitsofmeasure.org","code":"mg","unit":"milligram"}`, `{"value":-5e-1}`,
				`{"value":1.0E2,"unit":"kg/m2","system":"http://other.org","code":"kg/m2"}`, `{"unit":"mg"}`}[number])
		}
	case 7, 8:
		if name := []string{"subject", "patient"}[b.rand.IntN(2)]; has(name) {
			number := b.rand.IntN(6)
			body[name] = pick([]string{`{"reference":"urn:uuid:3f0e5a3e-9f4b-4f0e-8a57-0d4a4f2f7f11"}`, `{"reference":"https://example.org/fhir/Patient/p1"}`,
				`{"type":"Patient","identifier":{"system":"urn:mrn","value":"17"}}`, `{"display":"somebody"}`,
				`{"reference":"Patient/` + b.some("Patient").id + `/_history/1","identifier":{"value":"18"}}`,
				`{"reference":"` + base + `Patient/` + b.some("Patient").id + `/_history/2"}`}[number])
		}
	case 9:
		if has("code") {
			body["code"] = pick([]string{`{"text":"only a text, of words"}`, `{"coding":[{"code":"Local-1","display":"Lokal größer"}]}`,
				`{"coding":[{"system":"urn:a|b","code":"x,1$"},{"system":"urn:c","code":"Y"},{"system":"urn:c","code":"y"}],"text":"Both"}`, `{"text":"both"}`, `{"coding":[{"display":"bare"}]}`}[number])
		}
		if has("category") && body["resourceType"] != "AllergyIntolerance" { // no code, and nothing to sort by
			body["category"] = pick(`[{"coding":[{"system":"urn:only"}]}]`)
		}
	case 10:
		if has("period") {
			body["period"] = pick([]string{`{"start":"2010"}`, `{"end":"2010-02"}`, `{"start":"2010-02-28","end":"2010-02-28"}`, `{}`, `{"start":"2010-01-31","end":"2010-03-01"}`}[number])
		}
	case 11:
		for _, name := range []string{"gender", "status", "class", "onsetDateTime", "name", "identifier"} {
			if has(name) && number == 0 {
				delete(body, name)
			}
		}
	case 12:
		if has("telecom") {
			body["telecom"] = pick(`[{"system":"email","value":"A@Example.org"},{"system":"phone","value":"+46 8"}]`)
		}
	case 16, 17:
		body["text"] = pick(fmt.Sprintf(`{"status":"generated","div":"<div xmlns=\"http://www.w3.org/1999/xhtml\">%s</div>"}`,
			[]string{"Severe <b>chest</b> pain &amp; fever", "pain in the Chest<br/>of Åke", "no fever, no pain", "chest", ""}[number]))
	case 14, 15:
		if has("onsetDateTime") {
			delete(body, "onsetDateTime")
			body["onset"+[]string{"Range", "Range", "Range", "Range", "Age"}[number]] = pick([]string{`{"low":{"value":10,"unit":"a"},"high":{"value":20,"unit":"a"}}`,
				`{"low":{"value":5,"system":"http://unitsofmeasure.org","code":"a"}}`, `{"high":{"value":12.5,"unit":"a"}}`, `{"low":{"value":10},"high":{"value":10.5}}`,
				`{"value":10,"unit":"years","system":"http://unitsofmeasure.org","code":"a"}`}[number])
		}
	case 13:
		if has("identifier") {
			body["identifier"] = pick(`[{"system":"urn:x","value":"1|2"},{"value":"No-System","type":{"text":"Some type"}},{"system":"urn:no-value"}]`)
		}
	}
}

// decoded reads JSON into maps, numbers as they are written.
func decoded(t interface{ Fatal(...any) }, doc []byte) any {
	var v any
	dec := json.NewDecoder(bytes.NewReader(doc))
	dec.UseNumber()
	if err := dec.Decode(&v); err != nil {
		t.Fatal(err)
	}
	return v
}
