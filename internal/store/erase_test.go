// SPDX-License-Identifier: Apache-2.0

package store_test

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"galen/internal/engine"
	"galen/internal/fault"
	"galen/internal/fhir/def"
	"galen/internal/search/index"
	"galen/internal/store"
)

// TestErase holds that what was erased is found at no position, and that all else stays as it was.
func TestErase(t *testing.T) {
	onEngines(t, func(t *testing.T, e engine.Engine) {
		s := open(t, e, store.Options{})
		typ := typeID("Patient")
		for _, id := range []string{"a", "b", "a", "c", "b"} { // a: 0, 2; b: 1, 4; c: 3
			one(t, s, change(t, s, store.Put{}, patient(id, "x")))
		}
		del, err := s.Delete("Patient", "c", store.If{})
		if err != nil {
			t.Fatal(err)
		}
		one(t, s, del)
		if n, err := s.Erase(t.Context(), store.Erasure{Type: "Patient", ID: "a"}, store.Erasure{Type: "Patient", ID: "none"}); n != 1 || err != nil {
			t.Fatalf("%d are erased, %v", n, err)
		}
		if n, err := s.Erase(t.Context(), store.Erasure{Type: "Patient", ID: "b", VersionID: 1}, store.Erasure{Type: "Patient", ID: "b", VersionID: 9}); n != 1 || err != nil {
			t.Fatalf("%d versions are erased, %v", n, err)
		}
		if n, err := s.Erase(t.Context(), store.Erasure{Type: "Patient", ID: "b", VersionID: 2}); n != 0 || !errors.Is(err, fault.Unprocessable) {
			t.Errorf("the current version is erased: %d, %v", n, err)
		}
		if n, err := s.Erase(t.Context(), store.Erasure{Type: "Patient", ID: "c"}); n != 1 || err != nil {
			t.Errorf("a deleted resource is not erased: %d, %v", n, err)
		}
		head, err := s.View(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		defer head.Close()
		for seq := uint64(1); seq <= head.Seq(); seq++ {
			at, err := head.At(t.Context(), seq)
			if err != nil {
				t.Fatal(err)
			}
			live, err := at.Live(t.Context(), typ)
			if err != nil {
				t.Fatal(err)
			}
			want := seq >= 5 // b's second version is all there is left
			if live.Contains(4) != want || live.Len() > 1 {
				t.Errorf("at %d live are %v", seq, live.Len())
			}
		}
		if n, _ := head.Count(t.Context(), typ); n != 1 {
			t.Errorf("%d are counted, want 1", n)
		}
		for id, versions := range map[string]int{"a": 0, "b": 1, "c": 0} {
			if history, err := head.History(t.Context(), typ, id, 0, 10); err != nil || len(history) != versions {
				t.Errorf("%s has %d versions, %v", id, len(history), err)
			}
		}
		for n := range uint32(6) {
			v, err := head.Bodies(t.Context(), typ, n)
			if err != nil || v[0].Erased() != (n != 4) || v[0].Erased() && (v[0].ID != "" || v[0].Body != nil) {
				t.Errorf("of number %d there is %+v, %v", n, v, err)
			}
		}
		if r := one(t, s, change(t, s, store.Put{}, patient("a", "y"))); r.Version.VersionID != 1 || !r.Created {
			t.Errorf("after its erasure a resource is %+v", r.Version)
		}
	})
}

// TestErasedIsNotOnDisk holds that after an erasure, Compact and a restart no file has what was erased: neither bodies, ids, nor terms. The list of tables is
// left out: it has the first and the last key of each table that there was lately.
func TestErasedIsNotOnDisk(t *testing.T) {
	dir := t.TempDir()
	x, err := index.New(def.R4())
	if err != nil {
		t.Fatal(err)
	}
	e := openLSM(t, dir)
	stores := store.New(e, x, store.Options{})
	s, err := stores.Store(tenant)
	if err != nil {
		t.Fatal(err)
	}
	const secret = "zzqysecretword"
	for i := range 50 {
		name := []byte("ordinary")
		if i%5 == 0 {
			name = []byte(secret)
		}
		body := `{"resourceType":"Patient","id":"` + string(name) + string(rune('a'+i/26)) + string(rune('a'+i%26)) + `","name":[{"family":"` + string(name) + `"}]}`
		one(t, s, change(t, s, store.Put{}, body))
		one(t, s, change(t, s, store.Put{}, body))
	}
	before := filesWith(t, dir, secret)
	v, err := s.View(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var list []store.Erasure
	for p, err := range v.Each(t.Context(), typeID("Patient"), 0) {
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(p.Body, []byte(secret)) {
			list = append(list, store.Erasure{Type: "Patient", ID: p.ID})
		}
	}
	v.Close()
	if n, err := s.Erase(t.Context(), list...); n != 10 || err != nil {
		t.Fatalf("%d are erased, %v", n, err)
	}
	if err := stores.Compact(t.Context()); err != nil {
		t.Fatal(err)
	}
	stores.Close()
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	e = openLSM(t, dir) // a log that is used again is not written over before
	if err := e.(interface{ Compact(context.Context) error }).Compact(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	if after := filesWith(t, dir, secret); len(before) == 0 || len(after) > 0 {
		t.Errorf("before, it is in %v; after, in %v", before, after)
	}
}

// filesWith lists the files below dir that have a text.
func filesWith(t *testing.T, dir, text string) (names []string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		body, err := os.ReadFile(path)
		if bytes.Contains(body, []byte(text)) && !strings.HasPrefix(d.Name(), "MANIFEST") {
			names = append(names, d.Name())
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}
