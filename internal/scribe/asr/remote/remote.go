// SPDX-License-Identifier: Apache-2.0

// Package remote hears with a server that speaks OpenAI's audio API: POST {base}/audio/transcriptions. Speech is told from silence
// here, and each stretch of it is sent as a WAV file of its own, in order, one at a time for each channel.
package remote

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"strings"
	"sync"
	"time"

	"galen/internal/fault"
	"galen/internal/scribe/asr"
	"galen/internal/scribe/audio"
)

// Config says where the server is.
type Config struct {
	Base    string        // URL up to and with /v1
	Key     string        // bearer token; empty: none
	Model   string        // default whisper-1
	Timeout time.Duration // for one stretch of speech; default 60 s
	Client  *http.Client  // default http.DefaultClient; its own time limit should be none
}

// New makes a provider.
func New(c Config) asr.Provider {
	c.Base = strings.TrimRight(c.Base, "/")
	if c.Model == "" {
		c.Model = "whisper-1"
	}
	if c.Timeout <= 0 {
		c.Timeout = time.Minute
	}
	if c.Client == nil {
		c.Client = http.DefaultClient
	}
	return &provider{c}
}

type provider struct{ c Config }

func (p *provider) Info() asr.Info { return asr.Info{Name: "http", Model: p.c.Model} }

func (p *provider) Open(_ context.Context, o asr.Options) (asr.Recogniser, error) {
	life, end := context.WithCancel(context.Background())
	r := &recogniser{c: p.c, at: o.Begin, stretches: make(chan stretch, waiting), results: make(chan asr.Result), life: life, end: end}
	go r.run()
	return r, nil
}

// What is sent at a time.
const (
	waiting = 4                      // stretches that wait; then Push waits too
	longest = 28 * time.Second       // models of 30 s hear no more at once
	lead    = 200 * time.Millisecond // of silence before speech
	padded  = 100 * time.Millisecond // the server hears nothing useful in less speech
	maxBody = 4 << 20                // of an answer
)

// stretch is audio with speech in it.
type stretch struct {
	begin   time.Duration
	samples []int16
}

type recogniser struct {
	c         Config
	detector  audio.Detector
	pending   []int16       // not judged yet, then
	at        time.Duration // where pending begins
	current   stretch       // that is being heard; no samples: silence
	before    []int16       // the end of the silence
	stretches chan stretch
	results   chan asr.Result
	life      context.Context
	end       context.CancelFunc
	finished  bool

	mu  sync.Mutex
	err error // guarded by mu
}

func (r *recogniser) Push(ctx context.Context, samples []int16) error {
	if r.finished {
		return errEnded
	}
	r.pending = append(r.pending, samples...)
	for _, speech := range r.detector.Push(samples) {
		frame := r.pending[:audio.FrameSamples]
		var done bool
		if speech {
			if len(r.current.samples) == 0 {
				r.current = stretch{r.at - asr.Duration(int64(len(r.before))), append([]int16(nil), r.before...)}
				r.before = nil
			}
			r.current.samples = append(r.current.samples, frame...)
			done = asr.Duration(int64(len(r.current.samples))) >= longest
		} else {
			done = len(r.current.samples) > 0
			r.before = append(r.before, frame...)
			if over := len(r.before) - int(asr.Samples(lead)); over > 0 {
				r.before = append(r.before[:0], r.before[over:]...)
			}
		}
		r.pending = r.pending[audio.FrameSamples:]
		r.at += asr.Duration(audio.FrameSamples)
		if done {
			if err := r.send(ctx); err != nil {
				return err
			}
		}
	}
	r.pending = append([]int16(nil), r.pending...)
	return r.life.Err()
}

// send hands over the stretch that was heard.
func (r *recogniser) send(ctx context.Context) error {
	s := r.current
	r.current = stretch{}
	if asr.Duration(int64(len(s.samples))) < lead+padded {
		return nil
	}
	select {
	case r.stretches <- s:
		return nil
	case <-r.life.Done():
		return errEnded
	case <-ctx.Done():
		return ctx.Err()
	}
}

var errEnded = fault.New(fault.Unavailable, "the recogniser has ended")

func (r *recogniser) Finish() error {
	if r.finished {
		return nil
	}
	r.finished = true
	err := r.send(r.life)
	close(r.stretches)
	return err
}

func (r *recogniser) Results() <-chan asr.Result { return r.results }

func (r *recogniser) Err() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.err
}

func (r *recogniser) Close() { r.end() }

// run asks for one stretch after another.
func (r *recogniser) run() {
	defer close(r.results)
	defer r.end()
	for {
		var s stretch
		var more bool
		select {
		case s, more = <-r.stretches:
		case <-r.life.Done():
		}
		if !more {
			return
		}
		result, err := r.ask(s)
		if err != nil {
			r.mu.Lock()
			if r.life.Err() == nil {
				r.err = err
			}
			r.mu.Unlock()
			return
		}
		if result.Text == "" {
			continue
		}
		select {
		case r.results <- result:
		case <-r.life.Done():
			return
		}
	}
}

