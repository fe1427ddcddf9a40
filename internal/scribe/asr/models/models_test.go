// SPDX-License-Identifier: Apache-2.0

package models_test

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"galen/internal/fault"
	"galen/internal/scribe/asr/models"
)

// wheel is an archive like the real one.
func wheel(t *testing.T) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for name, text := range map[string]string{
		"moonshine_voice/assets/tiny-en/encoder_model.ort": "weights", "moonshine_voice/assets/tiny-en/tokenizer.bin": "\x02ab\x01c",
		"silero_vad/data/silero_vad.onnx": "weights", "silero_vad/data/silero_vad.jit": "not this", "moonshine_voice/other.py": "not this", "moonshine_voice/assets/tiny-en/../../../../out": "nor this"} {
		w, err := z.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestPull(t *testing.T) {
	archive := wheel(t)
	served := archive
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = w.Write(served) }))
	defer s.Close()
	m, err := models.ByName("moonshine-tiny-en")
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(archive)
	m.URL, m.SHA256 = s.URL, hex.EncodeToString(sum[:])
	folder := t.TempDir()
	var told int64
	for range 2 { // the second takes the place of the first
		if err := models.Pull(t.Context(), s.Client(), folder, m, "", func(n int64) { told = n }); err != nil {
			t.Fatal(err)
		}
	}
	if want := int64(len(archive)); told != want {
		t.Errorf("progress got to %d, want %d", told, want)
	}
	got, err := os.ReadFile(filepath.Join(folder, m.Name, "tokens.txt"))
	if want := "YWI= 0\nYw== 1\n"; err != nil || string(got) != want {
		t.Errorf("tokens.txt: got %q, %v, want %q", got, err, want)
	}
	served = append(archive[:len(archive)-1:len(archive)-1], 'x')
	if err := models.Pull(t.Context(), s.Client(), folder, m, "", nil); fault.KindOf(err) != fault.Invalid {
		t.Errorf("an archive with another hash: got %v", err)
	}
	entries, err := os.ReadDir(folder)
	if err != nil || len(entries) != 1 {
		t.Errorf("the folder holds %v, %v, want the model alone", entries, err)
	}
	if err := models.Remove(folder, m.Name); err != nil {
		t.Error(err)
	}
	for _, name := range []string{m.Name, "", "..", "a/b"} {
		if err := models.Remove(folder, name); err == nil {
			t.Errorf("removed %q", name)
		}
	}
}

func TestPullFailures(t *testing.T) {
	s := httptest.NewServer(http.NotFoundHandler())
	defer s.Close()
	m, err := models.ByName("sherpa-onnx-whisper-base.en")
	if err != nil {
		t.Fatal(err)
	}
	m.URL = s.URL
	if err := models.Pull(t.Context(), s.Client(), t.TempDir(), m, "", nil); fault.KindOf(err) != fault.Invalid {
		t.Errorf("a model without a hash: got %v", err)
	}
	m.SHA256 = "00"
	if err := models.Pull(t.Context(), s.Client(), t.TempDir(), m, "", nil); fault.KindOf(err) != fault.Unavailable {
		t.Errorf("a server without the file: got %v", err)
	}
	if _, err := models.ByName("no such"); fault.KindOf(err) != fault.NotFound {
		t.Errorf("an unknown model: got %v", err)
	}
}

// flaky serves an archive, and cuts each answer off after some bytes.
type flaky struct {
	archive []byte
	bytes   int    // of an answer; 0: all
	plain   bool   // answers to ranges with all of it
	asked   string // the last range
	count   int    // answers
}

func (s *flaky) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.count++
	s.asked = r.Header.Get("Range")
	if s.plain {
		r.Header.Del("Range")
	}
	if s.bytes == 0 {
		http.ServeContent(w, r, "a.whl", time.Time{}, bytes.NewReader(s.archive))
		return
	}
	cut := &cutOff{w, s.bytes}
	http.ServeContent(cut, r, "a.whl", time.Time{}, bytes.NewReader(s.archive))
	if cut.left == 0 {
		panic(http.ErrAbortHandler)
	}
}

type cutOff struct {
	http.ResponseWriter
	left int
}

func (w *cutOff) Write(p []byte) (int, error) {
	n, err := w.ResponseWriter.Write(p[:min(len(p), w.left)])
	w.left -= n
	w.ResponseWriter.(http.Flusher).Flush()
	if err == nil && n < len(p) {
		err = io.ErrShortWrite
	}
	return n, err
}

