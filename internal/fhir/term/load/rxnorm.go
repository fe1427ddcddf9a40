// SPDX-License-Identifier: Apache-2.0

package load

import (
	"io"
	"slices"

	"galen/internal/fhir/term"
)

// Types of RxNorm's own terms, from the one that makes the best display on.
var rxnormTerms = []string{"SCD", "SBD", "GPCK", "BPCK", "SCDC", "SBDC", "SCDF", "SBDF", "SCDG", "SBDG", "IN", "PIN", "MIN", "BN", "DF", "DFG", "PSN", "TMSY", "SY", "ET"}

// RxNorm reads RXNCONSO.RRF and RXNREL.RRF (nil: no relationships): RxNorm's own names only (SAB=RXNORM). The term type is the
// property TTY; isa is the hierarchy; other relationships between concepts are properties by their name. Concepts of which
// all names are suppressed are inactive.
//
// https://www.nlm.nih.gov/research/umls/rxnorm/docs/techdoc.html
func RxNorm(conso, rel io.Reader, version string) (*term.System, error) {
	b := term.NewBuilder(term.Info{
		URL: "http://www.nlm.nih.gov/research/umls/rxnorm", Version: version, Name: "RxNorm", Title: "RxNorm",
		Content: term.Complete, Hierarchy: "is-a", ValueSet: "http://www.nlm.nih.gov/research/umls/rxnorm/vs", Language: "en",
		PropertyDefinitions: []term.PropertyDefinition{{Code: "TTY", Type: term.PropertyCode}},
	})
	if err := rxnormNames(b, conso); err != nil {
		return nil, err
	}
	if rel != nil {
		if err := rxnormRelations(b, rel); err != nil {
			return nil, err
		}
	}
	return build("RXNCONSO.RRF", b)
}

func rxnormNames(b *term.Builder, conso io.Reader) error {
	const (
		rxcui    = 0
		language = 1
		source   = 11
		termType = 12
		text     = 14
		suppress = 16
	)
	var best []int // by concept: rank of the display
	var active []bool
	t := newTable("RXNCONSO.RRF", conso, '|', suppress+1)
	for t.next() {
		f := t.fields
		if f[source] != "RXNORM" || f[rxcui] == "" {
			continue
		}
		i := int(b.Concept(f[rxcui]))
		for len(best) <= i {
			best, active = append(best, len(rxnormTerms)+1), append(active, false)
		}
		active[i] = active[i] || f[suppress] == "N"
		rank := slices.Index(rxnormTerms, f[termType])
		if rank < 0 {
			rank = len(rxnormTerms)
		}
		if rank < best[i] {
			best[i] = rank
			b.Display(uint32(i), f[text])
		}
		b.Property(uint32(i), "TTY", f[termType])
		b.Designate(uint32(i), term.Designation{Language: languageOf(f[language]), Use: term.Coding{System: "http://www.nlm.nih.gov/research/umls/rxnorm", Code: f[termType]}, Value: f[text]})
	}
	for i, ok := range active {
		if !ok {
			b.Inactive(uint32(i))
		}
	}
	return t.err()
}

func languageOf(umls string) string {
	switch umls {
	case "ENG":
		return "en"
	case "SPA":
		return "es"
	}
	return ""
}

func rxnormRelations(b *term.Builder, rel io.Reader) error {
	const (
		first    = 0
		second   = 4
		relation = 7
		source   = 10
	)
	names := map[string]bool{}
	t := newTable("RXNREL.RRF", rel, '|', source+1)
	for t.next() {
		f := t.fields
		if f[source] != "RXNORM" || f[first] == "" || f[second] == "" || f[relation] == "" {
			continue
		}
		object, ok1 := b.Find(f[first])
		subject, ok2 := b.Find(f[second])
		if !ok1 || !ok2 {
			continue
		}
		switch name := f[relation]; name {
		case "isa":
			b.Parent(subject, object)
		case "inverse_isa":
			b.Parent(object, subject)
		default:
			if names[name] = true; len(names) > maxRelations {
				t.fail("is the first with more than %d names of relationships", maxRelations)
			}
			b.Property(subject, name, f[first])
		}
	}
	return t.err()
}

const maxRelations = 1000
