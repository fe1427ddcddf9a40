// SPDX-License-Identifier: Apache-2.0

package validate

import (
	"fmt"
	"strings"

	"galen/internal/fhir"
)

// bundle is a Bundle made ready for its rules.
type bundle struct {
	*walk
	entries []bundleEntry
	byURL   map[string]int  // entry by fullUrl; the first
	several map[string]bool // fullUrls of several versions
}

type bundleEntry struct {
	node, resource fhir.Node
	fullURL        string
	base           string // of a fullUrl that is that of a server: all before Type/id
}

// bundle checks what the elements and invariants of a Bundle do not say: links, fullUrls, and that a document or message is whole.
//
// http://hl7.org/fhir/R4/bundle.html#bundle-unique
func (w *walk) bundle(n fhir.Node) {
	b := bundle{walk: w, byURL: map[string]int{}, several: map[string]bool{}}
	typ := n.Field("type").Text()
	b.links(n)
	for i, e := range n.Field("entry").Elements() {
		be := bundleEntry{node: e, resource: e.Field("resource")}
		be.fullURL = e.Field("fullUrl").Text()
		b.entries = append(b.entries, be)
		w.path = append(w.path, step{name: "entry", index: i})
		b.fullURL(i, typ)
		w.pop()
		if _, ok := b.byURL[be.fullURL]; ok {
			b.several[be.fullURL] = true
		} else if be.fullURL != "" {
			b.byURL[be.fullURL] = i
		}
	}
	if len(b.entries) == 0 {
		return
	}
	first := b.entries[0].resource
	switch {
	case typ == "document" && fhir.Type(first) == "Composition":
		b.points(first.Field("subject"), "subject")
		b.sections(first, 0)
		b.reachable()
	case typ == "searchset":
		b.results(n)
	case typ == "message" && fhir.Type(first) == "MessageHeader":
		for _, f := range first.Field("focus").Elements() {
			b.points(f, "focus")
		}
	}
}

// links are each there once; only some may repeat.
func (b *bundle) links(n fhir.Node) {
	seen := map[string]bool{}
	for i, l := range n.Field("link").Elements() {
		relation := l.Field("relation").Text()
		switch relation {
		case "self", "first", "previous", "prev", "next", "last":
			if seen[relation] {
				b.path = append(b.path, step{name: "link", index: i})
				b.report(detail, l, Invariant, "relation", "a Bundle has one link of this relation: remove the others")
				b.pop()
			}
			seen[relation] = true
		}
	}
}

// fullURL checks that a fullUrl identifies its resource.
func (b *bundle) fullURL(i int, typ string) {
	e := &b.entries[i]
	kind := fhir.Type(e.resource)
	changing := strings.HasPrefix(typ, "transaction") || strings.HasPrefix(typ, "batch")
	if e.fullURL == "" {
		if kind != "" && (typ == "document" || typ == "message") {
			b.report(detail, e.node, Required, "fullUrl", "every entry of a "+typ+" needs a fullUrl, by which others reference it: add it")
		}
		return
	}
	if !strings.Contains(e.fullURL, ":") {
		b.report(detail, e.node.Field("fullUrl"), Value, "fullUrl", "a fullUrl is absolute: write urn:uuid:… or http…/Type/id")
		return
	}
	base, id, ok := cutType(e.fullURL, b.walk)
	if !ok || kind == "" || changing {
		return
	}
	e.base = base
	own := e.resource.Field("id")
	switch {
	case own.Kind() != fhir.String:
		b.report(detail, e.resource, Required, "resource.id", "the fullUrl is that of a server and ends in Type/id: give the resource that id, or write urn:uuid:…")
	case id != kind+"/"+own.Text():
		b.report(detail, e.node.Field("fullUrl"), Invariant, "fullUrl", "the fullUrl is that of a server and ends in another type and id than the resource's: make them equal")
	}
}

// cutType splits http…/Type/id before the type; ok is false for what has not that form.
func cutType(url string, w *walk) (base, key string, ok bool) {
	if !strings.HasPrefix(url, "http") {
		return "", "", false
	}
	parts := strings.Split(url, "/")
	if len(parts) < 5 || w.v.types[parts[len(parts)-2]] == nil {
		return "", "", false
	}
	cut := len(parts) - 2
	return strings.Join(parts[:cut], "/") + "/", strings.Join(parts[cut:], "/"), true
}

