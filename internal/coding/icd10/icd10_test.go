// SPDX-License-Identifier: Apache-2.0

package icd10_test

import (
	"bytes"
	"compress/gzip"
	"encoding/csv"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"galen/internal/coding/icd10"
	"galen/internal/fault"
	"galen/internal/fhir/term"
	"galen/internal/fhir/term/load"
)

// shared is the folder of data beside the repository; without it the test is skipped.
func shared(t testing.TB) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for dir != filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			folder := filepath.Join(dir, "..", "shared", "data", "clinical")
			if _, err := os.Stat(folder); err == nil {
				return folder
			}
			break
		}
		dir = filepath.Dir(dir)
	}
	t.Skip("the clinical data is not beside the repository")
	return ""
}

// release reads a whole release.
func release(t testing.TB) *term.System {
	t.Helper()
	packed, err := os.ReadFile(filepath.Join(shared(t), "codes", "icd10cm-order-Jan-2021.txt.gz"))
	if err != nil {
		t.Fatal(err)
	}
	z, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		t.Fatal(err)
	}
	sys, err := load.ICD10CM(z, "2021")
	if err != nil {
		t.Fatal(err)
	}
	return sys
}

var made struct {
	sync.Once
	index *icd10.Index
	err   error
}

// whole is the index of a whole release, made once for all tests.
func whole(t testing.TB) *icd10.Index {
	t.Helper()
	made.Do(func() { made.index, made.err = icd10.New(release(t)) })
	if made.index == nil {
		t.Skip("there is no release, or it cannot be read: ", made.err)
	}
	return made.index
}

