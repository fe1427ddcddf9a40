// SPDX-License-Identifier: Apache-2.0

package process_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"galen/internal/fault"
	"galen/internal/scribe/asr"
	"galen/internal/scribe/asr/process"
)

// lines reads "word" or "partial word": each is what is said in the next second. A line "?" is not understood.
type lines struct{ at time.Duration }

func (l *lines) Line(line []byte) ([]asr.Result, error) {
	text, partial := strings.CutPrefix(string(line), "partial ")
	if text == "?" {
		return nil, fault.New(fault.Unavailable, "this is not understood")
	}
	r := asr.Result{Partial: partial, Begin: l.at, End: l.at + time.Second, Text: text, Words: []asr.Word{{Text: text, Begin: l.at, End: l.at + time.Second}}}
	if !partial {
		l.at += time.Second
	}
	return []asr.Result{r}, nil
}

func (l *lines) End() []asr.Result { return nil }

// shell is a recogniser that is a shell script; a second of audio is 32,000 bytes.
func shell(script string, stall time.Duration) process.Command {
	return process.Command{Path: "/bin/sh", Args: []string{"-c", script}, Stall: stall}
}

// provider opens a script for each recogniser.
type provider struct{ process.Command }

func (p provider) Info() asr.Info { return asr.Info{Name: "shell"} }

func (p provider) Open(_ context.Context, o asr.Options) (asr.Recogniser, error) {
	return p.Command.Open(o, &lines{})
}

// hear pushes seconds of silence to a recogniser and gives what it says, and why it ended.
func hear(t *testing.T, p asr.Provider, seconds int, o asr.Options) (said []string, err error) {
	t.Helper()
	r, err := p.Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	pushed := make(chan struct{})
	go func() {
		defer close(pushed)
		for range 10 * seconds {
			if r.Push(t.Context(), make([]int16, asr.Rate/10)) != nil {
				return
			}
		}
		_ = r.Finish() // what goes wrong, Err says
	}()
	for x := range r.Results() {
		if !x.Partial {
			said = append(said, fmt.Sprintf("%s at %v", x.Text, x.Begin))
		}
	}
	r.Close()
	<-pushed
	return said, r.Err()
}

// good says the number of each second that it has heard.
const good = `n=0; while [ "$(head -c 32000 | wc -c)" = 32000 ]; do echo "partial hm"; echo "second $n"; n=$((n+1)); done`

func TestWhatAProgramSays(t *testing.T) {
	said, err := hear(t, provider{shell(good, 0)}, 3, asr.Options{Begin: time.Hour})
	if got, want := strings.Join(said, ", "), "second 0 at 1h0m0s, second 1 at 1h0m1s, second 2 at 1h0m2s"; got != want || err != nil {
		t.Errorf("%s, %v, want %s", got, err, want)
	}
}

// TestProgramsThatGoWrong: each ends with what it said before, and an error; none hangs.
func TestProgramsThatGoWrong(t *testing.T) {
	const soon = 2 * time.Second
	for name, c := range map[string]struct {
		script string
		stall  time.Duration
		said   int
		why    string
	}{
		"ends at once":                  {`exit 0`, 0, 0, "ended by itself"},
		"fails":                         {`head -c 32000 >/dev/null; echo one; exit 3`, 0, 1, "ended by itself"},
		"is killed":                     {`head -c 32000 >/dev/null; echo one; kill -9 $$`, 0, 1, "ended by itself"},
		"takes nothing":                 {`sleep 1000`, soon, 0, "stood still"},
		"stops to take":                 {`head -c 32000 >/dev/null; echo one; sleep 1000`, soon, 1, "stood still"},
		"does not end":                  {`cat >/dev/null; echo one; sleep 1000`, soon, 1, "stood still"},
		"leaves a child that holds on":  {`cat >/dev/null; echo one; sleep 1000 & exit 0`, soon, 1, "stood still"},
		"says what is not understood":   {`echo one; echo "?"; cat >/dev/null`, 0, 1, "ended by itself"},
		"says a line without end":       {`echo one; head -c 3000000 /dev/zero; cat >/dev/null`, 0, 1, "ended by itself"},
		"fails after all that was said": {`cat >/dev/null; echo one; exit 1`, 0, 1, "ended by itself"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			said, err := hear(t, provider{shell(c.script, c.stall)}, 8, asr.Options{})
			if len(said) != c.said || !errors.Is(err, fault.Unavailable) || !strings.Contains(err.Error(), c.why) {
				t.Errorf("%q, %v", said, err)
			}
		})
	}
}

