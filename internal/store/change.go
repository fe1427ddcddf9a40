// SPDX-License-Identifier: Apache-2.0

package store

import (
	"galen/internal/fhir"
)

// Change is one resource to be stored or deleted: made by Prepare or Delete, committed once.
type Change struct{}

// ID is the id the resource will be stored under.
func (c *Change) ID() string { panic("todo") }

// If holds what must be true right before a change, else it is refused. The zero If asks nothing.
type If struct {
	Version uint32 // the newest version must be this one and not a deletion, else fault.Precondition (If-Match); 0: any
	None    bool   // there must be no such resource, or it must be deleted, else fault.Precondition (If-None-Match: *)
	Exists  bool   // there must be one that is not deleted, else fault.NotFound or fault.Gone
	Key     string // idempotency key: at most one change of the store within IdempotencyTTL, else fault.Conflict; empty: none
}

// Put says how a resource is to be stored.
type Put struct {
	Type   string // what its type must be; empty: any
	ID     string // the id to store it under; empty: its own
	Assign bool   // give it a new UUID, whatever id it has
	If     If
}

// Prepare makes the change that stores the resource on tape, as a new version in any case. It only computes: any number of
// goroutines may call it at once. The change keeps nothing of the tape. It fails with fault.Invalid if the resource is no
// object, has no type or another one than it must have, no id, a malformed one or another one than put.ID; with
// fault.Unsupported if there is no such type or resources of it cannot be stored.
func (s *Store) Prepare(tape *fhir.Tape, put Put) (*Change, error) { panic("todo") }

// Delete makes the change that deletes Type/id. Committed, it makes a deletion version, or nothing if there is no such
// resource or it is deleted already. It fails as Prepare does for the type and the id.
func (s *Store) Delete(typ, id string, cond If) (*Change, error) { panic("todo") }

// Storable reports whether resources of that type can be stored: all types of R4 that are not abstract, but for
// Parameters and OperationOutcome.
func Storable(typ string) bool { panic("todo") }
