// SPDX-License-Identifier: Apache-2.0

// Package schema says what the terms of a data store are made of, and how far they are made.
//
// Words. A Schema is the search row of a data store, the version of its terms (index.Version), with the row of its own search parameters:
// those of the active SearchParameter resources that it has. A Pass is a reindex under way, or the last one: it goes over all versions of the data store, in the order of
// types and numbers, and posts what the Schema asks for. A full pass makes all terms anew.
//
// Invariants:
//
//	C1: A version that is committed has the terms of the Schema that its commit was built on. So a pass that begins after a
//	    Schema was committed has nothing to do for versions that came later.
//	C2: Generation grows with each change of what is posted. A pass posts for one generation only.
//	C3: A Schema that Stands is one whose terms of R4's parameters are all there; those of an own parameter are if it is Complete.
//	C4: The number of a parameter is that of one definition: one that changes in anything gets another number, and numbers are not
//	    used again. So what is posted under a number never is of another meaning.
//	C5: Two search rows of a data store are equal only if what they stand for is (Revision).
//
// The package is pure. Format of the rows: docs/formats/rows.md.
package schema

import (
	"encoding/json"
	"slices"

	"galen/internal/fault"
	"galen/internal/fhir/def"
	"galen/internal/search/index"
)

// Schema is the search row.
type Schema struct {
	Version    int    `json:"version"`              // of the terms, as index.Version; while Rebuilding of those that are being made
	Rebuilding bool   `json:"rebuilding,omitempty"` // a full pass is under way: terms are missing
	Generation uint64 `json:"generation"`
	Revision   uint64 `json:"revision,omitempty"` // grows with each other change
	Again      bool   `json:"again,omitempty"`    // somebody has asked for a full pass, that makes terms again while the old ones are used

	Next   def.ParamID `json:"next,omitempty"` // the number of the next own parameter; 0: def.FirstFreeParam
	Params []Param     `json:"-"`              // in a row of their own, which is read only when the search row has changed
}

// First is the Schema of a data store that is written for the first time.
func First() Schema { return Schema{Version: index.Version, Generation: 1} }

// Parse reads a search row and that of the own parameters. Without one (nil) the data store is of the first release, which had no such row.
func Parse(row, params []byte) (Schema, error) {
	if row == nil {
		return Schema{Version: 1}, nil
	}
	var s Schema
	var err error
	if s.Params, err = parseParams(params); err != nil {
		return Schema{}, err
	}
	if err := json.Unmarshal(row, &s); err != nil {
		return Schema{}, fault.Wrap(fault.Internal, err, "the search row of a data store cannot be read")
	}
	return s, nil
}

// Row is what Parse reads.
func (s *Schema) Row() []byte { return encode(s) }

// Stands reports whether the terms of R4's parameters are all there, so that the data store can be searched.
func (s *Schema) Stands() bool { return s.Version == index.Version && !s.Rebuilding }

// Due reports whether a pass is needed.
func (s *Schema) Due() bool {
	return !s.Stands() || s.Again || slices.ContainsFunc(s.Params, func(p Param) bool { return !p.Complete })
}

// Ask gives the Schema after somebody has asked for a full pass.
func (s Schema) Ask() Schema {
	s.Again = true
	s.Revision++
	return s
}

// Begin gives the Schema under which a pass begins. full: the pass makes all terms. drop: what is posted has to go before it.
func (s Schema) Begin() (next Schema, full, drop bool) {
	full, drop = s.Again, !s.Stands()
	if drop {
		s.Version, s.Rebuilding = index.Version, true
		s.Generation++
	}
	s.Again = false
	s.Revision++
	return s, full || drop, drop
}

// Finish gives the Schema after a pass.
func (s Schema) Finish(pass Pass) Schema {
	s.Rebuilding = s.Rebuilding && !pass.Full
	s.Params = slices.Clone(s.Params)
	for i := range s.Params {
		p := &s.Params[i]
		p.Complete = p.Complete || p.pending(pass.Generation)
	}
	s.Revision++
	return s
}

// Pass is the row of a reindex.
type Pass struct {
	Generation uint64 `json:"generation"` // of the Schema that it posts for
	Full       bool   `json:"full,omitempty"`
	Until      uint64 `json:"until"`  // versions up to this position have to be gone over
	Type       uint16 `json:"type"`   // all versions of types before it are done
	Number     uint32 `json:"number"` // and those of Type below Number
	Done       uint64 `json:"done"`   // versions gone over so far
	Total      uint64 `json:"total"`
	Failed     uint64 `json:"failed,omitempty"` // of those done: for which the terms of a parameter cannot be made
	Began      int64  `json:"began"`            // ms since 1970
	Ended      int64  `json:"ended,omitempty"`  // 0: it is under way
}

// ParsePass reads the row of a pass; the zero Pass without one (nil).
func ParsePass(row []byte) (Pass, error) {
	var p Pass
	if row == nil {
		return p, nil
	}
	if err := json.Unmarshal(row, &p); err != nil {
		return Pass{}, fault.Wrap(fault.Internal, err, "the reindex row of a data store cannot be read")
	}
	return p, nil
}

// Row is what ParsePass reads.
func (p *Pass) Row() []byte { return encode(p) }

// Running reports whether the pass is under way.
func (p *Pass) Running() bool { return p.Generation > 0 && p.Ended == 0 }

// encode writes a row; nothing in it can fail.
func encode(v any) []byte {
	row, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return row
}
