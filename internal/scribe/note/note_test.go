// SPDX-License-Identifier: Apache-2.0

package note_test

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"galen/internal/fhir"
	"galen/internal/fhir/def"
	"galen/internal/fhir/validate"
	"galen/internal/scribe"
	"galen/internal/scribe/drugs"
	"galen/internal/scribe/note"
	"galen/internal/scribe/transcript"
)

func aci(t *testing.T, name string) [][]string {
	t.Helper()
	file, err := os.Open(filepath.Join("..", "..", "..", "..", "shared", "data", "clinical", "aci-bench", name))
	if err != nil {
		t.Skip("ACI-Bench is not here: ", err)
	}
	defer file.Close()
	rows, err := csv.NewReader(file).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

// visit is a dialogue of lines "[doctor] …" and "[patient] …".
func visit(dialogue, template string) scribe.Visit {
	v := scribe.Visit{Session: scribe.Session{Key: scribe.Key{ID: "0b5c1a52-3f6e-4b8a-9d0e-1f2a3b4c5d6e"}, Language: "en-US", Heard: 600,
		Config: &scribe.Config{Template: scribe.Template{Type: template}}}}
	for line := range strings.Lines(dialogue) {
		who, said, ok := strings.Cut(strings.TrimSpace(line), "] ")
		if n := len(v.Segments); !ok && n > 0 { // a turn of several lines
			v.Segments[n-1].Content += " " + strings.TrimSpace(line)
		}
		if !ok {
			continue
		}
		s := transcript.Segment{ID: fmt.Sprint("s", len(v.Segments)), Begin: float64(len(v.Segments)), End: float64(len(v.Segments)) + 1, Content: said,
			Role: transcript.Patient, RoleBy: transcript.ByChannel}
		if who == "[doctor" {
			s.Role = transcript.Clinician
		}
		v.Segments = append(v.Segments, s)
	}
	return v
}

func words(text string) []string {
	return strings.FieldsFunc(strings.ToLower(text), func(r rune) bool { return (r < 'a' || r > 'z') && (r < '0' || r > '9') })
}

// rouge1 is the F1 of words in common, of 100.
func rouge1(got, want []string) float64 {
	count := map[string]int{}
	for _, w := range want {
		count[w]++
	}
	hit := 0.0
	for _, w := range got {
		if count[w] > 0 {
			count[w]--
			hit++
		}
	}
	if hit == 0 {
		return 0
	}
	p, r := hit/float64(len(got)), hit/float64(len(want))
	return 200 * p * r / (p + r)
}

// TestScorer holds the scorer to the published figures of ACI-Bench's baselines on test 1.
func TestScorer(t *testing.T) {
	gold := map[string]string{}
	rows := aci(t, "test1.csv")
	id, text := slices.Index(rows[0], "encounter_id"), slices.Index(rows[0], "note")
	for _, row := range rows[1:] {
		gold[row[id]] = row[text]
	}
	for file, want := range map[string]float64{"12_doctor_turns_test1.csv": 35.88, "bart_division_test1.csv": 53.46, "gpt-4_test1.csv": 51.76, "umls_retrieval_test1.csv": 43.87} {
		rows := aci(t, filepath.Join("baselines", file))
		id, text := slices.Index(rows[0], "encounter_id"), len(rows[0])-1
		for i, name := range rows[0] {
			if name == "prediction" || name == "note" || name == "predictions" {
				text = i
			}
		}
		sum, n := 0.0, 0.0
		for i, row := range rows[1:] {
			ref := gold[row[max(id, 0)]]
			if id < 0 {
				ref = aci(t, "test1.csv")[i+1][slices.Index(aci(t, "test1.csv")[0], "note")]
			}
			sum += rouge1(words(row[text]), words(ref))
			n++
		}
		if got := sum / n; math.Abs(got-want) > 0.01 {
			t.Errorf("%s: ROUGE-1 %.2f, published %.2f (columns %v)", file, got, want, rows[0])
		}
	}
}

// TestNotesOnACIBench: ROUGE-1 of the note by rules on the validation set, which the rules were read against, and on test 1, which they were not.
func TestNotesOnACIBench(t *testing.T) {
	for set, want := range map[string]float64{"valid.csv": 46, "test1.csv": 40} {
		rows := aci(t, set)
		sum, length := 0.0, 0
		for _, row := range rows[1:] {
			n := (&note.Writer{}).Of(t.Context(), visit(row[2], "HISTORY_AND_PHYSICAL"))
			var b strings.Builder
			for _, s := range n.Sections {
				if len(s.Sentences) > 0 {
					b.WriteString(strings.ReplaceAll(s.Name, "_", " ") + "\n")
				}
				for _, x := range s.Sentences {
					b.WriteString(x.Text + "\n")
				}
			}
			sum += rouge1(words(b.String()), words(row[3]))
			length += len(words(b.String()))
		}
		n := float64(len(rows) - 1)
		t.Logf("%s: ROUGE-1 %.2f, %.0f words a note", set, sum/n, float64(length)/n)
		if sum/n < want {
			t.Errorf("%s: ROUGE-1 is %.2f, want %.0f", set, sum/n, want)
		}
	}
}

var (
	numerals  = regexp.MustCompile(`\d+(?:[./]\d+)*`)
	brokenOff = regexp.MustCompile(`[-–—](\s|$)`)                   // a word that was the last one
	repeated  = regexp.MustCompile(` (five hundred) five hundred `) // said twice
	medicine  = regexp.MustCompile(`(?i)\b[a-z]{3,}(?:pril|sartan|olol|statin|formin|prazole|cillin|cycline|oxacin|oxetine|zepam|triptan|glutide|xaban|oxicam|codone|thiazide|solone)\b`)
)

// TestNothingIsAdded: every figure and every drug of a sentence stands in its evidence, and every piece of evidence is there.
func TestNothingIsAdded(t *testing.T) {
	sentences, figures := 0, 0
	for _, set := range []string{"valid.csv", "train.csv", "test1.csv"} {
		for _, row := range aci(t, set)[1:] {
			v := visit(row[2], "HISTORY_AND_PHYSICAL")
			said := map[string]string{}
			for _, s := range v.Segments {
				said[s.ID] = s.Content
			}
			for _, s := range (&note.Writer{}).Of(t.Context(), v).Sections {
				for _, x := range s.Sentences {
					sentences++
					var source strings.Builder
					for _, id := range x.Segments {
						if said[id] == "" {
							t.Fatalf("%q names %s, which nobody said", x.Text, id)
						}
						source.WriteString(" " + brokenOff.ReplaceAllString(strings.ToLower(said[id]), " "))
					}
					if source.Len() == 0 {
						t.Fatalf("%q has no evidence", x.Text)
					}
					spoken := note.Figures(repeated.ReplaceAllString(source.String(), " $1 "))
					for _, f := range append(numerals.FindAllString(x.Text, -1), medicine.FindAllString(x.Text, -1)...) {
						figures++
						if !strings.Contains(source.String(), strings.ToLower(f)) && !strings.Contains(spoken, f) {
							t.Errorf("%q: %s is not in %q", x.Text, f, source.String())
						}
					}
				}
			}
		}
	}
	t.Logf("%d figures and drugs in %d sentences", figures, sentences)
}

const knee = `[doctor] so ms. thompson is a 43 year old female here for right knee pain . any fever or chills ?
[patient] no .
[doctor] are you having any numbness ?
[patient] yes .
[doctor] do you smoke ?
[patient] i smoke a pack a day .
[doctor] on exam , you have tenderness over the medial meniscus . let's look at your x-ray .
[doctor] the x-ray is normal , there's no fracture .
[doctor] so i think you have a sprain . i'm going to prescribe meloxicam fifteen milligrams once a day . we'll have you come back in two weeks .
[patient] okay .
`

func texts(n note.Note, section string) []string {
	var list []string
	for _, s := range n.Sections {
		if s.Name == section {
			for _, x := range s.Sentences {
				list = append(list, x.Text)
			}
		}
	}
	return list
}

func TestOneVisit(t *testing.T) {
	n := (&note.Writer{}).Of(t.Context(), visit(knee, "HISTORY_AND_PHYSICAL"))
	for section, want := range map[string][]string{
		"CHIEF_COMPLAINT":      {"Right knee pain."},
		"REVIEW_OF_SYSTEMS":    {"Denies fever or chills."},
		"PAST_SOCIAL_HISTORY":  {"She smokes a pack a day."},
		"PHYSICAL_EXAMINATION": {"She has tenderness over the medial meniscus."},
	} {
		if got := texts(n, section); !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", section, got, want)
		}
	}
	all := strings.Join(texts(n, "PLAN"), " ")
	if !strings.Contains(all, "We will prescribe meloxicam 15 milligrams once a day.") || !strings.Contains(all, "2 weeks") {
		t.Errorf("PLAN: %s", all)
	}
}

