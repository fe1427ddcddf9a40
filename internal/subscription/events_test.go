// SPDX-License-Identifier: Apache-2.0

package subscription_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"galen/internal/fault"
)

func TestEventsOfABuiltTopic(t *testing.T) {
	h, s := newMem(t), newSubscriber(t)
	h.mustPut(`{"resourceType":"Patient","id":"before"}`)
	h.subscribe("one", "urn:galen:topic:Patient", s.URL, "full-resource", "")
	h.mustPut(`{"resourceType":"Patient","id":"a"}`)
	h.mustPut(`{"resourceType":"Observation","id":"o","status":"final","code":{"text":"x"}}`)
	h.mustPut(`{"resourceType":"Patient","id":"a","active":true}`)
	h.delete("Patient", "a")
	h.mustPut(`{"resourceType":"Patient","id":"b"}`)
	s.until(4)
	var numbers []int
	var resources []string
	for _, e := range s.events() {
		numbers = append(numbers, e.Numbers...)
		resources = append(resources, e.Resources...)
		if e.Subscription != base+"/Subscription/one" || e.Topic != "urn:galen:topic:Patient" || e.Status != "active" || e.Last != e.Numbers[len(e.Numbers)-1] {
			t.Errorf("the notification says of itself %+v", e)
		}
	}
	if want := []int{1, 2, 3, 4}; !slices.Equal(numbers, want) {
		t.Errorf("numbers: got %v, want %v", numbers, want)
	}
	if got, want := strings.Join(s.focus(), " "), "Patient/a Patient/a Patient/a Patient/b"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if got, want := strings.Join(resources, ", "), "PUT Patient/a*, PUT Patient/a*, DELETE Patient/a, PUT Patient/b*"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if got := s.kinds(); !strings.HasPrefix(got, "handshake event-notification") {
		t.Errorf("the notifications are %s", got)
	}
}

func TestContents(t *testing.T) {
	for content, want := range map[string]told{
		"empty":         {},
		"id-only":       {Topic: "urn:galen:topic:Patient:create", Focus: []string{"Patient/a"}},
		"full-resource": {Topic: "urn:galen:topic:Patient:create", Focus: []string{"Patient/a"}, Resources: []string{"PUT Patient/a*"}},
	} {
		t.Run(content, func(t *testing.T) {
			h, s := newMem(t), newSubscriber(t)
			h.subscribe("one", "urn:galen:topic:Patient:create", s.URL, content, "", `"header":["X-Mine: 7","Authorization: Basic eA=="]`)
			h.mustPut(`{"resourceType":"Patient","id":"a"}`)
			s.until(1)
			got := s.events()[0]
			if got.Topic != want.Topic || !slices.Equal(got.Focus, want.Focus) || !slices.Equal(got.Resources, want.Resources) {
				t.Errorf("got %+v, want %+v", got, want)
			}
			if content == "empty" && strings.Contains(string(got.Body), "Patient/a") {
				t.Errorf("an empty notification tells of its focus: %s", got.Body)
			}
			if h := got.Header; h.Get("X-Mine") != "7" || h.Get("Authorization") != "Basic eA==" || h.Get("Content-Type") != "application/fhir+json" {
				t.Errorf("the headers are %v", h)
			}
		})
	}
}

// basic is a topic in R4's form; more are extensions of its trigger.
func basic(id, typ, more string, interactions ...string) string {
	var supported string
	for _, i := range interactions {
		supported += fmt.Sprintf(`,{"url":"supportedInteraction","valueCode":%q}`, i)
	}
	const x = "http://hl7.org/fhir/5.0/StructureDefinition/extension-SubscriptionTopic."
	return fmt.Sprintf(`{"resourceType":"Basic","id":%q,"extension":[{"url":"%surl","valueUri":"http://example.org/topic/%s"},`+
		`{"url":"http://hl7.org/fhir/4.3/StructureDefinition/extension-SubscriptionTopic.resourceTrigger","extension":[`+
		`{"url":"resource","valueUri":"http://hl7.org/fhir/StructureDefinition/%s"}%s%s]}],`+
		`"modifierExtension":[{"url":"%sstatus","valueCode":"active"}],`+
		`"code":{"coding":[{"system":"http://hl7.org/fhir/fhir-types","code":"SubscriptionTopic"}]}}`, id, x, id, typ, supported, more, x)
}

