// SPDX-License-Identifier: Apache-2.0

package validate

import (
	"errors"

	"galen/internal/fault"
	"galen/internal/fhir"
	"galen/internal/fhir/def"
)

// extensions checks every extension within an object against its definition, if that is installed. An extension's own
// extensions are its definition's to check.
func (w *profileWalk) extensions(n fhir.Node, o owner) {
	if w.full() {
		return
	}
	typ := o.types[0]
	if name := fhir.Type(n); name != "" {
		typ = w.p.defs.Structure(name)
		o.types = [2]*def.Structure{typ}
	}
	if typ == nil {
		return
	}
	w.depth++
	for m := n.First(); m.Ok(); m = m.Next() {
		if k := m.Kind(); k != fhir.Object && k != fhir.Array {
			continue
		}
		member, ok := typ.Member(m.Name())
		if !ok {
			continue
		}
		s := step{name: member.Element.Name, index: -1}
		if member.Element.Choice {
			s.typ = member.Type
		}
		w.path = append(w.path, s)
		if m.Kind() == fhir.Object {
			w.extensionIn(m, member, o)
		} else {
			for i, v := range m.Elements() {
				w.path[len(w.path)-1].index = i
				if v.Kind() == fhir.Object {
					w.extensionIn(v, member, o)
				}
			}
		}
		w.path = w.path[:len(w.path)-1]
	}
	w.depth--
}

func (w *profileWalk) extensionIn(n fhir.Node, member def.Member, o owner) {
	typ := member.Structure()
	if typ == nil || typ.Name != "Extension" {
		below := owner{node: n, types: [2]*def.Structure{typ}, element: member.Element}
		if o.types[0] != nil && o.types[0].Name == "Extension" {
			below.within = o.node
		}
		if member.Sibling {
			below.types[1] = member.Type.Structure
		}
		w.extensions(n, below)
		return
	}
	url := n.Field("url")
	if url.Kind() != fhir.String {
		return
	}
	pr, err := w.p.profile(url.Text())
	switch {
	case errors.Is(err, fault.NotFound) && !w.p.mayUse(url.Text()):
		w.fail(url, NotSupported, "url", "no definition of this extension is installed: "+add(url.Text())+", or allow its domain")
	case pr != nil && err == nil && pr.typ == typ:
		if !w.mayStand(pr.contexts, o) {
			w.fail(n, Invariant, "", "the definition of this extension does not let it stand here: move it to where its definition says")
		}
		w.inContext(pr.contextRules, n, o)
		w.depth++
		w.node(item{node: n, typ: typ, element: member.Element, index: -1}, pr.root)
		w.depth--
	}
	w.extensions(n, owner{node: n, types: [2]*def.Structure{typ}, element: member.Element})
}
