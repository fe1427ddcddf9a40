// SPDX-License-Identifier: Apache-2.0

package load

import (
	"io"
	"slices"
	"strings"

	"galen/internal/fhir/term"
)

// CVX reads the vaccines of CDC: a table with a line of column names (identifier, name, synonyms, parents; tabs between), or
// CDC's own cvx.txt (code|short description|full name|notes|status|…).
func CVX(r io.Reader, version string) (*term.System, error) {
	b := term.NewBuilder(term.Info{
		URL: "http://hl7.org/fhir/sid/cvx", Version: version, Name: "CVX", Title: "Vaccines administered (CVX)",
		Content: term.Complete, Hierarchy: "grouped-by", ValueSet: "http://hl7.org/fhir/sid/cvx/vs", Language: "en",
		PropertyDefinitions: []term.PropertyDefinition{{Code: "status", Type: term.PropertyString}},
	})
	const name = "the CVX table"
	t := newTable(name, r, '\t', 1)
	if !t.next() {
		return nil, firstError(t.err(), name)
	}
	if strings.Contains(t.fields[0], "|") {
		for more := true; more; more = t.next() {
			bar(b, t)
		}
	} else {
		columns := slices.Clone(t.fields)
		t.least = slices.Index(columns, "name") + 1
		if columns[0] != "identifier" || t.least == 0 {
			t.fail("does not name the columns identifier and name")
		}
		for t.next() {
			tabbed(b, t, columns)
		}
	}
	if err := t.err(); err != nil {
		return nil, err
	}
	return build(name, b)
}

func firstError(err error, name string) error {
	if err != nil {
		return err
	}
	_, err = build(name, term.NewBuilder(term.Info{}))
	return err
}

// bar takes a line of cvx.txt.
func bar(b *term.Builder, t *table) {
	f := strings.Split(strings.Join(t.fields, " "), "|")
	for k := range f {
		f[k] = strings.TrimSpace(f[k])
	}
	if len(f) < 5 || f[0] == "" {
		t.fail("is not code|short description|full name|notes|status")
		return
	}
	i := b.Concept(f[0])
	b.Display(i, f[1])
	if f[2] != f[1] {
		b.Designate(i, term.Designation{Language: "en", Value: f[2]})
	}
	b.Property(i, "status", f[4])
	if f[4] == "Inactive" {
		b.Inactive(i)
	}
}

func tabbed(b *term.Builder, t *table, columns []string) {
	if t.fields[0] == "" {
		t.fail("has no code")
		return
	}
	i := b.Concept(t.fields[0])
	for k, value := range t.fields {
		if k >= len(columns) || value == "" {
			continue
		}
		switch columns[k] {
		case "name":
			b.Display(i, value)
		case "synonyms":
			for s := range strings.SplitSeq(value, "|") {
				b.Designate(i, term.Designation{Language: "en", Value: s})
			}
		case "parents":
			for p := range strings.SplitSeq(value, "|") {
				if _, code, ok := strings.Cut(p, "cvx:"); ok && code != "" {
					b.Parent(i, b.Concept(code))
				}
			}
		}
	}
}
