// SPDX-License-Identifier: Apache-2.0

package sherpa_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"galen/internal/scribe/asr"
	"galen/internal/scribe/asr/asrtest"
	"galen/internal/scribe/asr/sherpa"
	"galen/internal/scribe/audio"
)

// TestContract runs when GALEN_ASR_MODEL is the folder of a model and galen-asr is in the path, as in make e2e.
func TestContract(t *testing.T) {
	folder := os.Getenv("GALEN_ASR_MODEL")
	if folder == "" {
		t.Skip("GALEN_ASR_MODEL names no model")
	}
	p, err := sherpa.Find(folder)
	if err != nil {
		t.Fatal(err)
	}
	samples := read(t)
	asrtest.Run(t, p, samples)
	finals, _ := asrtest.Hear(t, asr.Restarting(p, 2), samples, asr.Options{})
	var heard []string
	for _, r := range finals {
		heard = append(heard, r.Text)
	}
	if text := strings.ToLower(strings.Join(heard, " ")); !strings.Contains(text, "the narrative would be tedious to him") || !strings.Contains(text, "native country") {
		t.Errorf("heard %q", text)
	}
}

// TestDeaths kills the program in the midst of words.
func TestDeaths(t *testing.T) {
	folder := os.Getenv("GALEN_ASR_MODEL")
	if folder == "" {
		t.Skip("GALEN_ASR_MODEL names no model")
	}
	asrtest.Dying(t, sherpa.Program, func() (asr.Provider, error) { return sherpa.Find(folder) }, read(t), 3*asr.Rate, asr.Rate/10, 5*asr.Rate)
}

func TestMain(m *testing.M) { asrtest.Main(m) }

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
	return append(first[0], last[0]...)
}

func TestFamilies(t *testing.T) {
	for _, c := range []struct {
		folder, files string
		want          sherpa.Family
		of, part      string // a part and its file
	}{
		{"moonshine-tiny-en", "encoder_model.ort decoder_model_merged.ort tokens.txt", sherpa.MoonshineMerged, "merged", "decoder_model_merged.ort"},
		{"moonshine", "preprocess.onnx encode.int8.onnx uncached_decode.int8.onnx cached_decode.int8.onnx tokens.txt", sherpa.Moonshine, "cached", "cached_decode.int8.onnx"},
		{"whisper-base.en", "base.en-encoder.onnx base.en-encoder.int8.onnx base.en-decoder.int8.onnx base.en-tokens.txt", sherpa.Whisper, "encoder", "base.en-encoder.int8.onnx"},
		{"parakeet", "encoder.int8.onnx decoder.int8.onnx joiner.int8.onnx tokens.txt", sherpa.OfflineTransducer, "joiner", "joiner.int8.onnx"},
		{"streaming-zipformer", "encoder-epoch-99-avg-1.onnx decoder-epoch-99-avg-1.onnx joiner-epoch-99-avg-1.onnx tokens.txt", sherpa.OnlineTransducer, "decoder", "decoder-epoch-99-avg-1.onnx"},
		{"streaming-paraformer", "encoder.onnx decoder.onnx tokens.txt", sherpa.OnlineParaformer, "encoder", "encoder.onnx"},
		{"streaming-nemo", "model.onnx tokens.txt", sherpa.OnlineCTC, "model", "model.onnx"},
		{"no-tokens", "encoder.onnx decoder.onnx joiner.onnx", "", "", ""},
		{"nothing", "readme.md", "", "", ""},
	} {
		folder := filepath.Join(t.TempDir(), c.folder)
		if err := os.MkdirAll(folder, 0o700); err != nil {
			t.Fatal(err)
		}
		for name := range strings.FieldsSeq(c.files) {
			if err := os.WriteFile(filepath.Join(folder, name), nil, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		got, err := sherpa.ReadModel(folder)
		if got.Family != c.want || (err != nil) != (c.want == "") {
			t.Errorf("%s: got %q, %v, want %q", c.folder, got.Family, err, c.want)
		}
		if c.of != "" && filepath.Base(got.Files[c.of]) != c.part {
			t.Errorf("%s: %s is %s, want %s", c.folder, c.of, got.Files[c.of], c.part)
		}
	}
}

func FuzzReadLine(f *testing.F) {
	f.Add([]byte(`{"begin":1,"end":2.5,"text":"take lisinopril","words":[{"text":"take","begin":0,"end":9,"confidence":2}]}`))
	f.Add([]byte(`{"partial":true,"begin":-1e300,"end":1e300,"text":" "}`))
	f.Fuzz(func(t *testing.T, line []byte) {
		r, err := sherpa.ReadLine(line)
		if err != nil {
			return
		}
		last := r.Begin
		for _, w := range r.Words {
			if w.Begin < last || w.End < w.Begin || w.End > r.End || w.Confidence < 0 || w.Confidence > 1 {
				t.Errorf("the word %+v is not within %v to %v", w, last, r.End)
			}
			last = w.Begin
		}
		if r.End < r.Begin {
			t.Errorf("ends at %v, before %v", r.End, r.Begin)
		}
	})
}
