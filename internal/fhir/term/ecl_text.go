// SPDX-License-Identifier: Apache-2.0

package term

import (
	"strings"

	"galen/internal/docset"
	"galen/internal/fault"
)

// blanks skips white space and comments.
func (c *constraint) blanks() {
	for c.i < len(c.text) {
		rest := c.text[c.i:]
		switch {
		case strings.IndexByte(" \t\r\n", rest[0]) >= 0:
			c.i++
		case strings.HasPrefix(rest, "/*") && strings.Contains(rest[2:], "*/"):
			c.i += strings.Index(rest[2:], "*/") + 4
		default:
			return
		}
	}
}

// take reads a sign, if it comes next.
func (c *constraint) take(sign string) bool {
	c.blanks()
	if !strings.HasPrefix(c.text[c.i:], sign) {
		return false
	}
	c.i += len(sign)
	return true
}

// joint reads what joins two operands; empty if nothing does.
func (c *constraint) joint() string {
	if c.take(",") {
		return "AND"
	}
	for _, word := range [...]string{"AND", "OR", "MINUS"} {
		if n := len(word); len(c.text)-c.i > n && strings.EqualFold(c.text[c.i:c.i+n], word) && strings.IndexByte(" \t\r\n(<>^*/", c.text[c.i+n]) >= 0 {
			c.i += n
			return word
		}
	}
	return ""
}

// concept reads an identifier, and the |term| that may follow.
func (c *constraint) concept() (id string, err error) {
	c.blanks()
	from := c.i
	for c.i < len(c.text) && c.text[c.i]-'0' <= 9 {
		c.i++
	}
	id = c.text[from:c.i]
	if id == "" {
		return "", c.unreadable()
	}
	if c.take("|") {
		end := strings.IndexByte(c.text[c.i:], '|')
		if end < 0 {
			return "", c.unreadable()
		}
		c.i += end + 1
	}
	c.blanks()
	return id, c.count()
}

// count counts what costs a walk.
func (c *constraint) count() error {
	if c.left--; c.left < 0 {
		return fault.New(fault.TooCostly, "an expression constraint names at most %d concepts and attributes", maxConstraints)
	}
	return nil
}

// unreadable says where the expression cannot be read, or what it asks for that is not offered.
func (c *constraint) unreadable() error {
	c.blanks()
	rest := c.text[c.i:]
	for sign, what := range map[string]string{"{": "groups of attributes and filters", "[": "cardinalities", ".": "attributes by a dot", "#": "numbers", `"`: "texts", "R ": "reversed attributes"} {
		if strings.HasPrefix(rest, sign) {
			return fault.New(fault.Unsupported, "%s are not offered in expression constraints here (at byte %d)", what, c.i+1)
		}
	}
	return fault.New(fault.Invalid, "the expression constraint cannot be read at byte %d: concepts, *, < << > >> <! >! ^, AND, OR, MINUS, brackets and : attribute = value are offered", c.i+1)
}

// reach is what lies beyond the concepts of a set: one step away, or all the way.
func (s *System) reach(from docset.Set, next func(dst []uint32, i uint32) []uint32, one bool) docset.Set {
	seen := make([]bool, s.n)
	var found, todo []uint32
	visit := func(list []uint32) {
		for _, i := range list {
			if !seen[i] {
				seen[i] = true
				found = append(found, i)
			}
		}
	}
	var room []uint32
	for i := range from.All() {
		room = next(room[:0], i)
		visit(room)
	}
	for at := 0; at < len(found) && !one; at++ {
		todo = next(todo[:0], found[at])
		visit(todo)
	}
	var set docset.Set
	for i, is := range seen {
		if is {
			set.Add(uint32(i))
		}
	}
	return set
}

// related is the concepts that have one of the properties named by their concepts, with a value that is a concept which ok accepts.
func (s *System) related(names docset.Set, ok func(value uint32) bool) (set docset.Set) {
	wanted := make([]bool, len(s.PropertyDefinitions))
	for p := range wanted {
		i, found := s.Find(s.PropertyDefinitions[p].Code)
		wanted[p] = found && names.Contains(i)
	}
	known := make([]int8, len(s.sections[secStringAt])/4) // by string: 1 accepted, -1 not
	for i := range uint32(s.n) {
		s.eachProperty(i, func(p, value uint32) bool {
			if !wanted[p] {
				return true
			}
			if known[value] == 0 {
				known[value] = -1
				if concept, found := s.Find(s.str(value)); found && ok(concept) {
					known[value] = 1
				}
			}
			if known[value] > 0 {
				set.Add(i)
			}
			return known[value] < 0
		})
	}
	return set
}