// TestProgramsThatAreSlow: one that computes for longer than it may stand still is let go on, but not for ever.
func TestProgramsThatAreSlow(t *testing.T) {
	if _, err := os.Stat("/proc/self/stat"); err != nil {
		t.Skip("what a program computes is not known here: ", err)
	}
	// compute computes for as long as it is told, in seconds of what the machine counts.
	const compute = `end=$(($(date +%s)+$1)); while [ $(date +%s) -lt $end ]; do i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done; done`
	slow := `set -- 5; ` + compute + `; n=0; while [ "$(head -c 32000 | wc -c)" = 32000 ]; do echo "second $n"; n=$((n+1)); done`
	for name, c := range map[string]struct {
		script string
		stall  time.Duration
		said   int
		why    string
	}{
		"slow":     {slow, 2 * time.Second, 8, ""},
		"for ever": {`while :; do :; done`, 500 * time.Millisecond, 0, "stood still"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			said, err := hear(t, provider{shell(c.script, c.stall)}, 8, asr.Options{})
			if len(said) != c.said || (err != nil) != (c.why != "") || err != nil && !strings.Contains(err.Error(), c.why) {
				t.Errorf("%q, %v", said, err)
			}
		})
	}
}

func TestProgramsThatDoNotStart(t *testing.T) {
	plain := filepath.Join(t.TempDir(), "plain")
	if err := os.WriteFile(plain, []byte("not a program"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{plain, filepath.Join(t.TempDir(), "nowhere")} {
		if _, err := (process.Command{Path: path}).Open(asr.Options{}, &lines{}); !errors.Is(err, fault.Unavailable) {
			t.Errorf("%s: %v", path, err)
		}
	}
}

func TestClosedInTheMiddle(t *testing.T) {
	r, err := shell(`cat >/dev/null`, 0).Open(asr.Options{}, &lines{})
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Push(t.Context(), make([]int16, 100)); err != nil {
		t.Fatal(err)
	}
	r.Close()
	r.Close()
	for range r.Results() {
	}
	if err := r.Err(); err != nil {
		t.Errorf("what was closed failed: %v", err)
	}
}

func TestPushEndsWithItsContext(t *testing.T) {
	r, err := shell(`sleep 1000`, 0).Open(asr.Options{}, &lines{})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	for err == nil { // until the pipe is full
		err = r.Push(ctx, make([]int16, asr.Rate))
	}
	if !errors.Is(err, fault.Unavailable) {
		t.Error(err)
	}
}

// TestRestartAndGoOn lets programs die, hang and babble by turns, each after one more second: all is heard once, in order.
func TestRestartAndGoOn(t *testing.T) {
	count := filepath.Join(t.TempDir(), "count")
	if err := os.WriteFile(count, []byte("0"), 0o600); err != nil {
		t.Fatal(err)
	}
	script := `n=$(cat ` + count + `); echo $((n+1)) >` + count + `; head -c 32000 >/dev/null; echo "life $n"; ` +
		`case $n in 0) exit 1;; 1) kill -9 $$;; 2) sleep 1000;; 3) echo "?"; sleep 1000;; *) while [ "$(head -c 32000 | wc -c)" = 32000 ]; do echo "life $n"; done;; esac`
	said, err := hear(t, asr.Restarting(provider{shell(script, 2*time.Second)}, 3), 8, asr.Options{})
	want := "life 0 at 0s, life 1 at 1s, life 2 at 2s, life 3 at 3s, life 4 at 4s, life 4 at 5s, life 4 at 6s, life 4 at 7s"
	if got := strings.Join(said, ", "); got != want || err != nil {
		t.Errorf("%s, %v, want %s", got, err, want)
	}
}