// some is the index of a few lines of that release.
func some(t testing.TB) *icd10.Index {
	t.Helper()
	f, err := os.Open(filepath.Join("testdata", "order.txt"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	sys, err := load.ICD10CM(f, "2021")
	if err != nil {
		t.Fatal(err)
	}
	x, err := icd10.New(sys)
	if err != nil {
		t.Fatal(err)
	}
	return x
}

// names lists codes.
func names(codes []icd10.Code) string {
	var list []string
	for _, c := range codes {
		list = append(list, c.Code)
	}
	return strings.Join(list, " ")
}

func TestCodes(t *testing.T) {
	x := some(t)
	for note, want := range map[string]string{
		"Patient with hypertension and type 2 diabetes.":                          "I10 E11.9",
		"ASSESSMENT\n\n1. Right knee pain.":                                       "M25.561",
		"ASSESSMENT\n\nPain in her right knee.":                                   "M25.561",
		"Assessment: bilateral knee pain":                                         "M25.561 M25.562",
		"# Assessment\n\n- The patient has GERD.\n- Asthma.":                      "K21.9 J45.909",
		"IMPRESSION\nHigh blood pressure\nChronic kidney disease, stage 4":        "I12.9 N18.4",
		"IMPRESSION\nHypertension.\nCHF.":                                         "I11.0 I50.9",
		"IMPRESSION\nHypertension.\nCHF.\nESRD.":                                  "I13.2 I50.9 N18.6",
		"IMPRESSION\nDiabetes.\nCKD stage 4.":                                     "E11.22 N18.4",
		"IMPRESSION\nAnemia. Iron deficiency anemia.":                             "D50.9",
		"IMPRESSION\nHypertension. Elevated blood pressure.":                      "I10",
		"IMPRESSION\nBack pain.\nLumbar strain.":                                  "S39.012A",
		"CHIEF COMPLAINT\nCough.\n\nASSESSMENT\nPneumonia.":                       "J18.9",
		"CHIEF COMPLAINT\nCough.\n\nASSESSMENT\nFollow up as needed.":             "R05",
		"PAST MEDICAL HISTORY\nHypertension.\nPneumonia.\n\nASSESSMENT\nAsthma.":  "J45.909 I10",
		"He has a history of hypertension.":                                       "I10",
		"ASSESSMENT\nShortness of breath due to CHF.":                             "I50.9",
		"HPI: cough\n\nREVIEW OF SYSTEMS\nEndorses diarrhea.\n\nPLAN\nRest.":      "R05",
		"ASSESSMENT\nDepression.\nPLAN\n1. Refill, for depression, of sertraline": "F32.9",
	} {
		if got := names(x.Codes(note, icd10.Patient{})); got != want {
			t.Errorf("%q: %s, want %s", note, got, want)
		}
	}
}

// TestWhatIsNotCoded says of conditions what they are not.
func TestWhatIsNotCoded(t *testing.T) {
	x := some(t)
	for _, note := range []string{
		"", "\n\n", "The patient denies hypertension.", "No hypertension, asthma or diabetes.", "She has no history of asthma.", "Negative for pneumonia.",
		"Her mother has hypertension.", "FAMILY HISTORY\nHypertension.\nDiabetes.", "Mother: diabetes.", "Family history of diabetes.",
		"Possible pneumonia.", "Suspected pneumonia.", "Pneumonia is unlikely.", "This is likely pneumonia.", "I suspect that this is a flare of his asthma.", "Rule out pneumonia.", "Pneumonia was ruled out.",
		"Findings consistent with pneumonia.", "She is at risk for stroke.", "We discussed the risks of surgery, including infection, heart attack, stroke, and death.",
		"Return if you have chest pain or shortness of breath.", "If she develops pneumonia we will treat it.", "Screening for diabetes.", "COVID-19 vaccine today.", "He had a COVID test.",
		"This may cause diarrhea.", "Side effects include cough and diarrhea.", "Prior pneumonia.", "History of melanoma.", "REVIEW OF SYSTEMS\nDenies cough. Endorses cough.",
		"PHYSICAL EXAM\nRight knee pain with flexion.", "ALLERGIES\nCough with lisinopril.", "pain", "The knee, pain", "Hypertensionx", "Encounter for immunization.",
		"ASSESSMENT\nCardiac evaluation.\nPLAN\nThis is most likely asthma. We will see how bad her asthma is.",
	} {
		if got := names(x.Codes(note, icd10.Patient{})); got != "" {
			t.Errorf("%q is coded as %s", note, got)
		}
	}
}

func TestConfidenceFollowsTheRules(t *testing.T) {
	x := some(t)
	confidence := func(note string) float64 {
		codes := x.Codes(note, icd10.Patient{})
		if len(codes) != 1 {
			t.Fatalf("%q: %s", note, names(codes))
		}
		return codes[0].Confidence
	}
	falling := []string{"ASSESSMENT\nAcute bronchitis, unspecified", "PLAN\nInhaler for asthma.", "PAST MEDICAL HISTORY\nAsthma", "PAST MEDICAL HISTORY\nHistory of asthma"}
	for i, note := range falling[1:] {
		if more, less := confidence(falling[i]), confidence(note); more <= less || less <= 0 || more > 1 {
			t.Errorf("%q: %v, %q: %v", falling[i], more, note, less)
		}
	}
}

func TestSexOfThePatient(t *testing.T) {
	x := whole(t)
	const note = "ASSESSMENT\nBreast cancer.\nEnlarged prostate."
	for want, p := range map[string]icd10.Patient{"C50.919 N40.0": {}, "C50.919": {Female: true}, "N40.0": {Male: true}} {
		if got := names(x.Codes(note, p)); got != want {
			t.Errorf("%+v: %s, want %s", p, got, want)
		}
	}
}

func TestNotICD10CM(t *testing.T) {
	b := term.NewBuilder(term.Info{URL: icd10.URL, Version: "x"})
	b.Display(b.Concept("I10"), "Essential (primary) hypertension")
	plain, err := b.Build()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := icd10.New(plain); !errors.Is(err, fault.Invalid) {
		t.Errorf("a system that does not say what is billable: %v", err)
	}
}

// TestEverySynonymNamesATitle holds the list to a release: what stands on the left is coded as what stands on the right.
func TestEverySynonymNamesATitle(t *testing.T) {
	x := whole(t)
	list, err := os.ReadFile("synonyms.txt")
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for line := range strings.Lines(string(list)) {
		terms, titles, ok := strings.Cut(strings.TrimSpace(line), " = ")
		if strings.HasPrefix(line, "#") || !ok {
			if line = strings.TrimSpace(line); line != "" && line[0] != '#' {
				t.Errorf("a line that is none: %q", line)
			}
			continue
		}
		for term := range strings.SplitSeq(terms, "; ") {
			n++
			codes := x.Codes("ASSESSMENT\n\n"+term, icd10.Patient{})
			if len(codes) != 1 || !slices.Contains(strings.Split(titles, " | "), strings.ToLower(codes[0].Title)) {
				t.Errorf("%q is coded as %+v, want %s", term, codes, titles)
			}
		}
	}
	if n < 400 {
		t.Errorf("%d terms", n)
	}
}

// notes are the notes of a set of ACI-Bench, by encounter.
func notes(t testing.TB, set string) map[string]string {
	t.Helper()
	f, err := os.Open(filepath.Join(shared(t), "aci-bench", set+".csv"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	m := map[string]string{}
	for _, r := range rows[1:] {
		m[r[1]] = r[3]
	}
	return m
}

// TestNotesReadByHand holds some notes to the codes that a reader finds in them, after the guidelines for outpatient care.
func TestNotesReadByHand(t *testing.T) {
	x := whole(t)
	for set, list := range map[string]map[string]string{
		"valid": {
			"D2N070": "E11.9 I10 M19.90 S39.012A", // back pain is the strain's
			"D2N071": "F32.9 I10",                 // lobectomy is a Z code
			"D2N074": "D35.2 H53.47",              // stroke and seizure are risks of the operation
			"D2N077": "S52.531A",                  // a Colles fracture
			"D2N078": "S83.411A I10",              // the strain of a ligament is a sprain
			"D2N079": "M25.512",                   // tendinopathy is only likely
			"D2N081": "C34.90 J70.0 R13.10",       // lung cancer, radiation pneumonitis, painful swallowing
			"D2N083": "M77.01",                    // the elbow
			"D2N084": "I11.0 I50.9 R01.1",         // heart failure with hypertension: the combination first
			"D2N085": "N20.0",                     // kidney stones
			"D2N068": "I11.0 I50.9 I34.0",         // fatigue and dizziness are heart failure's
			"D2N087": "I10 E11.9 M19.90",          // arthritis from the history
		},
		"train": {
			"D2N003": "G43.909 K21.9 N20.0",
			"D2N017": "S80.11XA L20.9",
			"D2N019": "M77.11",
			"D2N035": "I13.0 I50.9 N18.9", // three in one
			"D2N036": "G56.03",
			"D2N037": "M77.01 M77.02", // both sides are two codes
			"D2N055": "F95.0",
			"D2N057": "M20.21",
		},
	} {
		have := notes(t, set)
		for id, want := range list {
			if got := names(x.Codes(have[id], icd10.Patient{})); got != want {
				t.Errorf("%s: %s, want %s", id, got, want)
			}
		}
	}
}

// TestEvidenceNamesWhatIsCoded goes through all notes: what a code points at is coded as it, alone or as part of a combination; denied it is not
// coded.
func TestEvidenceNamesWhatIsCoded(t *testing.T) {
	x := whole(t)
	codes, places := 0, 0
	for _, set := range []string{"train", "valid", "test1"} {
		for id, note := range notes(t, set) {
			for _, c := range x.Codes(note, icd10.Patient{}) {
				codes++
				if c.Confidence <= 0 || c.Confidence > 1 || len(c.Evidence) == 0 || c.Title == "" {
					t.Errorf("%s: %+v", id, c)
				}
				for _, e := range c.Evidence {
					places++
					text := note[e.Begin:e.End]
					alone := names(x.Codes("ASSESSMENT\n\n"+text, icd10.Patient{}))
					combined := strings.HasPrefix(c.Code, "I1") || c.Code == "E11.22"
					if !strings.Contains(alone, c.Code) && !(combined && alone != "") {
						t.Errorf("%s: %s points at %q, which alone is coded as %q", id, c.Code, text, alone)
					}
					if got := x.Codes("ASSESSMENT\n\nThe patient denies "+text+".", icd10.Patient{}); len(got) > 0 {
						t.Errorf("%s: %q is coded as %s though it is denied", id, text, names(got))
					}
				}
			}
		}
	}
	t.Logf("%d codes with %d places", codes, places)
	if codes < 250 {
		t.Errorf("only %d codes are found", codes)
	}
}

func FuzzCodes(f *testing.F) {
	for _, note := range []string{"ASSESSMENT\n1. Hypertension.", "A: bilateral knee pain; don’t\n\n• Medical Reasoning: asthma", "IMPRESSION:\xff CHF.", "crohn's 7.5 . ? !", ":\n#\n##"} {
		f.Add(note)
	}
	x := some(f)
	f.Fuzz(func(t *testing.T, note string) {
		for _, c := range x.Codes(note, icd10.Patient{}) {
			for _, e := range c.Evidence {
				if e.Begin < 0 || e.Begin >= e.End || e.End > len(note) {
					t.Errorf("%s points at %v of %d bytes", c.Code, e, len(note))
				}
			}
		}
	})
}

func BenchmarkCodes(b *testing.B) {
	x := whole(b)
	note := notes(b, "valid")["D2N070"]
	b.SetBytes(int64(len(note)))
	for b.Loop() {
		x.Codes(note, icd10.Patient{})
	}
}

func BenchmarkNew(b *testing.B) {
	sys := release(b)
	for b.Loop() {
		if _, err := icd10.New(sys); err != nil {
			b.Fatal(err)
		}
	}
}
