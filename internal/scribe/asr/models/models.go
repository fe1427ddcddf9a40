// SPDX-License-Identifier: Apache-2.0

// Package models brings speech models into the folder of models, each a folder of its own, from where their makers publish them.
// What is brought is checked against a hash that is known beforehand; a folder appears whole or not at all.
package models

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
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

// maxArchive bounds an archive, in bytes.
const maxArchive = 4 << 30

// Pull brings m into a folder of its name within folder: from the file at from, or from m's URL if from is empty. progress, which
// may be nil, is told how many bytes came. It fails with fault.Invalid if the archive is not the one that was meant, and with
// fault.Unavailable if it cannot be had.
func Pull(ctx context.Context, client *http.Client, folder string, m Model, from string, progress func(int64)) error {
	if m.SHA256 == "" {
		return fault.New(fault.Invalid, "the hash of %s is not known here: give the one that its maker publishes with --sha256", m.Name)
	}
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return fmt.Errorf("the folder of models: %w", err)
	}
	work, err := os.MkdirTemp(folder, ".pull-")
	if err != nil {
		return fmt.Errorf("the folder of models: %w", err)
	}
	defer os.RemoveAll(work)
	archive := filepath.Join(work, "archive")
	if err := fetch(ctx, client, m, from, archive, progress); err != nil {
		return err
	}
	files := filepath.Join(work, m.Name)
	if err := os.Mkdir(files, 0o700); err != nil {
		return fmt.Errorf("the folder of the model: %w", err)
	}
	if err := unpack(archive, m.within, files); err != nil {
		return err
	}
	if m.vocab != "" {
		if err := writeTokens(filepath.Join(files, m.vocab), filepath.Join(files, "tokens.txt")); err != nil {
			return err
		}
	}
	if err := Remove(folder, m.Name); err != nil && fault.KindOf(err) != fault.NotFound {
		return err
	}
	return os.Rename(files, filepath.Join(folder, m.Name))
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

// fetch copies the archive to path and checks it.
func fetch(ctx context.Context, client *http.Client, m Model, from, path string, progress func(int64)) error {
	in, err := open(ctx, client, m, from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.Create(path)
	if err != nil {
		return fmt.Errorf("the archive cannot be kept: %w", err)
	}
	defer out.Close()
	sum := sha256.New()
	count := counter{progress: progress}
	n, err := io.Copy(io.MultiWriter(out, sum, &count), io.LimitReader(in, maxArchive))
	if err != nil {
		return fault.Wrap(fault.Unavailable, err, "%s came only as far as %d bytes", m.Name, n)
	}
	if got := hex.EncodeToString(sum.Sum(nil)); got != m.SHA256 {
		return fault.New(fault.Invalid, "what came is not %s: its SHA-256 is %s, not %s", m.Name, got, m.SHA256)
	}
	return out.Close()
}

func open(ctx context.Context, client *http.Client, m Model, from string) (io.ReadCloser, error) {
	if from != "" {
		f, err := os.Open(from)
		if err != nil {
			return nil, fault.Wrap(fault.NotFound, err, "the archive cannot be read")
		}
		return f, nil
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, m.URL, nil)
	if err != nil {
		return nil, fault.Wrap(fault.Internal, err, "the address of %s", m.Name)
	}
	resp, err := client.Do(req)
	if err != nil {
		return nil, fault.Wrap(fault.Unavailable, err, "%s cannot be reached: fetch it elsewhere and give the file with --from", m.URL)
	}
	if resp.StatusCode != http.StatusOK {
		resp.Body.Close()
		return nil, fault.New(fault.Unavailable, "%s answers with status %d: fetch it elsewhere and give the file with --from", m.URL, resp.StatusCode)
	}
	return resp.Body, nil
}

type counter struct {
	n        int64
	progress func(int64)
}

func (c *counter) Write(p []byte) (int, error) {
	c.n += int64(len(p))
	if c.progress != nil {
		c.progress(c.n)
	}
	return len(p), nil
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
