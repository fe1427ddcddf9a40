// SPDX-License-Identifier: Apache-2.0

//go:build cgo && linux

package main

import (
	"errors"
	"math"
	"regexp"
	"strings"
	"time"

	onnx "github.com/k2-fsa/sherpa-onnx-go-linux"

	"galen/internal/scribe/asr"
	"galen/internal/scribe/asr/sherpa"
)

// What an offline model hears at a time, in samples.
const (
	longest          = 20                // seconds of a stretch of speech; a longer one is cut
	moonshineLongest = 9                 // its second form hears nothing at all in more than ten
	shortest         = 6 * asr.Rate / 10 // in less, models hear words that are not there: the detector alone adds half a second
	early            = 5 * asr.Rate / 10 // for a first partial result, which the next one mends
	step             = 3 * asr.Rate / 10 // at least between partial results
	partials         = 8                 // and a part of the stretch: one in so many
	rest             = 2                 // and so many times what the last one took
)

// offline hears stretches of speech, each as a whole: again and again while it grows, for partial results.
type offline struct {
	recogniser *onnx.OfflineRecognizer
	speech     detector
	longest    int  // samples
	partial    bool // partial results are wanted
	print      func(sherpa.Line)

	at      int       // samples before current or before
	current []float32 // the stretch that is being heard; empty: silence
	before  []float32 // the end of the silence
	heard   int       // of current, when last heard
	took    int       // samples that came in the time it took to be heard
}

func newOffline(m sherpa.Model, threads int, print func(sherpa.Line)) (*offline, error) {
	c := onnx.OfflineRecognizerConfig{FeatConfig: onnx.FeatureConfig{SampleRate: asr.Rate, FeatureDim: 80}, DecodingMethod: "greedy_search"}
	c.ModelConfig = onnx.OfflineModelConfig{Tokens: m.Files["tokens"], NumThreads: threads, Provider: "cpu"}
	switch m.Family {
	case sherpa.Moonshine:
		c.ModelConfig.Moonshine = onnx.OfflineMoonshineModelConfig{Preprocessor: m.Files["preprocessor"], Encoder: m.Files["encoder"],
			UncachedDecoder: m.Files["uncached"], CachedDecoder: m.Files["cached"]}
	case sherpa.MoonshineMerged:
		c.ModelConfig.Moonshine = onnx.OfflineMoonshineModelConfig{Encoder: m.Files["encoder"], MergedDecoder: m.Files["merged"]}
	case sherpa.Whisper:
		c.ModelConfig.Whisper = onnx.OfflineWhisperModelConfig{Encoder: m.Files["encoder"], Decoder: m.Files["decoder"], Language: "en", Task: "transcribe", TailPaddings: -1}
	case sherpa.OfflineTransducer:
		c.ModelConfig.Transducer = onnx.OfflineTransducerModelConfig{Encoder: m.Files["encoder"], Decoder: m.Files["decoder"], Joiner: m.Files["joiner"]}
		if strings.Contains(m.Name, "nemo") || strings.Contains(m.Name, "parakeet") {
			c.ModelConfig.ModelType = "nemo_transducer"
		}
	}
	r := onnx.NewOfflineRecognizer(&c)
	if r == nil {
		return nil, errors.New("the model cannot be loaded")
	}
	d, err := newDetector(m.VAD)
	limit := longest * asr.Rate
	if m.Family == sherpa.MoonshineMerged {
		limit = moonshineLongest * asr.Rate
	}
	return &offline{recogniser: r, speech: d, longest: limit, partial: m.Streaming(), print: print}, err
}

func (o *offline) push(samples []float32, behind bool) {
	speech := o.speech.push(samples)
	if len(o.current) == 0 && !speech {
		o.before = append(o.before, samples...)
		if over := len(o.before) - o.speech.lead(); over > 0 {
			o.before = append(o.before[:0], o.before[over:]...)
			o.at += over
		}
		return
	}
	if len(o.current) == 0 {
		o.current, o.before, o.heard = append(o.before, samples...), nil, 0
	} else {
		o.current = append(o.current, samples...)
	}
	switch {
	case !speech:
		o.end(len(o.current))
		return
	case len(o.current) >= o.longest:
		o.end(quietest(o.current))
		return
	}
	if o.partial && (!behind || o.heard == 0) && len(o.current) >= early && len(o.current)-o.heard >= max(step, len(o.current)/partials, rest*o.took) {
		o.heard = len(o.current)
		began := time.Now()
		o.hear(true)
		o.took = int(asr.Samples(time.Since(began)))
	}
}

// end hears the first n samples of the stretch for good; the rest begins the next one.
func (o *offline) end(n int) {
	rest := append([]float32(nil), o.current[n:]...)
	o.current = o.current[:n]
	if n >= shortest {
		o.hear(false)
	}
	o.at += n
	o.current, o.heard = rest, 0
}

// quietest is where a stretch is best cut: in the middle of the quietest tenth of a second of its last third.
func quietest(samples []float32) int {
	const window = asr.Rate / 10
	best, at := float32(math.MaxFloat32), len(samples)
	for i := 2 * len(samples) / 3; i+window <= len(samples); i += window / 4 {
		var sum float32
		for _, x := range samples[i : i+window] {
			sum += x * x
		}
		if sum < best {
			best, at = sum, i+window/2
		}
	}
	return at
}

func (o *offline) finish() {
	if len(o.current) > 0 {
		o.end(len(o.current))
	}
}

// noise is what models write for what is not speech: [music], (coughs).
var noise = regexp.MustCompile(`[\[(][^\])]*[\])]`)

func (o *offline) hear(partial bool) {
	s := onnx.NewOfflineStream(o.recogniser)
	defer onnx.DeleteOfflineStream(s)
	s.AcceptWaveform(asr.Rate, o.current)
	o.recogniser.Decode(s)
	r := s.GetResult()
	begin, end := seconds(o.at), seconds(o.at+len(o.current))
	text := strings.TrimSpace(noise.ReplaceAllString(r.Text, " "))
	if strings.Trim(text, ".,!?- ") == "" {
		return
	}
	o.print(sherpa.Line{Partial: partial, Begin: begin, End: end, Text: text, Words: words(r.Tokens, r.Timestamps, begin, end)})
}

func seconds(samples int) float64 { return float64(samples) / asr.Rate }

// words puts tokens together to words; there are none if the model does not say when each token is spoken.
func words(tokens []string, times []float32, begin, end float64) []sherpa.Word {
	if len(tokens) == 0 || len(times) != len(tokens) {
		return nil
	}
	var list []sherpa.Word
	for i, t := range tokens {
		text := strings.TrimLeft(strings.ReplaceAll(t, "▁", " "), " ")
		starts := len(text) < len(strings.ReplaceAll(t, "▁", " "))
		at := begin + float64(times[i])
		if n := len(list); n > 0 {
			list[n-1].End = at
			if !starts {
				list[n-1].Text += text
				continue
			}
		}
		if text != "" {
			list = append(list, sherpa.Word{Text: text, Begin: at})
		}
	}
	if n := len(list); n > 0 {
		list[n-1].End = end
	}
	return list
}
