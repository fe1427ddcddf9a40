// SPDX-License-Identifier: Apache-2.0

package scribe

import (
	"encoding/json"
	"fmt"
	"time"

	"galen/internal/fault"
	"galen/internal/scribe/asr"
	"galen/internal/scribe/audio"
	"galen/internal/scribe/recording"
	"galen/internal/scribe/transcript"
)

// The kinds of entries in a recording.
const (
	connected   = 'c' // a connection began: its audio.Format as JSON
	audioPiece  = 'a' // audio as it came
	segmentMade = 's' // a final segment, as JSON
	heardAll    = 'h' // a channel was heard up to a time, as JSON of heard
	noteMade    = 'n' // the note, in the Writer's own form
)

// heard says that a channel needs no more hearing up to a time.
type heard struct {
	Channel int
	Until   time.Duration
}

// history is what a recording tells.
type history struct {
	segments []transcript.Segment
	covered  [2]time.Duration // of each channel
	length   time.Duration    // of the audio
	bytes    int64            // of the audio, as it came
	note     []byte
}

// readHistory reads a recording without its sound.
func (s *Service) readHistory(k Key) (*history, error) {
	h := &history{}
	err := s.replay(k, h.add, func(samples [][]int16) error {
		h.length += asr.Duration(int64(len(samples[0])))
		return nil
	})
	return h, err
}

func (h *history) add(e recording.Entry) error {
	switch e.Kind {
	case audioPiece:
		h.bytes += int64(len(e.Data))
	case segmentMade:
		var segment transcript.Segment
		if err := json.Unmarshal(e.Data, &segment); err != nil || segment.Channel < 0 || segment.Channel > 1 {
			return fault.Wrap(fault.Internal, err, "a segment of the recording cannot be read")
		}
		h.segments = append(h.segments, segment)
		h.cover(segment.Channel, time.Duration(segment.End*float64(time.Second)))
	case heardAll:
		var mark heard
		if err := json.Unmarshal(e.Data, &mark); err != nil || mark.Channel < 0 || mark.Channel > 1 {
			return fault.Wrap(fault.Internal, err, "a mark of the recording cannot be read")
		}
		h.cover(mark.Channel, mark.Until)
	case noteMade:
		h.note = e.Data
	}
	return nil
}

func (h *history) cover(channel int, until time.Duration) {
	h.covered[channel] = max(h.covered[channel], until)
}

// replay goes through a recording: entry is called for each entry but those of connections, sound with the samples of the audio, a slice a channel.
// Audio that cannot be decoded ends its connection's, as it did when it came; audio beyond Options.MaxAudio is left out.
func (s *Service) replay(k Key, entry func(recording.Entry) error, hear func([][]int16) error) error {
	var d audio.Decoder
	var length time.Duration
	sound := func(samples [][]int16) error {
		if length > s.opt.MaxAudio {
			return nil
		}
		length += asr.Duration(int64(len(samples[0])))
		return hear(samples)
	}
	finish := func() error {
		if d == nil {
			return nil
		}
		samples, _ := d.Close() // what came too early to its end is heard up to there
		d = nil
		return sound(samples)
	}
	err := recording.Read(s.path(k), s.opt.Key, k.secret(), func(e recording.Entry) error {
		switch e.Kind {
		case connected:
			if err := finish(); err != nil {
				return err
			}
			var f audio.Format
			if err := json.Unmarshal(e.Data, &f); err != nil {
				return fault.Wrap(fault.Internal, err, "a connection of the recording cannot be read")
			}
			var err error
			d, err = audio.NewDecoder(f)
			return err
		case audioPiece:
			if d == nil {
				break
			}
			failed, err := audio.Feed(d, e.Data, sound)
			if err == nil && failed != nil {
				err = finish()
			}
			if err != nil {
				return err
			}
		}
		return entry(e)
	})
	if ferr := finish(); err == nil {
		err = ferr
	}
	if err != nil {
		return fmt.Errorf("replay the recording: %w", err)
	}
	return nil
}
