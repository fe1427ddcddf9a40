// SPDX-License-Identifier: Apache-2.0

package load

import (
	"io"
	"slices"
	"strconv"
	"strings"

	"galen/internal/fhir/term"
)

// SnomedFiles are files of an RF2 snapshot of SNOMED CT.
type SnomedFiles struct {
	Concepts      io.Reader   // sct2_Concept_Snapshot_….txt
	Descriptions  []io.Reader // sct2_Description_Snapshot-….txt, one for each language
	Relationships io.Reader   // sct2_Relationship_Snapshot_….txt
	Language      io.Reader   // der2_cRefset_LanguageSnapshot-….txt: which synonym is the display; nil: the first
	Refsets       []io.Reader // der2_Refset_SimpleSnapshot_….txt: the implicit value sets fhir_vs=refset/…
}

// Identifiers of SNOMED CT's own model.
const (
	snomedURL  = "http://snomed.info/sct"
	isA        = "116680003"
	fsn        = "900000000000003001"
	synonym    = "900000000000013009"
	preferred  = "900000000000548007"
	primitive  = "900000000000074008"
	additional = "900000000000227009" // what a relationship is that defines nothing
	activeTrue = "1"
)

// Snomed reads a snapshot. version is the URI of the edition and its date, such as
// http://snomed.info/sct/731000124108/version/20210301. All concepts are taken, with their active descriptions; is-a is the
// hierarchy; the attributes that define a concept are properties by their identifiers, once for each value, and refset is one.
//
// http://hl7.org/fhir/R4/snomedct.html
func Snomed(files SnomedFiles, version string) (*term.System, error) {
	b := term.NewBuilder(term.Info{
		URL: snomedURL, Version: version, Name: "SNOMED_CT", Title: "SNOMED CT", Content: term.Complete, Hierarchy: "is-a",
		ValueSet: "http://snomed.info/sct?fhir_vs", Language: "en",
		PropertyDefinitions: []term.PropertyDefinition{
			{Code: "sufficientlyDefined", Type: term.PropertyBoolean}, {Code: "moduleId", Type: term.PropertyCode}, {Code: "refset", Type: term.PropertyString},
		},
	})
	if err := snomedConcepts(b, files.Concepts); err != nil {
		return nil, err
	}
	best, err := preferredTerms(files.Language)
	if err != nil {
		return nil, err
	}
	for _, r := range files.Descriptions {
		if err := snomedDescriptions(b, r, best); err != nil {
			return nil, err
		}
	}
	if files.Relationships != nil {
		if err := snomedRelationships(b, files.Relationships); err != nil {
			return nil, err
		}
	}
	for _, r := range files.Refsets {
		if err := snomedRefset(b, r); err != nil {
			return nil, err
		}
	}
	return build("the concept file", b)
}

// rf2 reads a file of release format 2: a line of column names, then rows: id, effectiveTime, active, moduleId, …
func rf2(name string, r io.Reader, columns int, first string) *table {
	t := newTable(name, r, '\t', columns)
	if t.next() && t.fields[0] != first {
		t.fail("does not name the columns of release format 2")
	}
	return t
}

func snomedConcepts(b *term.Builder, r io.Reader) error {
	t := rf2("the concept file", r, 5, "id")
	for t.next() {
		i := b.Concept(t.fields[0])
		if t.fields[2] != activeTrue {
			b.Inactive(i)
		}
		defined := "true"
		if t.fields[4] == primitive {
			defined = "false"
		}
		b.Property(i, "sufficientlyDefined", defined)
		b.Property(i, "moduleId", t.fields[3])
	}
	return t.err()
}

// preferredTerms are the identifiers of the descriptions that a language prefers, sorted.
func preferredTerms(r io.Reader) (best []uint64, err error) {
	if r == nil {
		return nil, nil
	}
	t := rf2("the language reference set", r, 7, "id")
	for t.next() {
		if t.fields[2] != activeTrue || t.fields[6] != preferred {
			continue
		}
		if id, err := strconv.ParseUint(t.fields[5], 10, 64); err == nil {
			best = append(best, id)
		}
	}
	slices.Sort(best)
	return best, t.err()
}

func snomedDescriptions(b *term.Builder, r io.Reader, best []uint64) error {
	t := rf2("the description file", r, 9, "id")
	for t.next() {
		f := t.fields
		i, ok := b.Find(f[4])
		if !ok || f[2] != activeTrue {
			continue
		}
		d := term.Designation{Language: f[5], Use: term.Coding{System: snomedURL, Code: f[6]}, Value: f[7]}
		switch f[6] {
		case fsn:
			d.Use.Display = "Fully specified name"
		case synonym:
			d.Use.Display = "Synonym"
			id, _ := strconv.ParseUint(f[0], 10, 64)
			if _, prefer := slices.BinarySearch(best, id); prefer || !b.HasDisplay(i) {
				b.Display(i, f[7])
			}
		}
		b.Designate(i, d)
	}
	return t.err()
}

func snomedRelationships(b *term.Builder, r io.Reader) error {
	t := rf2("the relationship file", r, 10, "id")
	for t.next() {
		f := t.fields
		if f[2] != activeTrue {
			continue
		}
		child, ok1 := b.Find(f[4])
		parent, ok2 := b.Find(f[5])
		switch {
		case !ok1 || !ok2:
		case f[7] == isA:
			b.Parent(child, parent)
		case f[8] != additional:
			b.Define(term.PropertyDefinition{Code: f[7], Type: term.PropertyCode})
			b.Property(child, f[7], f[5])
		}
	}
	return t.err()
}

func snomedRefset(b *term.Builder, r io.Reader) error {
	t := rf2("a simple reference set", r, 6, "id")
	for t.next() {
		if f := t.fields; f[2] == activeTrue && !strings.Contains(f[4], " ") {
			if i, ok := b.Find(f[5]); ok {
				b.Property(i, "refset", f[4])
			}
		}
	}
	return t.err()
}
