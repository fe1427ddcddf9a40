// SPDX-License-Identifier: Apache-2.0

package audio

import (
	"bufio"
	"encoding/binary"

	"galen/internal/fault"
)

// maxChunk bounds what stands before the samples of a WAV file, in bytes.
const maxChunk = 1 << 20

// ReadFormat reads what a WAV or FLAC file holds from its beginning, and leaves r where a Decoder of that format goes on: at the
// first sample of a WAV file, at the beginning of a FLAC file. It fails with fault.Invalid for other files and formats.
func ReadFormat(r *bufio.Reader) (Format, error) {
	magic, err := r.Peek(4)
	if err != nil {
		return Format{}, fault.Wrap(fault.Invalid, err, "the file has no audio")
	}
	var f Format
	switch string(magic) {
	case "fLaC":
		head, err := r.Peek(21) // the first block says it all
		if err != nil {
			return Format{}, fault.Wrap(fault.Invalid, err, "the FLAC file ends in its beginning")
		}
		f = Format{FLAC, int(head[18])<<12 | int(head[19])<<4 | int(head[20])>>4, int(head[20]>>1&7) + 1}
	case "RIFF":
		if f, err = readWAV(r); err != nil {
			return Format{}, err
		}
	default:
		return Format{}, fault.New(fault.Invalid, "the file is neither WAV nor FLAC")
	}
	return f, f.Check()
}

// readWAV reads as far as the samples.
func readWAV(r *bufio.Reader) (Format, error) {
	short := func(err error) error { return fault.Wrap(fault.Invalid, err, "the WAV file ends before its samples") }
	if n, err := r.Discard(12); err != nil || n < 12 {
		return Format{}, short(err)
	}
	var f Format
	for left := maxChunk; left > 0; {
		head, err := r.Peek(8)
		if err != nil {
			return Format{}, short(err)
		}
		id, size := string(head[:4]), int(binary.LittleEndian.Uint32(head[4:]))
		_, _ = r.Discard(8) // they were peeked at
		if id == "data" {
			if f.Rate == 0 {
				return Format{}, fault.New(fault.Invalid, "the WAV file does not say what its samples are")
			}
			return f, nil
		}
		if id == "fmt " {
			b, err := r.Peek(16)
			if err != nil {
				return Format{}, short(err)
			}
			kind, bits := binary.LittleEndian.Uint16(b), binary.LittleEndian.Uint16(b[14:])
			if kind != 1 && kind != 0xFFFE || bits != 16 { // plain, or plain with more said
				return Format{}, fault.New(fault.Invalid, "the WAV file is not 16-bit PCM")
			}
			f = Format{PCM, int(binary.LittleEndian.Uint32(b[4:])), int(binary.LittleEndian.Uint16(b[2:]))}
		}
		size += size & 1
		if size > left {
			break
		}
		left -= size + 8
		if _, err := r.Discard(size); err != nil {
			return Format{}, short(err)
		}
	}
	return Format{}, fault.New(fault.Invalid, "the WAV file has no samples")
}
