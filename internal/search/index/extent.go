// SPDX-License-Identifier: Apache-2.0

package index

import (
	"bytes"

	"galen/internal/fhir"
	"galen/internal/ordkey"
)

// extent is the numbers that a value covers, from low to high, both in it: of a Range, or a single one, which is both ends.
// What is no number is an open end; one end at least must be a number.
type extent struct {
	low, high fhir.Node
	single    bool
}

// How an open end stands in terms: below, and beyond, all decimals.
const (
	openLow  = 0x00
	openHigh = 0xFF
)

// partOfRange begins a component of a composite that is two ends; no decimal begins so.
const partOfRange = 0x01

// extent adds the terms of e: of a single number in a class of its own. before appends what stands in front of the numbers.
func (t *Terms) extent(h *header, single Class, e *extent, before func()) {
	if e.single {
		t.open(h, single)
		before()
		if !t.decimal(e.low) {
			t.drop()
			return
		}
		t.done()
		return
	}
	low, high, ok := e.ends()
	if !ok {
		return
	}
	t.open(h, RangeClass)
	before()
	t.keys = append(append(t.keys, low...), high...)
	t.done()
	t.open(h, RangeByHighClass)
	before()
	t.keys = append(append(t.keys, high...), low...)
	t.done()
}

// ends gives both ends as they stand in terms. ok is false if there is none, or if they are out of order or out of bounds.
func (e *extent) ends() (low, high []byte, ok bool) {
	if low, ok = appendEnd(nil, e.low, openLow); !ok {
		return nil, nil, false
	}
	if high, ok = appendEnd(nil, e.high, openHigh); !ok {
		return nil, nil, false
	}
	return low, high, bytes.Compare(low, high) <= 0 && (low[0] != openLow || high[0] != openHigh)
}

// valid reports whether e has terms.
func (e *extent) valid() bool {
	_, _, ok := e.ends()
	return ok
}

func appendEnd(dst []byte, n fhir.Node, open byte) (_ []byte, ok bool) {
	if n.Kind() != fhir.Number {
		return append(dst, open), true
	}
	dst, err := ordkey.AppendDecimal(dst, n.Number())
	return dst, err == nil
}

// append writes what e sorts by: its low, and its high if it is another. So a single number comes before the Ranges that begin with it.
func (e *extent) append(dst []byte) (_ []byte, ok bool) {
	if e.single {
		return appendEnd(dst, e.low, openLow)
	}
	low, high, ok := e.ends()
	return append(append(dst, low...), high...), ok
}

// appendPart writes e as a component of a composite.
func (e *extent) appendPart(dst []byte) (_ []byte, ok bool) {
	if !e.single {
		dst = append(dst, partOfRange)
	}
	return e.append(dst)
}

// takeEnd reads an end that a term holds.
func takeEnd(b []byte) (end, rest []byte, ok bool) {
	if len(b) > 0 && (b[0] == openLow || b[0] == openHigh) {
		return b[:1], b[1:], true
	}
	_, rest, err := ordkey.TakeDecimal(b)
	return b[:len(b)-len(rest)], rest, err == nil
}

// takeEnds reads two ends, as they stand in a term of RangeClass.
func takeEnds(b []byte) (low, high, rest []byte, ok bool) {
	if low, rest, ok = takeEnd(b); ok {
		high, rest, ok = takeEnd(rest)
	}
	return low, high, rest, ok
}

// hasExtent reports whether e is asked for.
func (a *amountAsked) hasExtent(e *extent) bool {
	low, high, ok := e.ends()
	switch {
	case !ok:
		return false
	case e.single:
		return a.hasPoint(low)
	}
	return a.hasRange(low, high)
}

// hasRange compares as the table of prefixes says, on the ranges of both.
//
// http://hl7.org/fhir/R4/search.html#prefix
func (a *amountAsked) hasRange(low, high []byte) bool {
	equal := bytes.Compare(low, a.from) >= 0 && bytes.Compare(high, a.to) < 0
	switch a.op {
	case Equal:
		return equal
	case NotEqual:
		return !equal
	case Greater:
		return bytes.Compare(high, a.at) > 0
	case GreaterOrEqual:
		return bytes.Compare(high, a.at) >= 0
	case Less:
		return bytes.Compare(low, a.at) < 0
	case LessOrEqual:
		return bytes.Compare(low, a.at) <= 0
	case StartsAfter:
		return bytes.Compare(low, a.at) > 0
	case EndsBefore:
		return bytes.Compare(high, a.at) < 0
	}
	return bytes.Compare(low, a.to) <= 0 && bytes.Compare(high, a.from) >= 0
}

// ranges gives the spans of the Ranges asked for, whose terms begin with byLow and with byHigh, by the end that says most.
func (a *amountAsked) ranges(byLow, byHigh []byte) []Span {
	up := func(prefix, from []byte) Span {
		return Range{append(prefix[:len(prefix):len(prefix)], from...), ordkey.PrefixEnd(prefix)}.span(Yes)
	}
	down := func(prefix, to []byte) Span {
		return Range{prefix, append(prefix[:len(prefix):len(prefix)], to...)}.span(Yes)
	}
	switch a.op {
	case NotEqual:
		return []Span{down(byLow, a.from), up(byHigh, a.to)}
	case Greater:
		return []Span{up(byHigh, ordkey.PrefixEnd(a.at))}
	case GreaterOrEqual:
		return []Span{up(byHigh, a.at)}
	case Less:
		return []Span{down(byLow, a.at)}
	case LessOrEqual:
		return []Span{down(byLow, ordkey.PrefixEnd(a.at))}
	case StartsAfter:
		return []Span{up(byLow, ordkey.PrefixEnd(a.at))}
	case EndsBefore:
		return []Span{down(byHigh, a.at)}
	case Approximately:
		span := up(byHigh, a.from)
		span.Judge = func(term []byte) (Verdict, []byte) {
			high, low, _, ok := takeEnds(term[len(byHigh):])
			return verdict(ok && a.hasRange(low, high)), nil
		}
		return []Span{span}
	}
	return []Span{Range{up(byLow, a.from).Low, down(byLow, a.to).High}.judged(Yes, func(term []byte) (Verdict, []byte) {
		low, high, _, ok := takeEnds(term[len(byLow):])
		return verdict(ok && a.hasRange(low, high)), nil
	})}
}

func verdict(yes bool) Verdict {
	if yes {
		return Yes
	}
	return No
}

// judgePart judges the numbers that a component of a composite ends in, and returns what follows.
func (a *amountAsked) judgePart(b []byte) (Verdict, []byte) {
	if len(b) > 0 && b[0] == partOfRange {
		low, high, rest, ok := takeEnds(b[1:])
		return verdict(ok && a.hasRange(low, high)), rest
	}
	_, rest, err := ordkey.TakeDecimal(b)
	if err != nil {
		return No, nil
	}
	return verdict(a.hasPoint(b[:len(b)-len(rest)])), rest
}
