// SPDX-License-Identifier: Apache-2.0

package note_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"reflect"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"galen/internal/llm"
	"galen/internal/scribe/note"
)

// line is a sentence as the model is given it, and as it answers.
type line struct {
	ID, Part, Speaker, Text string
	Segments                []string
}

type said map[string]any

// as answers with a text in the place of a line.
func (l *line) as(text string) said {
	return said{"lines": []string{l.ID}, "segments": l.Segments, "part": l.Part, "text": text}
}

// endpoint is a chat endpoint whose model answers with what say makes of the lines it is given.
func endpoint(t *testing.T, say func([]line) []said) *llm.Model {
	t.Helper()
	return serve(t, func(w http.ResponseWriter, r *http.Request) {
		var q struct {
			Messages []struct{ Content string }
		}
		var user struct{ Lines []line }
		if err := json.NewDecoder(r.Body).Decode(&q); err != nil || len(q.Messages) != 2 {
			t.Errorf("the request is not one of chat completions: %v", err)
			return
		}
		if err := json.Unmarshal([]byte(q.Messages[1].Content), &user); err != nil || len(user.Lines) == 0 {
			t.Errorf("the question has no lines: %v", err)
		}
		content, err := json.Marshal(map[string]any{"sentences": say(user.Lines)})
		if err != nil {
			t.Error(err)
		}
		answer(w, string(content))
	})
}

func answer(w http.ResponseWriter, content string) {
	fmt.Fprintf(w, `{"choices":[{"finish_reason":"stop","message":{"role":"assistant","content":%q}}]}`, content)
}

