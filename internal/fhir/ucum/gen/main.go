// SPDX-License-Identifier: Apache-2.0

// Command gen makes units_gen.txt from ucumDefs.min.json: a line for each unit that is not a prefix and a unit put
// together, with code, flags (m metric, s special, a arbitrary), factor and the unit it is defined by.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"sort"
	"strings"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "gen:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) != 2 {
		return fmt.Errorf("usage: gen ucumDefs.min.json units_gen.txt")
	}
	src, err := os.ReadFile(args[0])
	if err != nil {
		return err
	}
	var in struct {
		Units struct{ Data [][]any }
	}
	if err := json.Unmarshal(src, &in); err != nil {
		return err
	}
	var lines []string
	for _, u := range in.Units.Data {
		if line := unit(u); line != "" {
			lines = append(lines, line)
		}
	}
	sort.Strings(lines)
	return os.WriteFile(args[1], []byte(strings.Join(lines, "\n")+"\n"), 0o644)
}

// The columns of the source that are read.
const (
	base, code, metric, special, arbitrary, source, by, factor = 0, 2, 9, 13, 14, 18, 22, 24
)

func unit(u []any) string {
	if u[source] != "UCUM" {
		return ""
	}
	flags := ""
	for _, f := range []struct {
		column int
		flag   string
	}{{metric, "m"}, {special, "s"}, {arbitrary, "a"}} {
		if u[f.column] == true {
			flags += f.flag
		}
	}
	if u[base] == true {
		return fmt.Sprintf("%s\tm\t\t", u[code])
	}
	text := func(i int) string { s, _ := u[i].(string); return s }
	return fmt.Sprintf("%s\t%s\t%s\t%s", u[code], flags, text(factor), text(by))
}
