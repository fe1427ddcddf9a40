// SPDX-License-Identifier: Apache-2.0

package facts

import (
	"strings"

	"galen/internal/fhir"
)

// The code systems that rules here name.
const (
	SNOMED = "http://snomed.info/sct"
	LOINC  = "http://loinc.org"
	RxNorm = "http://www.nlm.nih.gov/research/umls/rxnorm"
	CVX    = "http://hl7.org/fhir/sid/cvx"
	ICD10  = "http://hl7.org/fhir/sid/icd-10-cm"
)

// Coding is a code of a system.
type Coding struct {
	System string `json:"system,omitempty"`
	Code   string `json:"code"`
}

// Concept is what a CodeableConcept says.
type Concept struct {
	Text  string   `json:"text"`
	Codes []Coding `json:"codes,omitempty"`
}

// tags are the endings that SNOMED CT puts after a name to say what kind of thing it is.
var tags = []string{"disorder", "finding", "procedure", "situation", "event", "regime/therapy", "physical object", "substance", "organism",
	"qualifier value", "occupation", "observable entity", "morphologic abnormality", "body structure", "person", "product", "medicinal product",
	"clinical drug", "record artifact", "environment", "social concept", "context-dependent category"}

// plainName takes SNOMED CT's ending off a name.
func plainName(text string) string {
	text = strings.Join(strings.Fields(text), " ")
	if open := strings.LastIndexByte(text, '('); open > 0 && strings.HasSuffix(text, ")") {
		for _, t := range tags {
			if text[open+1:len(text)-1] == t {
				return strings.TrimSpace(text[:open])
			}
		}
	}
	return text
}

// concept reads a CodeableConcept (or a list of them: all codings, the first text). The name is its text, or else the
// first display, or else a code.
func concept(n fhir.Node) (c Concept) {
	if n.Kind() == fhir.Array {
		for _, e := range n.Elements() {
			each := concept(e)
			c.Codes = append(c.Codes, each.Codes...)
			if c.Text == "" {
				c.Text = each.Text
			}
		}
		return c
	}
	display, bare := "", ""
	for _, k := range n.Field("coding").Elements() {
		code := k.Field("code").Text()
		if code == "" {
			continue
		}
		c.Codes = append(c.Codes, Coding{k.Field("system").Text(), code})
		if display == "" {
			display = k.Field("display").Text()
		}
		if bare == "" {
			bare = code
		}
	}
	for _, t := range []string{n.Field("text").Text(), display, bare} {
		if c.Text = plainName(t); c.Text != "" {
			break
		}
	}
	return c
}

// Has reports whether the concept has one of the codes of a system.
func (c Concept) Has(system string, codes ...string) bool {
	for _, k := range c.Codes {
		if k.System == system {
			for _, want := range codes {
				if k.Code == want {
					return true
				}
			}
		}
	}
	return false
}

// Code is the code that stands for the concept in a system, empty if it has none there.
func (c Concept) Code(system string) string {
	for _, k := range c.Codes {
		if k.System == system {
			return k.Code
		}
	}
	return ""
}

// keys are what makes two concepts the same: a coding in common, or the same name.
func (c Concept) keys() []string {
	var out []string
	for _, k := range c.Codes {
		if k.System != "" {
			out = append(out, k.System+"|"+k.Code)
		}
	}
	if name := sameName(c.Text); name != "" {
		out = append(out, "="+name)
	}
	return out
}

// sameName folds a name for comparison: case, blanks, and the brand that RxNorm puts in brackets.
func sameName(text string) string {
	if open := strings.LastIndexByte(text, '['); open > 0 && strings.HasSuffix(text, "]") {
		text = text[:open]
	}
	return strings.ToLower(strings.Join(strings.Fields(text), " "))
}

// code is the first code of a CodeableConcept.
func code(n fhir.Node) string {
	return n.Field("coding").First().Field("code").Text()
}

// codeIn reports whether any of a list of CodeableConcepts has a code.
func codeIn(list fhir.Node, want string) bool {
	for _, c := range concept(list).Codes {
		if c.Code == want {
			return true
		}
	}
	return false
}

// union groups nodes that share a key, directly or through others, in the order of their first members.
func union(nodes []fhir.Node, keys func(fhir.Node) []string) [][]fhir.Node {
	parent := make([]int, len(nodes))
	root := func(i int) int {
		for parent[i] != i {
			parent[i] = parent[parent[i]]
			i = parent[i]
		}
		return i
	}
	first := map[string]int{}
	for i, n := range nodes {
		parent[i] = i
		for _, k := range keys(n) {
			j, ok := first[k]
			if !ok {
				first[k] = i
				continue
			}
			a, b := root(i), root(j)
			parent[max(a, b)] = min(a, b)
		}
	}
	place := map[int]int{}
	var out [][]fhir.Node
	for i, n := range nodes {
		at, ok := place[root(i)]
		if !ok {
			at = len(out)
			place[root(i)] = at
			out = append(out, nil)
		}
		out[at] = append(out[at], n)
	}
	return out
}
