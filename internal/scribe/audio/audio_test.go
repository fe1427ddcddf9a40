// SPDX-License-Identifier: Apache-2.0

package audio_test

import (
	"encoding/binary"
	"errors"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/mewkiz/flac"

	"galen/internal/fault"
	"galen/internal/scribe/audio"
)

// tone is a sine of half the full scale.
func tone(hz float64, rate, n int) []int16 {
	out := make([]int16, n)
	for i := range out {
		out[i] = int16(16384 * math.Sin(2*math.Pi*hz*float64(i)/float64(rate)))
	}
	return out
}

// difference is the root mean square of a-b, relative to full scale; both ends are left out.
func difference(a, b []int16) float64 {
	n, edge, sum := min(len(a), len(b)), 400, 0.0
	for i := edge; i < n-edge; i++ {
		d := float64(a[i]) - float64(b[i])
		sum += d * d
	}
	return math.Sqrt(sum/float64(n-2*edge)) / 32768
}

func TestResamplerKeepsTonesAndTheirTime(t *testing.T) {
	for _, rate := range []int{8000, 11025, 16000, 22050, 24000, 44100, 47999, 48000} {
		for _, hz := range []float64{100, 1000, 3000} {
			r := audio.NewResampler(rate)
			in := tone(hz, rate, rate) // a second
			var got []int16
			for len(in) > 0 {
				n := min(len(in), 1+rand.IntN(700))
				got = append(got, r.Push(in[:n])...)
				in = in[n:]
			}
			got = append(got, r.Flush()...)
			if len(got) < audio.Rate-2 || len(got) > audio.Rate+2 {
				t.Errorf("%d Hz: a second becomes %d samples", rate, len(got))
			}
			if d := difference(got, tone(hz, audio.Rate, audio.Rate)); d > 0.002 {
				t.Errorf("a tone of %.0f Hz at %d Hz is off by %.4f", hz, rate, d)
			}
		}
	}
}

func TestResamplerTakesOutWhatCannotBeCarried(t *testing.T) {
	r := audio.NewResampler(48000)
	got := r.Push(tone(11000, 48000, 48000)) // over half of 16 kHz: it would come back as 5 kHz
	if d := difference(got, make([]int16, len(got))); d > 0.005 {
		t.Errorf("a tone over the new rate's reach is still there: %.4f", d)
	}
}

func TestPCMInPieces(t *testing.T) {
	left, right := tone(440, 16000, 5000), tone(880, 16000, 5000)
	var bytes []byte
	for i := range left {
		bytes = binary.LittleEndian.AppendUint16(bytes, uint16(left[i]))
		bytes = binary.LittleEndian.AppendUint16(bytes, uint16(right[i]))
	}
	d, err := audio.NewDecoder(audio.Format{Encoding: audio.PCM, Rate: 16000, Channels: 2})
	if err != nil {
		t.Fatal(err)
	}
	got := [2][]int16{}
	for len(bytes) > 0 {
		n := min(len(bytes), 1+rand.IntN(101))
		out, err := d.Write(bytes[:n])
		if err != nil {
			t.Fatal(err)
		}
		bytes = bytes[n:]
		got[0], got[1] = append(got[0], out[0]...), append(got[1], out[1]...)
	}
	if _, err := d.Close(); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(got[0], left) || !slices.Equal(got[1], right) {
		t.Error("the channels are not what was sent")
	}
}

func TestRefusedFormats(t *testing.T) {
	for _, f := range []audio.Format{{"mp3", 16000, 1}, {audio.PCM, 7999, 1}, {audio.PCM, 48001, 1}, {audio.FLAC, 16000, 3}, {audio.PCM, 16000, 0}} {
		if _, err := audio.NewDecoder(f); !errors.Is(err, fault.Invalid) {
			t.Errorf("%+v: %v", f, err)
		}
	}
	d, err := audio.NewDecoder(audio.Format{Encoding: audio.PCM, Rate: 16000, Channels: 1})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.Write(make([]byte, 3)); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Close(); !errors.Is(err, fault.Invalid) {
		t.Errorf("half a sample: %v", err)
	}
}

