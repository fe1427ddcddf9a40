// SPDX-License-Identifier: Apache-2.0

package store

import (
	"context"

	"galen/internal/record"
)

// Store is one data store.
type Store struct{}

// Tenant is the number of the data store.
func (s *Store) Tenant() uint32 { panic("todo") }

// View takes a view of the newest commit. The caller closes it.
func (s *Store) View(ctx context.Context) (*record.View, error) { panic("todo") }

// Extra reads the extra row with that key suffix; nil if there is none.
func (s *Store) Extra(ctx context.Context, suffix []byte) ([]byte, error) { panic("todo") }

// Group is what one caller commits together. It and its changes belong to the store until Commit has returned.
type Group struct {
	Changes []*Change
	Rows    []Row // committed with the changes, even if all of those are refused (unless Atomic)
	Atomic  bool  // all changes or none
}

// Row is a row that rides along in a commit, under record.ExtraKind.
type Row struct {
	Suffix []byte // its key after tenant and kind; begin it with something of its owner's own
	Value  []byte // nil removes the row
}

// Result is what became of one change.
type Result struct {
	// Version is what the change made, body included. If nothing was made, it is the newest version as far as it is known
	// (ID, Number, VersionID; no body): that of the resource a delete found deleted (VersionID 0 if there never was one), or
	// that which an idempotency key made before.
	Version  record.Version
	Created  bool  // there was no such resource before, or it was deleted
	Changed  bool  // a version was made
	Repeated bool  // the idempotency key was used before; Err is fault.Conflict
	Err      error // why the change was refused; nothing of it was stored
}

// Commit stores a group and answers once it is durable. The results are in the order of the changes, each refused for
// its own reason (Err). The error is that of the group as a whole: fault.Unavailable if the engine failed, fault.TooLarge for
// too many changes, fault.NotFound after Drop, the first refusal if the group is Atomic; then nothing was stored.
// If ctx ends while the group waits, nothing is stored; once it is being committed, Commit waits for the outcome.
func (s *Store) Commit(ctx context.Context, g Group) ([]Result, error) { panic("todo") }
