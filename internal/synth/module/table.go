// SPDX-License-Identifier: Apache-2.0

package module

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Table is a transition whose probabilities are looked up.
type Table struct {
	Columns []Column
	Rows    []Row
	Ways    []Way // where each probability of a row leads; P holds if no row fits
}

// Column is what a cell of a row is compared with.
type Column struct {
	Name      string // gender, race, age or time, or another attribute
	Attribute int
}

// Row is a line of a table: it fits if all of its cells do.
type Row struct {
	Cells []Cell
	P     []float64
}

// Cell is a text, or with Span numbers from Low to High, both within it.
type Cell struct {
	Text      string
	Low, High float64
	Span      bool
	Any       bool // "*"
}

// table compiles a lookup_table_transition.
func (c *compiler) table(raw []rawLookup) (*Table, error) {
	t := &Table{}
	name := ""
	for _, r := range raw {
		to, err := c.state(r.Transition)
		if err != nil {
			return nil, err
		}
		if name != "" && r.Table != "" && r.Table != name {
			return nil, fmt.Errorf("one transition names two tables")
		}
		name = firstOf(r.Table, name)
		t.Ways = append(t.Ways, Way{To: to, P: r.Default, Attr: None})
	}
	b, err := c.file("lookup_tables/" + name)
	if err != nil {
		return nil, err
	}
	rows, err := csv.NewReader(bytes.NewReader(b)).ReadAll()
	if err != nil {
		return nil, fmt.Errorf("table %s: %w", name, err)
	}
	if len(rows) == 0 || len(rows) > maxRows {
		return nil, fmt.Errorf("table %s has no rows or more than %d", name, maxRows)
	}
	if err := c.rows(t, rows, raw); err != nil {
		return nil, fmt.Errorf("table %s: %w", name, err)
	}
	return t, nil
}

func (c *compiler) rows(t *Table, rows [][]string, raw []rawLookup) error {
	where := make([]int, len(rows[0])) // the way of a column, or None
	for i, h := range rows[0] {
		h = strings.TrimSpace(strings.TrimPrefix(h, "\ufeff"))
		where[i] = slices.IndexFunc(raw, func(r rawLookup) bool { return r.Transition == h })
		if where[i] == None {
			t.Columns = append(t.Columns, Column{Name: strings.ToLower(h), Attribute: c.attribute(h)})
		}
	}
	for _, line := range rows[1:] {
		row := Row{P: make([]float64, len(t.Ways))}
		for i, text := range line {
			text = strings.TrimSpace(text)
			if where[i] == None {
				row.Cells = append(row.Cells, cell(text))
				continue
			}
			p, err := strconv.ParseFloat(text, 64)
			if err != nil {
				return fmt.Errorf("%q is not a probability", text)
			}
			row.P[where[i]] = p
		}
		t.Rows = append(t.Rows, row)
	}
	return nil
}

func cell(text string) Cell {
	c := Cell{Text: text, Any: text == "*"}
	low, high, ok := strings.Cut(text, "-")
	if !ok {
		return c
	}
	l, err1 := strconv.ParseFloat(low, 64)
	h, err2 := strconv.ParseFloat(high, 64)
	if err1 == nil && err2 == nil {
		c.Low, c.High, c.Span = l, h, true
	}
	return c
}
