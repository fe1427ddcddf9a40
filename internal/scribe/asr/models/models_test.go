// SPDX-License-Identifier: Apache-2.0

package models_test

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"

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
		"moonshine_voice/other.py": "not this", "moonshine_voice/assets/tiny-en/../../../../out": "nor this"} {
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
	served = archive[:len(archive)-1]
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