func query(parts string) string { return `,{"url":"queryCriteria","extension":[` + parts + `]}` }

// TestTopics holds which of five changes of one Encounter are events: planned, finished, still finished, planned again, deleted; then one that
// is finished from its beginning.
func TestTopics(t *testing.T) {
	finished := query(`{"url":"previous","valueString":"status:not=finished"},{"url":"resultForCreate","valueCode":"test-passes"},` +
		`{"url":"current","valueString":"Encounter?status=finished"},{"url":"resultForDelete","valueCode":"test-fails"},{"url":"requireBoth","valueBoolean":true}`)
	for _, tt := range []struct {
		name, topic, want string
	}{
		{"all", basic("t", "Encounter", ""), "1 2 3 4 5 6"},
		{"create", basic("t", "Encounter", "", "create"), "1 6"},
		{"update delete", basic("t", "Encounter", "", "update", "delete"), "2 3 4 5"},
		{"finishes", basic("t", "Encounter", finished), "2 6"},
		{"one of both", basic("t", "Encounter", query(`{"url":"previous","valueString":"status=finished"},{"url":"resultForCreate","valueCode":"test-fails"},`+
			`{"url":"current","valueString":"status=finished"},{"url":"resultForDelete","valueCode":"test-fails"}`)), "2 3 4 6"},
		{"path", basic("t", "Encounter", `,{"url":"fhirPathCriteria","valueString":"(%previous.id.empty() or (%previous.status != 'finished')) and (%current.status = 'finished')"}`), "2 6"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h, s := newMem(t), newSubscriber(t)
			h.mustPut("%s", tt.topic)
			h.subscribe("one", "http://example.org/topic/t", s.URL, "full-resource", "")
			h.subscribe("mark", "urn:galen:topic:Patient", s.URL, "id-only", "")
			encounter := func(id, status string) {
				h.mustPut(`{"resourceType":"Encounter","id":%q,"status":%q,"class":{"code":"AMB"}}`, id, status)
			}
			for _, status := range []string{"planned", "finished", "finished", "planned"} {
				encounter("e", status)
			}
			h.delete("Encounter", "e")
			encounter("f", "finished")
			h.mustPut(`{"resourceType":"Patient","id":"p"}`) // what comes after all of them
			s.until(1 + len(strings.Fields(tt.want)))
			until(t, "the mark was told", func() bool { return slices.Contains(s.focus(), "Patient/p") })
			var got []string
			for _, e := range s.events() {
				got = append(got, e.Resources...)
			}
			if len(got) != len(strings.Fields(tt.want)) {
				t.Errorf("got %v, want those of %s", got, tt.want)
			}
			if events := h.numbers("one"); events != tt.want {
				t.Errorf("the events are of the changes %s, want %s", events, tt.want)
			}
		})
	}
}

func TestFilters(t *testing.T) {
	for _, tt := range []struct{ filters, want string }{
		{"Observation?code=http://loinc.org|1", "a c"},
		{"code=1", "a c"},
		{"Observation?code=1&value-quantity=gt5", "c"},
		{"Observation?code=1\nObservation?value-quantity=lt5", "a"},
		{"Observation?value-quantity=ap5", "b"},
		{"Observation?code:not=1", "b d"},
		{"Observation?subject=Patient/p", "a"},
		{"Observation?subject:missing=true", "b c d"},
		{"Observation?subject.name=ada", "a"},
		{"Observation?date=ge2020-01-01", "b"},
		{"Observation?code=1,2", "a b c"},
		{"Observation?code:text=word", "d"},
	} {
		t.Run(tt.filters, func(t *testing.T) {
			h, s := newMem(t), newSubscriber(t)
			h.mustPut(`{"resourceType":"Patient","id":"p","name":[{"family":"Ada"}]}`)
			h.subscribe("one", "urn:galen:topic:Observation", s.URL, "id-only", tt.filters)
			h.subscribe("mark", "urn:galen:topic:Patient", s.URL, "id-only", "")
			h.mustPut(`{"resourceType":"Observation","id":"a","status":"final","code":{"coding":[{"system":"http://loinc.org","code":"1"}]},"valueQuantity":{"value":3},"subject":{"reference":"Patient/p"}}`)
			h.mustPut(`{"resourceType":"Observation","id":"b","status":"final","code":{"coding":[{"system":"http://loinc.org","code":"2"}]},"valueQuantity":{"value":5},"effectiveDateTime":"2021"}`)
			h.mustPut(`{"resourceType":"Observation","id":"c","status":"final","code":{"coding":[{"system":"http://loinc.org","code":"1"}]},"valueQuantity":{"value":7}}`)
			h.mustPut(`{"resourceType":"Observation","id":"d","status":"final","code":{"text":"word"}}`)
			h.mustPut(`{"resourceType":"Patient","id":"q"}`)
			until(t, "the mark was told", func() bool { return slices.Contains(s.focus(), "Patient/q") })
			s.until(1 + len(strings.Fields(tt.want)))
			var got []string
			for _, f := range s.focus() {
				if id, ok := strings.CutPrefix(f, "Observation/"); ok {
					got = append(got, id)
				}
			}
			if strings.Join(got, " ") != tt.want {
				t.Errorf("got %v, want %s", got, tt.want)
			}
		})
	}
}

