// SPDX-License-Identifier: Apache-2.0

package graphql

import "galen/internal/fhir"

// object is an object of the answer: its members in the order they came.
type object struct {
	names []string
	slots map[string]*slot
}

// slot is a member: one value, or a list.
type slot struct {
	list  bool
	items []value
}

// value is JSON, or an object.
type value struct {
	raw    []byte
	object *object
}

// slot gives the member of a name, a new one if there is none.
func (o *object) slot(name string) *slot {
	if s := o.slots[name]; s != nil {
		return s
	}
	if o.slots == nil {
		o.slots = map[string]*slot{}
	}
	s := &slot{}
	o.slots[name] = s
	o.names = append(o.names, name)
	return s
}

// append adds the object as JSON.
func (o *object) append(dst []byte) []byte {
	dst = append(dst, '{')
	for i, name := range o.names {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = o.slots[name].append(append(fhir.AppendString(dst, name), ':'))
	}
	return append(dst, '}')
}

func (s *slot) append(dst []byte) []byte {
	if !s.list {
		if len(s.items) == 0 {
			return append(dst, "null"...)
		}
		return s.items[0].append(dst)
	}
	dst = append(dst, '[')
	for i, v := range s.items {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = v.append(dst)
	}
	return append(dst, ']')
}

func (v value) append(dst []byte) []byte {
	if v.object != nil {
		return v.object.append(dst)
	}
	return append(dst, v.raw...)
}