func TestTemplates(t *testing.T) {
	for template, want := range map[string][]string{
		"HISTORY_AND_PHYSICAL": {"CHIEF_COMPLAINT", "HISTORY_OF_PRESENT_ILLNESS", "REVIEW_OF_SYSTEMS", "PAST_MEDICAL_HISTORY", "PAST_FAMILY_HISTORY", "PAST_SOCIAL_HISTORY",
			"PHYSICAL_EXAMINATION", "DIAGNOSTIC_TESTING", "ASSESSMENT", "PLAN"},
		"PHYSICAL_SOAP": {"SUBJECTIVE", "OBJECTIVE", "ASSESSMENT", "PLAN"}, "BEHAVIORAL_SOAP": {"SUBJECTIVE", "OBJECTIVE", "ASSESSMENT", "PLAN"},
		"GIRPP": {"GOAL", "INTERVENTION", "RESPONSE", "PROGRESS", "PLAN"}, "BIRP": {"BEHAVIOR", "INTERVENTION", "RESPONSE", "PLAN"},
		"SIRP": {"SITUATION", "INTERVENTION", "RESPONSE", "PLAN"}, "DAP": {"DATA", "ASSESSMENT", "PLAN"},
	} {
		n := (&note.Writer{}).Of(t.Context(), visit(knee, template))
		var got []string
		seen := map[string]bool{}
		for _, s := range n.Sections {
			got = append(got, s.Name)
			for _, x := range s.Sentences {
				if seen[x.Text] {
					t.Errorf("%s says %q twice", template, x.Text)
				}
				seen[x.Text] = true
			}
		}
		if !slices.Equal(got, want) || len(texts(n, "PLAN")) == 0 {
			t.Errorf("%s: %v", template, got)
		}
	}
}

