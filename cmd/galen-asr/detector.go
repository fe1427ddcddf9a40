// SPDX-License-Identifier: Apache-2.0

//go:build cgo && linux

package main

import (
	"errors"

	onnx "github.com/k2-fsa/sherpa-onnx-go-linux"

	"galen/internal/scribe/asr"
	"galen/internal/scribe/audio"
)

// detector tells speech from silence.
type detector interface {
	// push takes samples and reports whether there is speech at their end.
	push(samples []float32) bool
	// lead is how many samples before those at which speech is told of may be speech already.
	lead() int
}

// newDetector is silero's if its model is at path, and else goes by energy.
func newDetector(path string) (detector, error) {
	if path == "" {
		return &energy{}, nil
	}
	v := onnx.NewVoiceActivityDetector(&onnx.VadModelConfig{SampleRate: asr.Rate, NumThreads: 1, Provider: "cpu",
		SileroVad: onnx.SileroVadModelConfig{Model: path, Threshold: 0.5, MinSilenceDuration: 0.3, MinSpeechDuration: 0.1, WindowSize: 512, MaxSpeechDuration: longest}}, 60)
	if v == nil {
		return nil, errors.New("the voice activity detector cannot be loaded")
	}
	return &silero{v}, nil
}

type silero struct{ v *onnx.VoiceActivityDetector }

func (s *silero) push(samples []float32) bool {
	s.v.AcceptWaveform(samples)
	for !s.v.IsEmpty() { // stretches are cut elsewhere
		s.v.Pop()
	}
	return s.v.IsSpeech()
}

func (s *silero) lead() int { return 2 * asr.Rate / 5 }

type energy struct {
	d    audio.Detector
	last bool
}

func (e *energy) push(samples []float32) bool {
	ints := make([]int16, len(samples))
	for i, s := range samples {
		ints[i] = int16(s * 32768)
	}
	for _, speech := range e.d.Push(ints) {
		e.last = speech
	}
	return e.last
}

func (e *energy) lead() int { return asr.Rate / 5 }
