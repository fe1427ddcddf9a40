// SPDX-License-Identifier: Apache-2.0

// Package asr is what the scribe asks of speech recognisers.
//
// A Provider opens a Recogniser for one channel of one session: samples go in, results come out, first partial ones that may still
// change, then a final one for each stretch of speech. Recognisers run out of process, so that a crash or a leak of theirs
// stays theirs; Restarting goes on with a new one where the last one left off. Package asrtest holds each provider to the contract.
package asr

import (
	"context"
	"time"
)

// Rate is that of the samples, in Hz: one channel, 16 bits.
const Rate = 16_000

// Provider opens recognisers. It is safe for concurrent use.
type Provider interface {
	// Info says what it is, for notes and answers.
	Info() Info

	// Open starts a recogniser. It fails with fault.Unavailable if it cannot be started now. ctx is for the opening alone.
	Open(ctx context.Context, o Options) (Recogniser, error)
}

// Info describes a provider.
type Info struct {
	Name      string // of the provider
	Model     string // of the recogniser; empty: not known
	Streaming bool   // partial results come while somebody speaks
	Notice    string // what its user must know, such as that it is not fit for clinical use; empty: nothing
}

// Options are those of one recogniser.
type Options struct {
	Channel int           // 0 or 1, for what knows the channels beforehand
	Begin   time.Duration // where in the session the first sample lies; times in results are the session's
}

// Recogniser hears one channel. One goroutine pushes, one reads the results; Close may be called by any.
type Recogniser interface {
	// Push takes the next samples, which it does not keep. It waits while the recogniser is behind, and fails once that has ended.
	Push(ctx context.Context, samples []int16) error

	// Finish says that no more will come: the rest is recognised, and Results ends.
	Finish() error

	// Results gives what is heard, in order of time. It is closed at the end, whatever that was; Err says which.
	Results() <-chan Result

	// Err is nil if all that was pushed was heard, and else why not: fault.Unavailable. It is for after Results has ended.
	Err() error

	// Close ends the recogniser and frees what it has. It may be called more than once.
	Close()
}

// Result is a stretch of speech.
type Result struct {
	Partial    bool // it may still change; the next result of the recogniser replaces it
	Begin, End time.Duration
	Text       string // as it was heard; punctuation only if the recogniser gives any
	Words      []Word // in order; nil if the recogniser does not say
}

// Word is a word of a result.
type Word struct {
	Text       string
	Begin, End time.Duration
	Confidence float64 // 0 to 1; 0 if not said
}

// Duration is how long samples take.
func Duration(samples int64) time.Duration { return time.Duration(samples) * time.Second / Rate }

// Samples is how many samples a time takes.
func Samples(d time.Duration) int64 { return int64(d) * Rate / int64(time.Second) }
