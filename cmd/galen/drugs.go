// SPDX-License-Identifier: Apache-2.0

package main

import (
	"iter"
	"strings"

	"galen/internal/fhir/term"
	"galen/internal/scribe/drugs"
)

// rxNorm is the canonical of RxNorm.
const rxNorm = "http://www.nlm.nih.gov/research/umls/rxnorm"

// drugLexicon is what names of drugs are corrected with: galen's own, and the ingredients and brands of RxNorm if that was imported.
func drugLexicon(systems []*term.System) *drugs.Lexicon {
	for _, s := range systems {
		if s.URL == rxNorm {
			return drugs.Builtin().With(rxNormNames(s))
		}
	}
	return drugs.Builtin()
}

// readDrugs is drugLexicon of the code systems in a folder.
func readDrugs(folder string) (*drugs.Lexicon, error) {
	s, err := openTerminology(folder)
	if err != nil {
		return nil, err
	}
	l := drugLexicon(s.all)
	return l, s.close()
}

// rxNormNames are the names of ingredients and brands. They do not point into the system.
func rxNormNames(s *term.System) iter.Seq[string] {
	return func(yield func(string) bool) {
		var properties []term.Property
		for i := range uint32(s.Len()) {
			properties = s.Properties(properties[:0], i)
			for _, p := range properties {
				if p.Code == "TTY" && (p.Value == "IN" || p.Value == "BN") && !s.Inactive(i) {
					if !yield(strings.Clone(s.Display(i))) {
						return
					}
					break
				}
			}
		}
	}
}
