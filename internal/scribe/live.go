// SPDX-License-Identifier: Apache-2.0

package scribe

import (
	"context"
	"errors"
	"sync"
	"time"

	"galen/internal/engine"
	"galen/internal/fault"
	"galen/internal/scribe/asr"
	"galen/internal/scribe/audio"
	"galen/internal/scribe/recording"
	"galen/internal/scribe/transcript"
)

// MaxPiece is the longest piece of audio that a client sends at once, in bytes.
const MaxPiece = 32_000

// journal is a recording that several goroutines write.
type journal struct {
	mu     sync.Mutex
	log    *recording.Log // guarded by mu
	length time.Duration  // guarded by mu: of the audio, that of earlier connections included
}

func (j *journal) begin(length time.Duration) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.length = length
}

func (j *journal) append(e recording.Entry) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.log.Append(e)
}

// keep appends an entry and makes all so far durable.
func (j *journal) keep(e recording.Entry) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if err := j.log.Append(e); err != nil {
		return err
	}
	return j.log.Sync()
}

func (j *journal) add(samples int) time.Duration {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.length += asr.Duration(int64(samples))
	return j.length
}

func (j *journal) close() error {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.log.Close()
}

// heardSoFar is how much audio the session has, in seconds.
func (l *Live) heardSoFar() float64 {
	l.s.mu.Lock()
	log := l.log
	l.s.mu.Unlock()
	if log == nil {
		return 0
	}
	return log.add(0).Seconds()
}

// Segments gives what is heard, as it is: partial segments, which the next one with the same id replaces, and final ones. It is
// closed by Close, and must be read until then: hearing waits for it, but for partial segments, which are left out.
func (l *Live) Segments() <-chan transcript.Segment { return l.out }

// Audio takes a piece of audio. It fails with fault.Invalid for one that is not what was agreed, that comes too early or too late, or when the
// session is as long as it may be; and with fault.Unavailable if it can no longer be heard. It waits while recognisers are behind.
func (l *Live) Audio(ctx context.Context, piece []byte) error {
	switch {
	case l.decoder == nil:
		return fault.New(fault.Invalid, "the first event of a connection is the configuration")
	case l.over:
		return fault.New(fault.Invalid, "the session is over: nothing comes after END_OF_SESSION")
	case len(piece) > MaxPiece:
		return fault.New(fault.Invalid, "a piece of audio has at most %d bytes", MaxPiece)
	case len(piece) == 0:
		return nil
	}
	if l.taken += int64(len(piece)); l.taken > l.mayTake { // bytes that decode to nothing
		return l.full()
	}
	if err := l.log.append(recording.Entry{Kind: audioPiece, Data: piece}); err != nil {
		return err
	}
	failed, err := audio.Feed(l.decoder, piece, func(samples [][]int16) error {
		if err := l.hear(ctx, samples); err != nil {
			return err
		}
		if l.log.add(0) > l.s.opt.MaxAudio {
			return l.full()
		}
		return nil
	})
	if err != nil {
		return err
	}
	l.broken = failed != nil
	return failed
}

// full is what a client is told whose session is as long as it may be.
func (l *Live) full() error {
	return fault.New(fault.Invalid, "the session has more than %v of audio: end it", l.s.opt.MaxAudio).WithCode("too-long")
}

// hear lets the recognisers hear samples, a slice a channel.
func (l *Live) hear(ctx context.Context, samples [][]int16) error {
	l.log.add(len(samples[0]))
	for i, h := range l.hearers {
		if err := h.recogniser.Push(ctx, samples[i]); err != nil {
			return err
		}
	}
	return nil
}

// End takes the client's word that the session is over; Close completes it.
func (l *Live) End() error {
	if l.decoder == nil {
		return fault.New(fault.Invalid, "the first event of a connection is the configuration")
	}
	l.over = true
	return nil
}

// finishing is how long what is left may take to be heard when a connection ends.
const finishing = 2 * time.Minute

// Close ends the connection: what is left is heard, and the session is paused or, after End, completed. It fails if that could not be
// stored; the session then goes on as one that was left.
func (l *Live) Close() error {
	defer l.leave()
	defer close(l.out)
	ctx, cancel := context.WithTimeout(context.Background(), finishing)
	defer cancel()
	defer context.AfterFunc(ctx, l.end)()
	err := l.finish(ctx)
	l.end()
	for _, h := range l.hearers {
		h.recogniser.Close()
		h.done.Wait()
	}
	err = errors.Join(err, l.log.close())
	l.storeEnd()
	length := l.log.add(0).Seconds()
	if l.over {
		return errors.Join(err, l.s.complete(ctx, l.session.Key, length))
	}
	_, cerr := l.s.change(ctx, l.session.Key, func(s *Session) error {
		s.Status, s.Heard = Paused, max(s.Heard, length)
		return nil
	}, nil)
	return errors.Join(err, cerr)
}

// finish lets what is left be heard, and marks it as heard.
func (l *Live) finish(ctx context.Context) error {
	if l.decoder == nil {
		return nil
	}
	samples, wrong := l.decoder.Close()
	if l.broken || audio.IsCut(wrong) { // it was told, or is heard up to there
		wrong = nil
	}
	if err := l.hear(ctx, samples); err != nil {
		return errors.Join(wrong, err)
	}
	return errors.Join(wrong, finishHearing(ctx, l.hearers, l.log))
}

// complete stores that a session is over, and with it the job that writes its documents.
func (s *Service) complete(ctx context.Context, k Key, length float64) error {
	for {
		session, row, err := s.load(ctx, k)
		if err != nil || session.Status == Completed {
			return err
		}
		session.Status, session.Ended, session.Heard = Completed, s.opt.Now().UTC(), max(session.Heard, length)
		session.Transcript.Status, session.Note.Status, session.Summary.Status = Writing, Writing, Writing
		if session.Config.Codes {
			session.Codes.Status = Writing
		}
		_, err = s.jobs.Submit(ctx, newJob(k), func(b *engine.Batch) {
			b.Require(sessionKey(k), row)
			put(b, session)
		})
		if !errors.Is(err, fault.Precondition) {
			return err
		}
	}
}
