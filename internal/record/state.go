// SPDX-License-Identifier: Apache-2.0

package record

import (
	"encoding/binary"
	"slices"
	"time"

	"galen/internal/fault"
)

const stateFormat = 1

// State is the counters of a data store after one commit: the value of the head row and of commit rows. The zero State is
// that of an empty store.
type State struct {
	Seq    uint64
	Millis int64 // commit time, milliseconds since 1970 UTC
	Types  []Counter
}

// Counter is the counters of one type. A type that has none was never written.
type Counter struct {
	Type uint16
	Next uint32 // the number the next version will get
	Live uint32 // resources that are not deleted
}

// Time is the commit time, UTC.
func (s *State) Time() time.Time { return time.UnixMilli(s.Millis).UTC() }

// Counter gives the counters of a type, zero ones if it was never written.
func (s *State) Counter(typ uint16) Counter {
	if i, ok := s.find(typ); ok {
		return s.Types[i]
	}
	return Counter{Type: typ}
}

// Set replaces the counters of c.Type.
func (s *State) Set(c Counter) {
	i, ok := s.find(c.Type)
	if !ok {
		s.Types = slices.Insert(s.Types, i, c)
	}
	s.Types[i] = c
}

// Clone returns a copy that shares no memory with s.
func (s *State) Clone() State {
	c := *s
	c.Types = slices.Clone(s.Types)
	return c
}

func (s *State) find(typ uint16) (int, bool) {
	return slices.BinarySearchFunc(s.Types, typ, func(c Counter, t uint16) int { return int(c.Type) - int(t) })
}

// AppendState appends the row form of s.
func AppendState(dst []byte, s *State) []byte {
	dst = append(dst, stateFormat)
	dst = binary.AppendUvarint(dst, s.Seq)
	dst = binary.AppendVarint(dst, s.Millis)
	for _, c := range s.Types {
		dst = binary.BigEndian.AppendUint16(dst, c.Type)
		dst = binary.AppendUvarint(dst, uint64(c.Next))
		dst = binary.AppendUvarint(dst, uint64(c.Live))
	}
	return dst
}

// ParseState reads what AppendState wrote; no bytes at all are the zero State. It fails with fault.Internal.
func ParseState(src []byte) (State, error) {
	var s State
	if len(src) == 0 {
		return s, nil
	}
	r := reader{src: src}
	r.format(stateFormat)
	s.Seq = r.uvarint()
	s.Millis = r.varint()
	s.Types = slices.Grow(s.Types, len(r.src)/4) // a counter takes four bytes at least
	for len(r.src) > 0 && !r.bad {
		c := Counter{Type: r.uint16(), Next: r.uint32(), Live: r.uint32()}
		if n := len(s.Types); n > 0 && s.Types[n-1].Type >= c.Type {
			r.bad = true
		}
		s.Types = append(s.Types, c)
	}
	if r.bad {
		return State{}, fault.New(fault.Internal, "a head or commit row cannot be read")
	}
	return s, nil
}

// reader takes values off src; bad is set, and zeros are given, once src is not what it should be.
type reader struct {
	src []byte
	bad bool
}

func (r *reader) format(want byte) {
	if r.byte() != want {
		r.bad = true
	}
}

func (r *reader) byte() byte {
	if len(r.src) == 0 || r.bad {
		r.bad = true
		return 0
	}
	b := r.src[0]
	r.src = r.src[1:]
	return b
}

func (r *reader) uint16() uint16 { return uint16(r.byte())<<8 | uint16(r.byte()) }

func (r *reader) uvarint() uint64 {
	v, n := binary.Uvarint(r.src)
	return v * r.take(n)
}

func (r *reader) varint() int64 {
	v, n := binary.Varint(r.src)
	return v * int64(r.take(n))
}

func (r *reader) uint32() uint32 {
	v := r.uvarint()
	if v > 1<<32-1 {
		r.bad = true
		return 0
	}
	return uint32(v)
}

// take drops the n bytes of a varint; it gives 1, or 0 if that is not possible.
func (r *reader) take(n int) uint64 {
	if n <= 0 || r.bad {
		r.bad = true
		return 0
	}
	r.src = r.src[n:]
	return 1
}

func (r *reader) bytes(n uint64) []byte {
	if uint64(len(r.src)) < n || r.bad {
		r.bad = true
		return nil
	}
	b := r.src[:n:n]
	r.src = r.src[n:]
	return b
}
