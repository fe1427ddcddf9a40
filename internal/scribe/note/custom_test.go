// SPDX-License-Identifier: Apache-2.0

package note_test

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"

	"galen/internal/scribe"
	"galen/internal/scribe/note"
)

// ofCustom is a visit with a custom template.
func ofCustom(instructions ...scribe.Instruction) scribe.Visit {
	v := visit(checkup, "HISTORY_AND_PHYSICAL")
	v.Session.Config.Template = scribe.Template{Type: "HISTORY_AND_PHYSICAL", Custom: true, Instructions: instructions}
	return v
}

// TestCustomTemplateWithoutModel: headers are followed, and what an instruction says to write where nothing was said.
func TestCustomTemplateWithoutModel(t *testing.T) {
	v := ofCustom(scribe.Instruction{Header: "ReasonForVisit", Text: "one line"}, scribe.Instruction{Header: "Immunizations", Text: `list them. If none, write "INFORMATION NOT FOUND".`},
		scribe.Instruction{Header: "Plan", Text: "bullets; write NO PLAN if there is none"}, scribe.Instruction{Header: "Zodiac", Text: "the sign"})
	w := &note.Writer{}
	own, files, err := w.Note(t.Context(), v)
	var n note.Note
	if err != nil || json.Unmarshal(own, &n) != nil {
		t.Fatal(err)
	}
	if got := texts(n, "Immunizations"); !slices.Equal(got, []string{"INFORMATION NOT FOUND"}) {
		t.Errorf("Immunizations: %q", got)
	}
	if got := texts(n, "Plan"); len(got) == 0 || slices.Contains(got, "NO PLAN") {
		t.Errorf("Plan: %q", got)
	}
	if !strings.Contains(n.Notice, "need a model") || !strings.HasSuffix(n.Notice, "Nothing could be put under Zodiac.") {
		t.Errorf("the notice is %q", n.Notice)
	}
	if doc := string(files[0].Body); !strings.Contains(doc, `"Source": "TEMPLATE"`) {
		t.Errorf("clinicalDoc.json does not say whose words they are: %s", doc)
	}
	if got := strings.Join(summary(t, v), " "); strings.Contains(got, "NOT FOUND") || !strings.Contains(got, "Your medicines: We will prescribe meloxicam") {
		t.Errorf("the summary is %s", got)
	}
}

// TestCustomTemplateWithModel: the model is given headers with their instructions and what no header took; it may move and word, not add or leave out.
func TestCustomTemplateWithModel(t *testing.T) {
	v := ofCustom(scribe.Instruction{Header: "ReasonForVisit", Text: "one line"}, scribe.Instruction{Header: "PatientHabits", Text: "what the patient does and takes"},
		scribe.Instruction{Header: "Conclusions", Text: "what I think"}, scribe.Instruction{Header: "Plan", Text: "write mg"})
	var instructions []string
	m := serve(t, func(w http.ResponseWriter, r *http.Request) {
		var q struct {
			Messages []struct{ Content string }
		}
		var user struct {
			Parts []struct{ Name, Instruction string }
			Lines []line
		}
		if err := json.NewDecoder(r.Body).Decode(&q); err != nil || json.Unmarshal([]byte(q.Messages[1].Content), &user) != nil {
			t.Errorf("the question cannot be read: %v", err)
		}
		for _, p := range user.Parts {
			instructions = append(instructions, p.Name+": "+p.Instruction)
		}
		var out []said
		for _, l := range user.Lines {
			x := l.as(l.Text)
			switch {
			case strings.Contains(l.Text, "warfarin"): // no header takes it
				x["part"] = "PatientHabits"
			case strings.Contains(l.Text, "pain in her right knee"): // the patient's own
				x["part"] = "Conclusions"
			case strings.Contains(l.Text, "meloxicam"):
				x = l.as("We will prescribe meloxicam 15 mg daily.")
			case strings.Contains(l.Text, "return to the clinic"):
				x = l.as("Return to the clinic in a week.") // that is not so
			default:
				continue
			}
			out = append(out, x)
		}
		content, _ := json.Marshal(map[string]any{"sentences": out}) // strings cannot fail
		answer(w, string(content))
	})
	n := (&note.Writer{Model: m}).Of(t.Context(), v)
	if want := []string{"ReasonForVisit: one line", "PatientHabits: what the patient does and takes", "Conclusions: what I think", "Plan: write mg"}; !slices.Equal(instructions, want) {
		t.Errorf("the model was given %q, want %q", instructions, want)
	}
	if got := texts(n, "PatientHabits"); !slices.Equal(got, []string{"She takes warfarin 5 milligrams once a day."}) {
		t.Errorf("PatientHabits: %q", got)
	}
	if got := texts(n, "Conclusions"); len(got) != 0 {
		t.Errorf("Conclusions has what the patient said: %q", got)
	}
	if got := texts(n, "Plan"); !slices.Contains(got, "We will prescribe meloxicam 15 mg daily.") || slices.Contains(got, "Return to the clinic in a week.") {
		t.Errorf("Plan: %q", got)
	}
	down := serve(t, func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(http.StatusUnauthorized) })
	if got := (&note.Writer{Model: down}).Of(t.Context(), v); !strings.Contains(got.Notice, "not followed") || !strings.Contains(got.Notice, "could not be used") || got.Writer != note.Rules || len(texts(got, "Plan")) == 0 {
		t.Errorf("of a model that is down: %s, %q", got.Writer, got.Notice)
	}
	if n.Writer != "rules, stub" || !strings.Contains(n.Notice, "The model was given the instructions") || strings.Contains(n.Notice, "not followed") || !strings.Contains(n.Notice, "under Conclusions") {
		t.Errorf("%s, %q", n.Writer, n.Notice)
	}
}
