// SPDX-License-Identifier: Apache-2.0

//go:build cgo && linux

package main

import (
	"errors"
	"strings"

	onnx "github.com/k2-fsa/sherpa-onnx-go-linux"

	"galen/internal/scribe/asr"
	"galen/internal/scribe/asr/sherpa"
)

// Where a result becomes final, in seconds.
const (
	pauseSilent  = 2.4 // of silence, with nothing heard
	pauseSpoken  = 0.7 // of silence after speech
	longestHeard = 20  // of speech
	tail         = 0.6 // of silence that the model needs to hear the end
)

// online hears with a model that takes audio as it comes.
type online struct {
	recogniser *onnx.OnlineRecognizer
	stream     *onnx.OnlineStream
	print      func(sherpa.Line)
	at         int // samples pushed
	begin      int // of them, when the result began
	last       string
}

func newOnline(m sherpa.Model, threads int, print func(sherpa.Line)) (*online, error) {
	c := onnx.OnlineRecognizerConfig{FeatConfig: onnx.FeatureConfig{SampleRate: asr.Rate, FeatureDim: 80}, DecodingMethod: "greedy_search",
		EnableEndpoint: 1, Rule1MinTrailingSilence: pauseSilent, Rule2MinTrailingSilence: pauseSpoken, Rule3MinUtteranceLength: longestHeard}
	c.ModelConfig = onnx.OnlineModelConfig{Tokens: m.Files["tokens"], NumThreads: threads, Provider: "cpu"}
	switch m.Family {
	case sherpa.OnlineTransducer:
		c.ModelConfig.Transducer = onnx.OnlineTransducerModelConfig{Encoder: m.Files["encoder"], Decoder: m.Files["decoder"], Joiner: m.Files["joiner"]}
	case sherpa.OnlineParaformer:
		c.ModelConfig.Paraformer = onnx.OnlineParaformerModelConfig{Encoder: m.Files["encoder"], Decoder: m.Files["decoder"]}
	case sherpa.OnlineCTC:
		c.ModelConfig.NemoCtc = onnx.OnlineNemoCtcModelConfig{Model: m.Files["model"]}
	}
	r := onnx.NewOnlineRecognizer(&c)
	if r == nil {
		return nil, errors.New("the model cannot be loaded")
	}
	return &online{recogniser: r, stream: onnx.NewOnlineStream(r), print: print}, nil
}

func (o *online) push(samples []float32, _ bool) {
	o.stream.AcceptWaveform(asr.Rate, samples)
	o.at += len(samples)
	o.hear()
	ended := o.recogniser.IsEndpoint(o.stream)
	o.tell(!ended)
	if ended {
		o.recogniser.Reset(o.stream)
		o.begin, o.last = o.at, ""
	}
}

func (o *online) finish() {
	o.stream.AcceptWaveform(asr.Rate, make([]float32, int(tail*asr.Rate)))
	o.stream.InputFinished()
	o.hear()
	o.tell(false)
}

func (o *online) hear() {
	for o.recogniser.IsReady(o.stream) {
		o.recogniser.Decode(o.stream)
	}
}

// tell prints what is heard, if it is new or final.
func (o *online) tell(partial bool) {
	r := o.recogniser.GetResult(o.stream)
	text := strings.ToLower(strings.TrimSpace(r.Text))
	if text == "" || partial && text == o.last {
		return
	}
	o.last = text
	begin, end := seconds(o.begin), seconds(o.at)
	list := words(r.Tokens, r.Timestamps, begin, end)
	for i := range list {
		list[i].Text = strings.ToLower(list[i].Text)
	}
	o.print(sherpa.Line{Partial: partial, Begin: begin, End: end, Text: text, Words: list})
}
