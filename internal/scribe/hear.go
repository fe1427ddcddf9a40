// SPDX-License-Identifier: Apache-2.0

package scribe

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"galen/internal/scribe/asr"
	"galen/internal/scribe/drugs"
	"galen/internal/scribe/recording"
	"galen/internal/scribe/transcript"
)

// hearer turns what the recogniser of one channel gives into segments.
type hearer struct {
	recogniser asr.Recogniser
	channel    int
	role       transcript.Role
	drugs      *drugs.Lexicon
	log        *journal
	tell       func(transcript.Segment) // of a connection: tells the client; nil: nobody is told
	done       sync.WaitGroup
	err        error // why segments could not be kept; set before done
}

// openHearers opens a recogniser for each channel, from where it is covered.
func (s *Service) openHearers(ctx context.Context, c *Config, h *history, log *journal, tell func(transcript.Segment)) ([]*hearer, error) {
	var list []*hearer
	for channel := range c.channels() {
		r, err := s.recogniser.Open(ctx, asr.Options{Channel: channel, Begin: h.covered[channel]})
		if err != nil {
			for _, x := range list {
				x.recogniser.Close()
				x.done.Wait()
			}
			return nil, err
		}
		x := &hearer{recogniser: r, channel: channel, role: c.role(channel), drugs: s.opt.Drugs, log: log, tell: tell}
		x.done.Go(x.run)
		list = append(list, x)
	}
	return list, nil
}

// run takes results until there are no more.
func (x *hearer) run() {
	id := NewID()
	for result := range x.recogniser.Results() {
		segment := Segment(id, x.channel, x.role, result)
		if !result.Partial {
			id = NewID()
			segment = x.drugs.Mend(segment)
			text, _ := json.Marshal(segment) // strings and finite numbers cannot fail
			if err := x.log.keep(recording.Entry{Kind: segmentMade, Data: text}); err != nil {
				x.err = errors.Join(x.err, err)
				continue
			}
		}
		if x.tell != nil {
			x.tell(segment)
		}
	}
}

// Segment is what a recogniser heard on a channel, whose speaker's role may be known.
func Segment(id string, channel int, role transcript.Role, r asr.Result) transcript.Segment {
	s := transcript.Segment{ID: id, Channel: channel, Begin: r.Begin.Seconds(), End: r.End.Seconds(), Content: r.Text, Partial: r.Partial}
	if role != transcript.Unknown {
		s.Role, s.RoleBy, s.RoleFor = role, transcript.ByChannel, 1
	}
	for _, w := range r.Words {
		s.Words = append(s.Words, transcript.Word{Text: w.Text, Begin: w.Begin.Seconds(), End: w.End.Seconds(), Confidence: w.Confidence})
	}
	return s
}

// NewID makes a random UUID.
func NewID() string {
	var b [16]byte
	rand.Read(b[:])
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

// listen opens the connection's recognisers and lets them hear what was recorded before and not heard.
func (l *Live) listen(ctx context.Context, h *history) error {
	var err error
	l.hearers, err = l.s.openHearers(ctx, l.session.Config, h, l.log, l.tell)
	if err != nil {
		return err
	}
	return l.s.hearAgain(ctx, l.session.Key, h, l.hearers)
}

// tell hands a segment to the client. A partial one is left out if the client is behind; a final one waits.
func (l *Live) tell(s transcript.Segment) {
	if s.Partial {
		select {
		case l.out <- s:
		default:
		}
		return
	}
	select {
	case l.out <- s:
	case <-l.life.Done(): // it is in the recording
	}
}

// hearAgain pushes the part of the recording that the hearers' channels are not covered for.
func (s *Service) hearAgain(ctx context.Context, k Key, h *history, hearers []*hearer) error {
	behind := false
	for i := range hearers {
		behind = behind || h.covered[i] < h.length
	}
	if !behind {
		return nil
	}
	var at int64 // samples so far
	return s.replay(k, func(recording.Entry) error { return nil }, func(samples [][]int16) error {
		for i, x := range hearers {
			if i >= len(samples) {
				break
			}
			skip := min(max(asr.Samples(h.covered[i])-at, 0), int64(len(samples[i])))
			if err := x.recogniser.Push(ctx, samples[i][skip:]); err != nil {
				return err
			}
		}
		at += int64(len(samples[0]))
		return nil
	})
}

// finishHearing waits until all that was pushed is heard, and marks it so.
func finishHearing(ctx context.Context, hearers []*hearer, log *journal) error {
	for _, x := range hearers {
		if err := x.recogniser.Finish(); err != nil {
			return err
		}
	}
	stop := context.AfterFunc(ctx, func() {
		for _, x := range hearers {
			x.recogniser.Close()
		}
	})
	defer stop()
	for _, x := range hearers {
		x.done.Wait()
	}
	until := log.add(0)
	var all error
	for _, x := range hearers {
		err := errors.Join(x.recogniser.Err(), x.err, ctx.Err())
		if err == nil {
			err = log.markHeard(x.channel, until)
		}
		all = errors.Join(all, err)
	}
	return all
}

func (j *journal) markHeard(channel int, until time.Duration) error {
	text, _ := json.Marshal(heard{channel, until}) // numbers cannot fail
	return j.keep(recording.Entry{Kind: heardAll, Data: text})
}
