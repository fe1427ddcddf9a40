// SPDX-License-Identifier: Apache-2.0

package index

import (
	"unicode/utf8"

	"golang.org/x/text/cases"

	"galen/internal/fhir/def"
	"galen/internal/ordkey"
)

// casing says whether case counts in a token's code.
//
// http://hl7.org/fhir/R4/search.html#token, http://hl7.org/fhir/R4/datatypes.html#Identifier
type casing uint8

const (
	bySystem casing = iota // of a Coding: it counts if the system is known to be case-sensitive
	exact                  // of codes that are elements, booleans, URIs, ids and Identifier.value
	folding                // of strings and ContactPoint.value it does not
)

// ucum is case-sensitive, and R4 does not define it.
const ucum = "http://unitsofmeasure.org"

// caseCounts reports whether a code system is known to be case-sensitive. R4 says that when in doubt case is not to count.
func (x *Index) caseCounts(system string) bool {
	if system == "" {
		return false
	}
	c := x.defs.CodeSystem(system)
	return c != nil && c.CaseSensitive || system == ucum
}

// folds reports whether case does not count in k's code.
func (x *Index) folds(k *token) bool {
	return k.casing == folding || k.casing == bySystem && !x.caseCounts(k.system)
}

// appendFolded appends a text without its case.
func appendFolded(dst []byte, s string) []byte {
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c >= utf8.RuneSelf {
			return append(dst[:len(dst)-i], cases.Fold().String(s)...)
		}
		if c-'A' < 26 {
			c |= 0x20
		}
		dst = append(dst, c)
	}
	return dst
}

func folded(s string) string { return string(appendFolded(nil, s)) }

// isFolded reports whether a text is the same without its case.
func isFolded(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] >= utf8.RuneSelf {
			return folded(s) == s
		}
		if s[i]-'A' < 26 {
			return false
		}
	}
	return true
}

// sameFolded reports whether two texts differ in their case at most.
func sameFolded(a, b string) bool { return a == b || folded(a) == folded(b) }

// foldMark stands after the system in the terms of codes in which case does not count. What was written follows, if it was not
// the folded text.
const foldMark = 0x01

// appendCode writes a token as CodeClass has it.
func appendCode(dst []byte, code string, system hash, folds bool) []byte {
	if !folds || code == "" {
		return append(appendCut(dst, code), system[:]...)
	}
	if isFolded(code) {
		return append(append(appendCut(dst, code), system[:]...), foldMark)
	}
	dst = append(append(appendFoldedCut(dst, code), system[:]...), foldMark)
	if len(code) <= maxText {
		return append(dst, code...)
	}
	return append(dst, cut(nil, code)...)
}

// appendFoldedCut appends a text without its case as an ordered string, cut. It allocates only for long texts and those beyond ASCII.
func appendFoldedCut(dst []byte, s string) []byte {
	if len(s) > maxText || !isASCII(s) {
		return appendCut(dst, folded(s))
	}
	from := len(dst)
	dst = ordkey.AppendString(dst, s)
	for i, c := range dst[from:] {
		if c-'A' < 26 {
			dst[from+i] = c | 0x20
		}
	}
	return dst
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// codeTerm is what a term of CodeClass says.
type codeTerm struct {
	ordered []byte // the code as an ordered string, without its case if it folds
	system  hash
	folds   bool
	written []byte // of one that folds, if that is another
}

func codeOf(term []byte) (c codeTerm, ok bool) {
	ordered, rest := takeOrdered(term[HeaderLength:])
	if len(rest) < hashLength {
		return c, false
	}
	c = codeTerm{ordered: ordered, system: hash(rest[:hashLength])}
	if rest = rest[hashLength:]; len(rest) > 0 {
		c.folds, c.written = true, rest[1:]
	}
	return c, true
}

// code is the code as it was written, cut if it is longer than maxText.
func (c *codeTerm) code() string {
	if len(c.written) > 0 {
		return string(c.written)
	}
	code, _, err := ordkey.TakeString(c.ordered)
	if err != nil {
		return ""
	}
	return code
}

// A component of a composite that is a token is the folded code, the system's hash and one of these bytes.
const (
	partFolds    = 0x00 // case does not count
	partAsFolded = 0x01 // it counts, and the code is as folded
	partWritten  = 0x02 // it counts, and the code follows as a string
)

// appendCodePart writes a token as a component of a composite.
func appendCodePart(dst []byte, code string, system hash, folds bool) []byte {
	dst = append(appendFoldedCut(dst, code), system[:]...)
	switch {
	case folds:
		return append(dst, partFolds)
	case isFolded(code):
		return append(dst, partAsFolded)
	}
	return appendCut(append(dst, partWritten), code)
}

// casings is how case may count in the codes of a parameter.
type casings struct{ exact, folding, bySystem bool }

func casingsOf(s *def.Structure) casings {
	switch shape := shapeOfType(s); {
	case shape == codingShape || shape == conceptShape:
		return casings{bySystem: true}
	case shape == contactShape || shape == textShape && s.Scalar != def.ID:
		return casings{folding: true}
	}
	return casings{exact: true}
}

func (c *casings) add(d casings) {
	c.exact, c.folding, c.bySystem = c.exact || d.exact, c.folding || d.folding, c.bySystem || d.bySystem
}

// narrow gives how case may count in those of a system.
func (x *Index) narrow(c casings, system string) (exact, folds bool) {
	counts := x.caseCounts(system)
	return c.exact || c.bySystem && counts, c.folding || c.bySystem && !counts
}
