// SPDX-License-Identifier: Apache-2.0

// Package sphinx hears with CMU pocketsphinx, as Debian packages it: a process of pocketsphinx_continuous for each channel, fed
// through its standard input. It works with nothing to download, gives no partial results, and gets a fifth to more than half of the words wrong:
// good for trying things out, not for patients.
package sphinx

import (
	"context"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"time"

	"galen/internal/fault"
	"galen/internal/scribe/asr"
	"galen/internal/scribe/asr/process"
)

// Program is the name of the recogniser's program.
const Program = "pocketsphinx_continuous"

// Find looks for the program. It fails with fault.Unavailable if it is not installed.
func Find() (asr.Provider, error) {
	path, err := exec.LookPath(Program)
	if err != nil {
		return nil, fault.New(fault.Unavailable, "%s is not installed: on Debian, apt-get install pocketsphinx pocketsphinx-en-us", Program)
	}
	return provider(path), nil
}

type provider string

func (provider) Info() asr.Info {
	return asr.Info{Name: "pocketsphinx", Model: "en-us",
		Notice: "pocketsphinx is of demonstration quality: a fifth to more than half of the words are wrong. It is not fit for clinical use."}
}

func (p provider) Open(_ context.Context, o asr.Options) (asr.Recogniser, error) {
	return process.Command{Path: string(p), Args: []string{"-infile", "/dev/stdin", "-time", "yes", "-logfn", "/dev/null"}}.Open(o, &reader{})
}

// reader gathers words until a stretch of speech ends.
type reader struct{ words []asr.Word }

func (r *reader) Line(line []byte) ([]asr.Result, error) {
	w, ok := word(string(line))
	switch {
	case !ok, w.Text == "<s>", w.Text == "</s>": // the text as a whole, or the end of a stretch
		return r.End(), nil
	case w.Text != "":
		r.words = append(r.words, w)
	}
	return nil, nil
}

func (r *reader) End() []asr.Result {
	words := r.words
	r.words = nil
	if len(words) == 0 {
		return nil
	}
	texts := make([]string, len(words))
	for i, w := range words {
		texts[i] = w.Text
	}
	return []asr.Result{{Begin: words[0].Begin, End: words[len(words)-1].End, Text: strings.Join(texts, " "), Words: words}}
}

// variant is the number of a word's pronunciation: was(2).
var variant = regexp.MustCompile(`\(\d+\)$`)

// word reads a line "word begin end confidence". Silence and noises have an empty text.
func word(line string) (asr.Word, bool) {
	fields := strings.Fields(line)
	if len(fields) != 4 {
		return asr.Word{}, false
	}
	var numbers [3]float64
	for i := range numbers {
		var err error
		if numbers[i], err = strconv.ParseFloat(fields[i+1], 64); err != nil {
			return asr.Word{}, false
		}
	}
	text := variant.ReplaceAllString(fields[0], "")
	if text != "<s>" && text != "</s>" && strings.ContainsAny(text, "<[+") {
		text = ""
	}
	seconds := func(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }
	return asr.Word{Text: text, Begin: seconds(numbers[0]), End: seconds(numbers[1]), Confidence: min(max(numbers[2], 0), 1)}, true
}
