// SPDX-License-Identifier: Apache-2.0

package blob_test

import (
	"errors"
	"strings"
	"testing"

	"galen/internal/blob"
	"galen/internal/fault"
)

func TestParseURI(t *testing.T) {
	for in, want := range map[string]blob.URI{
		"s3://bucket":            {Bucket: "bucket"},
		"s3://bucket/":           {Bucket: "bucket"},
		"s3://a.b-c.9/x/y.gz":    {Bucket: "a.b-c.9", Key: "x/y.gz"},
		"s3://bucket//x":         {Bucket: "bucket", Key: "/x"},
		"s3://bucket/a%20b c?d#": {Bucket: "bucket", Key: "a%20b c?d#"},
	} {
		got, err := blob.ParseURI(in)
		if err != nil || got != want {
			t.Errorf("ParseURI(%q) = %+v, %v, want %+v", in, got, err, want)
		}
	}
	for _, in := range []string{"", "s3:/b/k", "http://bucket/k", "s3://", "s3://ab/k", "s3://Bucket/k", "s3://-bucket",
		"s3://bucket-/k", "s3://b_cket/k", "s3://buc..ket/k", "s3://192.168.1.1/k", "s3://xn--bucket", "s3://bucket--x-s3",
		"s3://" + strings.Repeat("b", 64), "s3://bucket/\xff", "s3://bucket/a\x00b", "s3://bucket/" + strings.Repeat("k", 1025)} {
		if got, err := blob.ParseURI(in); !errors.Is(err, fault.Invalid) {
			t.Errorf("ParseURI(%q) = %+v, %v", in, got, err)
		}
	}
}

func TestJoinFolderTakesRel(t *testing.T) {
	u := blob.URI{Bucket: "bucket", Key: "in"}
	if got, want := u.Join("/a/", "", "b.gz").String(), "s3://bucket/in/a/b.gz"; got != want {
		t.Errorf("Join = %s, want %s", got, want)
	}
	if got, want := (blob.URI{Bucket: "bucket"}).Join("a").String(), "s3://bucket/a"; got != want {
		t.Errorf("Join = %s, want %s", got, want)
	}
	if got := u.Folder().Folder().Key; got != "in/" {
		t.Errorf("Folder = %q", got)
	}
	for _, c := range []struct {
		prefix, key string
		takes       bool
		rel         string
	}{
		{"in", "in/a/b", true, "a/b"},
		{"in/", "in/a/b", true, "a/b"},
		{"in", "in2/a", false, "in2/a"},
		{"in/a.gz", "in/a.gz", true, "a.gz"},
		{"", "in/a", true, "in/a"},
	} {
		u := blob.URI{Bucket: "bucket", Key: c.prefix}
		if got := u.Takes(c.key); got != c.takes {
			t.Errorf("%q takes %q: %v", c.prefix, c.key, got)
		}
		if got := u.Rel(c.key); got != c.rel {
			t.Errorf("%q below %q is %q, want %q", c.key, c.prefix, got, c.rel)
		}
	}
}

func FuzzParseURI(f *testing.F) {
	f.Add("s3://bucket/in/a.ndjson")
	f.Add("s3://a.b/../x")
	f.Fuzz(func(t *testing.T, s string) {
		u, err := blob.ParseURI(s)
		if err != nil {
			return
		}
		if again, err := blob.ParseURI(u.String()); err != nil || again != u {
			t.Errorf("%q reads as %+v, which reads as %+v, %v", s, u, again, err)
		}
	})
}
