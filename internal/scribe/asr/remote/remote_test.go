// SPDX-License-Identifier: Apache-2.0

package remote_test

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"galen/internal/fault"
	"galen/internal/scribe/asr"
	"galen/internal/scribe/asr/asrtest"
	"galen/internal/scribe/asr/remote"
)

// speech is n tones of a second, with a second of silence after each.
func speech(n int) []int16 {
	out := make([]int16, 2*n*asr.Rate)
	for i := range out {
		if i/asr.Rate%2 == 0 {
			out[i] = int16(8000 * math.Sin(float64(i)/10))
		}
	}
	return out
}

// server answers each WAV file with a sentence that says how long it is.
func server(t *testing.T, answer func(w http.ResponseWriter, seconds float64)) *httptest.Server {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		file, _, err := r.FormFile("file")
		if err != nil || r.URL.Path != "/v1/audio/transcriptions" || r.FormValue("model") != "small" || r.Header.Get("Authorization") != "Bearer k" {
			t.Errorf("the request to %s is %v, %v", r.URL, r.Form, err)
			return
		}
		wav, err := io.ReadAll(file)
		if err != nil || string(wav[:4]) != "RIFF" || binary.LittleEndian.Uint32(wav[40:]) != uint32(len(wav)-44) {
			t.Errorf("the file is no WAV: %v", err)
		}
		answer(w, float64(len(wav)-44)/2/asr.Rate)
	}))
	t.Cleanup(s.Close)
	return s
}

func provider(s *httptest.Server) asr.Provider {
	return remote.New(remote.Config{Base: s.URL + "/v1/", Key: "k", Model: "small"})
}

func TestContract(t *testing.T) {
	s := server(t, func(w http.ResponseWriter, seconds float64) {
		fmt.Fprintf(w, `{"text":" %.1f seconds ","words":[{"word":"%.1f","start":0,"end":0.5},{"word":"seconds","start":0.5,"end":99}]}`, seconds, seconds)
	})
	asrtest.Run(t, provider(s), speech(3))
	finals, _ := asrtest.Hear(t, provider(s), speech(3), asr.Options{})
	if len(finals) != 3 || finals[1].Text != "1.5 seconds" || finals[1].Begin.Seconds() < 1.7 || finals[1].Begin.Seconds() > 2 {
		t.Errorf("heard %+v", finals)
	}
	long := make([]int16, 60*asr.Rate)
	for i := range long {
		long[i] = int16(8000 * math.Sin(float64(i)/10))
	}
	if finals, _ := asrtest.Hear(t, provider(s), long, asr.Options{}); len(finals) != 3 || finals[0].Text != "28.0 seconds" {
		t.Errorf("a minute without a pause: %+v", finals)
	}
	if finals, _ := asrtest.Hear(t, provider(s), make([]int16, 60*asr.Rate), asr.Options{}); len(finals) != 0 {
		t.Errorf("a minute of silence: %+v", finals)
	}
}

func TestWhatIsMadeUpIsDropped(t *testing.T) {
	s := server(t, func(w http.ResponseWriter, _ float64) {
		fmt.Fprint(w, `{"text":"Thank you for watching.","segments":[{"no_speech_prob":0.97}]}`)
	})
	if finals, _ := asrtest.Hear(t, provider(s), speech(1), asr.Options{}); len(finals) != 0 {
		t.Errorf("heard %+v", finals)
	}
}

func TestServersThatFail(t *testing.T) {
	for name, answer := range map[string]func(http.ResponseWriter, float64){
		"status": func(w http.ResponseWriter, _ float64) { w.WriteHeader(500) },
		"html":   func(w http.ResponseWriter, _ float64) { fmt.Fprint(w, "<html>") },
		"huge":   func(w http.ResponseWriter, _ float64) { fmt.Fprint(w, `{"text":"`, strings.Repeat("x", 5<<20), `"}`) },
	} {
		t.Run(name, func(t *testing.T) {
			r, err := provider(server(t, answer)).Open(t.Context(), asr.Options{})
			if err != nil {
				t.Fatal(err)
			}
			defer r.Close()
			go func() {
				_ = r.Push(t.Context(), speech(2)) // it may fail before all is pushed
				_ = r.Finish()
			}()
			for result := range r.Results() {
				t.Errorf("heard %+v", result)
			}
			if err := r.Err(); !errors.Is(err, fault.Unavailable) {
				t.Errorf("got %v", err)
			}
		})
	}
}
