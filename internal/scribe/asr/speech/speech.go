// SPDX-License-Identifier: Apache-2.0

// Package speech is speech whose words are known, and measures recognisers with it: what they get wrong, and how long one waits for
// what they heard.
//
// It reads folders of recordings (Read), has sentences spoken by a synthesiser (Speak), mixes noise in (Noisy), and lays recordings out on
// a time line as a talk (NewTalk) that is pushed as it would be spoken (Live).
package speech

import (
	"bufio"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"galen/internal/fault"
	"galen/internal/scribe/asr"
	"galen/internal/scribe/audio"
)

// Clip is a recording of one channel.
type Clip struct {
	Name    string
	Samples []int16 // at asr.Rate
	Text    string  // what is said
}

// Set is recordings of one kind.
type Set struct {
	Name  string
	Clips []Clip
	Names map[string]bool // words of the texts that are counted by themselves, such as drugs; nil: none
}

// Length is how long the recordings are, all together.
func (s Set) Length() time.Duration {
	var n int64
	for _, c := range s.Clips {
		n += int64(len(c.Samples))
	}
	return asr.Duration(n)
}

// maxSamples bounds a recording: half an hour.
const maxSamples = 30 * 60 * asr.Rate

// Read reads the sets of a folder: "read" and "call" of its folder real, whose refs.json says what is said in each recording (telephone calls
// are those that have "commercial" in their names), and "visit" of its folder consult: stereo recordings beside JSON that says what the doctor
// and the patient say, on the first and the second channel. It fails with fault.NotFound if the folder holds neither.
func Read(folder string) ([]Set, error) {
	read, call, err := readReal(filepath.Join(folder, "real"))
	visit, err2 := readVisits(filepath.Join(folder, "consult"))
	if err := errors.Join(err, err2); err != nil {
		return nil, err
	}
	var sets []Set
	for _, s := range []Set{read, call, visit} {
		if len(s.Clips) > 0 {
			sets = append(sets, s)
		}
	}
	if len(sets) == 0 {
		return nil, fault.New(fault.NotFound, "the folder %s holds no speech: real/refs.json or consult/*.json with recordings", folder)
	}
	return sets, nil
}

func readReal(folder string) (read, call Set, err error) {
	read, call = Set{Name: "read"}, Set{Name: "call"}
	var refs map[string]string
	if err := readJSON(filepath.Join(folder, "refs.json"), &refs); err != nil {
		return read, call, err
	}
	names := make([]string, 0, len(refs))
	for name := range refs {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		channels, err := ReadFile(filepath.Join(folder, filepath.Base(name)))
		if err != nil {
			return read, call, err
		}
		c := Clip{Name: name, Samples: channels[0], Text: refs[name]}
		if strings.Contains(name, "commercial") {
			call.Clips = append(call.Clips, c)
		} else {
			read.Clips = append(read.Clips, c)
		}
	}
	return read, call, nil
}

func readVisits(folder string) (Set, error) {
	s := Set{Name: "visit"}
	files, _ := filepath.Glob(filepath.Join(folder, "*.json")) // the pattern is well-formed
	for _, file := range files {
		var truth struct {
			Turns []struct{ Speaker, Text string }
		}
		if err := readJSON(file, &truth); err != nil {
			return s, err
		}
		channels, err := ReadFile(strings.TrimSuffix(file, ".json") + "_stereo.flac")
		if err != nil {
			return s, err
		}
		if len(channels) != 2 {
			return s, fault.New(fault.Invalid, "the recording of %s has one channel", filepath.Base(file))
		}
		for i, speaker := range []string{"doctor", "patient"} {
			c := Clip{Name: filepath.Base(file) + " " + speaker, Samples: channels[i]}
			for _, turn := range truth.Turns {
				if turn.Speaker == speaker {
					c.Text += turn.Text + " "
				}
			}
			s.Clips = append(s.Clips, c)
		}
	}
	return s, nil
}

// readJSON reads a file into v, which stays as it is if there is no such file.
func readJSON(path string, v any) error {
	text, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err == nil {
		err = json.Unmarshal(text, v)
	}
	if err != nil {
		return fault.Wrap(fault.Invalid, err, "%s cannot be read", filepath.Base(path))
	}
	return nil
}

// ReadFile reads a WAV or FLAC file, a slice of samples a channel. It fails with fault.Invalid for other files and very long ones.
func ReadFile(path string) ([][]int16, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, fault.Wrap(fault.NotFound, err, "the recording cannot be opened")
	}
	defer file.Close()
	in := bufio.NewReader(file)
	format, err := audio.ReadFormat(in)
	if err != nil {
		return nil, err
	}
	d, err := audio.NewDecoder(format)
	if err != nil {
		return nil, err
	}
	all := make([][]int16, format.Channels)
	add := func(channels [][]int16) {
		for i, samples := range channels {
			all[i] = append(all[i], samples...)
		}
	}
	for piece := make([]byte, 64<<10); ; {
		n, err := in.Read(piece)
		channels, bad := d.Write(piece[:n])
		add(channels)
		switch {
		case bad != nil:
			return nil, bad
		case len(all[0]) > maxSamples:
			return nil, fault.New(fault.Invalid, "%s is longer than half an hour", filepath.Base(path))
		case errors.Is(err, io.EOF):
			channels, err = d.Close()
			add(channels)
			return all, err
		case err != nil:
			return nil, fault.Wrap(fault.Invalid, err, "%s cannot be read", filepath.Base(path))
		}
	}
}
