// SPDX-License-Identifier: Apache-2.0

// Command train makes the table of weights of package section from a file of MTS-Dialog: a linear support vector machine for
// each section against the others, with a squared hinge loss and weights that balance the sections, by dual coordinate descent
// (Hsieh and others, 2008). The same file makes the same table.
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
	"slices"

	"galen/internal/scribe/note/section"
)

func main() {
	data := flag.String("data", "", "CSV file with the columns section_header and dialogue")
	out := flag.String("out", "weights_gen.bin", "file to write")
	flag.Parse()
	if err := run(*data, *out); err != nil {
		log.Fatal(err)
	}
}

// The settings, chosen by cross-validation within the training set.
const (
	cost     = 0.5
	atLeast  = 2 // dialogues that a feature must be in
	rounds   = 300
	accuracy = 1e-4
)

// example is a dialogue as a vector of length 1.
type example struct {
	features []int
	values   []float64
	section  section.Section
}

func run(data, out string) error {
	file, err := os.Open(data)
	if err != nil {
		return err
	}
	defer file.Close()
	rows, err := csv.NewReader(file).ReadAll()
	if err != nil {
		return err
	}
	header, dialogue := slices.Index(rows[0], "section_header"), slices.Index(rows[0], "dialogue")
	if header < 0 || dialogue < 0 {
		return fmt.Errorf("%s lacks a column", data)
	}
	var counts []map[string]float64
	var labels []section.Section
	for _, row := range rows[1:] {
		counts = append(counts, section.Features(section.ParseTurns(row[dialogue])))
		labels = append(labels, section.Section(row[header]))
	}
	names, rarity := vocabulary(counts)
	m := train(vectors(counts, labels, names, rarity), len(names))
	table := &section.Model{Sections: m.sections, Features: map[string]section.Feature{}}
	quantize(table, m, names, rarity)
	b, err := table.Encode()
	if err != nil {
		return err
	}
	return os.WriteFile(out, b, 0o644)
}

// vocabulary numbers the features that are in enough dialogues, and says how rare each is.
func vocabulary(counts []map[string]float64) (names map[string]int, rarity []float64) {
	in := map[string]int{}
	for _, c := range counts {
		for name := range c {
			in[name]++
		}
	}
	names = map[string]int{}
	for _, name := range slices.Sorted(maps.Keys(in)) {
		if in[name] >= atLeast {
			names[name] = len(names)
			rarity = append(rarity, math.Log(float64(1+len(counts))/float64(1+in[name]))+1)
		}
	}
	return names, rarity
}

func vectors(counts []map[string]float64, labels []section.Section, names map[string]int, rarity []float64) []example {
	var list []example
	for i, c := range counts {
		e, norm := example{section: labels[i]}, 0.0
		for _, name := range slices.Sorted(maps.Keys(c)) {
			if f, ok := names[name]; ok {
				v := (1 + math.Log(c[name])) * rarity[f]
				e.features, e.values = append(e.features, f), append(e.values, v)
				norm += v * v
			}
		}
		for j := range e.values {
			e.values[j] /= math.Sqrt(norm)
		}
		list = append(list, e)
	}
	return list
}

// machine is a weight for each section and feature.
type machine struct {
	sections []section.Section
	weights  [][]float64
	bias     []float64
}

func train(examples []example, features int) *machine {
	of := map[section.Section]int{}
	for _, e := range examples {
		of[e.section]++
	}
	m := &machine{sections: slices.Sorted(maps.Keys(of))}
	for _, s := range m.sections {
		here := float64(len(examples)) / (2 * float64(of[s]))
		others := float64(len(examples)) / (2 * float64(len(examples)-of[s]))
		w, b := descend(examples, features, s, cost*here, cost*others)
		m.weights, m.bias = append(m.weights, w), append(m.bias, b)
	}
	return m
}

// descend solves one section against the others.
func descend(examples []example, features int, s section.Section, here, others float64) ([]float64, float64) {
	w, bias := make([]float64, features), 0.0
	alpha := make([]float64, len(examples))
	order := rand.New(rand.NewPCG(1, 2))
	for range rounds {
		worst := 0.0
		for _, i := range order.Perm(len(examples)) {
			e, y, c := examples[i], -1.0, others
			if e.section == s {
				y, c = 1, here
			}
			dot := bias
			for j, f := range e.features {
				dot += w[f] * e.values[j]
			}
			slack := 1 / (2 * c)
			gradient := y*dot - 1 + alpha[i]*slack
			if alpha[i] == 0 && gradient > 0 {
				continue
			}
			worst = max(worst, math.Abs(gradient))
			old := alpha[i]
			alpha[i] = max(0, old-gradient/(2+slack)) // the vector's length is 1, the bias adds 1
			step := (alpha[i] - old) * y
			for j, f := range e.features {
				w[f] += step * e.values[j]
			}
			bias += step
		}
		if worst < accuracy {
			break
		}
	}
	return w, bias
}

// quantize makes bytes of the weights; features that weigh next to nothing are left out.
func quantize(table *section.Model, m *machine, names map[string]int, rarity []float64) {
	const lightest = 3 // of 127, that the heaviest weight of a feature must have
	for c := range m.sections {
		top := 0.0
		for _, w := range m.weights[c] {
			top = max(top, math.Abs(w))
		}
		table.Scale, table.Bias = append(table.Scale, float32(top/127)), append(table.Bias, float32(m.bias[c]))
	}
	for name, f := range names {
		feature, heaviest := section.Feature{Rarity: float32(rarity[f]), Weights: make([]int8, len(m.sections))}, 0.0
		for c := range m.sections {
			w := math.Round(m.weights[c][f] / float64(table.Scale[c]))
			feature.Weights[c] = int8(w)
			heaviest = max(heaviest, math.Abs(w))
		}
		if heaviest >= lightest {
			table.Features[name] = feature
		}
	}
}
