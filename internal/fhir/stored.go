// SPDX-License-Identifier: Apache-2.0

package fhir

import "time"

// Prepared is a resource ready to be stored but for its version and time, which only the committer knows: its compact
// bytes with id set and without meta.versionId and meta.lastUpdated, and the place where those two go. It owns its bytes.
type Prepared struct {
	buf []byte
	at  int
}

// PrepareStored makes the stored form of the resource n with that id: the same bytes without insignificant white space,
// id replaced in place or put after resourceType, meta kept or put after id, all other members kept in place and byte for
// byte. It fails with fault.Invalid if n is no object, id is no id, or meta is there and no object.
func PrepareStored(n Node, id string) (Prepared, error) {
	var p Prepared
	return p, p.Set(n, id)
}

// Set makes p the stored form of n, as PrepareStored does, and uses p's memory again.
func (p *Prepared) Set(n Node, id string) error { panic("todo") }

// Len is the length of what AppendStored will append, or a little more.
func (p *Prepared) Len() int { panic("todo") }

// AppendStored appends the resource with its version and time to dst. It only copies.
func (p *Prepared) AppendStored(dst []byte, version uint64, lastUpdated time.Time) []byte {
	panic("todo")
}

// AppendInstant appends t as a FHIR instant in UTC with milliseconds (cut, not rounded): 2026-11-21T03:52:00.123Z.
func AppendInstant(dst []byte, t time.Time) []byte { panic("todo") }
