// SPDX-License-Identifier: Apache-2.0

// Package blobtest holds every blob.Store to the invariants that package blob numbers.
package blobtest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"

	"galen/internal/blob"
	"galen/internal/fault"
)

// Bucket is the bucket that the store of a test must have, empty. No other bucket may begin with its name.
const Bucket = "blobtest"

// Run tests a kind of store. Each call of open gives a store with an empty Bucket, which ends with t.
func Run(t *testing.T, open func(t *testing.T) blob.Store) {
	for _, test := range []struct {
		name string
		run  func(*testing.T, blob.Store)
	}{
		{"B1 whole or not at all", whole},
		{"B1 replaced in one step", replaced},
		{"B3 listed once and in order", listed},
		{"B4 prefixes", prefixes},
		{"B5 offsets and versions", versions},
		{"B6 descriptions agree", described},
		{"B7 larger than a buffer", large},
		{"B8 faults", faults},
		{"B9 deletes", deletes},
		{"B10 names stay inside", names},
		{"contexts end calls", contexts},
		{"used from many goroutines", parallel},
	} {
		t.Run(test.name, func(t *testing.T) { test.run(t, open(t)) })
	}
}

func at(key string) blob.URI { return blob.URI{Bucket: Bucket, Key: key} }

// Put writes an object whole.
func Put(t testing.TB, s blob.Store, u blob.URI, body string) blob.Object {
	t.Helper()
	w, err := s.Create(t.Context(), u)
	if err != nil {
		t.Fatalf("Create %v: %v", u, err)
	}
	defer w.Abort()
	if _, err := io.WriteString(w, body); err != nil {
		t.Fatalf("Write %v: %v", u, err)
	}
	obj, err := w.Commit()
	if err != nil {
		t.Fatalf("Commit %v: %v", u, err)
	}
	return obj
}

// Read reads an object whole.
func Read(t testing.TB, s blob.Store, u blob.URI) string {
	t.Helper()
	r, _, err := s.Open(t.Context(), u, 0, "")
	if err != nil {
		t.Fatalf("Open %v: %v", u, err)
	}
	defer r.Close()
	b, err := io.ReadAll(r)
	if err != nil {
		t.Fatalf("Read %v: %v", u, err)
	}
	return string(b)
}

// Keys lists the keys that a prefix takes.
func Keys(t testing.TB, s blob.Store, prefix blob.URI) []string {
	t.Helper()
	keys := []string{}
	for o, err := range s.List(t.Context(), prefix) {
		if err != nil {
			t.Fatalf("List %v: %v", prefix, err)
		}
		keys = append(keys, o.URI.Key)
	}
	return keys
}

func wantKind(t *testing.T, what string, err error, kind fault.Kind) {
	t.Helper()
	if !errors.Is(err, kind) {
		t.Errorf("%s: got %v, want %q", what, err, kind)
	}
}

func whole(t *testing.T, s blob.Store) {
	u := at("a/b")
	for _, body := range []string{"", "x", strings.Repeat("0123456789", 1<<20)} { // the last one goes in parts
		w, err := s.Create(t.Context(), u)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(w, body); err != nil {
			t.Fatal(err)
		}
		if got := Keys(t, s, at("")); len(got) != 0 {
			t.Errorf("before Commit, List gives %q", got)
		}
		w.Abort()
		w.Abort()
		if _, err := w.Commit(); err == nil {
			t.Error("Commit after Abort succeeds")
		}
		_, err = s.Stat(t.Context(), u)
		wantKind(t, "Stat after Abort", err, fault.NotFound)

		obj := Put(t, s, u, body)
		if obj.Size != int64(len(body)) || obj.URI != u || obj.ETag == "" {
			t.Errorf("Commit describes %+v, want %d bytes of %v", obj, len(body), u)
		}
		if got := Read(t, s, u); got != body {
			t.Errorf("read %d bytes that differ from the %d written", len(got), len(body))
		}
		if err := s.Delete(t.Context(), u); err != nil {
			t.Fatal(err)
		}
	}
}

