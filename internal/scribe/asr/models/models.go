// SPDX-License-Identifier: Apache-2.0

// Package models brings speech models into the folder of models, each a folder of its own, from where their makers publish them.
// What is brought is checked against a hash that is known beforehand; a folder appears whole or not at all.
package models

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"net/http"
	"os"
	"path/filepath"

	"galen/internal/fault"
)

// Model is one that can be brought.
type Model struct {
	Name    string // of its folder
	URL     string // of the archive: a wheel (zip), or .tar.bz2
	SHA256  string // of the archive, hexadecimal; empty: not known here, whoever brings it must give it
	Bytes   int64  // of the archive; 0: not known
	Licence string
	About   string
	within  string // folder of the model in the archive
	only    string // the one file of it that is wanted; empty: all
	vocab   string // a file of the vocabulary that tokens.txt is made of; empty: tokens.txt is there
}

// releases is where sherpa-onnx publishes models in its own form.
const releases = "https://github.com/k2-fsa/sherpa-onnx/releases/download/asr-models/"

// Catalogue gives the models that are known.
func Catalogue() []Model {
	return []Model{
		{Name: "moonshine-tiny-en", Licence: "MIT", Bytes: 88_378_725, SHA256: "831f0d16893cad392315101321995c41c5b451a31c78de044643cd439bbca711",
			URL:    "https://files.pythonhosted.org/packages/ad/74/4e165cedfb7a3b2637791d82a5e30b06ce3f734bf69acdc10dd09f05c546/moonshine_voice-0.0.55-py3-none-manylinux_2_34_x86_64.whl",
			within: "moonshine_voice/assets/tiny-en", vocab: "tokenizer.bin", About: "English, 27 million parameters; live on any processor"},
		{Name: "silero-vad", Licence: "MIT", Bytes: 11_317_527, SHA256: "7b7f5436cfcb02fae583a05b512ea96467fd449fe54cb49a5e4f06c51a1e43b8",
			URL:    "https://files.pythonhosted.org/packages/84/ef/9099037ed6f180ea33220178df4107112c0ce2bf5fb4d6f6ab19db2844ed/silero_vad-6.2.3-py3-none-any.whl",
			within: "silero_vad/data", only: "silero_vad.onnx", About: "no recogniser: tells speech from noise, for all of them"},
		published("sherpa-onnx-streaming-zipformer-en-20M-2023-02-17", "Apache-2.0", "English, streaming, small; the fastest partial results"),
		published("sherpa-onnx-whisper-base.en", "MIT", "English, no partial results"),
		published("sherpa-onnx-nemo-parakeet-tdt-0.6b-v2-int8", "CC BY 4.0", "English, 600 million parameters; the best of these, for stronger machines"),
	}
}

func published(name, licence, about string) Model {
	return Model{Name: name, URL: releases + name + ".tar.bz2", Licence: licence, About: about, within: name}
}

// ByName finds a model of the catalogue. It fails with fault.NotFound if there is none.
func ByName(name string) (Model, error) {
	for _, m := range Catalogue() {
		if m.Name == name {
			return m, nil
		}
	}
	return Model{}, fault.New(fault.NotFound, "there is no model %q: galen models list tells which there are", name)
}

// Pull brings m into a folder of its name within folder: from the file at from, or from m's URL if from is empty. What came of an archive
// is kept until it is whole, and the next Pull goes on from there. progress, which may be nil, is told how many bytes are there. It fails
// with fault.Invalid if the archive is not the one that was meant, and with fault.Unavailable if it cannot be had.
func Pull(ctx context.Context, client *http.Client, folder string, m Model, from string, progress func(int64)) error {
	if m.SHA256 == "" {
		return fault.New(fault.Invalid, "the hash of %s is not known here: give the one that its maker publishes with --sha256", m.Name)
	}
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return fmt.Errorf("the folder of models: %w", err)
	}
	work := filepath.Join(folder, ".pull-"+m.Name)
	if err := os.RemoveAll(work); err != nil { // of a pull that was cut off
		return fmt.Errorf("the folder of models: %w", err)
	}
	if err := os.Mkdir(work, 0o700); err != nil {
		return fmt.Errorf("the folder of models: %w", err)
	}
	defer os.RemoveAll(work)
	archive := from
	if from == "" {
		archive = filepath.Join(folder, "."+m.Name+".part")
		d := download{client: client, model: m, path: archive, progress: progress}
		if err := d.run(ctx); err != nil {
			return err
		}
	} else if err := check(from, m); err != nil {
		return err
	}
	if err := install(archive, filepath.Join(work, m.Name), m); err != nil {
		return err
	}
	if err := Remove(folder, m.Name); err != nil && fault.KindOf(err) != fault.NotFound {
		return err
	}
	if err := os.Rename(filepath.Join(work, m.Name), filepath.Join(folder, m.Name)); err != nil {
		return fmt.Errorf("the folder of models: %w", err)
	}
	if from == "" {
		_ = os.Remove(archive) // what is left of it takes room, no more
	}
	return nil
}

// install makes the folder of a model of its archive.
func install(archive, files string, m Model) error {
	if err := os.Mkdir(files, 0o700); err != nil {
		return fmt.Errorf("the folder of the model: %w", err)
	}
	if err := unpack(archive, m.within, m.only, files); err != nil {
		return err
	}
	if m.vocab == "" {
		return nil
	}
	return writeTokens(filepath.Join(files, m.vocab), filepath.Join(files, "tokens.txt"))
}

// Remove takes a model away. It fails with fault.NotFound if it is not there.
func Remove(folder, name string) error {
	path := filepath.Join(folder, name)
	if name == "" || name != filepath.Base(name) || name[0] == '.' {
		return fault.New(fault.Invalid, "%q is no name of a model", name)
	}
	if _, err := os.Stat(path); err != nil {
		return fault.New(fault.NotFound, "the model %s is not there", name)
	}
	return os.RemoveAll(path)
}

// writeTokens makes sherpa-onnx's tokens.txt, a token in base64 and its number a line, of Moonshine's vocabulary.
func writeTokens(vocab, path string) error {
	data, err := os.ReadFile(vocab)
	if err != nil {
		return fault.Wrap(fault.Invalid, err, "the model has no vocabulary")
	}
	tokens, err := Tokens(data)
	if err != nil {
		return err
	}
	var b bytes.Buffer
	for i, t := range tokens {
		fmt.Fprintf(&b, "%s %d\n", base64.StdEncoding.EncodeToString(t), i)
	}
	return os.WriteFile(path, b.Bytes(), 0o600)
}

// Tokens reads Moonshine's vocabulary: tokens one after another, each behind its length, which takes one byte below 128, and else
// two: the low seven bits with the eighth set, then the rest. It fails with fault.Invalid if the data ends within a token.
func Tokens(data []byte) ([][]byte, error) {
	var tokens [][]byte
	for len(data) > 0 {
		n, size := int(data[0]), 1
		if n >= 128 {
			if len(data) < 2 {
				return nil, fault.New(fault.Invalid, "the vocabulary ends within a length")
			}
			n, size = n-128+128*int(data[1]), 2
		}
		if len(data) < size+n {
			return nil, fault.New(fault.Invalid, "the vocabulary ends within a token")
		}
		tokens = append(tokens, data[size:size+n])
		data = data[size+n:]
	}
	return tokens, nil
}