// resolve finds the entry that a reference in another points to. local is false for one that may point out of the Bundle.
//
// http://hl7.org/fhir/R4/bundle.html#references
func (b *bundle) resolve(from int, reference string) (to int, found, local bool) {
	reference, _, _ = strings.Cut(reference, "#")
	if reference == "" {
		return from, true, true
	}
	bare, _, _ := strings.Cut(reference, "/_history/")
	for _, url := range [...]string{reference, bare} {
		if !strings.Contains(url, ":") {
			url = b.entries[from].base + url
		}
		if to, found = b.byURL[url]; found {
			return to, true, true
		}
	}
	return 0, false, strings.HasPrefix(reference, "urn:") || !strings.Contains(reference, ":")
}

// points checks that a reference of the first resource has its target in the Bundle.
func (b *bundle) points(ref fhir.Node, what string) {
	text := ref.Field("reference")
	if text.Kind() != fhir.String {
		return
	}
	wrong := ""
	switch to, found, local := b.resolve(0, text.Text()); {
	case !found && local:
		wrong = "the Bundle has no entry with this fullUrl: a relative reference is resolved by the fullUrl of its own entry; add the entry or correct the reference"
	case found && b.several[b.entries[to].fullURL] && !strings.Contains(text.Text(), "/_history/"):
		wrong = "the Bundle has several versions of what this references: say which with /_history/"
	}
	if wrong != "" {
		b.path = append(b.path, step{name: "entry", index: 0}, step{name: "resource", index: -1})
		b.report(detail, text, Invariant, what, wrong)
		b.path = b.path[:len(b.path)-2]
	}
}

// results checks what a search gives: resources that have ids, those that match of the type that the self link asks for.
//
// http://hl7.org/fhir/R4/bundle.html#searchset
func (b *bundle) results(n fhir.Node) {
	asked := ""
	for _, l := range n.Field("link").Elements() {
		if l.Field("relation").Is("self") {
			path, query, _ := strings.Cut(l.Field("url").Text(), "?")
			if t := lastSegment(path); b.v.types[t] != nil && !strings.Contains(query, "_type=") {
				asked = t
			}
		}
	}
	for i, e := range b.entries {
		typ, mode, wrong := fhir.Type(e.resource), e.node.Field("search").Field("mode"), ""
		switch {
		case typ == "":
		case mode.Is("outcome") && typ != "OperationOutcome":
			wrong = "a result whose search mode is outcome is an OperationOutcome: correct the mode"
		case mode.Is("match") && asked != "" && typ != asked:
			wrong = "the self link searches for " + asked + ", and this is another type: a match is of that type, others are include or outcome"
		case typ != "OperationOutcome" && typ != "Parameters" && !e.resource.Field("id").Ok():
			wrong = "what a search finds is stored, and so has an id: add it"
		}
		if wrong != "" {
			b.path = append(b.path, step{name: "entry", index: i})
			b.report(detail, e.resource, Invariant, "resource", wrong)
			b.pop()
		}
	}
}

func (b *bundle) sections(n fhir.Node, depth int) {
	if depth > maxProfileDepth {
		return
	}
	for _, s := range n.Field("section").Elements() {
		for _, e := range s.Field("entry").Elements() {
			b.points(e, "section.entry")
		}
		b.sections(s, depth+1)
	}
}

// reachable reports entries of a document that no chain of references joins with the Composition.
//
// http://hl7.org/fhir/R4/documents.html#content
func (b *bundle) reachable() {
	joined := make([]int, len(b.entries))
	for i := range joined {
		joined[i] = i
	}
	find := func(i int) int {
		for joined[i] != i {
			joined[i] = joined[joined[i]]
			i = joined[i]
		}
		return i
	}
	for i := range b.entries {
		b.references(b.entries[i].resource, func(reference string) {
			if to, found, _ := b.resolve(i, reference); found {
				joined[find(to)] = find(i)
			}
		})
	}
	for i := range b.entries {
		if find(i) != find(0) && !b.full() {
			b.report(detail, b.entries[i].node, Invariant, fmt.Sprintf("entry[%d]", i), "no chain of references joins this entry with the Composition: reference it, or take it out of the document")
		}
	}
}

// references calls f for all that may reference an entry.
func (b *bundle) references(n fhir.Node, f func(string)) {
	for m := n.First(); m.Ok(); m = m.Next() {
		switch m.Kind() {
		case fhir.Object, fhir.Array:
			b.references(m, f)
		case fhir.String:
			if text := m.Text(); len(text) < 2048 && strings.ContainsAny(text, ":/") && !strings.ContainsAny(text, " <") {
				f(text)
			}
		}
	}
}
