// SPDX-License-Identifier: Apache-2.0

// Package sherpa hears with neural models by sherpa-onnx, in a program of its own: galen-asr, one process a channel.
//
// galen-asr takes samples on its standard input and prints a line of JSON for each result, as Line says. It is built apart from the
// server, since it needs a C compiler (make galen-asr); the server looks for it beside itself and in the path.
package sherpa

import (
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"galen/internal/fault"
	"galen/internal/scribe/asr"
	"galen/internal/scribe/asr/process"
)

// Program is the name of the program that hears.
const Program = "galen-asr"

// Notice is what users of any of these models must know.
const Notice = "The model is not made or checked for clinical use: read what it heard against what was said."

// Line is what the program prints for each result. Times are in seconds from the first sample.
type Line struct {
	Partial bool    `json:"partial,omitempty"` // it may still change
	Begin   float64 `json:"begin"`
	End     float64 `json:"end"`
	Text    string  `json:"text"`
	Words   []Word  `json:"words,omitempty"` // if the model says when each is spoken
}

// Word is a word of a line.
type Word struct {
	Text       string  `json:"text"`
	Begin      float64 `json:"begin"`
	End        float64 `json:"end"`
	Confidence float64 `json:"confidence,omitempty"` // 0 to 1; 0: not said
}

// Find looks for the program, and for a model: the folder itself, or else the first of the models within it that is known, those
// that take audio as it comes before others. It fails with fault.Unavailable if either is missing.
func Find(folder string) (asr.Provider, error) {
	program, err := findProgram()
	if err != nil {
		return nil, err
	}
	m, err := ReadModel(folder)
	if err != nil {
		models := Models(folder)
		if len(models) == 0 {
			return nil, fault.New(fault.Unavailable, "there is no model for %s: galen models pull moonshine-tiny-en", Program)
		}
		m = models[0]
		for _, x := range models {
			if x.Online() {
				m = x
				break
			}
		}
	}
	return provider{program, filepath.Dir(m.Files["tokens"]), m}, nil
}

// Models gives the models in the folders within folder, in order of name.
func Models(folder string) []Model {
	entries, _ := os.ReadDir(folder) // no folder holds no models
	var list []Model
	for _, e := range entries {
		if m, err := ReadModel(filepath.Join(folder, e.Name())); err == nil {
			list = append(list, m)
		}
	}
	return list
}

// findProgram looks beside this program, then in the path.
func findProgram() (string, error) {
	if self, err := os.Executable(); err == nil {
		path := filepath.Join(filepath.Dir(self), Program)
		if info, err := os.Stat(path); err == nil && !info.IsDir() {
			return path, nil
		}
	}
	path, err := exec.LookPath(Program)
	if err != nil {
		return "", fault.New(fault.Unavailable, "%s is not beside galen nor in the path: make %s", Program, Program)
	}
	return path, nil
}

type provider struct {
	program, folder string
	model           Model
}

func (p provider) Info() asr.Info {
	return asr.Info{Name: "sherpa", Model: p.model.Name, Streaming: p.model.Streaming(), Notice: Notice}
}

func (p provider) Open(_ context.Context, o asr.Options) (asr.Recogniser, error) {
	return process.Command{Path: p.program, Args: []string{"--model", p.folder}}.Open(o, reader{})
}

// reader reads lines.
type reader struct{}

func (reader) Line(text []byte) ([]asr.Result, error) {
	r, err := ReadLine(text)
	if err != nil || r.Text == "" {
		return nil, err
	}
	return []asr.Result{r}, nil
}

func (reader) End() []asr.Result { return nil }

// maxSeconds bounds the times in lines.
const maxSeconds = 1e6

// ReadLine reads what the program prints. It fails with fault.Unavailable for what is not a Line; times that cannot be are put right:
// none is before the one ahead of it, nor outside the result.
func ReadLine(text []byte) (asr.Result, error) {
	var l Line
	if err := json.Unmarshal(text, &l); err != nil {
		return asr.Result{}, fault.Wrap(fault.Unavailable, err, "%s prints what is not a result", Program)
	}
	at := func(s float64) time.Duration { return time.Duration(min(max(s, 0), maxSeconds) * float64(time.Second)) }
	r := asr.Result{Partial: l.Partial, Begin: at(l.Begin), Text: strings.TrimSpace(l.Text)}
	r.End = max(at(l.End), r.Begin)
	last := r.Begin
	for _, w := range l.Words {
		if w.Text == "" {
			continue
		}
		begin := min(max(at(w.Begin), last), r.End)
		r.Words = append(r.Words, asr.Word{Text: w.Text, Begin: begin, End: min(max(at(w.End), begin), r.End), Confidence: min(max(w.Confidence, 0), 1)})
		last = begin
	}
	return r, nil
}
