// SPDX-License-Identifier: Apache-2.0

package speech

import (
	"context"
	_ "embed"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"galen/internal/fault"
	"galen/internal/scribe/asr"
	"galen/internal/scribe/asr/wer"
)

//go:embed drugs.txt
var sentences string

// voices of flite, a woman's and a man's.
var voices = []string{"slt", "rms"}

// Speak has sentences of a visit spoken that name drugs, by the synthesiser flite, half of them by each of two voices; the drugs are the
// set's Names. How drugs are pronounced the synthesiser works out from their letters. It fails with fault.Unavailable if flite is not installed.
func Speak(ctx context.Context) (Set, error) {
	program, err := exec.LookPath("flite")
	if err != nil {
		return Set{}, fault.New(fault.Unavailable, "flite is not installed: on Debian, apt-get install flite")
	}
	folder, err := os.MkdirTemp("", "galen-speech-")
	if err != nil {
		return Set{}, err
	}
	defer os.RemoveAll(folder)
	s := Set{Name: "drugs", Names: map[string]bool{}}
	for i, sentence := range strings.Split(strings.TrimSpace(sentences), "\n") {
		for _, word := range strings.Fields(sentence) {
			if name, ok := strings.CutPrefix(word, "*"); ok {
				s.Names[wer.Words(name)[0]] = true
			}
		}
		text, file := strings.ReplaceAll(sentence, "*", ""), filepath.Join(folder, "spoken.wav")
		if out, err := exec.CommandContext(ctx, program, "-voice", voices[i%len(voices)], "-t", text, "-o", file).CombinedOutput(); err != nil {
			return Set{}, fault.Wrap(fault.Unavailable, err, "flite: %.200s", out)
		}
		channels, err := ReadFile(file)
		if err != nil {
			return Set{}, err
		}
		s.add(i%len(voices), text, channels[0])
	}
	return s, nil
}

// add puts what a voice says behind what it said before, with a second between.
func (s *Set) add(voice int, text string, samples []int16) {
	for len(s.Clips) <= voice {
		s.Clips = append(s.Clips, Clip{Name: "flite " + voices[len(s.Clips)], Samples: hush(nil, asr.Rate)})
	}
	c := &s.Clips[voice]
	c.Samples = hush(append(c.Samples, samples...), asr.Rate)
	c.Text += text + " "
}

// hush adds n samples of a silent room to samples: recognisers are not made for none at all.
func hush(samples []int16, n int) []int16 {
	chance := rand.New(rand.NewPCG(1, uint64(len(samples))))
	for range n {
		samples = append(samples, int16(chance.IntN(9)-4))
	}
	return samples
}

// Noisy mixes noise into the clips of a set, whose level is below that of the speech by so many dB: half of it hums like a
// fan, below 200 Hz, half hisses. It is the same at each call.
func Noisy(s Set, below float64) Set {
	noisy := Set{Name: "noise", Names: s.Names}
	for _, c := range s.Clips {
		chance := rand.New(rand.NewPCG(2, uint64(len(c.Samples))))
		noise, low := make([]float64, len(c.Samples)), 0.0
		var speech, all float64
		for i, x := range c.Samples {
			white := chance.NormFloat64()
			low += (white - low) * 0.075
			noise[i] = white + low*5
			speech += float64(x) * float64(x)
			all += noise[i] * noise[i]
		}
		gain := math.Sqrt(speech/all) * math.Pow(10, -below/20)
		mixed := make([]int16, len(c.Samples))
		for i, x := range c.Samples {
			mixed[i] = int16(min(max(float64(x)+gain*noise[i], math.MinInt16), math.MaxInt16))
		}
		noisy.Clips = append(noisy.Clips, Clip{c.Name, mixed, c.Text})
	}
	return noisy
}