func speechFile(t *testing.T, name string) string {
	t.Helper()
	path := filepath.Join("..", "..", "..", "..", "shared", "data", "speech", name)
	if _, err := os.Stat(path); err != nil {
		t.Skip("the speech data is not here: ", path)
	}
	return path
}

// decode pushes a FLAC file through a decoder in pieces, cutting it off after limit bytes.
func decode(t *testing.T, file []byte, f audio.Format) ([][]int16, error) {
	t.Helper()
	d, err := audio.NewDecoder(f)
	if err != nil {
		t.Fatal(err)
	}
	out := make([][]int16, f.Channels)
	for len(file) > 0 {
		n := min(len(file), 3200)
		got, err := d.Write(file[:n])
		if err != nil {
			_, _ = d.Close()
			return out, err
		}
		for c := range out {
			out[c] = append(out[c], got[c]...)
		}
		file = file[n:]
	}
	got, err := d.Close()
	for c := range out {
		out[c] = append(out[c], got[c]...)
	}
	return out, err
}

func TestFLACInPieces(t *testing.T) {
	path := speechFile(t, "real/2412-153948-0000.flac")
	file, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	stream, err := flac.ParseFile(path)
	if err != nil {
		t.Fatal(err)
	}
	f := audio.Format{Encoding: audio.FLAC, Rate: 16000, Channels: 1}
	got, err := decode(t, file, f)
	if err != nil || uint64(len(got[0])) != stream.Info.NSamples {
		t.Errorf("%d samples, %v; want %d", len(got[0]), err, stream.Info.NSamples)
	}
	if got, err := decode(t, file[:len(file)/2], f); !errors.Is(err, fault.Invalid) || len(got[0]) < 50_000 {
		t.Errorf("half a file: %d samples, %v", len(got[0]), err)
	}
	f.Rate = 8000
	if _, err := decode(t, file, f); !errors.Is(err, fault.Invalid) {
		t.Errorf("another rate: %v", err)
	}
}

func FuzzFLAC(f *testing.F) {
	if file, err := os.ReadFile(filepath.Join("..", "..", "..", "..", "shared", "data", "speech", "real", "2412-153948-0000.flac")); err == nil {
		f.Add(file[:20_000])
	}
	f.Add([]byte("fLaC"))
	f.Fuzz(func(t *testing.T, b []byte) {
		out, err := decode(t, b, audio.Format{Encoding: audio.FLAC, Rate: 16000, Channels: 1})
		if err != nil && !errors.Is(err, fault.Invalid) {
			t.Fatalf("%d samples, %v", len(out[0]), err)
		}
	})
}

func TestDetectorHearsSpeech(t *testing.T) {
	file, err := os.ReadFile(speechFile(t, "real/2412-153948-0000.flac"))
	if err != nil {
		t.Fatal(err)
	}
	got, err := decode(t, file, audio.Format{Encoding: audio.FLAC, Rate: 16000, Channels: 1})
	if err != nil {
		t.Fatal(err)
	}
	share := func(samples []int16) float64 {
		var d audio.Detector
		speech, n := d.Push(samples), 0
		for _, s := range speech {
			if s {
				n++
			}
		}
		return float64(n) / float64(len(speech))
	}
	noise := make([]int16, 5*audio.Rate)
	for i := range noise {
		noise[i] = int16(rand.IntN(41) - 20)
	}
	if s := share(got[0]); s < 0.6 {
		t.Errorf("%.2f of read speech is speech", s)
	}
	if s := share(noise); s > 0 {
		t.Errorf("%.2f of faint noise is speech", s)
	}
	if s := share(make([]int16, 5*audio.Rate)); s > 0 {
		t.Errorf("%.2f of silence is speech", s)
	}
	if s := share(append(noise, got[0]...)); s < 0.4 || s > 0.8 {
		t.Errorf("%.2f of noise and speech is speech", s)
	}
}

func BenchmarkResample48k(b *testing.B) {
	in := tone(1000, 48000, 48000)
	r := audio.NewResampler(48000)
	for b.Loop() {
		r.Push(in)
	}
}
