// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/pflag"
)

// speechFlags are those of galen bench --speech.
type speechFlags struct{ folder, data, update string }

func (f *speechFlags) add(fs *pflag.FlagSet) {
	fs.StringVar(&f.folder, "speech-data", "", "folder of speech whose words are known (default: ../shared/data/speech if it is there)")
	fs.StringVar(&f.data, "data", "./galen-data", "folder of everything that is kept; models are in its folder models")
	fs.StringVar(&f.update, "update", "", "file whose table of recognisers is put up to date, such as docs/scribe-recognisers.md")
}

// bench measures, prints the table, and puts the file up to date.
func (f *speechFlags) bench(ctx context.Context, dir string, out, progress io.Writer, asJSON bool) (err error) {
	const shared = "../shared/data/speech"
	if f.folder == "" {
		if _, err := os.Stat(shared); err != nil {
			return usageError{errors.New("galen bench --speech wants --speech-data FOLDER, with speech whose words are known")}
		}
		f.folder = shared
	}
	if dir == "" {
		if dir, err = os.MkdirTemp("", "galen-bench-"); err != nil {
			return err
		}
		defer os.RemoveAll(dir)
	}
	b := &speechBench{folder: f.folder, models: modelFolder(f.data), dir: dir, progress: progress}
	list, live, err := b.run(ctx)
	if err != nil {
		return err
	}
	if f.update != "" {
		if err := updateTable(f.update, recogniserTable(list)+"\n"+liveTable(live)); err != nil {
			return err
		}
	}
	var rows []row
	for _, r := range list {
		rows = append(rows, r.rows()...)
	}
	return printRows(out, append(rows, live...), asJSON)
}

// The table stands between these lines of a file.
const (
	tableBegins = "<!-- recognisers: galen bench --speech --update docs/scribe-recognisers.md -->\n"
	tableEnds   = "<!-- /recognisers -->\n"
)

// updateTable puts a table in the place of the one that the file has.
func updateTable(file, table string) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	head, rest, found := bytes.Cut(text, []byte(tableBegins))
	_, tail, ends := bytes.Cut(rest, []byte(tableEnds))
	if !found || !ends {
		return usageError{fmt.Errorf("%s has no table of recognisers: it stands between %q and %q", file, strings.TrimSpace(tableBegins), strings.TrimSpace(tableEnds))}
	}
	return os.WriteFile(file, slices.Concat(head, []byte(tableBegins+table+tableEnds), tail), 0o644)
}

// recogniserTable is what was measured of recognisers, as Markdown: the sets in a line each, a recogniser a column.
func recogniserTable(list []heardBy) string {
	if len(list) == 0 {
		return "No recogniser was there to be measured.\n"
	}
	var b strings.Builder
	line := func(what string, cell func(heardBy) string) {
		fmt.Fprintf(&b, "| %s |", what)
		for _, r := range list {
			fmt.Fprintf(&b, " %s |", cell(r))
		}
		b.WriteString("\n")
	}
	line("", func(r heardBy) string { return r.name })
	line("---", func(heardBy) string { return "--:" })
	for i, s := range list[0].scores {
		line(fmt.Sprintf("words wrong, *%s* (%d words, %s)", s.set.Name, s.Words.Words, short(s.set.Length())),
			func(r heardBy) string { return fmt.Sprintf("%.1f %%", 100*r.scores[i].Words.Rate()) })
		if n := s.Names.Words; n > 0 {
			line(fmt.Sprintf("names of drugs wrong (%d)", n), func(r heardBy) string { return fmt.Sprintf("%.0f %%", 100*r.scores[i].Names.Rate()) })
			line("names of drugs wrong, once corrected", func(r heardBy) string { return fmt.Sprintf("%.0f %%", 100*r.scores[i].Mended.Rate()) })
		}
	}
	wait := func(times func(heardBy) []time.Duration) func(heardBy) string {
		return func(r heardBy) string {
			list := slices.Sorted(slices.Values(times(r)))
			if len(list) == 0 {
				return "–"
			}
			return fmt.Sprintf("%.0f ms, at most %.0f", milliseconds(list[len(list)/2]), milliseconds(list[len(list)-1]))
		}
	}
	line("first result after speech begins (goal: 500 ms)", wait(func(r heardBy) []time.Duration { return r.live.First }))
	line("first result whose first word is right", wait(func(r heardBy) []time.Duration { return r.live.Right }))
	line("final result after the pause begins (goal: 1,000 ms)", wait(func(r heardBy) []time.Duration { return r.live.Final }))
	line("processor time a second of speech, live (goal: 0.5 s)", func(r heardBy) string { return fmt.Sprintf("%.2f s", r.load) })
	line("processor time a second of speech, at full speed", func(r heardBy) string { return fmt.Sprintf("%.2f s", r.speed()) })
	line("memory of a process", func(r heardBy) string { return fmt.Sprintf("%.0f MiB", float64(r.memory())/(1<<20)) })
	return b.String()
}

// liveTable is what was measured of live visits and their notes, as Markdown, each row with its goal.
func liveTable(rows []row) string {
	var b strings.Builder
	b.WriteString("| live visits | measured | goal | |\n| --- | --: | --: | --- |\n")
	for _, r := range rows {
		goal := r.Goal
		if goal != "–" {
			goal += " " + r.Unit
		}
		fmt.Fprintf(&b, "| %s | %s %s | %s | %s |\n", r.Work, figure(r.Value), r.Unit, goal, r.Note)
	}
	return b.String()
}
