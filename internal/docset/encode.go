// SPDX-License-Identifier: Apache-2.0

package docset

import (
	"encoding/binary"
	"math/bits"
)

// append appends the block of c in its shortest form.
func (c *chunk) append(dst []byte) []byte {
	n, runs := c.len(), c.runs()
	if n > 0 && 4*runs < min(2*n, bitmapBytes) {
		dst = append(dst, formRuns)
		return c.appendRuns(dst)
	}
	return c.appendPlain(dst)
}

// appendPlain appends the block of c as an array or a bitmap.
func (c *chunk) appendPlain(dst []byte) []byte {
	if c.len() <= maxArray {
		dst = append(dst, formArray)
		for v := range c.all {
			dst = binary.LittleEndian.AppendUint16(dst, v)
		}
		return dst
	}
	dst = append(dst, formBitmap)
	for _, w := range c.asBits() {
		dst = binary.LittleEndian.AppendUint64(dst, w)
	}
	return dst
}

func (c *chunk) asBits() *[words]uint64 {
	if c.bits != nil {
		return c.bits
	}
	d := chunk{arr: c.arr}
	d.toBits()
	return d.bits
}

// all yields the numbers, ascending.
func (c *chunk) all(yield func(uint16) bool) {
	if c.bits == nil {
		for _, v := range c.arr {
			if !yield(v) {
				return
			}
		}
		return
	}
	for i, w := range c.bits {
		for ; w != 0; w &= w - 1 {
			if !yield(uint16(64*i + bits.TrailingZeros64(w))) {
				return
			}
		}
	}
}

// runs counts the runs of adjacent numbers.
func (c *chunk) runs() int {
	n := 0
	if c.bits == nil {
		for i, v := range c.arr {
			if i == 0 || v != c.arr[i-1]+1 {
				n++
			}
		}
		return n
	}
	carry := uint64(0) // the bit before the word
	for _, w := range c.bits {
		n += bits.OnesCount64(w &^ (w<<1 | carry))
		carry = w >> 63
	}
	return n
}

func (c *chunk) appendRuns(dst []byte) []byte {
	if c.bits != nil {
		for from := c.next(0, 0); from < BlockSize; {
			to := c.next(from, ^uint64(0))
			dst = appendRun(dst, from, to)
			from = c.next(to, 0)
		}
		return dst
	}
	for i := 0; i < len(c.arr); {
		from := i
		for i++; i < len(c.arr) && c.arr[i] == c.arr[i-1]+1; i++ {
		}
		dst = appendRun(dst, int(c.arr[from]), int(c.arr[i-1])+1)
	}
	return dst
}

// next is the first place of a bitmap, from one on, whose bit is set, or with all bits in flip is not set; BlockSize if none.
func (c *chunk) next(from int, flip uint64) int {
	for w := from / 64; w < words; w++ {
		rest := c.bits[w] ^ flip
		if w == from/64 {
			rest &= ^uint64(0) << (from % 64)
		}
		if rest != 0 {
			return 64*w + bits.TrailingZeros64(rest)
		}
	}
	return BlockSize
}

func appendRun(dst []byte, from, to int) []byte {
	dst = binary.LittleEndian.AppendUint16(dst, uint16(from))
	return binary.LittleEndian.AppendUint16(dst, uint16(to-from-1))
}