func TestRefusals(t *testing.T) {
	h, s := newMem(t), newSubscriber(t)
	h.mustPut("%s", basic("t", "Encounter", ""))
	good := subscriptionText("x", "http://example.org/topic/t", s.URL, "id-only", "Encounter?status=finished")
	for name, tt := range map[string]struct{ old, new, want string }{
		"topic":      {"topic/t", "topic/none", "name no topic"},
		"type":       {"Encounter?status", "Patient?status", "type that the topic is not about"},
		"parameter":  {"?status=", "?none=", "cannot be used"},
		"result":     {"?status=finished", "?_sort=date", "nothing about the form"},
		"content":    {"id-only", "all", "backport-payload-content"},
		"media":      {"application/fhir+json", "text/plain", "the payload is"},
		"channel":    {"rest-hook", "email", "channels that are served"},
		"link-local": {s.URL, "http://169.254.169.254/latest", "not public"},
		"private":    {s.URL, "http://10.1.2.3/", "not public"},
		"scheme":     {s.URL, "ftp://example.org/", "https: or http:"},
		"user":       {s.URL, "https://user:pass@example.org/", "https: or http:"},
		"header":     {`"rest-hook",`, `"rest-hook","header":["Host: example.org"],`, "not the channel's to set"},
		"injection":  {`"rest-hook",`, `"rest-hook","header":["A: b\tc\u000ad"],`, "Name: value"},
		"end":        {`"reason"`, `"end":"2020-01-01T00:00:00Z","reason"`, "is over"},
	} {
		t.Run(name, func(t *testing.T) {
			text := strings.Replace(good, tt.old, tt.new, 1)
			if text == good {
				t.Fatal("nothing is changed")
			}
			err := h.put(text)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %s", err, tt.want)
			}
			if f := fault.All(err)[0]; f.Path == "" {
				t.Errorf("%v does not say where", err)
			}
		})
	}
	for name, text := range map[string]string{
		"no trigger":  strings.ReplaceAll(basic("u", "Encounter", ""), "resourceTrigger", "other"),
		"no type":     basic("u", "Encountre", ""),
		"interaction": basic("u", "Encounter", "", "read"),
		"query":       basic("u", "Encounter", query(`{"url":"current","valueString":"none=1"}`)),
		"path":        basic("u", "Encounter", `,{"url":"fhirPathCriteria","valueString":"(("}`),
	} {
		if err := h.put(text); err == nil {
			t.Errorf("a topic with a wrong %s is stored", name)
		} else if f := fault.All(err)[0]; !strings.HasPrefix(f.Path, "Basic") {
			t.Errorf("%v does not say where, but %s", err, f.Path)
		}
	}
	if err := h.put(`{"resourceType":"Subscription","id":"old","status":"requested","reason":"r","criteria":"Observation?code=1","channel":{"type":"rest-hook","endpoint":"https://biliwatch.com/x"}}`); err != nil {
		t.Errorf("a Subscription of R4's own kind is refused: %v", err)
	}
}
