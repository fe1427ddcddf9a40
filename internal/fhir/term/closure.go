// SPDX-License-Identifier: Apache-2.0

package term

import (
	"encoding/json"

	"galen/internal/fault"
)

const maxClosure = 10_000 // concepts of a closure table

// Closure is the table of one client: the concepts it has named, and how each pair of them stands that is related. Keep it by
// AppendBinary under the name the client gave; the zero Closure is a new one. It belongs to one goroutine at a time.
//
// http://hl7.org/fhir/R4/conceptmap-operation-closure.html
type Closure struct {
	version   int
	concepts  []Coding
	relations []Relation
}

// Relation says that Source is below Target in their system.
type Relation struct {
	Source, Target Coding
	Version        int // of the table, since when it is there
}

// Version is the table's version: it grows with each Add that brought something.
func (c *Closure) Version() int { return c.version }

// Len is the number of concepts.
func (c *Closure) Len() int { return len(c.concepts) }

// Since lists the relations that came after a version; all of them for 0.
func (c *Closure) Since(version int) []Relation {
	for i, r := range c.relations {
		if r.Version > version {
			return c.relations[i:]
		}
	}
	return nil
}

// Add takes concepts into the table and gives the relations that this brings. Concepts that it has are passed over. It fails,
// and leaves the table as it was, if a concept is not known here, or with fault.TooCostly if there are too many.
func (c *Closure) Add(s *Service, codings []Coding) ([]Relation, error) {
	known := make(map[[2]string]bool, len(c.concepts))
	for _, old := range c.concepts {
		known[[2]string{old.System, old.Code}] = true
	}
	concepts := c.concepts[:len(c.concepts):len(c.concepts)]
	var added []Relation
	for _, one := range codings {
		sys, i, err := s.concept(one)
		if err != nil {
			return nil, err
		}
		one = Coding{System: sys.URL, Version: one.Version, Code: one.Code}
		if known[[2]string{one.System, one.Code}] {
			continue
		}
		known[[2]string{one.System, one.Code}] = true
		if len(concepts) == maxClosure {
			return nil, fault.New(fault.TooCostly, "a closure table may have at most %d concepts: start another", maxClosure)
		}
		if !sys.IsGrammar() {
			one.Code = sys.Code(i)
			added = append(added, relate(sys, i, one, concepts, c.version+1)...)
		}
		concepts = append(concepts, one)
	}
	if len(concepts) > len(c.concepts) {
		c.version++
		c.concepts = concepts
		c.relations = append(c.relations, added...)
	}
	return added, nil
}

// relate gives the relations of a new concept with those that are there.
func relate(sys *System, i uint32, one Coding, concepts []Coding, version int) (added []Relation) {
	above, below := sys.Ancestors(i), sys.Descendants(i)
	for _, other := range concepts {
		if other.System != one.System {
			continue
		}
		k, ok := sys.Find(other.Code)
		switch {
		case !ok:
		case above.Contains(k):
			added = append(added, Relation{Source: one, Target: other, Version: version})
		case below.Contains(k):
			added = append(added, Relation{Source: other, Target: one, Version: version})
		}
	}
	return added
}

// closureForm is the stored form, JSON.
type closureForm struct {
	Version   int
	Concepts  []Coding
	Relations []Relation
}

// AppendBinary appends the table in the form that ParseClosure reads.
func (c *Closure) AppendBinary(dst []byte) ([]byte, error) {
	text, err := json.Marshal(closureForm{c.version, c.concepts, c.relations})
	return append(dst, text...), err
}

// ParseClosure reads what AppendBinary wrote.
func ParseClosure(data []byte) (*Closure, error) {
	var f closureForm
	if err := json.Unmarshal(data, &f); err != nil || len(f.Concepts) > maxClosure {
		return nil, fault.New(fault.Invalid, "this is no closure table")
	}
	return &Closure{f.Version, f.Concepts, f.Relations}, nil
}
