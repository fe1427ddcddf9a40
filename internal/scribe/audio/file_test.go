// SPDX-License-Identifier: Apache-2.0

package audio_test

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"io"
	"testing"

	"galen/internal/fault"
	"galen/internal/scribe/audio"
)

// wav is a WAV file with a chunk that nobody knows before its format.
func wav(kind, channels, bits uint16, rate uint32, samples string) []byte {
	b := []byte("RIFF\x00\x00\x00\x00WAVELIST\x03\x00\x00\x00abc\x00fmt \x10\x00\x00\x00")
	b = binary.LittleEndian.AppendUint16(b, kind)
	b = binary.LittleEndian.AppendUint16(b, channels)
	b = binary.LittleEndian.AppendUint32(b, rate)
	b = append(b, make([]byte, 6)...)
	b = binary.LittleEndian.AppendUint16(b, bits)
	b = append(b, "data"...)
	b = binary.LittleEndian.AppendUint32(b, uint32(len(samples)))
	return append(b, samples...)
}

// flacHead is the beginning of a FLAC file of 44,100 Hz and two channels.
const flacHead = "fLaC\x00\x00\x00\x22\x10\x00\x10\x00\x00\x00\x00\x00\x00\x00\x0a\xc4\x42\xf0\x00\x00"

func TestReadFormat(t *testing.T) {
	for name, c := range map[string]struct {
		file string
		want audio.Format
		rest string
	}{
		"WAV":        {string(wav(1, 2, 16, 8000, "abcd")), audio.Format{Encoding: audio.PCM, Rate: 8000, Channels: 2}, "abcd"},
		"FLAC":       {flacHead, audio.Format{Encoding: audio.FLAC, Rate: 44100, Channels: 2}, flacHead},
		"24 bits":    {string(wav(1, 2, 24, 8000, "abcd")), audio.Format{}, ""},
		"A-law":      {string(wav(6, 1, 16, 8000, "abcd")), audio.Format{}, ""},
		"96 kHz":     {string(wav(1, 1, 16, 96000, "abcd")), audio.Format{}, ""},
		"no samples": {string(wav(1, 1, 16, 8000, ""))[:50], audio.Format{}, ""},
		"short":      {flacHead[:20], audio.Format{}, ""},
		"text":       {"What was said", audio.Format{}, ""},
		"nothing":    {"", audio.Format{}, ""},
	} {
		r := bufio.NewReader(bytes.NewReader([]byte(c.file)))
		got, err := audio.ReadFormat(r)
		if c.rest == "" {
			if fault.KindOf(err) != fault.Invalid {
				t.Errorf("%s: got %v, %v, want fault.Invalid", name, got, err)
			}
			continue
		}
		if rest, _ := io.ReadAll(r); err != nil || got != c.want || string(rest) != c.rest {
			t.Errorf("%s: got %v, %v, then %q, want %v, then %q", name, got, err, rest, c.want, c.rest)
		}
	}
}

func FuzzReadFormat(f *testing.F) {
	f.Add([]byte(flacHead))
	f.Add(wav(1, 1, 16, 16000, "ab"))
	f.Fuzz(func(t *testing.T, file []byte) {
		got, err := audio.ReadFormat(bufio.NewReader(bytes.NewReader(file)))
		if err == nil && got.Check() != nil {
			t.Errorf("took %v", got)
		}
	})
}
