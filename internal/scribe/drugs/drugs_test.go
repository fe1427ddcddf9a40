// SPDX-License-Identifier: Apache-2.0

package drugs_test

import (
	"encoding/csv"
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"galen/internal/scribe/drugs"
	"galen/internal/scribe/transcript"
)

// TestCorrections: what recognisers wrote of sentences that name a drug, those of package speech and others.
func TestCorrections(t *testing.T) {
	for heard, want := range map[string]string{
		// One word that is nearly the name.
		"I want you to take furosamide in the morning.":  "I want you to take furosemide in the morning.",
		"Let's try Gobapentin for the burning.":          "Let's try gabapentin for the burning.",
		"Lisonopril, OK.":                                "Lisinopril, OK.",
		"combination of the cisplestan and the etoside":  "combination of the cisplatin and the etoposide",
		"I increased my methothrexate, as we discussed.": "I increased my methotrexate, as we discussed.",
		// A name in pieces.
		"I would switch you to Epic Saban, which needs no checks.": "I would switch you to apixaban, which needs no checks.",
		"May lotsicum once a day should help your knee.":           "Meloxicam once a day should help your knee.",
		"Let's do Cycle Benz apprene at bedtime.":                  "Let's do cyclobenzaprine at bedtime.",
		"i started mid forming about two years ago":                "i started metformin about two years ago",
		"He is taking rope in your role for restless legs.":        "He is taking ropinirole for restless legs.",

		// What is right stays: names, English words, what is said where no drug is named.
		"take amoxicillin and metoprolol succinate":                              "",
		"the ibuprofen's helping":                                                "",
		"you met for men about two years ago":                                    "",
		"we're going to put you on some cream and see any change":                "",
		"i use that steroid solution twice a day":                                "",
		"Mr. Ramirez and Mrs. Atkinson are here":                                 "",
		"her thyroxine and frusemide were changed":                               "",
		"I gave him some Pedialyte and a popsicle, and we watched the Steelers.": "",
		// Two drugs are as near as each other, or another one nearly is.
		"I'm going to prescribe on oxyceline for ten days.": "",
		"let's switch you from glipizide to epagliflozin":   "",
		"": "",
	} {
		if want == "" {
			want = heard
		}
		if got := drugs.Builtin().Mend(transcript.Segment{Content: heard}); got.Content != want {
			t.Errorf("%q became %q, want %q", heard, got.Content, want)
		}
	}
}

// TestNothingRightIsChanged reads half a million words of transcripts that people wrote or corrected: what is changed in them are names that are misspelt.
func TestNothingRightIsChanged(t *testing.T) {
	right := map[string]string{"oxyglutinine": "oxybutynin", "cisplestan": "cisplatin", "cisplacin": "cisplatin", "etoside": "etoposide", "methothrexate": "methotrexate",
		"dyphenhydramine": "diphenhydramine", "asprin": "aspirin", "hydrocode": "hydrocodone", "lisonopril": "lisinopril"}
	words, mended := 0, 0
	for _, text := range transcripts(t) {
		words += len(strings.Fields(text))
		for _, c := range drugs.Builtin().Corrections(text) {
			mended++
			if want := right[strings.ToLower(c.Heard)]; want != strings.ToLower(c.Name) {
				t.Errorf("%q became %s in %q", c.Heard, c.Name, text)
			}
		}
	}
	t.Logf("%d words, %d misspelt names mended, none else changed", words, mended)
}

// transcripts are the turns of ACI-Bench, MTS-Dialog and PriMock57.
func transcripts(t *testing.T) []string {
	t.Helper()
	folder := filepath.Join("..", "..", "..", "..", "shared", "data", "clinical")
	if _, err := os.Stat(folder); err != nil {
		t.Skip("the clinical data is not here: ", err)
	}
	var list []string
	files, err := filepath.Glob(filepath.Join(folder, "aci-bench", "*.csv"))
	more, err2 := filepath.Glob(filepath.Join(folder, "mts-dialog", "*.csv"))
	human, err3 := filepath.Glob(filepath.Join(folder, "aci-bench", "asr", "*_humantrans.csv"))
	grids, err4 := filepath.Glob(filepath.Join(folder, "primock57", "transcripts", "*.TextGrid"))
	if err := errors.Join(err, err2, err3, err4); err != nil || len(grids) == 0 {
		t.Fatal(err, len(grids))
	}
	for _, file := range slices.Concat(files, more, human) {
		f, err := os.Open(file)
		if err != nil {
			t.Fatal(err)
		}
		rows, err := csv.NewReader(f).ReadAll()
		f.Close()
		if err != nil {
			t.Fatal(err)
		}
		if column := slices.Index(rows[0], "dialogue"); column >= 0 {
			for _, row := range rows[1:] {
				list = append(list, strings.Split(row[column], "\n")...)
			}
		}
	}
	said, tag := regexp.MustCompile(`text = "([^"]*)"`), regexp.MustCompile(`<[^>]*>`)
	for _, file := range grids {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range said.FindAllStringSubmatch(string(text), -1) {
			list = append(list, tag.ReplaceAllString(m[1], ""))
		}
	}
	return list
}

