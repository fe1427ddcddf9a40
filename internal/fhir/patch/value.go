// SPDX-License-Identifier: Apache-2.0

package patch

import (
	"strconv"

	"galen/internal/fault"
	"galen/internal/fhir"
)

// value is a JSON value: its bytes as long as nothing in it was looked for, then its parts.
type value struct {
	node  fhir.Node
	open  bool
	items []item // of an object or array, if open
}

// item is a member of an object, or an element of an array, which has no name.
type item struct {
	name  string
	value *value
}

func (v *value) kind() fhir.Kind { return v.node.Kind() }

// expand makes parts of an object or array.
func (v *value) expand() {
	if k := v.kind(); v.open || k != fhir.Object && k != fhir.Array {
		return
	}
	v.open = true
	for n := v.node.First(); n.Ok(); n = n.Next() {
		v.items = append(v.items, item{n.Name(), &value{node: n}})
	}
}

// index finds the part of an expanded value that a part of a path names; len(items) if there is none yet but could be.
func (v *value) index(part string) (int, *fault.Fault) {
	switch v.kind() {
	case fhir.Object:
		for i := range v.items {
			if v.items[i].name == part {
				return i, nil
			}
		}
		return len(v.items), nil
	case fhir.Array:
		if part == "-" {
			return len(v.items), nil
		}
		n, err := strconv.ParseUint(part, 10, 31)
		if err != nil || part[0] == '0' && part != "0" || int(n) > len(v.items) {
			return 0, errIndex
		}
		return int(n), nil
	}
	return 0, errNowhere
}

// append appends the value as JSON.
func (v *value) append(dst []byte) []byte {
	if !v.open {
		return append(dst, v.node.Raw()...)
	}
	begin, end := byte('{'), byte('}')
	if v.kind() == fhir.Array {
		begin, end = '[', ']'
	}
	dst = append(dst, begin)
	for i, it := range v.items {
		if i > 0 {
			dst = append(dst, ',')
		}
		if begin == '{' {
			dst = append(fhir.AppendString(dst, it.name), ':')
		}
		dst = it.value.append(dst)
	}
	return append(dst, end)
}

// equal compares two values as RFC 6902 does: numbers by value, members in any order.
//
// https://www.rfc-editor.org/rfc/rfc6902#section-4.6
func equal(a, b fhir.Node) bool {
	if a.Kind() != b.Kind() {
		return false
	}
	switch a.Kind() {
	case fhir.String:
		return a.Text() == b.Text()
	case fhir.Number:
		x, ok1 := fhir.DecimalOf(a)
		y, ok2 := fhir.DecimalOf(b)
		return ok1 && ok2 && x.Compare(y) == 0 || a.Number() == b.Number()
	case fhir.Array:
		x, y := a.First(), b.First()
		for ; x.Ok() && y.Ok(); x, y = x.Next(), y.Next() {
			if !equal(x, y) {
				return false
			}
		}
		return !x.Ok() && !y.Ok()
	case fhir.Object:
		if a.Len() != b.Len() {
			return false
		}
		for m := a.First(); m.Ok(); m = m.Next() {
			if other := b.Field(m.Name()); !other.Ok() || !equal(m, other) {
				return false
			}
		}
	}
	return true
}
