// SPDX-License-Identifier: Apache-2.0

package validate

import (
	"strconv"
	"strings"

	"galen/internal/fhir"
	"galen/internal/fhir/def"
	"galen/internal/fhir/fhirpath"
)

// walk is the state of one validation; it is reused.
type walk struct {
	v         *Validator
	level     Level
	findings  []Finding
	path      []step
	text      []byte    // of a string with escapes
	outer     fhir.Node // the resource that #references look into
	inner     bool      // within a contained resource
	evaluator fhirpath.Evaluator
	fragments map[string]bool // what is referenced by # within the resource at hand
}

// step is one part of the path to the element at hand.
type step struct {
	name  string
	typ   *def.ElementType // of a choice; else nil
	index int              // within a list; else -1
}

func (w *walk) reset() {
	*w = walk{path: w.path[:0], text: w.text[:0], evaluator: w.evaluator, fragments: w.fragments}
	if cap(w.text) > 64<<10 {
		w.text = nil
	}
}

func (w *walk) push(f *field) {
	s := step{name: f.element.Name, index: -1}
	if f.element.Choice {
		s.typ = f.typ
	}
	w.path = append(w.path, s)
}

func (w *walk) pop() { w.path = w.path[:len(w.path)-1] }

// at says which item of the list at hand is looked at; -1 for the list itself.
func (w *walk) at(index int) { w.path[len(w.path)-1].index = index }

// expression writes the path, with one more name if that is not empty.
func (w *walk) expression(more string) string {
	var b strings.Builder
	for i, s := range w.path {
		if i > 0 {
			b.WriteByte('.')
		}
		b.WriteString(s.name)
		if s.typ != nil {
			b.WriteString(".ofType(" + s.typ.Name + ")")
		}
		if s.index >= 0 {
			b.WriteString("[" + strconv.Itoa(s.index) + "]")
		}
	}
	if more != "" && b.Len() > 0 {
		b.WriteByte('.')
	}
	b.WriteString(more)
	return b.String()
}

// importance of a finding decides what becomes of it at Minimal.
type importance uint8

const (
	always importance = iota // an error at every level
	search                   // keeps an element from being searched: a warning at Minimal
	detail                   // not looked at at Minimal
)

// report adds a finding about the element at hand, or about its child more.
func (w *walk) report(imp importance, n fhir.Node, code, more, text string) {
	severity := fhir.Error
	if w.level == Minimal && imp != always {
		if imp == detail {
			return
		}
		severity = fhir.Warning
	}
	if w.full() {
		return
	}
	w.findings = append(w.findings, Finding{Severity: severity, Code: code, Expression: w.expression(more), Offset: n.Offset(), Text: text})
}

func (w *walk) full() bool { return len(w.findings) >= MaxFindings }

// plain makes a member's name fit for a text or an expression: it may be anything, even what belongs in a value.
func plain(name string) string {
	const most = 64
	ok := name != "" && len(name) <= most
	for i := 0; ok && i < len(name); i++ {
		c := name[i]
		ok = isDigit(c) || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_' || c == '-' || c == '@' || c == '$' || c == '.'
	}
	if !ok {
		return "?"
	}
	return name
}
