// SPDX-License-Identifier: Apache-2.0

package operation

import (
	"slices"

	"galen/internal/fhir"
)

// labels are the profiles, security labels and tags of a meta, each once, in the order they came.
type labels struct {
	lists map[string][]label
	there map[[2]string]bool // list and identity
}

// label is one of them: what makes it itself (a canonical; system and code), and its JSON.
type label struct {
	is  string
	raw []byte
}

// newLabels takes those of a meta, which may be absent.
func newLabels(meta fhir.Node) *labels {
	l := &labels{lists: map[string][]label{}, there: map[[2]string]bool{}}
	l.add(meta)
	return l
}

func (l *labels) add(meta fhir.Node) {
	for _, list := range metaLists {
		l.addList(list, meta.Field(list))
	}
}

func (l *labels) addList(list string, values fhir.Node) {
	for _, v := range values.Elements() {
		is := identity(v)
		if l.there[[2]string{list, is}] {
			continue
		}
		l.there[[2]string{list, is}] = true
		l.lists[list] = append(l.lists[list], label{is, slices.Clone(v.Raw())})
	}
}

func (l *labels) remove(meta fhir.Node) {
	for _, list := range metaLists {
		for _, v := range meta.Field(list).Elements() {
			is := identity(v)
			l.lists[list] = slices.DeleteFunc(l.lists[list], func(have label) bool { return have.is == is })
			delete(l.there, [2]string{list, is})
		}
	}
}

// identity is what two labels that are the same have in common.
func identity(v fhir.Node) string {
	if v.Kind() == fhir.String {
		return string([]byte(v.Text()))
	}
	return v.Field("system").Text() + "|" + v.Field("code").Text()
}

// append adds meta with these labels instead of its own.
func (l *labels) append(dst []byte, meta fhir.Node) []byte {
	dst = append(dst, '{')
	member := func(name string) {
		if dst[len(dst)-1] != '{' {
			dst = append(dst, ',')
		}
		dst = append(fhir.AppendString(dst, name), ':')
	}
	for name, m := range meta.Members() {
		if !slices.Contains(metaLists, name) {
			member(name)
			dst = append(dst, m.Raw()...)
		}
	}
	for _, list := range metaLists {
		if len(l.lists[list]) == 0 {
			continue
		}
		member(list)
		dst = append(dst, '[')
		for i, v := range l.lists[list] {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = append(dst, v.raw...)
		}
		dst = append(dst, ']')
	}
	return append(dst, '}')
}