func TestCustomTemplateAndContext(t *testing.T) {
	v := visit(knee, "HISTORY_AND_PHYSICAL")
	v.Session.Config.Template = scribe.Template{Type: "HISTORY_AND_PHYSICAL", Custom: true,
		Instructions: []scribe.Instruction{{Header: "ReasonForVisit", Text: "short"}, {Header: "Plan", Text: "bullets"}, {Header: "Zodiac", Text: "x"}}}
	n := (&note.Writer{}).Of(t.Context(), v)
	if got := texts(n, "ReasonForVisit"); !slices.Equal(got, []string{"Right knee pain."}) || len(texts(n, "Plan")) == 0 || !strings.Contains(n.Notice, "Zodiac") || !strings.Contains(n.Notice, "model") {
		t.Errorf("custom: %+v", n)
	}
	v = visit(knee, "DAP")
	v.Session.Config.Context = "Allergies: penicillin causes a rash"
	if got := (&note.Writer{}).Of(t.Context(), v).Sections[0].Sentences; !slices.ContainsFunc(got, func(s note.Sentence) bool { return s.Context && strings.Contains(s.Text, "penicillin") }) {
		t.Errorf("what was known before is missing: %+v", got)
	}
}

func TestFiles(t *testing.T) {
	w := &note.Writer{}
	v := visit(knee+"[patient] i read <script>alert(1)</script> about it\n", "HISTORY_AND_PHYSICAL")
	own, files, err := w.Note(t.Context(), v)
	if err != nil {
		t.Fatal(err)
	}
	said, err1 := w.Transcript(t.Context(), v)
	summary, err2 := w.Summary(t.Context(), v, own)
	if err1 != nil || err2 != nil {
		t.Fatal(err1, err2)
	}
	got := map[string]string{}
	for _, f := range slices.Concat(files, said, summary) {
		got[strings.TrimPrefix(f.Name, "clinical-notes/")] = string(f.Body)
	}
	var doc struct {
		ClinicalDocumentation struct {
			SessionID string `json:"SessionId"`
			Sections  []struct {
				SectionName string
				Summary     []struct {
					EvidenceLinks []struct {
						SegmentID string `json:"SegmentId"`
					}
					SummarizedSegment string
				}
			}
		}
	}
	if err := json.Unmarshal([]byte(got["clinicalDoc.json"]), &doc); err != nil || doc.ClinicalDocumentation.SessionID != v.Session.ID ||
		doc.ClinicalDocumentation.Sections[0].Summary[0].SummarizedSegment != "Right knee pain." || doc.ClinicalDocumentation.Sections[0].Summary[0].EvidenceLinks[0].SegmentID != "s0" {
		t.Errorf("clinicalDoc.json: %v %+v", err, doc)
	}
	if s := got["note.html"]; strings.Contains(s, "<script") || !strings.Contains(s, "<details><summary>Right knee pain.</summary>") {
		t.Errorf("note.html: %s", s)
	}
	if s := got["afterVisitSummary.json"]; !strings.Contains(s, "You came in for: right knee pain.") || !strings.Contains(s, `"SummarizedSegment": "Your medicines: We will prescribe meloxicam 15 milligrams once a day."`) {
		t.Errorf("afterVisitSummary.json: %s", s)
	}
	if s := got["transcript.json"]; !strings.Contains(s, `"ParticipantRole": "CLINICIAN_0"`) || !strings.Contains(s, `"Content": "fever"`) || !strings.Contains(s, `"BeginCharacterOffset"`) {
		t.Errorf("transcript.json: %s", s)
	}
	isFHIR(t, got["note.fhir.json"])
	v.Session.ID = "" // it never was a session
	if _, files, err = w.Note(t.Context(), v); err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if strings.HasSuffix(f.Name, "note.fhir.json") {
			isFHIR(t, string(f.Body))
		}
	}
}

