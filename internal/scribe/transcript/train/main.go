// SPDX-License-Identifier: Apache-2.0

// Command train makes the table of weights by which package transcript guesses who speaks, from CSV files of dialogues whose lines begin with who
// does: a logistic regression by stochastic gradient descent. The same files make the same table.
package main

import (
	"encoding/csv"
	"flag"
	"fmt"
	"log"
	"maps"
	"math"
	"math/rand/v2"
	"os"
	"regexp"
	"slices"
	"strings"

	"galen/internal/scribe/transcript"
)

func main() {
	out := flag.String("out", "roles_gen.txt", "file to write")
	flag.Parse()
	if err := run(flag.Args(), *out); err != nil {
		log.Fatal(err)
	}
}

// The settings, chosen by ACI-Bench's validation set; its test 1 had no part in it.
const (
	atLeast  = 6 // examples that a feature must be in
	rounds   = 12
	rate     = 0.15
	decay    = 3e-2
	lightest = 0.06 // that a weight must have
)

// example is what one speaker says, between what was said before and after.
type example struct {
	features  []string
	clinician bool
}

func run(files []string, out string) error {
	var all []example
	for _, file := range files {
		list, err := read(file)
		if err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
		all = append(all, list...)
	}
	weights := train(all)
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(weights)) {
		if w := weights[name]; math.Abs(w) >= lightest {
			fmt.Fprintf(&b, "%d %s\n", int(math.Round(1000*w)), name)
		}
	}
	return os.WriteFile(out, []byte(b.String()), 0o644)
}

var speaker = regexp.MustCompile(`^\[?(\w+)[^:\]]{0,12}[:\]]\s*(.*)$`)

// read gives the turns of dialogues, and their sentences with those around them.
func read(file string) ([]example, error) {
	in, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer in.Close()
	rows, err := csv.NewReader(in).ReadAll()
	if err != nil {
		return nil, err
	}
	column := slices.Index(rows[0], "dialogue")
	if column < 0 {
		return nil, fmt.Errorf("there is no column dialogue")
	}
	var list []example
	for _, row := range rows[1:] {
		var turns, sentences []said
		for line := range strings.Lines(row[column]) {
			if m := speaker.FindStringSubmatch(strings.TrimSpace(line)); m != nil {
				one := said{m[2], strings.HasPrefix(strings.ToLower(m[1]), "doc")}
				turns = append(turns, one)
				for _, s := range split(m[2]) {
					sentences = append(sentences, said{s, one.clinician})
				}
			}
		}
		list = append(list, examples(sentences)...)
		for _, s := range turns { // by themselves: in recordings a speaker has several segments in a row
			list = append(list, example{transcript.Features("", s.text, ""), s.clinician})
		}
	}
	return list, nil
}

// said is what one speaker says.
type said struct {
	text      string
	clinician bool
}

func examples(list []said) []example {
	var out []example
	for i, s := range list {
		before, after := "", ""
		if i > 0 {
			before = list[i-1].text
		}
		if i+1 < len(list) {
			after = list[i+1].text
		}
		out = append(out, example{transcript.Features(before, s.text, after), s.clinician})
	}
	return out
}

var ends = regexp.MustCompile(`[.?!]+ *`)

func split(text string) []string {
	var list []string
	begin := 0
	for _, at := range append(ends.FindAllStringIndex(text, -1), []int{len(text), len(text)}) {
		if s := strings.TrimSpace(text[begin:at[1]]); len(s) > 2 {
			list = append(list, s)
		}
		begin = at[1]
	}
	return list
}

func train(all []example) map[string]float64 {
	count := map[string]int{}
	for _, e := range all {
		for _, f := range e.features {
			count[f]++
		}
	}
	weights := map[string]float64{}
	for f, n := range count {
		if n >= atLeast {
			weights[f] = 0
		}
	}
	chance := rand.New(rand.NewPCG(1, 2))
	for round := range rounds {
		step := rate / (1 + float64(round)/2)
		for _, i := range chance.Perm(len(all)) {
			e, lean, want := all[i], 0.0, 0.0
			for _, f := range e.features {
				lean += weights[f]
			}
			if e.clinician {
				want = 1
			}
			g := want - 1/(1+math.Exp(-lean))
			for _, f := range e.features {
				if w, ok := weights[f]; ok {
					weights[f] = w + step*(g/math.Sqrt(float64(len(e.features)))-decay*w)
				}
			}
		}
	}
	return weights
}
