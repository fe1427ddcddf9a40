// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"galen/internal/scribe/asr"
	"galen/internal/scribe/transcript"
)

// screen shows what is heard, as it is heard: in a terminal with colours, and with partial results that later ones overwrite.
type screen struct {
	terminal bool

	mu  sync.Mutex
	out io.Writer // guarded by mu
}

func newScreen(out io.Writer) *screen {
	f, ok := out.(*os.File)
	return &screen{out: out, terminal: ok && isTerminal(f)}
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

func (s *screen) show(channel int, role transcript.Role, r asr.Result) {
	s.mu.Lock()
	defer s.mu.Unlock()
	who, color := "CHANNEL "+fmt.Sprint(channel), ""
	switch role {
	case transcript.Clinician:
		who, color = string(role), clinicianColor
	case transcript.Patient:
		who, color = string(role), patientColor
	case transcript.Unknown:
	}
	at := fmt.Sprintf("%02d:%02d", int(r.Begin/time.Minute), int(r.Begin/time.Second)%60)
	switch {
	case r.Partial && s.terminal:
		text := []rune(r.Text)
		fmt.Fprintf(s.out, "%s%s%s %s%s", clearLine, dim, at, string(text[max(0, len(text)-partialWidth):]), plain)
	case r.Partial:
	case s.terminal:
		fmt.Fprintf(s.out, "%s%s %s%-9s%s %s\n", clearLine, at, color, who, plain, r.Text)
	default:
		fmt.Fprintf(s.out, "%s %-9s %s\n", at, who, r.Text)
	}
}
