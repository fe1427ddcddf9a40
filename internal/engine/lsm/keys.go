// SPDX-License-Identifier: Apache-2.0

package lsm

import (
	"bytes"
	"encoding/binary"

	"github.com/cockroachdb/pebble/v2"

	"galen/internal/engine"
)

// A key on disk is a prefix and a suffix. The prefix is a byte for the space, the key or term, and 00. The suffix is
// nothing for a row; for a posting it is the block (the high 16 bits of the documents, big-endian) and 03, the suffix's
// length. Keys are ordered by prefix, then by suffix.
const (
	spaceMeta = 'm'
	spaceRow  = 'r'
	spaceTerm = 't'

	keyEnd      = 0
	blockSuffix = 3
)

// appendKey appends the prefix for a key or term.
func appendKey(dst []byte, space byte, key []byte) []byte {
	return append(append(append(dst, space), key...), keyEnd)
}

// bounds returns the keys on disk between which those of a range are.
func bounds(space byte, r engine.Range) (lower, upper []byte) {
	lower = appendKey(nil, space, r.Lo)
	if r.Hi == nil {
		return lower, []byte{space + 1, keyEnd}
	}
	return lower, appendKey(nil, space, r.Hi)
}

// logical returns the key or term of a prefix, and for a posting's key its block.
func logical(key []byte) (prefix, inner []byte, block uint16) {
	n := split(key)
	if n < len(key) {
		block = binary.BigEndian.Uint16(key[n:])
	}
	return key[:n], key[1 : n-1], block
}

func split(key []byte) int {
	if len(key) == 0 {
		return 0
	}
	if n := int(key[len(key)-1]); n <= len(key) {
		return len(key) - n
	}
	return len(key)
}

func compare(a, b []byte) int {
	m, n := split(a), split(b)
	if c := bytes.Compare(a[:m], b[:n]); c != 0 {
		return c
	}
	return bytes.Compare(a[m:], b[n:])
}

func abbreviated(key []byte) uint64 {
	key = key[:split(key)]
	if len(key) >= 8 {
		return binary.BigEndian.Uint64(key)
	}
	var b [8]byte
	copy(b[:], key)
	return binary.BigEndian.Uint64(b[:])
}

func comparer() *pebble.Comparer {
	itself := func(dst, a []byte) []byte { return append(dst, a...) }
	return &pebble.Comparer{
		Name:                 "galen.prefix.1", // written to disk: a change of order needs another name
		Compare:              compare,
		Equal:                bytes.Equal,
		Split:                split,
		AbbreviatedKey:       abbreviated,
		ComparePointSuffixes: bytes.Compare,
		CompareRangeSuffixes: bytes.Compare,
		Separator:            func(dst, a, _ []byte) []byte { return itself(dst, a) },
		Successor:            itself,
		ImmediateSuccessor:   func(dst, a []byte) []byte { return append(append(dst, a...), keyEnd) },
	}
}
