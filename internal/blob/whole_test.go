// SPDX-License-Identifier: Apache-2.0

package blob_test

import (
	"errors"
	"testing"
	"time"

	"galen/internal/blob"
	"galen/internal/blob/file"
	"galen/internal/fault"
)

// TestPutGetDeleteBefore holds that what is put is read back, is replaced whole, and goes when it is old.
func TestPutGetDeleteBefore(t *testing.T) {
	s, err := file.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if err := s.CreateBucket(t.Context(), "bucket"); err != nil {
		t.Fatal(err)
	}
	at := blob.URI{Bucket: "bucket", Key: "a/b"}
	for _, want := range []string{"one", "", "three"} {
		if err := blob.Put(t.Context(), s, at, []byte(want)); err != nil {
			t.Fatal(err)
		}
		if got, err := blob.Get(t.Context(), s, at); err != nil || string(got) != want {
			t.Errorf("what was put is read as %q, %v, want %q", got, err, want)
		}
	}
	if err := blob.Put(t.Context(), s, blob.URI{Bucket: "nobody", Key: "x"}, nil); !errors.Is(err, fault.NotFound) {
		t.Errorf("into a bucket that is not there it is put with %v", err)
	}
	o, err := s.Stat(t.Context(), at)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		before time.Time
		want   error
	}{{o.ModTime, nil}, {o.ModTime.Add(time.Nanosecond), fault.NotFound}} {
		if err := blob.DeleteBefore(t.Context(), s, blob.URI{Bucket: "bucket"}, c.before); err != nil {
			t.Fatal(err)
		}
		if _, err := blob.Get(t.Context(), s, at); !errors.Is(err, c.want) {
			t.Errorf("after what is older than %v was deleted it is read with %v, want %v", c.before, err, c.want)
		}
	}
}
