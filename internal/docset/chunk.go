// SPDX-License-Identifier: Apache-2.0

package docset

import (
	"encoding/binary"
	"math/bits"
	"slices"
)

// chunk is a set of 16-bit numbers: a bitmap if bits is not nil, else an ascending array without repeats.
type chunk struct {
	arr  []uint16
	bits *[words]uint64
	n    int // numbers in bits
}

// manyInChunk is the length from which an array that is added to becomes a bitmap, so that n additions cost no n² moves.
const manyInChunk = 128

func (c *chunk) len() int {
	if c.bits != nil {
		return c.n
	}
	return len(c.arr)
}

func (c *chunk) contains(v uint16) bool {
	if c.bits != nil {
		return c.bits[v/64]&(1<<(v%64)) != 0
	}
	_, ok := slices.BinarySearch(c.arr, v)
	return ok
}

func (c *chunk) toBits() {
	if c.bits != nil {
		return
	}
	c.bits = new([words]uint64)
	for _, v := range c.arr {
		c.bits[v/64] |= 1 << (v % 64)
	}
	c.n, c.arr = len(c.arr), nil
}

// decode sets c, which is empty, to a block that is not a change, and checks it wholly.
func (c *chunk) decode(block []byte) error {
	form, body, err := splitForm(block)
	if err != nil {
		return err
	}
	switch form {
	case formArray:
		c.arr = make([]uint16, len(body)/2)
		last := -1
		for i := range c.arr {
			v := binary.LittleEndian.Uint16(body[2*i:])
			if int(v) <= last {
				return ErrMalformed
			}
			c.arr[i], last = v, int(v)
		}
		return nil
	case formBitmap:
		c.bits = new([words]uint64)
		for i := range c.bits {
			c.bits[i] = binary.LittleEndian.Uint64(body[8*i:])
			c.n += bits.OnesCount64(c.bits[i])
		}
		if c.n <= maxArray {
			return ErrMalformed
		}
		return nil
	case formRuns:
		c.bits = new([words]uint64)
		return c.decodeRuns(body)
	}
	return ErrMalformed
}

func (c *chunk) decodeRuns(body []byte) error {
	return eachRun(body, c.addRun)
}

// eachRun yields the runs of a block's body, each from its first number up to but not including another, and checks them.
func eachRun(body []byte, do func(from, to int)) error {
	next := 0 // the smallest number that the next run may begin with
	for ; len(body) > 0; body = body[4:] {
		from := int(binary.LittleEndian.Uint16(body))
		to := from + int(binary.LittleEndian.Uint16(body[2:])) + 1
		if from < next || to > BlockSize {
			return ErrMalformed
		}
		do(from, to)
		next = to + 1
	}
	return nil
}

// addArray adds the numbers of an array block's body, and checks it.
func (c *chunk) addArray(body []byte) error {
	if len(c.arr)+len(body)/2 > manyInChunk {
		c.toBits()
	}
	last := -1
	for ; len(body) > 0; body = body[2:] {
		v := binary.LittleEndian.Uint16(body)
		if int(v) <= last {
			return ErrMalformed
		}
		last = int(v)
		c.add(v)
	}
	return nil
}

// addRuns adds the numbers of a block of runs, by its body, and checks it.
func (c *chunk) addRuns(body []byte) error {
	return eachRun(body, func(from, to int) {
		if len(c.arr)+to-from > manyInChunk {
			c.toBits()
		}
		if c.bits != nil {
			c.addRun(from, to)
			return
		}
		for v := from; v < to; v++ {
			c.add(uint16(v))
		}
	})
}

// add adds a number.
func (c *chunk) add(v uint16) {
	if c.bits != nil {
		w, bit := v/64, uint64(1)<<(v%64)
		if c.bits[w]&bit == 0 {
			c.bits[w] |= bit
			c.n++
		}
		return
	}
	if n := len(c.arr); n == 0 || c.arr[n-1] < v {
		c.arr = append(c.arr, v)
	} else if at, found := slices.BinarySearch(c.arr, v); !found {
		c.arr = slices.Insert(c.arr, at, v)
	}
}

// addRun adds the numbers from one up to but not including another to a bitmap.
func (c *chunk) addRun(from, to int) {
	for from < to {
		w, end := from/64, min(to, (from|63)+1)
		mask := ^uint64(0) << (from % 64)
		if end%64 != 0 {
			mask &= 1<<(end%64) - 1
		}
		c.n += bits.OnesCount64(mask &^ c.bits[w])
		c.bits[w] |= mask
		from = end
	}
}

// or adds what is in d.
func (c *chunk) or(d *chunk) {
	switch {
	case d.len() == 0:
	case c.bits == nil && d.bits == nil && (len(c.arr) == 0 || c.arr[len(c.arr)-1] < d.arr[0]):
		c.arr = append(c.arr, d.arr...)
	case c.bits == nil && d.bits == nil && d.arr[len(d.arr)-1] < c.arr[0]:
		c.arr = append(slices.Clone(d.arr), c.arr...)
	case c.bits == nil && d.bits == nil && len(c.arr)+len(d.arr) < manyInChunk:
		c.arr = unite(c.arr, d.arr)
	default:
		c.toBits()
		c.orInto(d)
	}
	if c.bits == nil && len(c.arr) > manyInChunk {
		c.toBits()
	}
}

// orInto adds what is in d to c, a bitmap.
func (c *chunk) orInto(d *chunk) {
	if d.bits == nil {
		for _, v := range d.arr {
			c.add(v)
		}
		return
	}
	c.n = 0
	for i, w := range d.bits {
		c.bits[i] |= w
		c.n += bits.OnesCount64(c.bits[i])
	}
}

// andNot removes what is in d.
func (c *chunk) andNot(d *chunk) {
	switch {
	case c.len() == 0 || d.len() == 0:
	case c.bits == nil:
		c.arr = slices.DeleteFunc(c.arr, d.contains)
	case d.bits == nil:
		for _, v := range d.arr {
			w, bit := v/64, uint64(1)<<(v%64)
			if c.bits[w]&bit != 0 {
				c.bits[w] &^= bit
				c.n--
			}
		}
	default:
		c.n = 0
		for i, w := range d.bits {
			c.bits[i] &^= w
			c.n += bits.OnesCount64(c.bits[i])
		}
	}
}

func unite(a, b []uint16) []uint16 {
	out := make([]uint16, 0, len(a)+len(b))
	for len(a) > 0 && len(b) > 0 {
		switch {
		case a[0] < b[0]:
			out, a = append(out, a[0]), a[1:]
		case a[0] > b[0]:
			out, b = append(out, b[0]), b[1:]
		default:
			out, a, b = append(out, a[0]), a[1:], b[1:]
		}
	}
	return append(append(out, a...), b...)
}
