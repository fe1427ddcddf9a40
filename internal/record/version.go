// SPDX-License-Identifier: Apache-2.0

package record

import (
	"encoding/binary"
	"time"

	"galen/internal/fault"
)

const (
	bodyFormat     = 1
	identityFormat = 1
)

// Method is the interaction that made a version.
type Method byte

// The methods, as they are stored.
const (
	Post   Method = 'C' // created, the server gave the id
	Put    Method = 'U' // updated, or created with the caller's id
	Delete Method = 'D'
	Erased Method = 'E' // what was there is gone for good: neither the id nor a body is left
)

// String is the HTTP method of Bundle.entry.request: POST, PUT, DELETE.
func (m Method) String() string {
	switch m {
	case Post:
		return "POST"
	case Put:
		return "PUT"
	case Delete:
		return "DELETE"
	}
	return ""
}

// None stands for no number, where there is none to name.
const None uint32 = 1<<32 - 1

// Version is one version of a resource.
type Version struct {
	Type      uint16 // def.TypeID
	ID        string
	Number    uint32
	VersionID uint32
	Previous  uint32    // number of the version before it; None for the first
	Time      time.Time // of its commit, UTC, whole milliseconds
	Method    Method
	Body      []byte // the stored JSON with meta.versionId and meta.lastUpdated; nil for a deletion. Not to be changed.
}

// Deleted reports whether the version has no body: it is a deletion, or was erased.
func (v *Version) Deleted() bool { return v.Method == Delete || v.Erased() }

// Erased reports whether the version was erased. Nothing leads to it but its number.
func (v *Version) Erased() bool { return v.Method == Erased }

// AppendBodyHeader appends the row form of v but for its body, which is to be appended after it.
func AppendBodyHeader(dst []byte, v *Version) []byte {
	dst = append(dst, bodyFormat, byte(v.Method))
	dst = binary.AppendUvarint(dst, uint64(v.VersionID))
	dst = binary.AppendVarint(dst, v.Time.UnixMilli())
	dst = binary.AppendUvarint(dst, uint64(v.Previous+1)) // None is 0
	dst = binary.AppendUvarint(dst, uint64(len(v.ID)))
	return append(dst, v.ID...)
}

// ParseBody reads a body row. Body shares the memory of src. Type and Number are the key's. It fails with fault.Internal.
func ParseBody(src []byte, typ uint16, number uint32) (Version, error) {
	r := reader{src: src}
	r.format(bodyFormat)
	v := Version{Type: typ, Number: number, Method: Method(r.byte()), VersionID: r.uint32()}
	v.Time = time.UnixMilli(r.varint()).UTC()
	v.Previous = r.uint32() - 1
	v.ID = string(r.bytes(r.uvarint()))
	if r.bad || v.Method.String() == "" && !v.Erased() || v.Deleted() != (len(r.src) == 0) {
		return Version{}, fault.New(fault.Internal, "a body row cannot be read")
	}
	if !v.Deleted() {
		v.Body = r.src
	}
	return v, nil
}

// Identity is the value of an identity row: the newest version of a resource.
type Identity struct {
	Number    uint32
	VersionID uint32
	Deleted   bool
}

// AppendIdentity appends the row form of i.
func AppendIdentity(dst []byte, i Identity) []byte {
	flag := byte(0)
	if i.Deleted {
		flag = 1
	}
	dst = append(dst, identityFormat, flag)
	return binary.AppendUvarint(binary.AppendUvarint(dst, uint64(i.Number)), uint64(i.VersionID))
}

// ParseIdentity reads what AppendIdentity wrote. It fails with fault.Internal.
func ParseIdentity(src []byte) (Identity, error) {
	r := reader{src: src}
	r.format(identityFormat)
	flag := r.byte()
	i := Identity{Deleted: flag == 1, Number: r.uint32(), VersionID: r.uint32()}
	if r.bad || flag > 1 || len(r.src) > 0 {
		return Identity{}, fault.New(fault.Internal, "an identity row cannot be read")
	}
	return i, nil
}

// AppendOlder appends the value of the older row of a superseded version. Its version id is in the key.
func AppendOlder(dst []byte, i Identity) []byte {
	v := uint64(i.Number) << 1
	if i.Deleted {
		v |= 1
	}
	return binary.AppendUvarint(dst, v)
}

// ParseOlder reads what AppendOlder wrote. It fails with fault.Internal.
func ParseOlder(src []byte) (Identity, error) {
	r := reader{src: src}
	v := r.uvarint()
	if r.bad || len(r.src) > 0 || v>>33 != 0 {
		return Identity{}, fault.New(fault.Internal, "an older row cannot be read")
	}
	return Identity{Number: uint32(v >> 1), Deleted: v&1 == 1}, nil
}

// AppendSeq appends the value of a moment row.
func AppendSeq(dst []byte, seq uint64) []byte { return binary.AppendUvarint(dst, seq) }

// ParseSeq reads what AppendSeq wrote; a position is never 0. It fails with fault.Internal.
func ParseSeq(src []byte) (uint64, error) {
	r := reader{src: src}
	seq := r.uvarint()
	if r.bad || len(r.src) > 0 || seq == 0 {
		return 0, fault.New(fault.Internal, "a moment row cannot be read")
	}
	return seq, nil
}
