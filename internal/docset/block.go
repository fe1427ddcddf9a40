// SPDX-License-Identifier: Apache-2.0

package docset

import (
	"encoding/binary"
	"errors"
	"math/bits"
)

// BlockSize is the number of documents that one block covers.
const BlockSize = 1 << 16

// ErrMalformed says that bytes are not a block.
var ErrMalformed = errors.New("docset: malformed block")

// A block is a byte that tells its form, then the low 16 bits of its documents, little-endian:
//
//	form  follows
//	1     up to 4,096 distinct numbers, ascending
//	2     a bitmap of 65,536 bits in 1,024 words of 64, with more than 4,096 set
//	3     runs, ascending, none touching the next: first number, length less one
//	4     a change: the length of a block in four bytes, that block (what is added), another block (what is removed);
//	      the two have no document in common, and the second has one at least
//
// The empty block is form 1 with no numbers. Forms 1 to 3 stand for a whole block of postings as well as for a change that
// only adds. The encoder takes the shortest form. docs/formats/engine.md specifies it.
const (
	formArray  = 1
	formBitmap = 2
	formRuns   = 3
	formChange = 4

	maxArray    = 4096
	words       = BlockSize / 64
	bitmapBytes = BlockSize / 8
)

// AppendChange appends the block that adds and removes documents, given by their low 16 bits. Both are ascending without
// repeats, and nothing is in both.
func AppendChange(dst []byte, added, removed []uint16) []byte {
	a, r := chunk{arr: added}, chunk{arr: removed}
	return appendChange(dst, &a, &r)
}

// MergeBlocks appends what has the effect of the change older followed by the change newer. It is associative.
func MergeBlocks(dst, older, newer []byte) ([]byte, error) {
	var m Merger
	if err := m.Older(newer); err != nil {
		return dst, err
	}
	if err := m.Older(older); err != nil {
		return dst, err
	}
	return m.Append(dst, false), nil
}

// BlockLen returns the number of documents in a block: of a change, of those it adds.
func BlockLen(block []byte) (int, error) {
	form, body, err := splitForm(block)
	if err != nil {
		return 0, err
	}
	switch form {
	case formArray:
		return len(body) / 2, nil
	case formBitmap:
		return countBits(body), nil
	case formRuns:
		n := 0
		for ; len(body) > 0; body = body[4:] {
			n += int(binary.LittleEndian.Uint16(body[2:])) + 1
		}
		return n, nil
	}
	added, _, err := splitChange(body)
	if err != nil {
		return 0, err
	}
	return BlockLen(added)
}

// splitForm checks what can be checked without reading the numbers.
func splitForm(block []byte) (form byte, body []byte, err error) {
	if len(block) == 0 {
		return 0, nil, ErrMalformed
	}
	form, body = block[0], block[1:]
	ok := false
	switch form {
	case formArray:
		ok = len(body)%2 == 0 && len(body) <= 2*maxArray
	case formBitmap:
		ok = len(body) == bitmapBytes
	case formRuns:
		ok = len(body)%4 == 0 && len(body) > 0 && len(body) < bitmapBytes
	case formChange:
		ok = len(body) > 4
	}
	if !ok {
		return 0, nil, ErrMalformed
	}
	return form, body, nil
}

func splitChange(body []byte) (added, removed []byte, err error) {
	n := uint64(binary.LittleEndian.Uint32(body))
	body = body[4:]
	if n >= uint64(len(body)) || n == 0 || body[0] == formChange || body[n] == formChange {
		return nil, nil, ErrMalformed
	}
	return body[:n], body[n:], nil
}

func countBits(body []byte) int {
	n := 0
	for i := 0; i+8 <= len(body); i += 8 {
		n += bits.OnesCount64(binary.LittleEndian.Uint64(body[i:]))
	}
	return n
}

func appendChange(dst []byte, added, removed *chunk) []byte {
	if removed.len() == 0 {
		return added.append(dst)
	}
	dst = append(dst, formChange, 0, 0, 0, 0)
	at := len(dst)
	dst = added.append(dst)
	binary.LittleEndian.PutUint32(dst[at-4:], uint32(len(dst)-at))
	return removed.append(dst)
}
