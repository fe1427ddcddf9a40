// SPDX-License-Identifier: Apache-2.0

package main

import (
	"cmp"
	"fmt"
	"io"
	"math"
	"os"
	"slices"
	"strconv"
	"sync"
	"time"

	"galen/internal/scribe/asr"
	"galen/internal/scribe/transcript"
)

// screen shows what is heard, as it is heard: in a terminal with colours, and with partial results that later ones overwrite.
// Final results are shown in order of time: one waits until the other channel is heard as far.
type screen struct {
	terminal bool

	mu      sync.Mutex
	out     io.Writer       // guarded by mu
	reached []time.Duration // by channel: no result to come begins earlier; guarded by mu
	waiting []said          // finals, in order of time; guarded by mu
}

// said is a result of a channel.
type said struct {
	channel int
	role    transcript.Role
	asr.Result
}

func newScreen(out io.Writer, channels int) *screen {
	f, ok := out.(*os.File)
	return &screen{out: out, terminal: ok && isTerminal(f), reached: make([]time.Duration, channels)}
}

// partialWidth is how much of a partial result is shown, in letters: its end, on one line.
const partialWidth = 60

// Control sequences of terminals.
const (
	clearLine      = "\r\x1b[K"
	clinicianColor = "\x1b[36m"
	patientColor   = "\x1b[33m"
	dim            = "\x1b[2m"
	plain          = "\x1b[0m"
)

// show takes a result of a channel.
func (s *screen) show(channel int, role transcript.Role, r asr.Result) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.reached[channel] = max(s.reached[channel], r.Begin)
	if r.Partial {
		s.partial(r)
		return
	}
	x := said{channel, role, r}
	at, _ := slices.BinarySearchFunc(s.waiting, x, func(a, b said) int { return cmp.Or(cmp.Compare(a.Begin, b.Begin), -1) })
	s.waiting = slices.Insert(s.waiting, at, x)
	s.flush()
}

// end says that a channel has no more results.
func (s *screen) end(channel int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.reached[channel] = math.MaxInt64
	s.flush()
}

func (s *screen) partial(r asr.Result) {
	if s.terminal {
		text := []rune(r.Text)
		fmt.Fprintf(s.out, "%s%s%s %s%s", clearLine, dim, clock(r.Begin), string(text[max(0, len(text)-partialWidth):]), plain)
	}
}

// flush shows what need not wait any longer.
func (s *screen) flush() {
	until := slices.Min(s.reached)
	for len(s.waiting) > 0 && s.waiting[0].Begin <= until {
		s.final(s.waiting[0])
		s.waiting = s.waiting[1:]
	}
}

func (s *screen) final(x said) {
	who, color := "CHANNEL "+strconv.Itoa(x.channel), ""
	switch x.role {
	case transcript.Clinician:
		who, color = string(x.role), clinicianColor
	case transcript.Patient:
		who, color = string(x.role), patientColor
	case transcript.Unknown:
	}
	if s.terminal {
		fmt.Fprintf(s.out, "%s%s %s%-9s%s %s\n", clearLine, clock(x.Begin), color, who, plain, x.Text)
		return
	}
	fmt.Fprintf(s.out, "%s %-9s %s\n", clock(x.Begin), who, x.Text)
}

// clock is a time as minutes and seconds.
func clock(d time.Duration) string {
	return fmt.Sprintf("%02d:%02d", int(d/time.Minute), int(d/time.Second)%60)
}
