// SPDX-License-Identifier: Apache-2.0

package asrtest

import (
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"galen/internal/scribe/asr"
	"galen/internal/scribe/asr/wer"
)

// Variables that make a test's binary stand in for a program.
const (
	standsFor = "GALEN_ASRTEST_PROGRAM" // the program
	deaths    = "GALEN_ASRTEST_DEATHS"  // a folder: each file in it is a death to come, and says after how many bytes
)

// Main is for the TestMain of a provider whose test calls Dying.
func Main(m *testing.M) {
	if program := os.Getenv(standsFor); program != "" {
		os.Exit(standIn(program, os.Getenv(deaths)))
	}
	os.Exit(m.Run())
}

// Dying makes the program of that name, as it is found in the path, die in the midst of speech: its first processes are killed as soon as they
// were given so many samples each. find then finds the provider; what it hears must be what it hears else, each word once.
func Dying(t *testing.T, program string, find func() (asr.Provider, error), samples []int16, after ...int64) {
	path, err := exec.LookPath(program)
	if err != nil {
		t.Skip(err)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	p, err := find()
	if err != nil {
		t.Fatal(err)
	}
	want, _ := Hear(t, p, samples, asr.Options{})
	folder, coming := t.TempDir(), t.TempDir()
	for i, n := range after {
		if err := os.WriteFile(filepath.Join(coming, strconv.Itoa(i)), []byte(strconv.FormatInt(2*n, 10)), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink(self, filepath.Join(folder, program)); err != nil {
		t.Fatal(err)
	}
	t.Setenv(standsFor, path)
	t.Setenv(deaths, coming)
	t.Setenv("PATH", folder+string(os.PathListSeparator)+os.Getenv("PATH"))
	if p, err = find(); err != nil {
		t.Fatal(err)
	}
	got, _ := Hear(t, asr.Restarting(p, len(after)), samples, asr.Options{})
	if left, err := os.ReadDir(coming); err != nil || len(left) > 0 {
		t.Errorf("%d deaths did not come, %v", len(left), err)
	}
	for i := 1; i < len(got); i++ {
		if got[i].Begin < got[i-1].End {
			t.Errorf("%q from %v is heard after %q to %v", got[i].Text, got[i].Begin, got[i-1].Text, got[i-1].End)
		}
	}
	if c := wer.Compare(wer.Words(text(got)), wer.Words(text(want))); c.Rate() > 0.2 { // stretches may be cut elsewhere, and so heard otherwise
		t.Errorf("with deaths %q was heard, without %q", text(got), text(want))
	}
}

// standIn runs a program until its death, if one is to come, and gives its exit status.
func standIn(program, coming string) int {
	c := exec.Command(program, os.Args[1:]...)
	c.Stdout, c.Stderr = os.Stdout, os.Stderr
	in, err := c.StdinPipe()
	if err == nil {
		err = c.Start()
	}
	if err != nil {
		return 1
	}
	if n := nextDeath(coming); n > 0 {
		if _, err = io.CopyN(in, os.Stdin, n); err == nil {
			_ = c.Process.Kill() // it may be dead by itself
		}
	} else {
		_, _ = io.Copy(in, os.Stdin) // the program says what is wrong
	}
	_ = in.Close()
	if err := c.Wait(); err != nil {
		return 1
	}
	return 0
}

// nextDeath takes the next death, and gives after how many bytes it comes; 0: none comes.
func nextDeath(coming string) int64 {
	list, _ := os.ReadDir(coming) // in order
	for _, e := range list {
		file := filepath.Join(coming, e.Name())
		text, err := os.ReadFile(file)
		if errors.Join(err, os.Remove(file)) != nil {
			continue // another process took it
		}
		n, _ := strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64)
		return n
	}
	return 0
}
