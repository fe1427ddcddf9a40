// SPDX-License-Identifier: Apache-2.0

package validate

import (
	"strings"

	"galen/internal/fhir"
	"galen/internal/fhir/def"
)

// definition checks that a profile for R4 constrains elements which its type has, and slices by such.
//
// http://hl7.org/fhir/R4/elementdefinition-definitions.html#ElementDefinition.path
func (w *walk) definition(n fhir.Node) {
	typ := w.v.defs.Structure(n.Field("type").Text())
	version := n.Field("fhirVersion").Text()
	if typ == nil || !n.Field("derivation").Is("constraint") || version != "" && !strings.HasPrefix(version, "4.0") {
		return
	}
	w.path = append(w.path, step{name: "differential", index: -1})
	for i, e := range n.Field("differential").Field("element").Elements() {
		w.path = append(w.path, step{name: "element", index: i})
		root, path, _ := strings.Cut(e.Field("path").Text(), ".")
		at, ok := typ, root == typ.Name
		if ok && path != "" {
			at, ok = descend(typ, strings.Split(path, "."))
		}
		if !ok {
			w.report(detail, e.Field("path"), Value, "path", "the type of the profile has no element of this path: write it as the type's definition does, a choice with [x] or the name of one of its types")
		}
		for j, d := range e.Field("slicing").Field("discriminator").Elements() {
			if path := d.Field("path"); ok && at != nil && !reaches(at, path.Text()) {
				w.path = append(w.path, step{name: "slicing", index: -1}, step{name: "discriminator", index: j})
				w.report(detail, path, Value, "path", "what is sliced has no element of this path: a discriminator's path begins at the element that is sliced")
				w.path = w.path[:len(w.path)-2]
			}
		}
		w.pop()
	}
	w.pop()
}

// descend follows the names of elements from a structure. It ends with nil where a value may be of several types.
func descend(s *def.Structure, names []string) (at *def.Structure, ok bool) {
	for _, name := range names {
		if s == nil {
			return nil, true
		}
		e := s.Element(strings.TrimSuffix(name, "[x]"))
		m, member := s.Member(name)
		switch {
		case e != nil && e.Content != nil:
			s = e.Content
		case e != nil && len(e.Types) == 1:
			s = e.Types[0].Structure
		case e != nil:
			s = nil
		case member && !m.Sibling:
			s = m.Type.Structure
		default:
			return nil, false
		}
		if s != nil && s.Kind == def.Resource {
			s = nil // any resource
		}
	}
	return s, true
}

// reaches reports whether a discriminator's path leads from a structure to an element, as far as its names alone can tell.
func reaches(s *def.Structure, path string) bool {
	var names []string
	for _, name := range steps(path) {
		if strings.ContainsAny(name, "($") {
			break
		}
		names = append(names, name)
	}
	_, ok := descend(s, names)
	return ok
}

// questions checks that no item of a Questionnaire is enabled by an answer to one within itself: it could never be given.
//
// http://hl7.org/fhir/R4/questionnaire-definitions.html#Questionnaire.item.enableWhen
func (w *walk) questions(n fhir.Node, depth int) {
	if depth > maxProfileDepth {
		return
	}
	for i, q := range n.Field("item").Elements() {
		w.path = append(w.path, step{name: "item", index: i})
		for j, c := range q.Field("enableWhen").Elements() {
			asked := c.Field("question")
			if asked.Kind() == fhir.String && (q.Field("linkId").Is(asked.Text()) || asks(q, asked.Text(), 0)) {
				w.path = append(w.path, step{name: "enableWhen", index: j})
				w.report(detail, asked, Invariant, "question", "this question is asked within the item that its answer enables, so it can never be answered: name one outside")
				w.pop()
			}
		}
		w.questions(q, depth+1)
		w.pop()
	}
}

// asks reports whether an item has one with a linkId within.
func asks(n fhir.Node, linkID string, depth int) bool {
	for _, q := range n.Field("item").Elements() {
		if q.Field("linkId").Is(linkID) || depth < maxProfileDepth && asks(q, linkID, depth+1) {
			return true
		}
	}
	return false
}
