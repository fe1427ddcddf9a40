// SPDX-License-Identifier: Apache-2.0

package store

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"strings"

	"galen/internal/engine"
	"galen/internal/fault"
	"galen/internal/fhir"
	"galen/internal/fhir/def"
	"galen/internal/record"
	"galen/internal/search/index"
	"galen/internal/search/schema"
)

// Change is one resource to be stored or deleted: made by Prepare or Delete, committed once.
type Change struct {
	typ      uint16
	id       string
	assigned bool // the id is a new UUID, so there is nothing to look up
	method   record.Method
	cond     If
	prepared fhir.Prepared
	terms    []byte // packed

	generation uint64        // of the schema that terms were made for
	param      *schema.Param // of a SearchParameter: what it makes, if anything
}

// ID is the id the resource will be stored under.
func (c *Change) ID() string { return c.id }

// If holds what must be true right before a change, else it is refused. The zero If asks nothing.
type If struct {
	Version uint32 // the newest version must be this one and not a deletion, else fault.Precondition (If-Match); 0: any
	None    bool   // there must be no such resource, or it must be deleted, else fault.Precondition (If-None-Match: *)
	Exists  bool   // there must be one that is not deleted, else fault.NotFound or fault.Gone
	Key     string // idempotency key: at most one change of the store within IdempotencyTTL, else fault.Conflict; empty: none
}

// maxKey is the longest idempotency key, maxBody the longest resource as it is stored, in bytes.
const (
	maxKey  = 256
	maxBody = engine.MaxValue - 1<<10
)

// Put says how a resource is to be stored.
type Put struct {
	Type   string // what its type must be; empty: any
	ID     string // what its id must be; empty: any. With Assign: the new id, from NewID; empty: one is made
	Assign bool   // give it a new id, whatever id it has
	Adopt  bool   // a resource without an id is that of ID
	If     If
}

// Prepare makes the change that stores the resource on tape, as a new version in any case. It only computes: any number of
// goroutines may call it at once. The change keeps nothing of the tape. It fails with fault.Invalid if the resource is no
// object, has no type or another one than it must have, no id, a malformed one or another one than put.ID; with
// fault.Unsupported if there is no such type or resources of it cannot be stored; with fault.Unprocessable if it is an active
// SearchParameter that cannot be served.
func (s *Store) Prepare(tape *fhir.Tape, put Put) (*Change, error) {
	root := tape.Root()
	if root.Kind() != fhir.Object {
		return nil, fault.New(fault.Invalid, "a resource is a JSON object").WithCode("structure")
	}
	name := fhir.Type(root)
	switch {
	case name == "":
		return nil, fault.New(fault.Invalid, "the resource has no resourceType").WithCode("required").At("resourceType")
	case put.Type != "" && name != put.Type:
		return nil, fault.New(fault.Invalid, "the resourceType is not %s", put.Type).At("resourceType")
	}
	typ, err := storable(name)
	if err != nil {
		return nil, err
	}
	if len(put.If.Key) > maxKey {
		return nil, fault.New(fault.Invalid, "the idempotency key is longer than %d bytes", maxKey)
	}
	c := &Change{typ: uint16(typ.ID), method: record.Put, cond: put.If}
	if put.Assign {
		if c.id = put.ID; c.id == "" {
			c.id = NewID()
		}
		c.assigned, c.method = true, record.Post
	} else if put.Adopt && !root.Field("id").Ok() {
		c.id = put.ID
	} else if c.id, err = idOf(root, put.ID); err != nil {
		return nil, err
	}
	if c.prepared, err = fhir.PrepareStored(root, c.id); err != nil {
		return nil, err
	}
	if c.prepared.Len() > maxBody {
		return nil, fault.New(fault.TooLarge, "the resource is longer than %d bytes", maxBody)
	}
	t := s.terms.Load()
	if t.index != nil && name == searchParameter {
		if c.param, err = schema.Read(root); err != nil {
			return nil, err
		}
	}
	return c, s.addTerms(c, root, t)
}

// searchParameter is the type of the resources that add search parameters.
const searchParameter = "SearchParameter"

// addTerms puts the terms of the resource into the change, in one piece.
func (s *Store) addTerms(c *Change, root fhir.Node, t *terms) error {
	if t.index == nil {
		return nil
	}
	terms := s.scratch.Get().(*index.Terms)
	defer s.scratch.Put(terms)
	terms.Reset()
	if err := t.index.AppendTerms(terms, root); err != nil {
		return fmt.Errorf("index: %w", err)
	}
	c.terms, c.generation = pack(terms), t.schema.Generation
	return nil
}

// idOf is the id of a resource, which must be want unless that is empty.
//
// http://hl7.org/fhir/R4/http.html#update
func idOf(root fhir.Node, want string) (string, error) {
	node := root.Field("id")
	id := node.Text()
	switch {
	case !node.Ok():
		return "", fault.New(fault.Invalid, "the resource has no id").WithCode("required").At("id")
	case !fhir.ValidID(id):
		return "", fault.New(fault.Invalid, "the id is not 1 to 64 of A-Z a-z 0-9 - and dot").WithCode("value").At("id")
	case want != "" && id != want:
		return "", fault.New(fault.Invalid, "the id of the resource is not the one it is to be stored under").WithCode("value").At("id")
	}
	return strings.Clone(id), nil
}

// Delete makes the change that deletes Type/id. Committed, it makes a deletion version, or nothing if there is no such
// resource or it is deleted already. It fails as Prepare does for the type and the id.
func (s *Store) Delete(typ, id string, cond If) (*Change, error) {
	t, err := storable(typ)
	if err != nil {
		return nil, err
	}
	if !fhir.ValidID(id) {
		return nil, fault.New(fault.Invalid, "the id is not 1 to 64 of A-Z a-z 0-9 - and dot").WithCode("value").At("id")
	}
	return &Change{typ: uint16(t.ID), id: id, method: record.Delete, cond: cond}, nil
}

// Storable reports whether resources of that type can be stored: all types of R4 that are not abstract, but for
// Parameters and OperationOutcome.
func Storable(typ string) bool {
	_, err := storable(typ)
	return err == nil
}

func storable(name string) (*def.Type, error) {
	typ := def.R4().Type(name)
	switch {
	case typ == nil || typ.Abstract:
		return nil, fault.New(fault.Unsupported, "there is no such resource type")
	case name == "Parameters" || name == "OperationOutcome":
		return nil, fault.New(fault.Unsupported, "resources of type %s are not stored", name)
	}
	return typ, nil
}

// NewID makes an id for a resource that is to be created: a random (version 4) UUID. Each may be used once.
func NewID() string {
	var b [16]byte
	rand.Read(b[:])
	b[6] = b[6]&0x0F | 0x40
	b[8] = b[8]&0x3F | 0x80
	text := make([]byte, 36)
	hex.Encode(text, b[:4])
	hex.Encode(text[9:], b[4:6])
	hex.Encode(text[14:], b[6:8])
	hex.Encode(text[19:], b[8:10])
	hex.Encode(text[24:], b[10:])
	text[8], text[13], text[18], text[23] = '-', '-', '-', '-'
	return string(text)
}
