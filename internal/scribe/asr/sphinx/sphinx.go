// SPDX-License-Identifier: Apache-2.0

// Package sphinx hears with CMU pocketsphinx, as Debian packages it: a process of pocketsphinx_continuous for each channel, fed
// through its standard input. It works with nothing to download, gives no partial results, and gets a fifth to more than half of the words wrong:
// good for trying things out, not for patients.
package sphinx

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"

	"galen/internal/fault"
	"galen/internal/scribe/asr"
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
	life, end := context.WithCancel(context.Background())
	c := exec.CommandContext(life, string(p), "-infile", "/dev/stdin", "-time", "yes", "-logfn", "/dev/null")
	c.WaitDelay = time.Second
	in, err1 := c.StdinPipe()
	out, err2 := c.StdoutPipe()
	if err := errors.Join(err1, err2); err != nil {
		end()
		return nil, fault.Wrap(fault.Unavailable, err, "%s cannot be started", Program)
	}
	if err := c.Start(); err != nil {
		end()
		return nil, fault.Wrap(fault.Unavailable, err, "%s cannot be started", Program)
	}
	r := &recogniser{begin: o.Begin, in: in, results: make(chan asr.Result), life: life, end: end}
	go r.run(c, out)
	return r, nil
}

// recogniser is one process. Its goroutine ends with the process.
type recogniser struct {
	begin   time.Duration
	in      io.WriteCloser
	buffer  []byte
	results chan asr.Result
	life    context.Context
	end     context.CancelFunc

	mu       sync.Mutex
	finished bool  // guarded by mu
	err      error // guarded by mu
}

func (r *recogniser) Push(ctx context.Context, samples []int16) error {
	r.buffer = r.buffer[:0]
	for _, s := range samples {
		r.buffer = binary.LittleEndian.AppendUint16(r.buffer, uint16(s))
	}
	stop := context.AfterFunc(ctx, r.end) // a pipe's write cannot be told to stop by itself
	defer stop()
	if _, err := r.in.Write(r.buffer); err != nil {
		return fault.Wrap(fault.Unavailable, err, "%s takes no more audio", Program)
	}
	return nil
}

func (r *recogniser) Finish() error {
	r.mu.Lock()
	r.finished = true
	r.mu.Unlock()
	return r.in.Close()
}

func (r *recogniser) Results() <-chan asr.Result { return r.results }

func (r *recogniser) Err() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.err
}

func (r *recogniser) Close() { r.end() }

// run reads what the process prints until it ends.
func (r *recogniser) run(c *exec.Cmd, out io.Reader) {
	defer close(r.results)
	defer r.end()
	lines := bufio.NewScanner(out)
	var words []asr.Word
	for lines.Scan() {
		w, ok := word(lines.Text(), r.begin)
		if !ok || w.Text == "<s>" { // the text as a whole, or the first word of a stretch
			r.tell(words)
			words = nil
			continue
		}
		if w.Text == "</s>" {
			r.tell(words)
			words = nil
			continue
		}
		if w.Text != "" {
			words = append(words, w)
		}
	}
	r.tell(words)
	err := errors.Join(lines.Err(), c.Wait())
	r.mu.Lock()
	defer r.mu.Unlock()
	if err != nil && r.life.Err() == nil || !r.finished && r.life.Err() == nil {
		r.err = fault.Wrap(fault.Unavailable, err, "%s ended by itself", Program)
	}
}

func (r *recogniser) tell(words []asr.Word) {
	if len(words) == 0 {
		return
	}
	texts := make([]string, len(words))
	for i, w := range words {
		texts[i] = w.Text
	}
	select {
	case r.results <- asr.Result{Begin: words[0].Begin, End: words[len(words)-1].End, Text: strings.Join(texts, " "), Words: words}:
	case <-r.life.Done():
	}
}

// variant is the number of a word's pronunciation: was(2).
var variant = regexp.MustCompile(`\(\d+\)$`)

// word reads a line "word begin end confidence". Silence and noises have an empty text.
func word(line string, begin time.Duration) (asr.Word, bool) {
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
	seconds := func(s float64) time.Duration { return begin + time.Duration(s*float64(time.Second)) }
	return asr.Word{Text: text, Begin: seconds(numbers[0]), End: seconds(numbers[1]), Confidence: min(max(numbers[2], 0), 1)}, true
}
