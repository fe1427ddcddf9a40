// SPDX-License-Identifier: Apache-2.0

//go:build cgo && linux

package main

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"

	"galen/internal/scribe/asr"
	"galen/internal/scribe/asr/sherpa"
)

// pieceSamples is how many samples are heard at a time: 50 ms.
const pieceSamples = asr.Rate / 20

// How many pieces may wait: then whoever writes them waits too; with more than late partial results are left out.
const (
	waiting = 100
	late    = 8
)

// listener hears pieces of samples, in order.
type listener interface {
	// push hears a piece; behind says that others wait.
	push(samples []float32, behind bool)
	// finish hears the rest.
	finish()
}

func main() {
	folder := flag.String("model", "", "folder of the model")
	threads := flag.Int("threads", 1, "threads for the model")
	flag.Parse()
	if err := run(*folder, *threads); err != nil {
		fmt.Fprintln(os.Stderr, "galen-asr:", err)
		os.Exit(1)
	}
}

func run(folder string, threads int) error {
	m, err := sherpa.ReadModel(folder)
	if err != nil {
		return err
	}
	out := &printer{encoder: json.NewEncoder(os.Stdout)}
	var l listener
	if m.Online() {
		l, err = newOnline(m, threads, out.print)
	} else {
		l, err = newOffline(m, threads, out.print)
	}
	if err != nil {
		return err
	}
	pieces, failed := make(chan []float32, waiting), make(chan error, 1)
	go func() {
		defer close(pieces)
		failed <- read(os.Stdin, pieces)
	}()
	for p := range pieces {
		l.push(p, len(pieces) > late)
	}
	l.finish()
	return errors.Join(<-failed, out.err)
}

// read reads samples until the input ends.
func read(in io.Reader, pieces chan<- []float32) error {
	block := make([]byte, 2*pieceSamples)
	for {
		n, err := io.ReadFull(in, block)
		samples := make([]float32, n/2)
		for i := range samples {
			samples[i] = float32(int16(binary.LittleEndian.Uint16(block[2*i:]))) / 32768
		}
		if len(samples) > 0 {
			pieces <- samples
		}
		switch {
		case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
			return nil
		case err != nil:
			return fmt.Errorf("the samples cannot be read: %w", err)
		}
	}
}

// printer prints results, and keeps the first error.
type printer struct {
	encoder *json.Encoder
	err     error
}

func (p *printer) print(l sherpa.Line) {
	if p.err == nil && l.Text != "" {
		p.err = p.encoder.Encode(l)
	}
}
