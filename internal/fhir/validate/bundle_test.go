// SPDX-License-Identifier: Apache-2.0

package validate_test

import (
	"slices"
	"strings"
	"testing"

	"galen/internal/fhir/def"
	"galen/internal/fhir/fhirtest"
	"galen/internal/fhir/pack"
	"galen/internal/fhir/validate"
)

const (
	documentStart = `{"resourceType":"Bundle","type":"document","identifier":{"system":"http://x","value":"1"},"timestamp":"2020-01-01T00:00:00Z","entry":[{"fullUrl":"http://x/Composition/c","resource":{"resourceType":"Composition","id":"c","status":"final","type":{"text":"t"},"date":"2020","author":[{"display":"a"}],"title":"t","subject":{"reference":"`
	documentEnd   = `"}}},{"fullUrl":"http://x/Patient/p","resource":{"resourceType":"Patient","id":"p"}}`
)

func TestBundleRules(t *testing.T) {
	v := validate.New(def.R4())
	for _, c := range []struct{ name, doc, want string }{
		{"document", documentStart + "Patient/p" + documentEnd + `]}`, ""},
		{"by full url", documentStart + "http://x/Patient/p" + documentEnd + `]}`, ""},
		{"relative to another server", documentStart + "Patient/q" + documentEnd + `]}`, "invariant Bundle.entry[0].resource.subject|invariant Bundle.entry[1]"},
		{"not reachable", documentStart + "Patient/p" + documentEnd + `,{"fullUrl":"urn:uuid:c757873d-ec9a-4326-a141-556f43239520","resource":{"resourceType":"Patient"}}]}`, "invariant Bundle.entry[2]"},
		{"reachable backward", documentStart + "Patient/p" + documentEnd + `,{"fullUrl":"urn:uuid:c757873d-ec9a-4326-a141-556f43239520","resource":{"resourceType":"Patient","link":[{"other":{"reference":"http://x/Patient/p"},"type":"seealso"}]}}]}`, ""},
		{"fullUrl and id", `{"resourceType":"Bundle","type":"collection","entry":[{"fullUrl":"http://x/Patient/q","resource":{"resourceType":"Patient","id":"p"}}]}`, "invariant Bundle.entry[0].fullUrl"},
		{"fullUrl without id", `{"resourceType":"Bundle","type":"collection","entry":[{"fullUrl":"http://x/Patient/q","resource":{"resourceType":"Patient"}}]}`, "required Bundle.entry[0].resource.id"},
		{"fullUrl not absolute", `{"resourceType":"Bundle","type":"collection","entry":[{"fullUrl":"Patient/q","resource":{"resourceType":"Patient","id":"q"}}]}`, "value Bundle.entry[0].fullUrl"},
		{"fullUrl in a transaction", `{"resourceType":"Bundle","type":"transaction","entry":[{"fullUrl":"http://x/Patient/q","resource":{"resourceType":"Patient"},"request":{"method":"POST","url":"Patient"}}]}`, ""},
		{"links", `{"resourceType":"Bundle","type":"searchset","link":[{"relation":"self","url":"http://x"},{"relation":"self","url":"http://y"}]}`, "invariant Bundle.link[1].relation"},
		{"focus", `{"resourceType":"Bundle","type":"message","entry":[{"fullUrl":"urn:uuid:c757873d-ec9a-4326-a141-556f43239520","resource":{"resourceType":"MessageHeader","eventUri":"http://e","source":{"endpoint":"http://s"},"focus":[{"reference":"urn:uuid:c757873d-ec9a-4326-a141-556f43239521"}]}}]}`, "invariant Bundle.entry[0].resource.focus"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var want []string
			if c.want != "" {
				want = strings.Split(c.want, "|")
			}
			if got := short(v.Resource(fhirtest.Parse(t, c.doc), validate.Strict)); !slices.Equal(got, want) {
				t.Errorf("got %q, want %q", got, want)
			}
		})
	}
}