func TestPullGoesOn(t *testing.T) {
	archive := wheel(t)
	sum := sha256.Sum256(archive)
	m, err := models.ByName("moonshine-tiny-en")
	if err != nil {
		t.Fatal(err)
	}
	m.SHA256 = strings.ToUpper(hex.EncodeToString(sum[:]))
	part := len(archive)/20 + 1 // more breaks than one pull bears
	for _, c := range []struct {
		name  string
		first flaky
		then  flaky
		asked string // of the second pull
	}{
		{"with the rest", flaky{bytes: part}, flaky{}, fmt.Sprintf("bytes=%d-", 6*part)},
		{"from the beginning, since the server knows no ranges", flaky{bytes: part, plain: true}, flaky{plain: true}, fmt.Sprintf("bytes=%d-", part)},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.first.archive, c.then.archive = archive, archive
			folder, now := t.TempDir(), &c.first
			s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { now.ServeHTTP(w, r) }))
			defer s.Close()
			m.URL = s.URL
			if err := models.Pull(t.Context(), s.Client(), folder, m, "", nil); fault.KindOf(err) != fault.Unavailable || !strings.Contains(err.Error(), "goes on from there") {
				t.Fatalf("a connection that breaks: got %v", err)
			}
			now = &c.then
			var last int64
			if err := models.Pull(t.Context(), s.Client(), folder, m, "", func(n int64) { last = n }); err != nil {
				t.Fatal(err)
			}
			if c.then.asked != c.asked || last != int64(len(archive)) {
				t.Errorf("asked for %q, want %q; progress got to %d of %d", c.then.asked, c.asked, last, len(archive))
			}
			if entries, err := os.ReadDir(folder); err != nil || len(entries) != 1 || entries[0].Name() != m.Name {
				t.Errorf("the folder holds %v, %v, want the model alone", entries, err)
			}
		})
	}
}

// TestPullHasWhole unpacks what a pull that died had brought already.
func TestPullHasWhole(t *testing.T) {
	archive := wheel(t)
	sum := sha256.Sum256(archive)
	m, err := models.ByName("moonshine-tiny-en")
	if err != nil {
		t.Fatal(err)
	}
	s := httptest.NewServer(&flaky{archive: archive})
	defer s.Close()
	m.URL, m.SHA256 = s.URL, hex.EncodeToString(sum[:])
	folder := t.TempDir()
	for _, c := range []struct {
		there []byte
		want  bool
	}{{archive, true}, {append([]byte("x"), archive...), false}} {
		if err := os.WriteFile(filepath.Join(folder, "."+m.Name+".part"), c.there, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := models.Pull(t.Context(), s.Client(), folder, m, "", nil); (err == nil) != c.want {
			t.Errorf("%d bytes there: got %v", len(c.there), err)
		}
	}
	if err := models.Pull(t.Context(), s.Client(), folder, m, "", nil); err != nil { // what was wrong is gone
		t.Error(err)
	}
	file := filepath.Join(t.TempDir(), "fetched.whl")
	if err := os.WriteFile(file, archive, 0o600); err != nil {
		t.Fatal(err)
	}
	s.Close()
	if err := models.Pull(t.Context(), s.Client(), folder, m, file, nil); err != nil {
		t.Errorf("from a file: %v", err)
	}
	if _, err := os.Stat(file); err != nil {
		t.Errorf("the file that was given is gone: %v", err)
	}
	if err := models.Pull(t.Context(), s.Client(), folder, m, "", nil); fault.KindOf(err) != fault.Unavailable || !strings.Contains(err.Error(), "--from FILE") {
		t.Errorf("with no network: got %v", err)
	}
}

// TestPullOnly takes one file of a folder.
func TestPullOnly(t *testing.T) {
	m, err := models.ByName("silero-vad")
	if err != nil {
		t.Fatal(err)
	}
	file, folder := filepath.Join(t.TempDir(), "fetched.whl"), t.TempDir()
	archive := wheel(t)
	sum := sha256.Sum256(archive)
	m.SHA256 = hex.EncodeToString(sum[:])
	if err := os.WriteFile(file, archive, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := models.Pull(t.Context(), nil, folder, m, file, nil); err != nil {
		t.Fatal(err)
	}
	if files, err := os.ReadDir(filepath.Join(folder, m.Name)); err != nil || len(files) != 1 || files[0].Name() != "silero_vad.onnx" {
		t.Errorf("the folder holds %v, %v", files, err)
	}
}

// silent answers and then sends nothing.
type silent struct{}

func (silent) RoundTrip(r *http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: http.StatusOK, Request: r, Body: io.NopCloser(endless{r.Context()})}, nil
}

type endless struct{ ctx context.Context }

func (e endless) Read([]byte) (int, error) {
	<-e.ctx.Done()
	return 0, e.ctx.Err()
}

func TestPullStalls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := models.Catalogue()[0]
		if err := models.Pull(t.Context(), &http.Client{Transport: silent{}}, t.TempDir(), m, "", nil); fault.KindOf(err) != fault.Unavailable || !strings.Contains(err.Error(), "nothing came for a minute") {
			t.Errorf("got %v", err)
		}
	})
}

func FuzzTokens(f *testing.F) {
	f.Add([]byte("\x02ab\x01c\x00\x80\x01" + string(make([]byte, 128))))
	f.Fuzz(func(t *testing.T, data []byte) {
		tokens, err := models.Tokens(data)
		if err != nil {
			return
		}
		n := 0
		for _, token := range tokens {
			n += len(token)
		}
		if n+len(tokens) > len(data) {
			t.Errorf("%d bytes of %d tokens from %d bytes", n, len(tokens), len(data))
		}
	})
}
