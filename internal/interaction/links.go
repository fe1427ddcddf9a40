// SPDX-License-Identifier: Apache-2.0

package interaction

import (
	"regexp"
	"strings"

	"galen/internal/fhir"
	"galen/internal/fhir/def"
)

// links rewrites what the resources of a transaction say of each other: references, elements of type uri, url, canonical,
// oid and uuid, and the addresses in narratives.
//
// http://hl7.org/fhir/R4/http.html#trules
type links struct {
	targets map[string]string // full URL of an entry → Type/id
	found   map[string]string // conditional reference → Type/id
}

// splice is a value of a resource and the JSON that goes in its place.
type splice struct {
	from, to int
	text     []byte
}

// linker walks one resource.
type linker struct {
	*links
	base        string // that relative references in the resource are relative to; empty if its full URL does not say
	splices     []splice
	conditional []string // conditional references that are not resolved yet
}

// rewrite gives a resource with its links resolved: the bytes it came in if there are none. fullURL is that of its entry.
func (l *links) rewrite(resource fhir.Node, fullURL string) []byte {
	w := l.walk(resource, fullURL)
	raw := resource.Raw()
	if len(w.splices) == 0 {
		return raw
	}
	out := make([]byte, 0, len(raw)+64*len(w.splices))
	at := 0
	for _, s := range w.splices {
		out = append(append(out, raw[at:s.from-resource.Offset()]...), s.text...)
		at = s.to - resource.Offset()
	}
	return append(out, raw[at:]...)
}

// walk looks at all values of a resource.
func (l *links) walk(resource fhir.Node, fullURL string) *linker {
	w := &linker{links: l}
	if r := fhir.ParseReference(fullURL); r.Kind == fhir.Absolute {
		w.base = r.Base
	}
	w.object(resource, def.R4().Structure(fhir.Type(resource)))
	return w
}

func (w *linker) object(n fhir.Node, of *def.Structure) {
	if of == nil {
		return
	}
	for c := n.First(); c.Ok(); c = c.Next() {
		m, ok := of.Member(c.Name())
		if !ok || m.Type == nil {
			continue
		}
		is := m.Structure()
		isReference := of.Name == "Reference" && c.Name() == "reference"
		if c.Kind() != fhir.Array {
			w.value(c, is, isReference)
			continue
		}
		for e := c.First(); e.Ok(); e = e.Next() {
			w.value(e, is, isReference)
		}
	}
}

func (w *linker) value(n fhir.Node, is *def.Structure, isReference bool) {
	switch n.Kind() {
	case fhir.Object:
		if is != nil && is.Kind == def.Resource {
			is = def.R4().Structure(fhir.Type(n))
		}
		w.object(n, is)
	case fhir.String:
		switch {
		case isReference:
			w.reference(n)
		case is == nil:
		case is.Name == "xhtml":
			w.narrative(n)
		case is.Name == "uri" || is.Name == "url" || is.Name == "canonical" || is.Name == "oid" || is.Name == "uuid":
			if to, ok := w.targets[n.Text()]; ok {
				w.replace(n, to)
			}
		}
	}
}

func (w *linker) replace(n fhir.Node, text string) {
	w.splices = append(w.splices, splice{n.Offset(), n.End(), fhir.AppendString(nil, text)})
}

// reference resolves Reference.reference.
//
// http://hl7.org/fhir/R4/bundle.html#references
func (w *linker) reference(n fhir.Node) {
	text := n.Text()
	if to, ok := w.targets[text]; ok {
		w.replace(n, to)
		return
	}
	if to, ok := w.found[text]; ok {
		w.replace(n, to)
		return
	}
	switch r := fhir.ParseReference(text); r.Kind {
	case fhir.Relative:
		if to, ok := w.targets[w.base+"/"+text]; ok && w.base != "" {
			w.replace(n, to)
		}
	case fhir.Conditional:
		w.conditional = append(w.conditional, strings.Clone(text))
	}
}

// narrativeLink finds the addresses in a narrative: the quotes may be of either kind.
var narrativeLink = regexp.MustCompile(`(\b(?:href|src)\s*=\s*["'])([^"']*)(["'])`)

// narrative resolves the addresses in a narrative.
func (w *linker) narrative(n fhir.Node) {
	text := n.Text()
	if !strings.Contains(text, "href") && !strings.Contains(text, "src") {
		return
	}
	changed := narrativeLink.ReplaceAllStringFunc(text, func(s string) string {
		parts := narrativeLink.FindStringSubmatch(s)
		if to, ok := w.targets[parts[2]]; ok {
			return parts[1] + to + parts[3]
		}
		return s
	})
	if changed != text {
		w.replace(n, changed)
	}
}