const questions = `{"resourceType":"Questionnaire","url":"http://q","status":"active","item":[
	{"linkId":"a","type":"choice","required":true,"answerOption":[{"valueCoding":{"code":"1"}},{"valueCoding":{"code":"2"}}]},
	{"linkId":"b","type":"quantity","enableWhen":[{"question":"a","operator":"=","answerCoding":{"code":"1"}}],"extension":[{"url":"http://hl7.org/fhir/StructureDefinition/maxValue","valueQuantity":{"value":1,"system":"http://unitsofmeasure.org","code":"km"}}]},
	{"linkId":"c","type":"group","item":[{"linkId":"d","type":"string","maxLength":3}]}]}`

func TestQuestionnaireResponse(t *testing.T) {
	p := validate.NewProfiles(def.R4(), pack.NewSet([]*pack.Package{{Name: "t", Version: "1",
		Resources: []pack.Resource{{Type: "Questionnaire", URL: "http://q", JSON: []byte(questions)}}}}), nil)
	v := validate.NewWithProfiles(def.R4(), p)
	const one = `{"linkId":"a","answer":[{"valueCoding":{"code":"1"}}]}`
	for _, c := range []struct{ name, items, want string }{
		{"right", one + `,{"linkId":"b","answer":[{"valueQuantity":{"value":999,"system":"http://unitsofmeasure.org","code":"m"}}]},{"linkId":"c","item":[{"linkId":"d","answer":[{"valueString":"abc"}]}]}`, ""},
		{"missing", `{"linkId":"c"}`, "required QuestionnaireResponse.item"},
		{"no option", `{"linkId":"a","answer":[{"valueCoding":{"code":"3"}}]}`, "code-invalid QuestionnaireResponse.item[0].answer[0]"},
		{"type", `{"linkId":"a","answer":[{"valueBoolean":true}]}`, "structure QuestionnaireResponse.item[0].answer[0]"},
		{"two answers", `{"linkId":"a","answer":[{"valueCoding":{"code":"1"}},{"valueCoding":{"code":"2"}}]}`, "invariant QuestionnaireResponse.item[0].answer"},
		{"not enabled", `{"linkId":"a","answer":[{"valueCoding":{"code":"2"}}]},{"linkId":"b","answer":[{"valueQuantity":{"value":1,"system":"http://unitsofmeasure.org","code":"m"}}]}`, "invariant QuestionnaireResponse.item[1]"},
		{"limit in another unit", one + `,{"linkId":"b","answer":[{"valueQuantity":{"value":1001,"system":"http://unitsofmeasure.org","code":"m"}}]}`, "value QuestionnaireResponse.item[1].answer[0]"},
		{"unknown", one + `,{"linkId":"x"}`, "invariant QuestionnaireResponse.item[1].linkId"},
		{"order", `{"linkId":"c"},` + one, "invariant QuestionnaireResponse.item[1]"},
		{"too long", one + `,{"linkId":"c","item":[{"linkId":"d","answer":[{"valueString":"abcd"}]}]}`, "value QuestionnaireResponse.item[1].item[0].answer[0]"},
		{"answered group", one + `,{"linkId":"c","answer":[{"valueString":"abc"}]}`, "structure QuestionnaireResponse.item[1].answer"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var want []string
			if c.want != "" {
				want = []string{c.want}
			}
			doc := `{"resourceType":"QuestionnaireResponse","questionnaire":"http://q","status":"completed","item":[` + c.items + `]}`
			if got := allOf(v.Resource(fhirtest.Parse(t, doc), validate.Strict)); !slices.Equal(got, want) {
				t.Errorf("got %q, want %q", got, want)
			}
		})
	}
}

func allOf(found []validate.Finding) []string {
	var list []string
	for _, f := range found {
		list = append(list, f.Code+" "+f.Expression)
	}
	return list
}