func replaced(t *testing.T, s blob.Store) {
	u := at("k")
	one := Put(t, s, u, "one")
	r, _, err := s.Open(t.Context(), u, 0, "")
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	two := Put(t, s, u, "two")
	if one.ETag == two.ETag {
		t.Errorf("both versions have ETag %q", one.ETag)
	}
	if b, err := io.ReadAll(r); err == nil && string(b) != "one" {
		t.Errorf("the reader of the first version got %q", b)
	}
	if got := Read(t, s, u); got != "two" {
		t.Errorf("read %q, want the second version", got)
	}
}

func listed(t *testing.T, s blob.Store) {
	// '-' and '.' sort before '/', '0' after it: the order of keys is not the order of the names in folders.
	want := []string{"a-b", "a.txt", "a/b/c", "a/b/d.gz", "a/b0", "a/z", "a0", "b/ä", "b/日本", "c d+e%2F&f", "z"}
	order := rand.New(rand.NewPCG(1, 2)).Perm(len(want))
	for _, i := range order {
		Put(t, s, at(want[i]), want[i])
	}
	if got := Keys(t, s, at("")); !slices.Equal(got, want) {
		t.Errorf("List gives %q\nwant %q", got, want)
	}
	n := 0
	for _, err := range s.List(t.Context(), at("")) {
		if err != nil {
			t.Fatal(err)
		}
		if n++; n == 3 {
			break
		}
	}
	many := []string{}
	for i := range 1200 { // more than S3 gives in a page
		key := fmt.Sprintf("many/%04d", i)
		many = append(many, key)
		Put(t, s, at(key), "")
	}
	if got := Keys(t, s, at("many/")); !slices.Equal(got, many) {
		t.Errorf("List gives %d keys, want %d in order", len(got), len(many))
	}
}

func prefixes(t *testing.T, s blob.Store) {
	for _, key := range []string{"in/a.ndjson", "in/a.ndjson.gz", "in/deep/er/b.ndjson", "in2/c.ndjson", "other"} {
		Put(t, s, at(key), "x")
	}
	for _, c := range []struct {
		prefix string
		want   string
	}{
		{"", "in/a.ndjson in/a.ndjson.gz in/deep/er/b.ndjson in2/c.ndjson other"},
		{"in", "in/a.ndjson in/a.ndjson.gz in/deep/er/b.ndjson"},
		{"in/", "in/a.ndjson in/a.ndjson.gz in/deep/er/b.ndjson"},
		{"in/a.ndjson", "in/a.ndjson"},
		{"in/deep", "in/deep/er/b.ndjson"},
		{"in/dee", ""},
		{"in/a.ndjson/", ""},
		{"nothing/here/", ""},
	} {
		if got := strings.Join(Keys(t, s, at(c.prefix)), " "); got != c.want {
			t.Errorf("List %q gives %q, want %q", c.prefix, got, c.want)
		}
	}
}

func versions(t *testing.T, s blob.Store) {
	u := at("v")
	one := Put(t, s, u, "0123456789")
	for _, c := range []struct {
		offset int64
		want   string
	}{{0, "0123456789"}, {4, "456789"}, {9, "9"}, {10, ""}, {1000, ""}} {
		r, obj, err := s.Open(t.Context(), u, c.offset, one.ETag)
		if err != nil {
			t.Fatalf("Open at %d: %v", c.offset, err)
		}
		b, err := io.ReadAll(r)
		r.Close()
		if string(b) != c.want || err != nil || obj.Size != one.Size || obj.ETag != one.ETag {
			t.Errorf("from %d: got %q, %v of %+v, want %q of %+v", c.offset, b, err, obj, c.want, one)
		}
	}
	Put(t, s, u, "9876543210")
	for _, offset := range []int64{0, 4, 1000} {
		_, _, err := s.Open(t.Context(), u, offset, one.ETag)
		wantKind(t, fmt.Sprintf("Open of the first version at %d", offset), err, fault.Precondition)
	}
	_, _, err := s.Open(t.Context(), u, -1, "")
	wantKind(t, "Open at -1", err, fault.Invalid)
}

