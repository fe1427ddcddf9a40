// SPDX-License-Identifier: Apache-2.0

package fhir

import (
	"strconv"
	"time"

	"galen/internal/fault"
)

// Prepared is a resource ready to be stored but for its version and time, which only the committer knows: its compact
// bytes with id set and without meta.versionId and meta.lastUpdated, and the place where those two go. It owns its bytes.
type Prepared struct {
	buf []byte
	at  int // where the two members go, inside meta's braces
}

// PrepareStored makes the stored form of the resource n with that id: the same bytes without insignificant white space,
// id replaced in place or put after resourceType, meta kept in place or put after id, all other members kept in place and
// byte for byte (the primitive extensions _versionId and _lastUpdated too). It fails with fault.Invalid if n is no object,
// id is no id, or meta is there and is no object.
func PrepareStored(n Node, id string) (Prepared, error) {
	var p Prepared
	err := p.Set(n, id)
	return p, err
}

// Set makes p the stored form of n, as PrepareStored does, and uses p's memory again.
func (p *Prepared) Set(n Node, id string) error {
	p.buf, p.at = p.buf[:0], 0
	old, meta := n.Field("id"), n.Field("meta")
	switch {
	case n.Kind() != Object:
		return fault.New(fault.Invalid, "a resource is a JSON object")
	case !ValidID(id):
		return fault.New(fault.Invalid, "an id is 1 to 64 letters, digits, hyphens and dots").At("id").WithCode("value")
	case meta.Ok() && meta.Kind() != Object:
		return fault.New(fault.Invalid, "meta is an object").At("meta").WithCode("structure")
	}
	w := pieces{src: n.t.src, buf: p.buf, spaced: n.t.spaced}
	w.grow(len(n.Raw()) + len(`"id":"","meta":{},`) + len(id))
	w.buf = append(w.buf, '{')
	kind := n.Field("resourceType")
	if !old.Ok() && !kind.Ok() {
		w.head(id, !meta.Ok())
	}
	for m := n.First(); m.Ok(); m = m.Next() {
		switch m {
		case old:
			w.head(id, !meta.Ok())
		case meta:
			w.meta(m)
		case kind:
			w.member(m)
			if !old.Ok() {
				w.head(id, !meta.Ok())
			}
		default:
			w.member(m)
		}
	}
	w.flush()
	p.buf, p.at = append(w.buf, '}'), w.at
	return nil
}

// Len is the length of what AppendStored will append, or a little more.
func (p *Prepared) Len() int {
	return len(p.buf) + len(`"versionId":"18446744073709551615","lastUpdated":"2026-11-21T03:52:00.123Z",`)
}

// AppendStored appends the resource with its version and time to dst. It only copies.
func (p *Prepared) AppendStored(dst []byte, version uint64, lastUpdated time.Time) []byte {
	dst = append(dst, p.buf[:p.at]...)
	dst = append(dst, `"versionId":"`...)
	dst = strconv.AppendUint(dst, version, 10)
	dst = append(dst, `","lastUpdated":"`...)
	dst = AppendInstant(dst, lastUpdated)
	dst = append(dst, '"')
	if p.buf[p.at] != '}' {
		dst = append(dst, ',')
	}
	return append(dst, p.buf[p.at:]...)
}

// AppendInstant appends t as a FHIR instant in UTC with milliseconds (cut, not rounded): 2026-11-21T03:52:00.123Z.
func AppendInstant(dst []byte, t time.Time) []byte {
	t = t.UTC()
	year, month, day := t.Date()
	hour, minute, second := t.Clock()
	dst = appendPadded(dst, year, 4)
	dst = appendPadded(append(dst, '-'), int(month), 2)
	dst = appendPadded(append(dst, '-'), day, 2)
	dst = appendPadded(append(dst, 'T'), hour, 2)
	dst = appendPadded(append(dst, ':'), minute, 2)
	dst = appendPadded(append(dst, ':'), second, 2)
	dst = appendPadded(append(dst, '.'), t.Nanosecond()/1e6, 3)
	return append(dst, 'Z')
}

// appendPadded appends v with leading zeros to width digits.
func appendPadded(dst []byte, v, width int) []byte {
	var digits [9]byte
	for i := width - 1; i >= 0; i-- {
		digits[i] = byte('0' + v%10)
		v /= 10
	}
	return append(dst, digits[:width]...)
}

// pieces writes an object's members one after the other, neighbours in the source in one copy.
type pieces struct {
	src    []byte
	buf    []byte
	spaced bool
	from   int // the run of members not yet written: src[from:to], none if to is 0
	to     int
	at     int // where the version and time go
}

func (w *pieces) grow(n int) {
	if cap(w.buf) < n {
		w.buf = make([]byte, 0, n)
	}
}

// member adds a member of the source, name and all.
func (w *pieces) member(m Node) {
	if w.to == 0 {
		w.from = int(m.t.entries[m.i].key) - 1
	}
	w.to = m.End()
}

// flush writes the members added so far.
func (w *pieces) flush() {
	if w.to == 0 {
		return
	}
	w.comma()
	if run := w.src[w.from:w.to]; w.spaced {
		w.buf = Compact(w.buf, run)
	} else {
		w.buf = append(w.buf, run...)
	}
	w.to = 0
}

// comma separates what comes from what is there.
func (w *pieces) comma() {
	if w.buf[len(w.buf)-1] != '{' {
		w.buf = append(w.buf, ',')
	}
}

// head writes the id, and an empty meta after it if the resource has none.
func (w *pieces) head(id string, meta bool) {
	w.flush()
	w.comma()
	w.buf = append(w.buf, `"id":"`...)
	w.buf = append(w.buf, id...)
	w.buf = append(w.buf, '"')
	if meta {
		w.buf = append(w.buf, `,"meta":{`...)
		w.at = len(w.buf)
		w.buf = append(w.buf, '}')
	}
}

// meta writes the resource's own meta without the two members that the committer sets.
func (w *pieces) meta(meta Node) {
	w.flush()
	w.comma()
	w.buf = append(w.buf, `"meta":{`...)
	w.at = len(w.buf)
	version, updated := meta.Field("versionId"), meta.Field("lastUpdated")
	for m := meta.First(); m.Ok(); m = m.Next() {
		if m == version || m == updated {
			w.flush()
		} else {
			w.member(m)
		}
	}
	w.flush()
	w.buf = append(w.buf, '}')
}