// TestSwappedChannels: a note says if the channels seem to be the wrong way round. ACI-Bench has visits whose speakers are.
func TestSwappedChannels(t *testing.T) {
	told := func(v scribe.Visit) bool {
		return strings.Contains((&note.Writer{}).Of(t.Context(), v).Notice, "the wrong way round")
	}
	for _, set := range []string{"valid.csv", "test1.csv"} {
		var as, turned []string
		rows := aci(t, set)
		for _, row := range rows[1:] {
			v := visit(row[2], "DAP")
			if told(v) {
				as = append(as, row[1])
			}
			for i, s := range v.Segments {
				if v.Segments[i].Role = transcript.Clinician; s.Role == transcript.Clinician {
					v.Segments[i].Role = transcript.Patient
				}
			}
			if told(v) {
				turned = append(turned, row[1])
			}
		}
		t.Logf("%s: told of %v as they are, of %d of %d turned round", set, as, len(turned), len(rows)-1)
		if len(as) > 1 || len(turned) < (len(rows)-1)*3/4 {
			t.Errorf("%s: told of %v as they are, and of %d turned round", set, as, len(turned))
		}
	}
}

// TestCorrectedNames: what was heard stands beside each name that was corrected.
func TestCorrectedNames(t *testing.T) {
	v := visit("[doctor] so i'm going to start you on met for men <five> hundred milligrams twice a day for your diabetes .\n", "DAP")
	for _, w := range strings.Fields(v.Segments[0].Content) {
		v.Segments[0].Words = append(v.Segments[0].Words, transcript.Word{Text: w})
	}
	v.Segments[0] = drugs.Builtin().Mend(v.Segments[0])
	w := &note.Writer{}
	said, err := w.Transcript(t.Context(), v)
	_, files, err2 := w.Note(t.Context(), v)
	if err != nil || err2 != nil {
		t.Fatal(err, err2)
	}
	var doc struct {
		Conversation struct {
			TranscriptItems []struct {
				Alternatives []struct{ Content string }
			}
			TranscriptSegments []struct {
				Corrections []struct {
					BeginCharacterOffset, EndCharacterOffset int
					Content, Heard                           string
				}
			}
		}
	}
	if err := json.Unmarshal(said[0].Body, &doc); err != nil {
		t.Fatal(err)
	}
	if got := doc.Conversation.TranscriptSegments[0].Corrections; len(got) != 1 || got[0].Content != "metformin" || got[0].Heard != "met for men" ||
		v.Segments[0].Content[got[0].BeginCharacterOffset:got[0].EndCharacterOffset+1] != "metformin" {
		t.Errorf("Corrections: %+v", got)
	}
	if got := doc.Conversation.TranscriptItems[7].Alternatives; len(got) != 2 || got[0].Content != "metformin" || got[1].Content != "met for men" {
		t.Errorf("Alternatives: %+v", got)
	}
	page, notice := string(files[2].Body), `metformin (heard: "met for men")`
	if !strings.Contains(page, "<mark>metformin</mark> (heard: “met for men”) &lt;five&gt;") || !strings.Contains(w.Of(t.Context(), v).Notice, notice) || !strings.Contains(string(files[1].Body), notice) {
		t.Errorf("the note does not say what was corrected: %s %s", page, files[1].Body)
	}
}

