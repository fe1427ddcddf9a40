// SPDX-License-Identifier: Apache-2.0

// Package scripttest runs tests that are written as scripts, on every engine. A script is paragraphs, parted by empty
// lines: commands, a line of four dashes, and the lines that they print; a line that begins with # is a remark. Which
// commands there are is the test's. Only tests call it.
package scripttest

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"galen/internal/engine"
	"galen/internal/engine/lsm"
	"galen/internal/engine/mem"
)

// OnEngines runs body as a subtest for each engine that is always at hand; the engine is empty, and closed at the end.
func OnEngines(t *testing.T, body func(t *testing.T, e engine.Engine)) {
	t.Helper()
	t.Run("mem", func(t *testing.T) {
		e := mem.New()
		t.Cleanup(func() { e.Close() })
		body(t, e)
	})
	t.Run("lsm", func(t *testing.T) {
		e, err := lsm.Open(t.TempDir(), lsm.Options{})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { e.Close() })
		body(t, e)
	})
}

// Run runs every script of testdata/*.txt on each engine. For each script and engine it calls with once; what that
// returns does one command and gives the lines it prints. With update the scripts are written anew with what was printed.
func Run(t *testing.T, update bool, with func(t *testing.T, e engine.Engine) func(command string) []string) {
	t.Helper()
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatal("there are no scripts", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			OnEngines(t, func(t *testing.T, e engine.Engine) { runFile(t, file, update, with(t, e)) })
		})
	}
}

func runFile(t *testing.T, file string, update bool, run func(command string) []string) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for i, paragraph := range strings.Split(strings.TrimSpace(string(text)), "\n\n") {
		commands, want, _ := strings.Cut(strings.TrimSpace(paragraph), "\n----")
		got := printed(commands, run)
		if result := strings.Join(got, "\n"); result != strings.TrimSpace(want) && !update {
			t.Errorf("%s, paragraph %d:\n%s\ngot:\n%s\nwant:\n%s", file, i+1, commands, result, strings.TrimSpace(want))
		}
		if len(got) > 0 {
			commands += "\n----\n" + strings.Join(got, "\n")
		}
		out = append(out, commands)
	}
	if update {
		if err := os.WriteFile(file, []byte(strings.Join(out, "\n\n")+"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// printed is what the commands of a paragraph print, in order.
func printed(commands string, run func(command string) []string) []string {
	var out []string
	for line := range strings.SplitSeq(commands, "\n") {
		if line != "" && !strings.HasPrefix(line, "#") {
			out = append(out, run(line)...)
		}
	}
	return out
}
