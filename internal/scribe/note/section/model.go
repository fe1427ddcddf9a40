// SPDX-License-Identifier: Apache-2.0

package section

import (
	"bytes"
	"compress/gzip"
	"encoding/gob"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
)

// Model is a linear classifier: for each feature how rare it is, and a weight for each section.
type Model struct {
	Sections []Section
	Bias     []float32 // of each section
	Scale    []float32 // of each section: what a weight of 1 stands for
	Features map[string]Feature
}

// Feature is what a model knows of one.
type Feature struct {
	Rarity  float32 // inverse document frequency
	Weights []int8  // for each section
}

// maxModel bounds a table of weights.
const maxModel = 64 << 20

// Encode gives the table that Decode reads.
func (m *Model) Encode() ([]byte, error) {
	var b bytes.Buffer
	z, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
	if err != nil {
		return nil, err
	}
	// The words in order, so that the same model is the same bytes.
	t := table{Sections: m.Sections, Bias: m.Bias, Scale: m.Scale}
	for _, name := range slices.Sorted(maps.Keys(m.Features)) {
		f := m.Features[name]
		t.Names, t.Rarity = append(t.Names, name), append(t.Rarity, f.Rarity)
		for _, w := range f.Weights {
			t.Weights = append(t.Weights, byte(w))
		}
	}
	if err := errors.Join(gob.NewEncoder(z).Encode(t), z.Close()); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// table is a model as it is stored.
type table struct {
	Sections    []Section
	Bias, Scale []float32
	Names       []string
	Rarity      []float32
	Weights     []byte // of each name, one for each section
}

// Decode reads a table of weights.
func Decode(b []byte) (*Model, error) {
	z, err := gzip.NewReader(bytes.NewReader(b))
	if err != nil {
		return nil, fmt.Errorf("read weights: %w", err)
	}
	var t table
	if err := gob.NewDecoder(io.LimitReader(z, maxModel)).Decode(&t); err != nil {
		return nil, fmt.Errorf("read weights: %w", err)
	}
	n := len(t.Sections)
	if n < 2 || len(t.Bias) != n || len(t.Scale) != n || len(t.Rarity) != len(t.Names) || len(t.Weights) != n*len(t.Names) {
		return nil, errors.New("read weights: the table is not whole")
	}
	m := &Model{t.Sections, t.Bias, t.Scale, make(map[string]Feature, len(t.Names))}
	for i, name := range t.Names {
		f := Feature{t.Rarity[i], make([]int8, n)}
		for c := range n {
			f.Weights[c] = int8(t.Weights[i*n+c])
		}
		m.Features[name] = f
	}
	return m, nil
}

// all scores every section.
func (m *Model) all(counts map[string]float64) []Scored {
	sums, norm := make([]float64, len(m.Sections)), 0.0
	for name, count := range counts {
		f, ok := m.Features[name]
		if !ok {
			continue
		}
		v := (1 + math.Log(count)) * float64(f.Rarity)
		norm += v * v
		for i, w := range f.Weights {
			sums[i] += v * float64(w)
		}
	}
	if norm == 0 {
		norm = 1
	}
	list := make([]Scored, len(sums))
	for i, sum := range sums {
		list[i] = Scored{m.Sections[i], sum/math.Sqrt(norm)*float64(m.Scale[i]) + float64(m.Bias[i])}
	}
	return list
}

// scores gives the best section and the next.
func (m *Model) scores(counts map[string]float64) (best, next Scored) {
	best.Score, next.Score = math.Inf(-1), math.Inf(-1)
	for _, s := range m.all(counts) {
		switch {
		case s.Score > best.Score:
			best, next = s, best
		case s.Score > next.Score:
			next = s
		}
	}
	return best, next
}