func isFHIR(t *testing.T, text string) {
	t.Helper()
	var tape fhir.Tape
	if err := tape.Parse([]byte(text), fhir.Limits{}); err != nil {
		t.Fatal(err)
	}
	for _, f := range validate.New(def.R4()).Resource(tape.Root(), validate.Strict) {
		t.Errorf("note.fhir.json: %s at %s", f.Text, f.Expression)
	}
}

func TestSilence(t *testing.T) {
	w := &note.Writer{}
	v := visit("", "HISTORY_AND_PHYSICAL")
	own, files, err := w.Note(t.Context(), v)
	if err != nil {
		t.Fatal(err)
	}
	n := w.Of(t.Context(), v)
	for _, s := range n.Sections {
		if len(s.Sentences) > 0 {
			t.Errorf("a silent visit has %+v", s)
		}
	}
	summary, err := w.Summary(t.Context(), v, own)
	if err != nil || !n.Silent || !strings.Contains(string(files[0].Body), "Nothing was said") || !strings.Contains(string(summary[0].Body), "Nothing was said") {
		t.Errorf("%+v %v %s", n, err, summary)
	}
}

func FuzzOf(f *testing.F) {
	f.Add(knee)
	f.Fuzz(func(t *testing.T, dialogue string) {
		(&note.Writer{}).Of(t.Context(), visit(dialogue, "HISTORY_AND_PHYSICAL"))
	})
}

// BenchmarkNote is of a quarter of an hour: as people write it down, and as recognisers without punctuation do, of one speaker.
func BenchmarkNote(b *testing.B) {
	v := visit(strings.Repeat(knee, 25), "HISTORY_AND_PHYSICAL")
	endless := visit(strings.Repeat(knee, 25), "HISTORY_AND_PHYSICAL")
	for i := range endless.Segments {
		s := &endless.Segments[i]
		s.Content, s.Role = strings.Join(words(s.Content), " "), transcript.Clinician
	}
	w := &note.Writer{}
	b.Run("turns", func(b *testing.B) {
		for b.Loop() {
			w.Of(b.Context(), v)
		}
	})
	b.Run("endless", func(b *testing.B) {
		for b.Loop() {
			w.Of(b.Context(), endless)
		}
	})
}