func serve(t *testing.T, handler http.HandlerFunc) *llm.Model {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	m, err := llm.New(llm.Options{URL: server.URL + "/v1", Model: "stub"})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

const checkup = `[doctor] so ms. thompson is a 43 year old female here for right knee pain . any fever or chills ?
[patient] no .
[doctor] are you having any numbness ?
[patient] yes .
[doctor] tell me about the knee .
[patient] i've just been having some pain in my right knee for two weeks .
[patient] my mother has diabetes and i had pneumonia last year .
[patient] i take warfarin five milligrams once a day .
[doctor] on exam , you have tenderness over the medial meniscus of the right knee , and the left knee is normal .
[doctor] the x-ray shows there's no fracture .
[doctor] i think it could be a sprain of the medial ligament of the right knee .
[doctor] i'm going to prescribe meloxicam fifteen milligrams once a day . please return to the clinic if you have fever or chills .
`

// TestHonestModel: sentences that say the same are taken, with the writer, the evidence and the part; the note and its files say who wrote.
func TestHonestModel(t *testing.T) {
	v := visit(checkup, "HISTORY_AND_PHYSICAL")
	w := &note.Writer{Model: endpoint(t, func(lines []line) (out []said) {
		for i, l := range lines {
			switch l.Text {
			case "Denies fever or chills.":
				m := lines[i+1]
				out = append(out, said{"lines": []string{l.ID, m.ID}, "segments": slices.Concat(l.Segments, m.Segments), "part": l.Part, "text": "Denies fever or chills. " + m.Text})
			case "We will prescribe meloxicam 15 milligrams once a day.":
				out = append(out, l.as("We will prescribe meloxicam 15 mg daily."))
			}
			if strings.Contains(l.Text, "sprain") {
				moved := l.as("It could be a sprain of medial ligament of the right knee.")
				moved["part"] = "ASSESSMENT"
				out = append(out, moved)
			}
		}
		return out
	})}
	own, files, err := w.Note(t.Context(), v)
	var n note.Note
	if err != nil || json.Unmarshal(own, &n) != nil || n.Writer != "rules, stub" || n.Notice != "" {
		t.Fatalf("got %+v, %v, want a note by rules and stub", n, err)
	}
	for part, want := range map[string]string{"PLAN": "We will prescribe meloxicam 15 mg daily.", "ASSESSMENT": "sprain"} {
		if !slices.ContainsFunc(n.Sections, func(s note.Section) bool {
			return s.Name == part && slices.ContainsFunc(s.Sentences, func(x note.Sentence) bool {
				return strings.Contains(x.Text, want) && x.Writer == "stub" && len(x.Segments) > 0
			})
		}) {
			t.Errorf("%s has no %q by the model: %+v", part, want, n.Sections)
		}
	}
	for _, f := range files[:3] {
		if !strings.Contains(string(f.Body), "stub") {
			t.Errorf("%s does not say that the model wrote", f.Name)
		}
	}
}

// each answers with every line that a change makes another.
func each(change func(line) string) func([]line) []said {
	return func(lines []line) (out []said) {
		for _, l := range lines {
			if text := change(l); text != l.Text {
				out = append(out, l.as(text))
			}
		}
		return out
	}
}

func swap(old, with string) func([]line) []said {
	return each(func(l line) string { return strings.ReplaceAll(l.Text, old, with) })
}

// TestLyingModel: whatever a model makes up, the note is the same as without it.
func TestLyingModel(t *testing.T) {
	other := func(change func(said, []line)) func([]line) []said {
		return func(lines []line) []said {
			s := lines[0].as(lines[0].Text)
			change(s, lines)
			return []said{s}
		}
	}
	for name, say := range map[string]func([]line) []said{
		"dose": swap("15", "50"), "unit": swap("milligrams", "micrograms"), "drug": swap("meloxicam", "methadone"), "another drug": swap("warfarin", "warfarin and aspirin"),
		"frequency": swap("once a day", "twice a day"), "decimal": swap("15 ", "1.5 "), "half": swap("15 ", "15½ "), "side": swap("right", "left"), "age": swap("43", "34"),
		"sides swapped": each(func(l line) string { return strings.NewReplacer("right", "left", "left", "right").Replace(l.Text) }),
		"denial":        swap("Denies", "Reports"), "denied more": swap("fever or chills", "fever, cough or chills"), "denied": swap("Reports", "Denies"), "found": swap("no fracture", "a fracture"),
		"certain": swap("could be", "is"), "supposed": swap("if", "as"), "another's": swap("Her mother", "She"), "past": swap("had", "has"), "sex": swap("She", "He"),
		"duration": swap("2 weeks", "2 months"), "normal": swap("normal", "abnormal"), "finding": each(func(l line) string { return strings.TrimSuffix(l.Text, ".") + " and a rash." }),
		"advice":     each(func(l line) string { return l.Text + " Avoid alcohol." }),
		"left out":   each(func(l line) string { return strings.Fields(l.Text)[0] + "." }),
		"question":   each(func(l line) string { return strings.TrimSuffix(l.Text, ".") + "?" }),
		"struck out": each(func(l line) string { return "~~" + l.Text + "~~" }),
		"lines of a note": other(func(s said, lines []line) {
			s["text"] = lines[0].Text + "\nHas cancer."
		}),
		"unknown lines":       other(func(s said, _ []line) { s["lines"], s["text"] = []string{"L999"}, "Has cancer." }),
		"no lines":            other(func(s said, _ []line) { s["lines"], s["segments"], s["text"] = []string{}, []string{}, "Has cancer." }),
		"unknown segments":    other(func(s said, _ []line) { s["segments"] = []string{"S999"} }),
		"no segments":         other(func(s said, _ []line) { s["segments"] = []string{} }),
		"too many segments":   other(func(s said, lines []line) { s["segments"] = append(lines[len(lines)-1].Segments, lines[0].Segments...) }),
		"unknown part":        other(func(s said, _ []line) { s["part"] = "HOROSCOPE" }),
		"empty":               other(func(s said, _ []line) { s["text"] = " " }),
		"the line twice":      other(func(s said, lines []line) { s["lines"] = []string{lines[0].ID, lines[0].ID} }),
		"an endless text":     other(func(s said, lines []line) { s["text"] = strings.Repeat("the ", 1000) + lines[0].Text }),
		"a page":              other(func(s said, lines []line) { s["text"] = "<b>" + lines[0].Text + "</b>" }),
		"a finding of hers":   patientTo("PHYSICAL_EXAMINATION"),
		"a diagnosis of hers": patientTo("ASSESSMENT"),
		"denial of both": func(lines []line) []said {
			i := slices.IndexFunc(lines, func(l line) bool { return l.Text == "Denies fever or chills." })
			return []said{{"lines": []string{lines[i].ID, lines[i+1].ID}, "segments": slices.Concat(lines[i].Segments, lines[i+1].Segments), "part": lines[i].Part,
				"text": "Denies fever or chills or numbness."}}
		},
	} {
		v := visit(checkup, "HISTORY_AND_PHYSICAL")
		answers := 0
		w := &note.Writer{Model: endpoint(t, func(lines []line) []said {
			list := say(lines)
			answers += len(list)
			return list
		})}
		got, want := w.Of(t.Context(), v), (&note.Writer{}).Of(t.Context(), v)
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s: got %+v, want %+v", name, got, want)
		}
		if answers == 0 {
			t.Errorf("%s: the model told no lie", name)
		}
	}
}