func described(t *testing.T, s blob.Store) {
	u := at("d/e")
	made := Put(t, s, u, "some bytes")
	stat, err := s.Stat(t.Context(), u)
	if err != nil {
		t.Fatal(err)
	}
	r, opened, err := s.Open(t.Context(), u, 3, "")
	if err != nil {
		t.Fatal(err)
	}
	r.Close()
	var inList blob.Object
	for inList, err = range s.List(t.Context(), u) {
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, o := range []blob.Object{made, opened, inList} {
		if o.URI != u || o.ETag != stat.ETag || o.Size != 10 || stat.Size != 10 ||
			o.ModTime.Unix() != stat.ModTime.Unix() || o.ModTime.Location().String() != "UTC" {
			t.Errorf("got %+v, Stat gives %+v", o, stat)
		}
	}
}

func large(t *testing.T, s blob.Store) {
	const size = 40 << 20
	u := at("large")
	block := make([]byte, 1<<20)
	rnd := rand.NewChaCha8([32]byte{7})
	rnd.Read(block)
	w, err := s.Create(t.Context(), u)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Abort()
	for i := range size / len(block) {
		block[0] = byte(i)
		if _, err := w.Write(block); err != nil { // block is ours again when Write returns
			t.Fatal(err)
		}
	}
	obj, err := w.Commit()
	if err != nil || obj.Size != size {
		t.Fatalf("Commit gives %d bytes, %v, want %d", obj.Size, err, size)
	}
	r, _, err := s.Open(t.Context(), u, 0, obj.ETag)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	got := make([]byte, len(block))
	for i := range size / len(block) {
		block[0] = byte(i)
		if _, err := io.ReadFull(r, got); err != nil || !bytes.Equal(got, block) {
			t.Fatalf("block %d differs (%v)", i, err)
		}
	}
	if n, err := r.Read(got); n != 0 || err != io.EOF {
		t.Errorf("after the end: %d, %v", n, err)
	}
}

func faults(t *testing.T, s blob.Store) {
	ctx := t.Context()
	if ok, err := s.Exists(ctx, Bucket); !ok || err != nil {
		t.Errorf("Exists %s: %v, %v", Bucket, ok, err)
	}
	if ok, err := s.Exists(ctx, "no-such-bucket"); ok || err != nil {
		t.Errorf("Exists of a missing bucket: %v, %v", ok, err)
	}
	_, err := s.Exists(ctx, "Not_A_Bucket")
	wantKind(t, "Exists of a bad name", err, fault.Invalid)

	none := blob.URI{Bucket: "no-such-bucket", Key: "k"}
	for _, u := range []blob.URI{none, at("no/such/key")} {
		_, err := s.Stat(ctx, u)
		wantKind(t, "Stat "+u.String(), err, fault.NotFound)
		_, _, err = s.Open(ctx, u, 0, "")
		wantKind(t, "Open "+u.String(), err, fault.NotFound)
	}
	for _, err = range s.List(ctx, none) {
	}
	wantKind(t, "List in a missing bucket", err, fault.NotFound)
	if w, err := s.Create(ctx, none); err == nil {
		_, err = w.Commit()
		wantKind(t, "Create in a missing bucket", err, fault.NotFound)
	} else {
		wantKind(t, "Create in a missing bucket", err, fault.NotFound)
	}
}

func deletes(t *testing.T, s blob.Store) {
	ctx := t.Context()
	Put(t, s, at("x/y/z"), "1")
	Put(t, s, at("x/w"), "2")
	for range 2 {
		if err := s.Delete(ctx, at("x/y/z")); err != nil {
			t.Errorf("Delete: %v", err)
		}
	}
	if err := s.Delete(ctx, at("x")); err != nil {
		t.Errorf("Delete of a key that is only a folder: %v", err)
	}
	if got := Keys(t, s, at("")); !slices.Equal(got, []string{"x/w"}) {
		t.Errorf("left: %q", got)
	}
	Put(t, s, at("x/y"), "3") // the folder is gone
	wantKind(t, "Delete in a missing bucket", s.Delete(ctx, blob.URI{Bucket: "no-such-bucket", Key: "k"}), fault.NotFound)
}

func names(t *testing.T, s blob.Store) {
	ctx := t.Context()
	for _, key := range []string{"../x", "a/../../x", "a/./b", "a//b", "/a", "a/", ".", "..", "a\x00b", "\xff",
		strings.Repeat("k", blob.MaxKey+1)} {
		w, err := s.Create(ctx, at(key))
		if err == nil {
			_, err = w.Commit()
		}
		if err == nil { // S3 holds some of these: then under this key, and no other
			if got := Keys(t, s, at("")); !slices.Equal(got, []string{key}) {
				t.Errorf("Create %q makes %q", key, got)
			}
			if err := s.Delete(ctx, at(key)); err != nil {
				t.Errorf("Delete %q: %v", key, err)
			}
			continue
		}
		wantKind(t, fmt.Sprintf("Create %q", key), err, fault.Invalid)
		if _, err := s.Stat(ctx, at(key)); fault.KindOf(err) != fault.Invalid && fault.KindOf(err) != fault.NotFound {
			t.Errorf("Stat %q: %v", key, err)
		}
	}
	if got := Keys(t, s, at("")); len(got) != 0 {
		t.Errorf("left: %q", got)
	}
}

func contexts(t *testing.T, s blob.Store) {
	u := at("c")
	Put(t, s, u, strings.Repeat("x", 1<<20))
	ctx, cancel := context.WithCancel(t.Context())
	r, _, err := s.Open(ctx, u, 0, "")
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	w, err := s.Create(ctx, at("c2"))
	if err != nil {
		t.Fatal(err)
	}
	cancel()
	if _, err := io.Copy(io.Discard, r); !errors.Is(err, context.Canceled) {
		t.Errorf("reading ends with %v", err)
	}
	if _, err := w.Commit(); !errors.Is(err, context.Canceled) {
		t.Errorf("Commit ends with %v", err)
	}
	for _, err = range s.List(ctx, at("")) {
	}
	if !errors.Is(err, context.Canceled) {
		t.Errorf("List ends with %v", err)
	}
	if got := Keys(t, s, at("")); !slices.Equal(got, []string{"c"}) {
		t.Errorf("left: %q", got)
	}
}

func parallel(t *testing.T, s blob.Store) {
	const workers, rounds = 4, 15
	var wg sync.WaitGroup
	for i := range workers {
		wg.Go(func() {
			for j := range rounds {
				own, shared := at(fmt.Sprintf("p/%d/deep/k", i)), at("p/shared")
				body := fmt.Sprintf("%d-%d", i, j)
				if !write(t, s, own, body) || !write(t, s, shared, body) {
					return
				}
				r, _, err := s.Open(t.Context(), own, 0, "")
				if err != nil {
					t.Errorf("Open: %v", err)
					return
				}
				b, err := io.ReadAll(r)
				r.Close()
				if string(b) != body || err != nil {
					t.Errorf("read %q, %v, want %q", b, err, body)
				}
				if err := s.Delete(t.Context(), own); err != nil {
					t.Errorf("Delete: %v", err)
				}
			}
		})
	}
	wg.Wait()
	if got := Keys(t, s, at("")); !slices.Equal(got, []string{"p/shared"}) {
		t.Errorf("left: %q", got)
	}
}

// write is Put for a goroutine that is not the test's own.
func write(t *testing.T, s blob.Store, u blob.URI, body string) bool {
	w, err := s.Create(t.Context(), u)
	if err == nil {
		defer w.Abort()
		if _, err = io.WriteString(w, body); err == nil {
			_, err = w.Commit()
		}
	}
	if err != nil {
		t.Errorf("write %v: %v", u, err)
	}
	return err == nil
}
