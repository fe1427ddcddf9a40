// SPDX-License-Identifier: Apache-2.0

package docset

import (
	"encoding/binary"
	"math/bits"
	"slices"

	"github.com/RoaringBitmap/roaring/v2"
)

// Builder makes the union of many blocks into a Set, without touching single documents where a block stands alone. The zero
// value is ready; use it once.
type Builder struct {
	index []int32 // place of a block in parts plus one, by high 16 bits
	parts []part
	arena []byte // copies of blocks
}

// part is what there is of one block: a copy of the only one given, or numbers in any order, or a bitmap.
type part struct {
	high  uint16
	n     uint16 // number of documents less one, once settled
	alone []byte // a block
	loose []uint16
	bits  *[words]uint64
}

// Append adds the documents of a block, which is not a change, and has the given high 16 bits. It copies what it needs.
// The block is trusted to be ascending; one with a wrong form or length is ErrMalformed.
func (b *Builder) Append(high uint16, block []byte) error {
	form, body, err := splitForm(block)
	if err != nil {
		return err
	}
	if form == formChange {
		added, _, err := splitChange(body)
		if err != nil {
			return err
		}
		return b.Append(high, added)
	}
	if len(body) == 0 {
		return nil
	}
	if int(high) >= len(b.index) {
		b.index = append(b.index, make([]int32, int(high)+1-len(b.index))...)
	}
	if at := b.index[high]; at != 0 {
		p := &b.parts[at-1]
		if p.alone != nil {
			first := p.alone
			p.alone = nil
			p.add(first)
		}
		p.add(block)
		return nil
	}
	from := len(b.arena)
	b.arena = append(b.arena, block...)
	b.parts = append(b.parts, part{high: high, alone: b.arena[from:len(b.arena):len(b.arena)]})
	b.index[high] = int32(len(b.parts))
	return nil
}

// add brings a block that passed splitForm into the numbers.
func (p *part) add(block []byte) {
	form, body := block[0], block[1:]
	if form == formArray && p.bits == nil && len(p.loose)+len(body)/2 <= maxArray {
		for ; len(body) > 0; body = body[2:] {
			p.loose = append(p.loose, binary.LittleEndian.Uint16(body))
		}
		return
	}
	if p.bits == nil {
		p.bits = new([words]uint64)
		for _, v := range p.loose {
			p.bits[v/64] |= 1 << (v % 64)
		}
		p.loose = nil
	}
	switch form {
	case formArray:
		for ; len(body) > 0; body = body[2:] {
			v := binary.LittleEndian.Uint16(body)
			p.bits[v/64] |= 1 << (v % 64)
		}
	case formBitmap:
		for i := range p.bits {
			p.bits[i] |= binary.LittleEndian.Uint64(body[8*i:])
		}
	case formRuns:
		c := chunk{bits: p.bits}
		for ; len(body) > 0; body = body[4:] {
			from := int(binary.LittleEndian.Uint16(body))
			c.addRun(from, min(BlockSize, from+int(binary.LittleEndian.Uint16(body[2:]))+1))
		}
	}
}

// Set returns the union. The builder must not be used afterwards.
func (b *Builder) Set() (Set, error) {
	if len(b.parts) == 0 {
		return Set{}, nil
	}
	slices.SortFunc(b.parts, func(p, q part) int { return int(p.high) - int(q.high) })
	anyRuns := false
	for i := range b.parts {
		if err := b.parts[i].settle(); err != nil {
			return Set{}, err
		}
		anyRuns = anyRuns || b.parts[i].alone[0] == formRuns
	}
	out := roaring.New()
	if _, err := out.FromBuffer(b.portable(anyRuns)); err != nil {
		return Set{}, ErrMalformed
	}
	return Set{out}, nil
}

// settle turns the numbers of a part into a block and counts them. It does not look for runs: the block is not kept.
func (p *part) settle() error {
	if p.alone == nil {
		c := chunk{arr: p.loose, bits: p.bits}
		if p.bits == nil {
			slices.Sort(c.arr)
			c.arr = slices.Compact(c.arr)
		} else {
			for _, w := range p.bits {
				c.n += bits.OnesCount64(w)
			}
		}
		p.alone = c.appendPlain(make([]byte, 0, 1+min(2*c.len(), bitmapBytes)))
	}
	n, err := BlockLen(p.alone)
	if err != nil || n == 0 || n > BlockSize || (p.alone[0] == formBitmap && n <= maxArray) {
		return ErrMalformed
	}
	p.n = uint16(n - 1)
	return nil
}

// Marks of roaring's portable form, https://github.com/RoaringBitmap/RoaringFormatSpec.
const (
	cookieRuns     = 12347
	cookieNoRuns   = 12346
	offsetsFromLen = 4 // with runs, shorter lists of containers have no offsets
)

// portable writes the parts in roaring's portable form, whose containers have the same bodies as blocks.
func (b *Builder) portable(anyRuns bool) []byte {
	n, le := len(b.parts), binary.LittleEndian
	total := 16 + 9*n
	for i := range b.parts {
		total += len(b.parts[i].alone) + 1
	}
	buf := make([]byte, 0, total)
	if anyRuns {
		buf = le.AppendUint32(buf, cookieRuns|uint32(n-1)<<16)
		flags := len(buf)
		buf = append(buf, make([]byte, (n+7)/8)...)
		for i := range b.parts {
			if b.parts[i].alone[0] == formRuns {
				buf[flags+i/8] |= 1 << (i % 8)
			}
		}
	} else {
		buf = le.AppendUint32(buf, cookieNoRuns)
		buf = le.AppendUint32(buf, uint32(n))
	}
	for i := range b.parts {
		buf = le.AppendUint16(buf, b.parts[i].high)
		buf = le.AppendUint16(buf, b.parts[i].n)
	}
	offsets := len(buf)
	withOffsets := !anyRuns || n >= offsetsFromLen
	if withOffsets {
		buf = append(buf, make([]byte, 4*n)...)
	}
	for i := range b.parts {
		if withOffsets {
			le.PutUint32(buf[offsets+4*i:], uint32(len(buf)))
		}
		form, body := b.parts[i].alone[0], b.parts[i].alone[1:]
		if form == formRuns {
			buf = le.AppendUint16(buf, uint16(len(body)/4))
		}
		buf = append(buf, body...)
	}
	return buf
}
