// SPDX-License-Identifier: Apache-2.0

package rephrase_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"galen/internal/insights/facts"
	"galen/internal/insights/render"
	"galen/internal/insights/rephrase"
	"galen/internal/llm"
)

const record = `{"resourceType":"Bundle","type":"collection","entry":[
{"resource":{"resourceType":"Patient","id":"p","name":[{"given":["Ana"],"family":"Roe"}],"gender":"female","birthDate":"1950-03-01"}},
{"resource":{"resourceType":"Encounter","id":"e","status":"finished","class":{"code":"AMB"},"subject":{"reference":"Patient/p"},"period":{"start":"2020-01-05","end":"2020-01-05"}}},
{"resource":{"resourceType":"MedicationRequest","id":"m","status":"active","intent":"order","subject":{"reference":"Patient/p"},"authoredOn":"2020-02-03",
 "medicationCodeableConcept":{"text":"Metformin 500 MG Oral Tablet"}}},
{"resource":{"resourceType":"Observation","id":"o","status":"final","subject":{"reference":"Patient/p"},"effectiveDateTime":"2020-02-01",
 "code":{"coding":[{"system":"http://loinc.org","code":"4548-4","display":"Hemoglobin A1c"}]},"valueQuantity":{"value":8.1,"unit":"%","code":"%"}}}]}`

func summary(t *testing.T) *render.Summary {
	r, err := facts.Read([][]byte{[]byte(record)}, "p")
	if err != nil {
		t.Fatal(err)
	}
	b := facts.Build(r, facts.Options{Now: time.Date(2020, 6, 1, 0, 0, 0, 0, time.UTC)})
	return render.Write(b, render.Request{PatientID: "p", Reason: "checkup"})
}

type line struct {
	ID, Text string
	Facts    []string
}

// endpoint is a chat endpoint whose model answers with what say makes of the lines it is given.
func endpoint(t *testing.T, say func([]line) any) *llm.Model {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var q struct {
			Messages []struct{ Role, Content string }
			Format   struct {
				Schema struct{ Schema json.RawMessage } `json:"json_schema"`
			} `json:"response_format"`
		}
		if err := json.NewDecoder(r.Body).Decode(&q); err != nil || r.URL.Path != "/v1/chat/completions" || len(q.Messages) != 2 || len(q.Format.Schema.Schema) == 0 {
			t.Errorf("the request is not one of chat completions with a schema: %v %s", err, r.URL)
		}
		var lines []line
		if err := json.Unmarshal([]byte(q.Messages[1].Content), &lines); err != nil {
			t.Error(err)
		}
		content, err := json.Marshal(say(lines))
		if err != nil {
			t.Error(err)
		}
		fmt.Fprintf(w, `{"choices":[{"finish_reason":"stop","message":{"role":"assistant","content":%q}}]}`, content)
	}))
	t.Cleanup(server.Close)
	m, err := llm.New(llm.Options{URL: server.URL + "/v1", Model: "stub", Key: "k"})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func sentences(list ...map[string]any) any { return map[string]any{"sentences": list} }

// TestHonest: a faithful rewording is taken, with its writer and the evidence of the lines it replaces.
func TestHonest(t *testing.T) {
	s := summary(t)
	m := endpoint(t, func(lines []line) any {
		var out []map[string]any
		for _, l := range lines {
			if strings.HasPrefix(l.Text, "Started: ") {
				out = append(out, map[string]any{"lines": []string{l.ID}, "facts": l.Facts, "text": "The patient has started metformin 500 MG oral tablet on Feb 3, 2020."})
			}
		}
		return sentences(out...)
	})
	r, err := rephrase.Rephrase(t.Context(), m, s)
	if err != nil || r.Taken != 1 || r.Dropped != 0 {
		t.Fatalf("got %+v, %v, want one taken", r, err)
	}
	for _, p := range s.FirstScreen() {
		for _, l := range p.Lines {
			if l.Writer == render.Model {
				if want := "The patient has started metformin 500 MG oral tablet on Feb 3, 2020."; l.Text() != want || len(l.Evidence()) != 1 || l.Evidence()[0] != "MedicationRequest/m" {
					t.Errorf("got %q by %q, want %q by MedicationRequest/m", l.Text(), l.Evidence(), want)
				}
				return
			}
		}
	}
	t.Error("no line is said to be the model's")
}

// TestLies: whatever a lying model answers, the summary is the same as without it.
func TestLies(t *testing.T) {
	all := func(text string) func([]line) any {
		return func(lines []line) any {
			var out []map[string]any
			for _, l := range lines {
				out = append(out, map[string]any{"lines": []string{l.ID}, "facts": l.Facts, "text": fmt.Sprintf(text, strings.TrimSuffix(l.Text, "."))})
			}
			return sentences(out...)
		}
	}
	swap := func(old, with string) func([]line) any {
		return func(lines []line) any {
			var out []map[string]any
			for _, l := range lines {
				if text := strings.ReplaceAll(l.Text, old, with); text != l.Text {
					out = append(out, map[string]any{"lines": []string{l.ID}, "facts": l.Facts, "text": text})
				}
			}
			if len(out) == 0 {
				t.Errorf("no line has %q", old)
			}
			return sentences(out...)
		}
	}
	for name, say := range map[string]func([]line) any{
		"wrong dose": swap("500", "850"), "wrong unit": swap("500 MG", "500 G"), "another drug": swap("Metformin", "Warfarin"),
		"wrong value": swap("8.1", "6.1"), "wrong date": swap("Feb 3, 2020", "Mar 3, 2020"), "wrong year": swap("2020", "2019"), "wrong age": swap("70-year-old", "17-year-old"),
		"another name": swap("Ana", "Eve"), "another sex": swap("female", "male"), "invented allergy": all("%s; allergic to penicillin."),
		"negation": all("Not so: %s."), "advice": all("%s. Stop it."), "flag dropped": swap(", high", ""), "status turned": swap("Started", "Stopped"),
		"nothing of what was asked": func([]line) any { return map[string]any{"text": "Sure!"} },
		"unknown lines": func([]line) any {
			return sentences(map[string]any{"lines": []string{"L99"}, "facts": []string{"problem-9"}, "text": "Has cancer."})
		},
		"no lines": func([]line) any {
			return sentences(map[string]any{"lines": []string{}, "facts": []string{}, "text": "Has cancer."})
		},
		"facts of other lines": func(lines []line) any {
			return sentences(map[string]any{"lines": []string{lines[0].ID}, "facts": []string{"medication-1"}, "text": lines[0].Text})
		},
		"no facts": func(lines []line) any {
			return sentences(map[string]any{"lines": []string{lines[0].ID}, "facts": nil, "text": lines[0].Text})
		},
		"lines put together that are apart": func(lines []line) any {
			l, k := lines[0], lines[len(lines)-1]
			return sentences(map[string]any{"lines": []string{l.ID, k.ID}, "facts": append(l.Facts, k.Facts...), "text": l.Text + " " + k.Text})
		},
	} {
		s := summary(t)
		want := string(s.Facts()) + string(s.HTML())
		r, err := rephrase.Rephrase(t.Context(), endpoint(t, say), s)
		if err != nil || r.Taken != 0 {
			t.Errorf("%s: got %+v, %v, want nothing taken", name, r, err)
		}
		if got := string(s.Facts()) + string(s.HTML()); got != want {
			t.Errorf("%s: the summary is another", name)
		}
	}
}
