// SPDX-License-Identifier: Apache-2.0

package audio

import (
	"errors"
	"fmt"
	"io"

	"github.com/mewkiz/flac"

	"galen/internal/fault"
)

// flacDecoder decodes FLAC. The library pulls; a goroutine of the decoder's own lets it, from a pipe that Write fills. Close waits
// for it.
type flacDecoder struct {
	format Format
	out    *channels
	in     *io.PipeWriter
	blocks chan [][]int16 // closed when the goroutine has ended
	failed error          // set before blocks is closed
}

// waitingBlocks is how many decoded blocks may wait to be taken.
const waitingBlocks = 4

func newFLAC(f Format) *flacDecoder {
	r, w := io.Pipe()
	d := &flacDecoder{format: f, out: newChannels(f), in: w, blocks: make(chan [][]int16, waitingBlocks)}
	go func() {
		defer close(d.blocks)
		d.failed = d.decode(r)
		r.CloseWithError(io.ErrClosedPipe)
	}()
	return d
}

// decode gives out blocks until the stream ends or is wrong.
func (d *flacDecoder) decode(r io.Reader) (err error) {
	defer func() {
		if p := recover(); p != nil { // the library's own trouble with what a client sends
			err = fault.New(fault.Invalid, "the audio is not FLAC that can be read: %v", p)
		}
	}()
	stream, err := flac.New(r)
	if err != nil {
		return notFLAC(err)
	}
	if i := stream.Info; int(i.SampleRate) != d.format.Rate || int(i.NChannels) != d.format.Channels || i.BitsPerSample != 16 {
		return fault.New(fault.Invalid, "the FLAC stream has %d channels of %d bits at %d Hz; the session was started with %d of 16 bits at %d Hz",
			i.NChannels, i.BitsPerSample, i.SampleRate, d.format.Channels, d.format.Rate)
	}
	for {
		frame, err := stream.ParseNext()
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return notFLAC(err)
		case len(frame.Subframes) != d.format.Channels:
			return fault.New(fault.Invalid, "the number of channels changes within the FLAC stream")
		}
		block := make([][]int16, len(frame.Subframes))
		for c, sub := range frame.Subframes {
			block[c] = make([]int16, len(sub.Samples))
			for i, s := range sub.Samples {
				block[c][i] = int16(s)
			}
		}
		d.blocks <- block
	}
}

func notFLAC(err error) error {
	if errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) {
		return fault.New(fault.Invalid, "the FLAC stream ends too early").WithCode(cut)
	}
	return fault.Wrap(fault.Invalid, fmt.Errorf("flac: %w", err), "the audio is not FLAC that can be read")
}

func (d *flacDecoder) Write(piece []byte) ([][]int16, error) {
	written := make(chan struct{})
	go func() {
		defer close(written)
		_, _ = d.in.Write(piece) // a stream that has failed says so itself
	}()
	out := make([][]int16, d.format.Channels)
	for {
		select {
		case block, ok := <-d.blocks:
			if !ok {
				<-written
				return out, d.failed
			}
			d.add(out, d.out.push(block))
		case <-written:
			return d.ready(out)
		}
	}
}

// ready adds the blocks that wait.
func (d *flacDecoder) ready(out [][]int16) ([][]int16, error) {
	for {
		select {
		case block, ok := <-d.blocks:
			if !ok {
				return out, d.failed
			}
			d.add(out, d.out.push(block))
		default:
			return out, nil
		}
	}
}

func (d *flacDecoder) Close() ([][]int16, error) {
	_ = d.in.Close() // a pipe's end cannot fail
	out := make([][]int16, d.format.Channels)
	for block := range d.blocks {
		d.add(out, d.out.push(block))
	}
	d.add(out, d.out.flush())
	return out, d.failed
}

func (d *flacDecoder) add(out, block [][]int16) {
	for c := range out {
		out[c] = append(out[c], block[c]...)
	}
}
