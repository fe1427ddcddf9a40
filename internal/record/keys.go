// SPDX-License-Identifier: Apache-2.0

package record

import "galen/internal/ordkey"

// The kinds of rows and terms of a data store, the byte after the tenant.
const (
	HeadKind        = 'h'
	IdentityKind    = 'i'
	BodyKind        = 'b'
	OlderKind       = 'o'
	CommitKind      = 't'
	MomentKind      = 'm'
	IdempotencyKind = 'k'
	ExtraKind       = 'x'
	SearchKind      = 's'
	DeadKind        = 'd'
	DiedKind        = 'e'
)

// Layout describes one kind of row or term, for people and for tools that print them.
type Layout struct {
	Kind  byte
	Name  string
	Key   string // what follows tenant and kind
	Value string // of a row; of a term, what its numbers are
}

// Rows lists every kind of row of a data store.
func Rows() []Layout {
	return []Layout{
		{HeadKind, "head", "", "state: position, time; per type: next number, live count"},
		{IdentityKind, "identity", "type u16, id", "current number, version id, deleted"},
		{BodyKind, "body", "type u16, number u32", "method, version id, time, previous number, id, stored bytes"},
		{OlderKind, "older", "type u16, id string, version u32 descending", "number of a superseded version, deleted"},
		{CommitKind, "commit", "seq u64", "state after that commit, as in the head"},
		{MomentKind, "moment", "time i64 ms", "seq of the first commit at that time"},
		{IdempotencyKind, "idempotency", "time u64 ms or key text, after one byte that says which", "what the key made"},
		{ExtraKind, "extra", "its owner's own", "its owner's own"},
		{SearchKind, "search", "nothing; or 'd', 'p'", "what the terms are made of; own search parameters; how far a reindex is"},
	}
}

// Terms lists the kinds of terms of a data store that speak of versions themselves; those of search are search/index's.
func Terms() []Layout {
	return []Layout{
		{DeadKind, "dead", "type u16", "every number that is not current: superseded, or a deletion"},
		{DiedKind, "died", "type u16, seq u64", "the numbers that died in that commit"},
	}
}

// AppendPrefix appends what every key of that kind in the data store begins with.
func AppendPrefix(dst []byte, tenant uint32, kind byte) []byte {
	return append(ordkey.AppendUint32(dst, tenant), kind)
}

// AppendTenant appends what every row and term of the data store begins with, those of search among them.
func AppendTenant(dst []byte, tenant uint32) []byte { return ordkey.AppendUint32(dst, tenant) }

func typed(dst []byte, tenant uint32, kind byte, typ uint16) []byte {
	return ordkey.AppendUint16(AppendPrefix(dst, tenant, kind), typ)
}

// AppendHeadKey appends the key of the head row.
func AppendHeadKey(dst []byte, tenant uint32) []byte { return AppendPrefix(dst, tenant, HeadKind) }

// AppendSearchKey appends the key of the row that says what the terms of the data store are made of.
func AppendSearchKey(dst []byte, tenant uint32) []byte { return AppendPrefix(dst, tenant, SearchKind) }

// AppendParamsKey appends the key of the row of the search parameters that the data store has of its own.
func AppendParamsKey(dst []byte, tenant uint32) []byte {
	return append(AppendSearchKey(dst, tenant), 'd')
}

// AppendPassKey appends the key of the row that says how far a reindex is.
func AppendPassKey(dst []byte, tenant uint32) []byte {
	return append(AppendSearchKey(dst, tenant), 'p')
}

// AppendIdentityKey appends the key of the identity row of Type/id.
func AppendIdentityKey(dst []byte, tenant uint32, typ uint16, id string) []byte {
	return append(typed(dst, tenant, IdentityKind, typ), id...)
}

// AppendBodyKey appends the key of a version's body.
func AppendBodyKey(dst []byte, tenant uint32, typ uint16, number uint32) []byte {
	return ordkey.AppendUint32(typed(dst, tenant, BodyKind, typ), number)
}

// AppendOlderKey appends the key of the row of a superseded version.
func AppendOlderKey(dst []byte, tenant uint32, typ uint16, id string, version uint32) []byte {
	return ordkey.AppendUint32Desc(appendOlderPrefix(dst, tenant, typ, id), version)
}

func appendOlderPrefix(dst []byte, tenant uint32, typ uint16, id string) []byte {
	return ordkey.AppendString(typed(dst, tenant, OlderKind, typ), id)
}

// AppendCommitKey appends the key of a commit's state.
func AppendCommitKey(dst []byte, tenant uint32, seq uint64) []byte {
	return ordkey.AppendUint64(AppendPrefix(dst, tenant, CommitKind), seq)
}

// AppendMomentKey appends the key of the first commit at a time.
func AppendMomentKey(dst []byte, tenant uint32, millis int64) []byte {
	return ordkey.AppendInt64(AppendPrefix(dst, tenant, MomentKind), millis)
}

// AppendExtraKey appends the key of a row that rides along in a commit; suffix is its owner's.
func AppendExtraKey(dst []byte, tenant uint32, suffix []byte) []byte {
	return append(AppendPrefix(dst, tenant, ExtraKind), suffix...)
}

// AppendDeadTerm appends the term of a type's dead numbers.
func AppendDeadTerm(dst []byte, tenant uint32, typ uint16) []byte {
	return typed(dst, tenant, DeadKind, typ)
}

// AppendDiedTerm appends the term of the numbers of a type that died in a commit.
func AppendDiedTerm(dst []byte, tenant uint32, typ uint16, seq uint64) []byte {
	return ordkey.AppendUint64(typed(dst, tenant, DiedKind, typ), seq)
}
