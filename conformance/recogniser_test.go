// SPDX-License-Identifier: Apache-2.0

package conformance_test

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// consult is a visit of two channels, made of voices that a program speaks, and what is said in it.
func consult(t *testing.T) (flac, script string, words []string) {
	t.Helper()
	base := filepath.Join("..", "..", "shared", "data", "speech", "consult", "D2N068_flite_rms_slt")
	text, err := os.ReadFile(base + ".json")
	if err != nil {
		t.Skip("the speech data is not here: ", err)
	}
	var truth struct{ Turns []struct{ Text string } }
	if err := json.Unmarshal(text, &truth); err != nil {
		t.Fatal(err)
	}
	for _, turn := range truth.Turns {
		words = append(words, plainWords(turn.Text)...)
	}
	return base + "_stereo.flac", base + ".json", words
}

// hearFile runs galen scribe, and gives the words of its transcript, the note it prints, and the folder of its files.
func hearFile(t *testing.T, file string, args ...string) (words []string, note, folder string) {
	t.Helper()
	if os.Getenv("GALEN_BIN") == "" {
		t.Skip("GALEN_BIN does not name a galen binary: make e2e does")
	}
	folder = t.TempDir()
	c := exec.CommandContext(t.Context(), os.Getenv("GALEN_BIN"), append([]string{"scribe", file, "--out", folder, "--data", t.TempDir()}, args...)...)
	var out, live bytes.Buffer
	c.Stdout, c.Stderr = &out, &live
	if err := c.Run(); err != nil {
		t.Fatalf("galen scribe: %v: %s", err, live.String())
	}
	for line := range strings.Lines(live.String()) {
		for _, role := range []string{" CLINICIAN ", " PATIENT   "} {
			if _, said, ok := strings.Cut(line, role); ok {
				words = append(words, plainWords(said)...)
			}
		}
	}
	return words, out.String(), folder
}

func TestScribeCommand(t *testing.T) {
	file, script, want := consult(t)
	got, note, folder := hearFile(t, file, "--recogniser", "replay:"+script, "--template", "PHYSICAL_SOAP")
	if strings.Join(got, " ") != strings.Join(want, " ") {
		t.Errorf("the transcript has %d words, not the %d that were said", len(got), len(want))
	}
	if !strings.Contains(note, "## Assessment") {
		t.Errorf("the note is %.300q", note)
	}
	for _, name := range []string{"transcript.json", "clinicalDoc.json", "afterVisitSummary.json", "note.md", "note.html", "note.fhir.json"} {
		if b, err := os.ReadFile(filepath.Join(folder, name)); err != nil || len(b) == 0 {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestNeuralRecogniser hears the whole visit with the model that GALEN_ASR_MODEL names. Both channels are heard in their own time, so words are
// compared as a bag: how many of those that were said were heard.
func TestNeuralRecogniser(t *testing.T) {
	model := os.Getenv("GALEN_ASR_MODEL")
	if model == "" {
		t.Skip("GALEN_ASR_MODEL names no model: make e2e makes the recogniser and fetches one where there is a C compiler")
	}
	file, _, want := consult(t)
	got, _, _ := hearFile(t, file, "--recogniser", "sherpa", "--recogniser-model", model)
	left := map[string]int{}
	for _, w := range got {
		left[w]++
	}
	heard := 0
	for _, w := range want {
		if left[w] > 0 {
			left[w]--
			heard++
		}
	}
	rate := float64(heard) / float64(len(want))
	t.Logf("%d of %d words were heard, %d words in all", heard, len(want), len(got))
	if rate < 0.7 || len(got) > len(want)*6/5 {
		t.Errorf("%.2f of the words were heard, want 0.7; %d words for %d", rate, len(got), len(want))
	}
}
