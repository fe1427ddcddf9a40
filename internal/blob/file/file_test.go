// SPDX-License-Identifier: Apache-2.0

package file_test

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"galen/internal/blob"
	"galen/internal/blob/blobtest"
	"galen/internal/blob/file"
	"galen/internal/fault"
)

func open(t *testing.T) (*file.Store, string) {
	t.Helper()
	root := filepath.Join(t.TempDir(), "s3")
	s, err := file.Open(root)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	if err := s.CreateBucket(t.Context(), blobtest.Bucket); err != nil {
		t.Fatal(err)
	}
	return s, root
}

func at(key string) blob.URI { return blob.URI{Bucket: blobtest.Bucket, Key: key} }

func TestStore(t *testing.T) {
	blobtest.Run(t, func(t *testing.T) blob.Store { s, _ := open(t); return s })
}

func TestModesAndLayout(t *testing.T) {
	s, root := open(t)
	blobtest.Put(t, s, at("a/b/c"), "x")
	up, err := s.StartUpload(t.Context(), at("up"))
	if err != nil {
		t.Fatal(err)
	}
	part(t, s, up.ID, 1, "p")
	err = filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		fi, err := d.Info()
		want := fs.FileMode(0o600)
		if d.IsDir() {
			want = 0o700
		}
		if got := fi.Mode().Perm(); got != want {
			t.Errorf("%s has mode %o, want %o", path, got, want)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if b, err := os.ReadFile(filepath.Join(root, blobtest.Bucket, "a/b/c")); string(b) != "x" || err != nil {
		t.Errorf("the object's file holds %q, %v", b, err)
	}
}

func TestFilesOfOthersAreObjects(t *testing.T) {
	s, root := open(t)
	dir := filepath.Join(root, blobtest.Bucket, "in")
	if err := os.MkdirAll(filepath.Join(dir, "empty"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "a"), []byte("one"), 0o644); err != nil {
		t.Fatal(err)
	}
	if got := blobtest.Keys(t, s, at("")); !slices.Equal(got, []string{"in/a"}) {
		t.Errorf("List gives %q", got)
	}
	r, obj, err := s.Open(t.Context(), at("in/a"), 0, "")
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	f, err := os.OpenFile(filepath.Join(dir, "a"), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteString(" and more"); err != nil {
		t.Fatal(err)
	}
	f.Close()
	if b, err := io.ReadAll(r); !errors.Is(err, fault.Precondition) || string(b) != "one" {
		t.Errorf("reading a file that grows gives %q, %v", b, err)
	}
	if _, _, err := s.Open(t.Context(), at("in/a"), 0, obj.ETag); !errors.Is(err, fault.Precondition) {
		t.Errorf("the listed version opens with %v", err)
	}
}

func TestLinksDoNotEscape(t *testing.T) {
	s, root := open(t)
	outside := filepath.Join(filepath.Dir(root), "outside")
	if err := os.MkdirAll(outside, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(outside, "secret"), []byte("s"), 0o600); err != nil {
		t.Fatal(err)
	}
	bucket := filepath.Join(root, blobtest.Bucket)
	if err := s.CreateBucket(t.Context(), "other"); err != nil {
		t.Fatal(err)
	}
	blobtest.Put(t, s, blob.URI{Bucket: "other", Key: "k"}, "o")
	for name, to := range map[string]string{"dir": outside, "rel": "../../outside", "file": outside + "/secret", "other": "../other"} {
		if err := os.Symlink(to, filepath.Join(bucket, name)); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink(outside, filepath.Join(root, "linked")); err != nil {
		t.Fatal(err)
	}
	for _, u := range []blob.URI{at("dir/secret"), at("rel/secret"), at("file"), at("other/k"), {Bucket: "linked", Key: "secret"}} {
		if _, _, err := s.Open(t.Context(), u, 0, ""); !errors.Is(err, fault.NotFound) {
			t.Errorf("Open %v: %v", u, err)
		}
		if err := s.Delete(t.Context(), u); err != nil && !errors.Is(err, fault.NotFound) {
			t.Errorf("Delete %v: %v", u, err)
		}
	}
	for _, key := range []string{"dir/new", "rel/new", "other/new"} {
		w, err := s.Create(t.Context(), at(key))
		if err == nil {
			_, err = w.Commit()
		}
		if !errors.Is(err, fault.Conflict) {
			t.Errorf("Create %s: %v", key, err)
		}
	}
	if got := blobtest.Keys(t, s, at("")); len(got) != 0 {
		t.Errorf("List gives %q", got)
	}
	for _, path := range []string{outside + "/secret", root + "/other/k"} {
		if _, err := os.Stat(path); err != nil {
			t.Error(err)
		}
	}
}

func TestObjectAndFolderOfOneName(t *testing.T) {
	s, _ := open(t)
	blobtest.Put(t, s, at("a"), "x")
	blobtest.Put(t, s, at("d/e"), "x")
	for _, key := range []string{"a/b", "a/b/c", "d"} {
		w, err := s.Create(t.Context(), at(key))
		if err == nil {
			_, err = w.Commit()
		}
		if !errors.Is(err, fault.Conflict) {
			t.Errorf("Create %s: %v", key, err)
		}
	}
	long := at("x/" + strings.Repeat("n", 256))
	if _, err := s.Create(t.Context(), long); !errors.Is(err, fault.Invalid) {
		t.Errorf("Create with a long segment: %v", err)
	}
}

func TestOpenCleans(t *testing.T) {
	root := t.TempDir()
	s, err := file.Open(root)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.CreateBucket(t.Context(), blobtest.Bucket); err != nil {
		t.Fatal(err)
	}
	w, err := s.Create(t.Context(), at("k"))
	if err != nil {
		t.Fatal(err)
	}
	io.WriteString(w, "unfinished")
	var ids []string
	for range 2 {
		up, err := s.StartUpload(t.Context(), at("k"))
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, up.ID)
	}
	old := time.Now().Add(-file.UploadAge - time.Hour)
	if err := os.Chtimes(filepath.Join(root, ".galen/uploads", ids[0]), old, old); err != nil {
		t.Fatal(err)
	}
	s.Close()
	if s, err = file.Open(root); err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if left, _ := os.ReadDir(filepath.Join(root, ".galen/tmp")); len(left) != 0 {
		t.Errorf("left: %v", left)
	}
	if _, err := s.Upload(t.Context(), ids[0]); !errors.Is(err, fault.NotFound) {
		t.Errorf("the old upload: %v", err)
	}
	if _, err := s.Upload(t.Context(), ids[1]); err != nil {
		t.Errorf("the young upload: %v", err)
	}
}

func TestBuckets(t *testing.T) {
	s, _ := open(t)
	if err := s.CreateBucket(t.Context(), blobtest.Bucket); !errors.Is(err, fault.Conflict) {
		t.Errorf("CreateBucket twice: %v", err)
	}
	if err := s.CreateBucket(t.Context(), "a.bucket"); err != nil {
		t.Fatal(err)
	}
	list, err := s.Buckets(t.Context())
	if err != nil || len(list) != 2 || list[0].Name != "a.bucket" || list[1].Name != blobtest.Bucket {
		t.Errorf("Buckets = %v, %v", list, err)
	}
	blobtest.Put(t, s, at("k/l"), "x")
	if err := s.DeleteBucket(t.Context(), blobtest.Bucket); !errors.Is(err, fault.Conflict) {
		t.Errorf("DeleteBucket with an object: %v", err)
	}
	if err := s.Delete(t.Context(), at("k/l")); err != nil {
		t.Fatal(err)
	}
	if err := s.DeleteBucket(t.Context(), blobtest.Bucket); err != nil {
		t.Errorf("DeleteBucket: %v", err)
	}
	if err := s.DeleteBucket(t.Context(), blobtest.Bucket); !errors.Is(err, fault.NotFound) {
		t.Errorf("DeleteBucket twice: %v", err)
	}
}

func TestScan(t *testing.T) {
	s, root := open(t)
	for _, key := range []string{"a", "d/1", "d/2", "d/e/3", "d-x", "e/f/g", "z"} {
		blobtest.Put(t, s, at(key), "x")
	}
	if err := os.MkdirAll(filepath.Join(root, blobtest.Bucket, "hollow/deep"), 0o700); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		q    file.Scan
		want string
	}{
		{file.Scan{}, "a d-x d/1 d/2 d/e/3 e/f/g z"},
		{file.Scan{After: "d/1"}, "d/2 d/e/3 e/f/g z"},
		{file.Scan{After: "d/"}, "d/1 d/2 d/e/3 e/f/g z"},
		{file.Scan{Prefix: "d"}, "d-x d/1 d/2 d/e/3"},
		{file.Scan{Prefix: "d/e"}, "d/e/3"},
		{file.Scan{Folders: true}, "a d-x d/ e/ z"},
		{file.Scan{Folders: true, After: "d/"}, "e/ z"},
		{file.Scan{Folders: true, After: "d/1"}, "d/ e/ z"},
		{file.Scan{Folders: true, After: "d/e/3"}, "e/ z"},
		{file.Scan{Folders: true, Prefix: "d"}, "d-x d/"},
		{file.Scan{Folders: true, Prefix: "d/"}, "d/1 d/2 d/e/"},
		{file.Scan{Folders: true, Prefix: "d/", After: "d/2"}, "d/e/"},
		{file.Scan{Prefix: "../"}, ""},
		{file.Scan{Prefix: "a/"}, ""},
	} {
		var got []string
		for e, err := range s.Scan(t.Context(), blobtest.Bucket, c.q) {
			if err != nil {
				t.Fatal(err)
			}
			if e.Folder != strings.HasSuffix(e.URI.Key, "/") {
				t.Errorf("%q: Folder is %v", e.URI.Key, e.Folder)
			}
			got = append(got, e.URI.Key)
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("%+v gives %q, want %q", c.q, got, c.want)
		}
	}
}

// A folder with more names than a listing holds at once is read in several passes.
func TestWideFolder(t *testing.T) {
	s, root := open(t)
	const n = 40000
	for i := range n {
		path := filepath.Join(root, blobtest.Bucket, fmt.Sprintf("%05d", (i*7919)%n))
		if err := os.WriteFile(path, nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	got := blobtest.Keys(t, s, at(""))
	if len(got) != n || !slices.IsSorted(got) || len(slices.Compact(got)) != n {
		t.Errorf("List gives %d keys, want %d, each once and in order", len(got), n)
	}
}

func part(t *testing.T, s *file.Store, id string, number int, body string) file.Part {
	t.Helper()
	w, err := s.WritePart(t.Context(), id, number)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Abort()
	if _, err := io.WriteString(w, body); err != nil {
		t.Fatal(err)
	}
	obj, err := w.Commit()
	if err != nil {
		t.Fatal(err)
	}
	return file.Part{Number: number, ETag: obj.ETag}
}

func TestUpload(t *testing.T) {
	s, _ := open(t)
	up, err := s.StartUpload(t.Context(), at("big/one"))
	if err != nil {
		t.Fatal(err)
	}
	stale := part(t, s, up.ID, 3, "old")
	three, one := part(t, s, up.ID, 3, "three"), part(t, s, up.ID, 1, "one ")
	parts, err := s.Parts(t.Context(), up.ID)
	if err != nil || len(parts) != 2 || parts[0].ETag != one.ETag || parts[1].Size != 5 {
		t.Errorf("Parts = %+v, %v", parts, err)
	}
	for name, bad := range map[string][]file.Part{"stale": {one, stale}, "missing": {one, {Number: 2}}} {
		if _, err := s.CompleteUpload(t.Context(), up.ID, bad, nil); !errors.Is(err, fault.Precondition) {
			t.Errorf("CompleteUpload with a %s part: %v", name, err)
		}
	}
	if got := blobtest.Keys(t, s, at("")); len(got) != 0 {
		t.Errorf("before it is complete, List gives %q", got)
	}
	obj, err := s.CompleteUpload(t.Context(), up.ID, []file.Part{one, three}, nil)
	if err != nil || obj.Size != 9 || blobtest.Read(t, s, at("big/one")) != "one three" {
		t.Errorf("CompleteUpload = %+v, %v", obj, err)
	}
	for u, err := range s.Uploads(t.Context(), blobtest.Bucket) {
		t.Errorf("still under way: %v, %v", u, err)
	}
	for _, id := range []string{up.ID, "", "..", strings.Repeat("../", 10) + "ab"} {
		if err := s.AbortUpload(t.Context(), id); !errors.Is(err, fault.NotFound) {
			t.Errorf("AbortUpload %q: %v", id, err)
		}
	}
}

func TestConditionHoldsAtCommit(t *testing.T) {
	s, _ := open(t)
	absent := func(_ blob.Object, there bool) error {
		if there {
			return fault.New(fault.Precondition, "it is there")
		}
		return nil
	}
	won := make(chan bool, 8)
	for range cap(won) {
		go func() {
			w, err := s.CreateIf(t.Context(), at("k"), absent)
			if err == nil {
				_, err = w.Commit()
			}
			won <- err == nil
		}()
	}
	n := 0
	for range cap(won) {
		if <-won {
			n++
		}
	}
	if n != 1 {
		t.Errorf("%d writers made the object, want 1", n)
	}
}

func BenchmarkCreate1KiB(b *testing.B) {
	s, err := file.Open(b.TempDir())
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	if err := s.CreateBucket(b.Context(), blobtest.Bucket); err != nil {
		b.Fatal(err)
	}
	body := strings.Repeat("x", 1024)
	for b.Loop() {
		blobtest.Put(b, s, at("k"), body)
	}
}