// patientTo puts what only the patient said into a part.
func patientTo(part string) func([]line) []said {
	return func(lines []line) (out []said) {
		for _, l := range lines {
			if s := l.as(l.Text); l.Speaker == "patient" {
				s["part"] = part
				out = append(out, s)
			}
		}
		return out
	}
}

// TestBrokenModel: a model that is down, slow or talks nonsense costs nothing but a notice.
func TestBrokenModel(t *testing.T) {
	down := httptest.NewServer(http.NotFoundHandler())
	down.Close()
	gone, err := llm.New(llm.Options{URL: down.URL, Model: "stub"})
	if err != nil {
		t.Fatal(err)
	}
	for name, m := range map[string]*llm.Model{
		"down": gone,
		"slow": serve(t, func(_ http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body) // so that the end of the connection is seen
			<-r.Context().Done()
		}),
		"failing":  serve(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) }),
		"refusing": serve(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadRequest) }),
		"elsewhere": serve(t, func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "/elsewhere", http.StatusTemporaryRedirect)
		}),
		"no JSON":      serve(t, func(w http.ResponseWriter, _ *http.Request) { answer(w, "Sure! Here is your note:") }),
		"no chat":      serve(t, func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "<html>") }),
		"another form": serve(t, func(w http.ResponseWriter, _ *http.Request) { answer(w, `{"sentences":"none"}`) }),
		"huge":         serve(t, func(w http.ResponseWriter, _ *http.Request) { answer(w, strings.Repeat("x", llm.MaxAnswer)) }),
		"unfinished": serve(t, func(w http.ResponseWriter, _ *http.Request) {
			fmt.Fprint(w, `{"choices":[{"finish_reason":"length","message":{"content":"{\"sentences\":[]}"}}]}`)
		}),
	} {
		v := visit(checkup, "HISTORY_AND_PHYSICAL")
		w := &note.Writer{Model: m, Patience: 10 * time.Second}
		if name == "slow" {
			w.Patience = 50 * time.Millisecond
		}
		got, want := w.Of(t.Context(), v), (&note.Writer{}).Of(t.Context(), v)
		if !strings.Contains(got.Notice, "could not be used") {
			t.Errorf("%s: the notice is %q", name, got.Notice)
		}
		if got.Notice = ""; !reflect.DeepEqual(got, want) {
			t.Errorf("%s: got %+v, want %+v", name, got, want)
		}
	}
}

// TestModelIsAskedLittle: the longest visit makes no more than a dozen questions, and every line of it stays in the note.
func TestModelIsAskedLittle(t *testing.T) {
	var b strings.Builder
	for i := range 3000 {
		fmt.Fprintf(&b, "[doctor] your blood pressure reading number %d was taken from the monitor .\n[patient] okay .\n", i)
	}
	var asked atomic.Int32
	m := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		asked.Add(1)
		answer(w, `{"sentences":[]}`)
	})
	v := visit(b.String(), "HISTORY_AND_PHYSICAL")
	got, want := (&note.Writer{Model: m}).Of(t.Context(), v), (&note.Writer{}).Of(t.Context(), v)
	if n := asked.Load(); n < 2 || n > 12 || !reflect.DeepEqual(got, want) {
		t.Errorf("got %d questions and %d sections like those of the rules: %v", n, len(got.Sections), reflect.DeepEqual(got, want))
	}
}
