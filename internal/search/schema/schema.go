// SPDX-License-Identifier: Apache-2.0

// Package schema says what the terms of a data store are made of, and how far they are made.
//
// Words. A Schema is the search row of a data store: the version of the terms (index.Version) and what the data store adds to the
// definitions. A Pass is a reindex under way, or the last one: it goes over all versions of the data store, in the order of
// types and numbers, and posts what the Schema asks for. A full pass makes all terms anew.
//
// Invariants:
//
//	C1: A version that is committed has the terms of the Schema that its commit was built on. So a pass that begins after a
//	    Schema was committed has nothing to do for versions that came later.
//	C2: Generation grows with each change of what is posted. A pass posts for one generation only.
//	C3: A Schema that Stands is one whose terms are all there.
//
// The package is pure. Format of the rows: docs/formats/rows.md.
package schema

import (
	"encoding/json"

	"galen/internal/fault"
	"galen/internal/search/index"
)

// Schema is the search row.
type Schema struct {
	Version    int    `json:"version"`              // of the terms, as index.Version; while Rebuilding of those that are being made
	Rebuilding bool   `json:"rebuilding,omitempty"` // a full pass is under way: terms are missing
	Generation uint64 `json:"generation"`
}

// First is the Schema of a data store that is written for the first time.
func First() Schema { return Schema{Version: index.Version, Generation: 1} }

// Parse reads a search row. Without one (nil) the data store is of the first release, which had no such row.
func Parse(row []byte) (Schema, error) {
	if row == nil {
		return Schema{Version: 1}, nil
	}
	var s Schema
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
func (s *Schema) Due() bool { return !s.Stands() }

// Begin gives the Schema under which a pass begins. full: the pass makes all terms anew, and what is posted has to go before it.
func (s Schema) Begin() (next Schema, full bool) {
	if s.Stands() {
		return s, false
	}
	s.Version, s.Rebuilding = index.Version, true
	s.Generation++
	return s, true
}

// Finish gives the Schema after a pass of this generation.
func (s Schema) Finish() Schema {
	s.Rebuilding = false
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
	Failed     uint64 `json:"failed,omitempty"` // of those done: whose terms cannot be made
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