// answer is the verbose form of a transcription; servers that know only the short one give the text.
type answer struct {
	Text  string
	Words []struct {
		Word       string
		Start, End float64
	}
	Segments []struct {
		NoSpeech float64 `json:"no_speech_prob"`
	}
}

// noSpeech is how sure a model must be that it heard nothing: what it writes then is made up.
const noSpeech = 0.8

// ask lets the server hear a stretch.
func (r *recogniser) ask(s stretch) (asr.Result, error) {
	ctx, cancel := context.WithTimeout(r.life, r.c.Timeout)
	defer cancel()
	body, kind, err := form(s.samples, r.c.Model)
	if err != nil {
		return asr.Result{}, fault.Wrap(fault.Internal, err, "the audio cannot be sent")
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, r.c.Base+"/audio/transcriptions", body)
	if err != nil {
		return asr.Result{}, fault.Wrap(fault.Unavailable, err, "the recogniser's address is wrong")
	}
	req.Header.Set("Content-Type", kind)
	if r.c.Key != "" {
		req.Header.Set("Authorization", "Bearer "+r.c.Key)
	}
	resp, err := r.c.Client.Do(req)
	if err != nil {
		return asr.Result{}, fault.Wrap(fault.Unavailable, err, "the recogniser does not answer")
	}
	defer resp.Body.Close()
	var a answer
	err = json.NewDecoder(io.LimitReader(resp.Body, maxBody)).Decode(&a)
	if resp.StatusCode != http.StatusOK || err != nil {
		return asr.Result{}, fault.Wrap(fault.Unavailable, err, "the recogniser answers with status %d", resp.StatusCode)
	}
	return a.result(s), nil
}

// result puts an answer into the session's time.
func (a *answer) result(s stretch) asr.Result {
	end := s.begin + asr.Duration(int64(len(s.samples)))
	result := asr.Result{Begin: s.begin, End: end, Text: strings.TrimSpace(a.Text)}
	silent := 0
	for _, g := range a.Segments {
		if g.NoSpeech > noSpeech {
			silent++
		}
	}
	if silent > 0 && silent == len(a.Segments) {
		return asr.Result{}
	}
	last := s.begin
	for _, w := range a.Words {
		text := strings.TrimSpace(w.Word)
		if text == "" {
			continue
		}
		begin := min(max(s.begin+time.Duration(w.Start*float64(time.Second)), last), end)
		finish := min(max(s.begin+time.Duration(w.End*float64(time.Second)), begin), end)
		result.Words = append(result.Words, asr.Word{Text: text, Begin: begin, End: finish})
		last = begin
	}
	return result
}

// form is the multipart body that OpenAI's API takes.
func form(samples []int16, model string) (io.Reader, string, error) {
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	for _, f := range [][2]string{{"model", model}, {"language", "en"}, {"response_format", "verbose_json"}, {"timestamp_granularities[]", "word"}} {
		if err := w.WriteField(f[0], f[1]); err != nil {
			return nil, "", fmt.Errorf("field %s: %w", f[0], err)
		}
	}
	part, err := w.CreateFormFile("file", "speech.wav")
	if err != nil {
		return nil, "", fmt.Errorf("file: %w", err)
	}
	if _, err := part.Write(wav(samples)); err != nil {
		return nil, "", fmt.Errorf("file: %w", err)
	}
	if err := w.Close(); err != nil {
		return nil, "", fmt.Errorf("end: %w", err)
	}
	return &b, w.FormDataContentType(), nil
}

// wav is a WAV file of one channel.
func wav(samples []int16) []byte {
	size := uint32(2 * len(samples))
	b := append([]byte("RIFF"), binary.LittleEndian.AppendUint32(nil, 36+size)...)
	b = append(b, "WAVEfmt "...)
	b = binary.LittleEndian.AppendUint32(b, 16)
	for _, v := range []uint16{1, 1} { // PCM, one channel
		b = binary.LittleEndian.AppendUint16(b, v)
	}
	b = binary.LittleEndian.AppendUint32(b, asr.Rate)
	b = binary.LittleEndian.AppendUint32(b, 2*asr.Rate)
	for _, v := range []uint16{2, 16} { // bytes of a sample, bits
		b = binary.LittleEndian.AppendUint16(b, v)
	}
	b = append(b, "data"...)
	b = binary.LittleEndian.AppendUint32(b, size)
	for _, s := range samples {
		b = binary.LittleEndian.AppendUint16(b, uint16(s))
	}
	return b
}
