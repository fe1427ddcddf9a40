// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// input is what holds one resource: a file, or a line of one. Its bytes are good until the next one is asked for.
type input struct {
	name   string // of the file
	listed bool   // the file was found in a folder, not named
	before int    // lines of the file before it
	empty  bool   // the file has no documents; src is empty
	src    []byte
}

// documents reads the files and folders that a command names, a document at a time.
func documents(args []string) iter.Seq2[input, error] {
	return func(yield func(input, error) bool) {
		for _, name := range args {
			for file, err := range files(name) {
				if err != nil {
					yield(input{}, err)
					return
				}
				for doc, err := range documentsOf(file) {
					doc.name, doc.listed = file, file != name
					if !yield(doc, err) || err != nil {
						return
					}
				}
			}
		}
	}
}

// files is a file, or the files of resources in a folder and those below it, by name.
func files(name string) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		if info, err := os.Stat(name); err != nil && name != "-" {
			yield("", err)
			return
		} else if name == "-" || !info.IsDir() {
			yield(name, nil)
			return
		}
		found := false
		err := filepath.WalkDir(name, func(path string, entry fs.DirEntry, err error) error {
			switch {
			case err != nil:
				return err
			case path != name && entry.IsDir() && strings.HasPrefix(entry.Name(), "."):
				return fs.SkipDir
			case entry.IsDir() || !entry.Type().IsRegular() || !hasResources(entry.Name()):
				return nil
			}
			found = true
			if !yield(path, nil) {
				return fs.SkipAll
			}
			return nil
		})
		switch {
		case err != nil:
			yield("", err)
		case !found:
			yield("", fmt.Errorf("%s has no files of resources: .json, .xml, .ndjson or .jsonl, each perhaps .gz", name))
		}
	}
}

// hasResources reports whether a file's name is that of a file of resources.
func hasResources(name string) bool {
	name = strings.TrimSuffix(strings.ToLower(name), ".gz")
	return slices.Contains([]string{".json", ".xml", ".ndjson", ".jsonl"}, filepath.Ext(name))
}

// documentsOf reads one file: as lines if it is named so, else as a whole.
func documentsOf(name string) iter.Seq2[input, error] {
	return func(yield func(input, error) bool) {
		fail := func(err error) { yield(input{}, fmt.Errorf("%s: %w", name, err)) }
		in := io.Reader(os.Stdin)
		if name != "-" {
			f, err := os.Open(name)
			if err != nil {
				yield(input{}, err)
				return
			}
			defer f.Close()
			in = f
		}
		plain, packed := strings.CutSuffix(strings.ToLower(name), ".gz")
		if packed {
			unpacked, err := gzip.NewReader(bufio.NewReader(in))
			if err != nil {
				fail(err)
				return
			}
			in = unpacked
		}
		if ext := filepath.Ext(plain); ext == ".ndjson" || ext == ".jsonl" {
			if err := lines(in, yield); err != nil {
				fail(err)
			}
			return
		}
		src, err := io.ReadAll(io.LimitReader(in, maxValidated+1))
		switch {
		case err != nil:
			fail(err)
		case len(src) > maxValidated:
			fail(fmt.Errorf("it has more than %d MiB; one resource a line (.ndjson) may be as long as you like", maxValidated>>20))
		default:
			yield(input{src: src}, nil)
		}
	}
}

// lines gives each line that is not blank.
func lines(in io.Reader, yield func(input, error) bool) error {
	s := bufio.NewScanner(in)
	s.Buffer(nil, maxValidated)
	n, found := 0, false
	for ; s.Scan(); n++ {
		if line := s.Bytes(); len(bytes.TrimSpace(line)) > 0 {
			found = true
			if !yield(input{before: n, src: line}, nil) {
				return nil
			}
		}
	}
	if errors.Is(s.Err(), bufio.ErrTooLong) {
		return fmt.Errorf("line %d has more than %d MiB", n+1, maxValidated>>20)
	}
	if s.Err() == nil && !found {
		yield(input{empty: true}, nil)
	}
	return s.Err()
}