func TestMend(t *testing.T) {
	var heard []transcript.Word
	for i, w := range []string{"Please,", "take", "hydro", "cortisone,", "then", "furosamide."} {
		heard = append(heard, transcript.Word{Text: w, Begin: float64(i), End: float64(i) + 1, Confidence: 0.9 - float64(i)/10})
	}
	s := transcript.Segment{ID: "a", Content: "Please, take hydro cortisone, then furosamide.", Words: heard}
	got := drugs.Builtin().Mend(s)
	if want := "Please, take hydrocortisone, then furosemide."; got.Content != want || got.ID != "a" {
		t.Fatalf("got %q, want %q", got.Content, want)
	}
	if want := []transcript.Mend{{Begin: 13, End: 27, Heard: "hydro cortisone"}, {Begin: 34, End: 44, Heard: "furosamide"}}; !slices.Equal(got.Mended, want) {
		t.Errorf("got %+v, want %+v", got.Mended, want)
	}
	want := []transcript.Word{heard[0], heard[1], {Text: "hydrocortisone", Begin: 2, End: 4, Confidence: heard[3].Confidence, Heard: "hydro cortisone"}, heard[4],
		{Text: "furosemide", Begin: 5, End: 6, Confidence: heard[5].Confidence, Heard: "furosamide"}}
	if !slices.Equal(got.Words, want) {
		t.Errorf("got %+v, want %+v", got.Words, want)
	}
	if s.Content != "Please, take hydro cortisone, then furosamide." || s.Words[2].Text != "hydro" {
		t.Errorf("the segment that was given is changed: %+v", s)
	}
	s.Words = s.Words[1:] // not those of the content
	if got := drugs.Builtin().Mend(s); !slices.Equal(got.Words, s.Words) || len(got.Mended) != 2 {
		t.Errorf("words that are not those of the content: %+v", got)
	}
}

func TestWith(t *testing.T) {
	const heard = "she takes vonaprazan every day"
	if got := drugs.Builtin().Corrections(heard); len(got) != 0 {
		t.Fatalf("a name that is not known: %+v", got)
	}
	l := drugs.Builtin().With(slices.Values([]string{"vonoprazan", "water", "metoprolol succinate", "x"}))
	if got := l.Mend(transcript.Segment{Content: heard}).Content; got != "she takes vonoprazan every day" {
		t.Errorf("got %q", got)
	}
	for name, want := range map[string]bool{"Vonoprazan": true, "LISINOPRIL": true, "water": false, "x": false} {
		if got := l.Has(name); got != want {
			t.Errorf("Has(%s) is %v, want %v", name, got, want)
		}
	}
}

func FuzzMend(f *testing.F) {
	f.Add("Take Epic Saban, then furosamide 20 milligrams; naïve-y é's .")
	f.Fuzz(func(t *testing.T, text string) {
		words := strings.Fields(text)
		s := transcript.Segment{Content: text}
		for _, w := range words {
			s.Words = append(s.Words, transcript.Word{Text: w})
		}
		got := drugs.Builtin().Mend(s)
		if utf8.ValidString(text) && !utf8.ValidString(got.Content) {
			t.Errorf("%q became %q", text, got.Content)
		}
		back := got.Content
		for _, m := range slices.Backward(got.Mended) {
			back = back[:m.Begin] + m.Heard + back[m.End:]
		}
		if back != text {
			t.Errorf("%q with what was heard in its place is %q", got.Content, back)
		}
		if len(got.Words) > len(words) || len(strings.Fields(got.Content)) != len(got.Words) {
			t.Errorf("%q has %d words, %+v", got.Content, len(got.Words), got.Words)
		}
	})
}

func BenchmarkCorrections(b *testing.B) {
	text := strings.Repeat("you should keep taking lies in april twenty milligrams every morning, and the furosamide. ", 10)
	for b.Loop() {
		drugs.Builtin().Corrections(text)
	}
}
