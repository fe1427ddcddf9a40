// SPDX-License-Identifier: Apache-2.0

package s3_test

import (
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	api "galen/internal/api/s3"
	"galen/internal/blob"
	"galen/internal/blob/blobtest"
	"galen/internal/blob/file"
	"galen/internal/blob/s3"
	"galen/internal/fault"
)

const key, secret = "AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"

// serve starts the embedded S3 API behind front, which may be nil, and returns its address and folders.
func serve(t *testing.T, front func(http.Handler) http.Handler) (string, *file.Store) {
	t.Helper()
	folders, err := file.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { folders.Close() })
	if err := folders.CreateBucket(t.Context(), blobtest.Bucket); err != nil {
		t.Fatal(err)
	}
	srv, err := api.New(folders, func(k string) (string, bool) { return secret, k == key }, api.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { srv.Close() })
	var h http.Handler = srv
	if front != nil {
		h = front(srv)
	}
	at := httptest.NewServer(h)
	t.Cleanup(at.Close)
	return at.URL, folders
}

func open(t *testing.T, url, key, secret string) *s3.Store {
	t.Helper()
	for name, value := range map[string]string{"AWS_ACCESS_KEY_ID": key, "AWS_SECRET_ACCESS_KEY": secret,
		"AWS_SESSION_TOKEN": "", "AWS_CONFIG_FILE": "/dev/null", "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
		"AWS_PROFILE": "", "AWS_ENDPOINT_URL": "", "AWS_ENDPOINT_URL_S3": ""} {
		t.Setenv(name, value)
	}
	s, err := s3.Open(t.Context(), s3.Config{Endpoint: url, Region: "us-east-1", PathStyle: true})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestStore(t *testing.T) {
	blobtest.Run(t, func(t *testing.T) blob.Store {
		url, _ := serve(t, nil)
		return open(t, url, key, secret)
	})
}

func TestAgreesWithFolders(t *testing.T) {
	url, folders := serve(t, nil)
	s := open(t, url, key, secret)
	u := blob.URI{Bucket: blobtest.Bucket, Key: "in/a.ndjson"}
	blobtest.Put(t, s, u, "by S3")
	if got := blobtest.Read(t, folders, u); got != "by S3" {
		t.Errorf("the folder has %q", got)
	}
	mine := blobtest.Put(t, folders, u, "by the folder")
	if got := blobtest.Read(t, s, u); got != "by the folder" {
		t.Errorf("S3 gives %q", got)
	}
	theirs, err := s.Stat(t.Context(), u)
	if err != nil || theirs.ETag != mine.ETag || theirs.Size != mine.Size {
		t.Errorf("S3 describes %+v, %v, the folder %+v", theirs, err, mine)
	}
}

func TestDenied(t *testing.T) {
	url, _ := serve(t, nil)
	s := open(t, url, key, "another secret")
	u := blob.URI{Bucket: blobtest.Bucket, Key: "k"}
	check := func(what string, err error) {
		t.Helper()
		if !errors.Is(err, fault.Forbidden) {
			t.Errorf("%s: %v", what, err)
		}
	}
	_, err := s.Exists(t.Context(), u.Bucket)
	check("Exists", err)
	_, err = s.Stat(t.Context(), u)
	check("Stat", err)
	_, _, err = s.Open(t.Context(), u, 0, "")
	check("Open", err)
	for _, err = range s.List(t.Context(), u) {
	}
	check("List", err)
	check("Delete", s.Delete(t.Context(), u))
	w, err := s.Create(t.Context(), u)
	if err != nil {
		t.Fatal(err)
	}
	_, err = w.Commit()
	check("Commit", err)
}

func TestDown(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close() // nobody listens there now
	s := open(t, "http://"+l.Addr().String(), key, secret)
	if _, err := s.Exists(t.Context(), blobtest.Bucket); !errors.Is(err, fault.Unavailable) {
		t.Errorf("Exists: %v", err)
	}
}

// cutting breaks off each download after some bytes, as long as it is told to.
type cutting struct {
	http.Handler
	limit int
	cuts  atomic.Int32
}

func (c *cutting) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodGet && r.URL.RawQuery == "x-id=GetObject" && c.cuts.Add(-1) >= 0 {
		w = &cut{ResponseWriter: w, left: c.limit}
	}
	c.Handler.ServeHTTP(w, r)
}

type cut struct {
	http.ResponseWriter
	left int
}

func (c *cut) Write(p []byte) (int, error) {
	if len(p) > c.left {
		c.ResponseWriter.Write(p[:c.left])
		c.ResponseWriter.(http.Flusher).Flush()
		panic(http.ErrAbortHandler)
	}
	c.left -= len(p)
	return c.ResponseWriter.Write(p)
}

func TestDownloadGoesOn(t *testing.T) {
	c := &cutting{limit: 100_000}
	url, folders := serve(t, func(h http.Handler) http.Handler { c.Handler = h; return c })
	s := open(t, url, key, secret)
	u := blob.URI{Bucket: blobtest.Bucket, Key: "k"}
	body := strings.Repeat("0123456789abcdef", 1<<16)
	blobtest.Put(t, folders, u, body)
	c.cuts.Store(5)
	if got := blobtest.Read(t, s, u); got != body {
		t.Errorf("read %d bytes that differ from the %d there are", len(got), len(body))
	}
	c.limit = 0
	c.cuts.Store(100)
	r, _, err := s.Open(t.Context(), u, 0, "")
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if _, err := io.ReadAll(r); !errors.Is(err, fault.Unavailable) {
		t.Errorf("a download that never gets a byte: %v", err)
	}

	c.limit = 100_000
	c.cuts.Store(1)
	r, _, err = s.Open(t.Context(), u, 0, "")
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	blobtest.Put(t, folders, u, body+"!")
	if _, err := io.ReadAll(r); !errors.Is(err, fault.Precondition) {
		t.Errorf("a download that breaks off while the object is replaced: %v", err)
	}
}
