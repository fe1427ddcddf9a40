// SPDX-License-Identifier: Apache-2.0

package audio

import (
	"encoding/binary"
	"errors"
	"slices"

	"galen/internal/fault"
)

// Rate is that of all samples that come out, in Hz.
const Rate = 16_000

// Encoding is how audio comes in.
type Encoding string

// The encodings.
const (
	PCM  Encoding = "pcm"  // 16-bit signed, little-endian
	FLAC Encoding = "flac" // 16-bit
)

// Format is what comes in.
type Format struct {
	Encoding Encoding
	Rate     int // Hz, 8,000 to 48,000
	Channels int // 1 or 2
}

// Check fails with fault.Invalid for a format that is not taken.
func (f Format) Check() error {
	switch {
	case f.Encoding != PCM && f.Encoding != FLAC:
		return fault.New(fault.Invalid, "the media encoding is pcm or flac")
	case f.Rate < 8_000 || f.Rate > 48_000:
		return fault.New(fault.Invalid, "the sample rate is 8,000 to 48,000 Hz")
	case f.Channels != 1 && f.Channels != 2:
		return fault.New(fault.Invalid, "audio has one channel or two")
	}
	return nil
}

// Decoder decodes a stream of audio.
type Decoder interface {
	// Write takes the next piece, and gives the samples that are ready, a slice a channel, all of one length; they are the
	// caller's. It fails with fault.Invalid if the piece is not what the format says; what came before stays good.
	Write(piece []byte) ([][]int16, error)

	// Close gives the last samples. It fails as Write does, for audio that ends too early too (IsCut). It must be called once.
	Close() ([][]int16, error)
}

// feedFLAC is how many bytes of FLAC are decoded at a time: they may be a minute of silence.
const feedFLAC = 512

// Feed writes a piece to d and gives hear what is ready; a piece of FLAC a little at a time, so that what decodes to much is never in memory as a
// whole. It fails as Write does, and tells that from what hear fails with.
func Feed(d Decoder, piece []byte, hear func([][]int16) error) (decoding, hearing error) {
	n := max(len(piece), 1)
	if _, ok := d.(*flacDecoder); ok {
		n = feedFLAC
	}
	for part := range slices.Chunk(piece, n) {
		samples, err := d.Write(part)
		if hearing := hear(samples); hearing != nil || err != nil {
			return err, hearing
		}
	}
	return nil, nil
}

// cut is the code of audio that ends too early.
const cut = "cut"

// IsCut reports whether a decoder's Close failed only because the audio ends within a sample or a frame: it was heard up to there.
func IsCut(err error) bool {
	var f *fault.Fault
	return errors.As(err, &f) && f.Code == cut
}

// NewDecoder makes a decoder. It fails as Format.Check does.
func NewDecoder(f Format) (Decoder, error) {
	if err := f.Check(); err != nil {
		return nil, err
	}
	if f.Encoding == FLAC {
		return newFLAC(f), nil
	}
	return &pcm{out: newChannels(f)}, nil
}

// channels resamples each channel by itself.
type channels struct {
	resamplers []*Resampler
}

func newChannels(f Format) *channels {
	c := &channels{}
	for range f.Channels {
		c.resamplers = append(c.resamplers, NewResampler(f.Rate))
	}
	return c
}

// push resamples a block, a slice a channel.
func (c *channels) push(block [][]int16) [][]int16 {
	out := make([][]int16, len(c.resamplers))
	for i, r := range c.resamplers {
		out[i] = r.Push(block[i])
	}
	return out
}

// flush gives what the resamplers hold back.
func (c *channels) flush() [][]int16 {
	out := make([][]int16, len(c.resamplers))
	for i, r := range c.resamplers {
		out[i] = r.Flush()
	}
	return out
}

// pcm decodes PCM.
type pcm struct {
	out  *channels
	rest []byte // less than one sample of all channels
}

func (p *pcm) Write(piece []byte) ([][]int16, error) {
	n := len(p.out.resamplers)
	p.rest = append(p.rest, piece...)
	frames := len(p.rest) / (2 * n)
	block := make([][]int16, n)
	for c := range block {
		block[c] = make([]int16, frames)
		for i := range frames {
			block[c][i] = int16(binary.LittleEndian.Uint16(p.rest[2*(i*n+c):]))
		}
	}
	p.rest = append(p.rest[:0], p.rest[frames*2*n:]...)
	return p.out.push(block), nil
}

func (p *pcm) Close() ([][]int16, error) {
	if len(p.rest) > 0 {
		return p.out.flush(), fault.New(fault.Invalid, "the audio ends within a sample").WithCode(cut)
	}
	return p.out.flush(), nil
}
