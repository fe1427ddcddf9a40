// SPDX-License-Identifier: Apache-2.0

// Package fhirtest gives tests resources to work on: a dozen small hand-written ones, each with its reason, and the
// larger sets beside the repository, which may be absent.
package fhirtest

import (
	"bytes"
	"compress/gzip"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"galen/internal/fhir"
)

// Parse parses a document that must be right and returns its root.
func Parse[T fhir.Text](t testing.TB, doc T) fhir.Node {
	t.Helper()
	tape := new(fhir.Tape)
	if err := tape.Parse([]byte(doc), fhir.Limits{}); err != nil {
		t.Fatalf("parse: %v", err)
	}
	return tape.Root()
}

// Synthea reads the Synthea set of that name ("synthea-10", "synthea-100", "synthea-600"): its lines by resource type,
// without line ends. It skips the test if the set is absent.
func Synthea(t testing.TB, name string) map[string][][]byte {
	t.Helper()
	return lines(t, Data(t, name))
}

// Examples reads the official R4 examples: their lines by resource type. It skips the test if they are absent.
func Examples(t testing.TB) map[string][][]byte {
	t.Helper()
	return lines(t, Data(t, "r4-examples"))
}

// Data is the path of a file or folder, by its slash-separated name, of the shared data beside the repository. It skips the
// test if it is absent.
func Data(t testing.TB, name string) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for ; ; dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			break
		}
		if dir == filepath.Dir(dir) {
			t.Skip("the test does not run inside the repository")
		}
	}
	path := filepath.Join(filepath.Dir(dir), "shared", "data", filepath.FromSlash(name))
	if _, err := os.Stat(path); err != nil {
		t.Skipf("the data set %s is not beside the repository", name)
	}
	return path
}

// lines reads every NDJSON file of a folder, gzipped or not.
func lines(t testing.TB, dir string) map[string][][]byte {
	t.Helper()
	files, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	byType := make(map[string][][]byte)
	for _, file := range files {
		name, ok := strings.CutSuffix(strings.TrimSuffix(file.Name(), ".gz"), ".ndjson")
		if !ok {
			continue
		}
		for line := range bytes.SplitSeq(read(t, filepath.Join(dir, file.Name())), []byte{'\n'}) {
			if len(line) > 0 {
				byType[name] = append(byType[name], line)
			}
		}
	}
	if len(byType) == 0 {
		t.Fatalf("%s holds no NDJSON", filepath.Base(dir))
	}
	return byType
}

func read(t testing.TB, path string) []byte {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var r io.Reader = f
	if strings.HasSuffix(path, ".gz") {
		if r, err = gzip.NewReader(f); err != nil {
			t.Fatal(err)
		}
	}
	all, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return all
}
