// SPDX-License-Identifier: Apache-2.0

package sphinx_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"galen/internal/scribe/asr"
	"galen/internal/scribe/asr/asrtest"
	"galen/internal/scribe/asr/sphinx"
	"galen/internal/scribe/audio"
)

func TestContract(t *testing.T) {
	p, err := sphinx.Find()
	if err != nil {
		t.Skip(err)
	}
	samples := read(t)
	asrtest.Run(t, p, samples)
	finals, _ := asrtest.Hear(t, asr.Restarting(p, 2), samples, asr.Options{})
	var heard []string
	for _, r := range finals {
		heard = append(heard, r.Text)
	}
	if text := strings.Join(heard, " "); !strings.Contains(text, "the narrative would be tedious") && !strings.Contains(text, "native country") {
		t.Errorf("heard %q", text)
	}
}

// TestDeaths kills the program in the midst of words.
func TestDeaths(t *testing.T) {
	asrtest.Dying(t, sphinx.Program, sphinx.Find, read(t), 3*asr.Rate, asr.Rate/10)
}

func TestMain(m *testing.M) { asrtest.Main(m) }

// read gives the second half of a recording.
func read(t *testing.T) []int16 {
	t.Helper()
	file, err := os.ReadFile(filepath.Join("..", "..", "..", "..", "..", "shared", "data", "speech", "real", "2412-153948-0000.flac"))
	if err != nil {
		t.Skip("the speech data is not here: ", err)
	}
	d, err := audio.NewDecoder(audio.Format{Encoding: audio.FLAC, Rate: 16000, Channels: 1})
	if err != nil {
		t.Fatal(err)
	}
	first, err1 := d.Write(file)
	last, err2 := d.Close()
	if err1 != nil || err2 != nil {
		t.Fatal(err1, err2)
	}
	return append(first[0], last[0]...)[5*asr.Rate:]
}
