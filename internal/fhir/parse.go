// SPDX-License-Identifier: Apache-2.0

package fhir

// The steps of the parser take the offset to read from and return the offset after what they read, or a negative one
// after fail. A step that reads a value fills the tape's newest entry, which its caller has begun with start and name.

const (
	msgEnds   = "the document ends too early"
	msgDeep   = "too many levels"
	msgMany   = "too many values"
	msgSecond = "the same name twice in one object"
)

// value reads the value at i.
func (t *Tape) value(i int) int {
	if i >= len(t.src) {
		return t.fail(i, msgEnds)
	}
	self := len(t.entries) - 1
	kind, end := Null, 0
	switch c := t.src[i]; c {
	case '"':
		kind, end = String, plainEnd(t.src, i+1)
		if end < len(t.src) && t.src[end] == '"' {
			end++
		} else {
			end = t.text(i + 1)
		}
	case '{':
		return t.object(i+1, self)
	case '[':
		return t.array(i+1, self)
	case 't':
		kind, end = True, t.literal(i, "true")
	case 'f':
		kind, end = False, t.literal(i, "false")
	case 'n':
		end = t.literal(i, "null")
	default:
		kind, end = Number, t.number(i)
	}
	if end < 0 {
		return end
	}
	e := &t.entries[self]
	e.kind, e.end, e.next = kind, uint32(end), uint32(self+1)
	return end
}

// object reads an object's members from i, after its brace.
func (t *Tape) object(i, self int) int {
	src := t.src
	if i = t.open(i, self, Object); i >= 0 && i < len(src) && src[i] == '}' {
		return t.close(i+1, self, self)
	}
	var seen uint64 // a bit for each signature met
	for count := 1; i >= 0; count++ {
		member := len(t.entries)
		sig, after := t.name(i)
		if after < 0 {
			return after
		}
		if bit := uint64(1) << (sig * 0x9e3779b1 >> 26); seen&bit == 0 {
			seen |= bit
		} else if count < manyMembers && t.repeated(self, member) {
			return t.fail(i, msgSecond)
		}
		if i = t.value(after); i < 0 {
			return i
		}
		if i < len(src) && src[i] <= ' ' {
			i = t.space(i)
		}
		switch {
		case i >= len(src):
			return t.fail(i, msgEnds)
		case src[i] == ',':
			if i++; i < len(src) && src[i] <= ' ' {
				i = t.space(i)
			}
		case src[i] == '}':
			if count >= manyMembers {
				if at := t.sortedRepeat(self); at >= 0 {
					return t.fail(at, msgSecond)
				}
			}
			return t.close(i+1, self, member)
		default:
			return t.fail(i, "a comma or } is missing")
		}
	}
	return i
}

// array reads an array's elements from i, after its bracket.
func (t *Tape) array(i, self int) int {
	src := t.src
	if i = t.open(i, self, Array); i >= 0 && i < len(src) && src[i] == ']' {
		return t.close(i+1, self, self)
	}
	for i >= 0 {
		element := len(t.entries)
		if !t.begin(entry{start: uint32(i)}) {
			return t.fail(i, msgMany)
		}
		if i = t.value(i); i < 0 {
			return i
		}
		if i < len(src) && src[i] <= ' ' {
			i = t.space(i)
		}
		switch {
		case i >= len(src):
			return t.fail(i, msgEnds)
		case src[i] == ',':
			if i++; i < len(src) && src[i] <= ' ' {
				i = t.space(i)
			}
		case src[i] == ']':
			return t.close(i+1, self, element)
		default:
			return t.fail(i, "a comma or ] is missing")
		}
	}
	return i
}

func (t *Tape) open(i, self int, kind Kind) int {
	t.entries[self].kind = kind
	if t.depth--; t.depth < 0 {
		return t.fail(i-1, msgDeep)
	}
	if i < len(t.src) && t.src[i] <= ' ' {
		i = t.space(i)
	}
	return i
}

// close ends the container self, whose last member or element is last (self if it has none).
func (t *Tape) close(i, self, last int) int {
	t.depth++
	if last != self {
		t.entries[last].flags |= flagLast
	}
	e := &t.entries[self]
	e.end, e.next = uint32(i), uint32(len(t.entries))
	return i
}
