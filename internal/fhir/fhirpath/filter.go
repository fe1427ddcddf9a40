// SPDX-License-Identifier: Apache-2.0

package fhirpath

import "strconv"

// whereOp is where(criteria): the items for which criteria is true.
type whereOp struct{ left, criteria operation }

func (o *whereOp) eval(e *Evaluator, s scope) (window, error) {
	base := len(e.stack)
	in, err := o.left.eval(e, s)
	if err != nil {
		return in, err
	}
	from := len(e.stack)
	inner := s
	for i := in.from; i < in.to; i++ {
		if err := e.step(); err != nil {
			return in, err
		}
		inner.this, inner.index = window{i, i + 1}, i-in.from
		value, _, err := e.condition(o.criteria, inner)
		if err != nil {
			return in, err
		}
		if value {
			e.stack = append(e.stack, e.stack[i])
		}
	}
	return e.settle(base, from), nil
}

// pickOp is first(), last() and [n]: one item by its place, from 0 or, if negative, from the end.
type pickOp struct {
	left  operation
	place int
}

func (o *pickOp) eval(e *Evaluator, s scope) (window, error) {
	base := len(e.stack)
	in, err := o.left.eval(e, s)
	if err != nil {
		return in, err
	}
	at := in.from + o.place
	if o.place < 0 {
		at = in.to + o.place
	}
	if at < in.from || at >= in.to {
		return e.none(base), nil
	}
	return e.push(base, e.stack[at]), nil
}

// itemOp is [index] with a computed index.
type itemOp struct{ left, index operation }

func (o *itemOp) eval(e *Evaluator, s scope) (window, error) {
	base := len(e.stack)
	w, err := o.index.eval(e, s)
	if err != nil {
		return w, err
	}
	if w.len() != 1 {
		return e.none(base), nil
	}
	text := e.stack[w.from].Text
	if e.stack[w.from].System == Element {
		text = e.stack[w.from].Node.Number()
	}
	place, err := strconv.Atoi(text)
	e.stack = e.stack[:base]
	if err != nil || place < 0 {
		return e.none(base), nil
	}
	pick := pickOp{o.left, place}
	return pick.eval(e, s)
}

// indexOp is $index.
type indexOp struct{}

func (indexOp) eval(e *Evaluator, s scope) (window, error) {
	return e.push(len(e.stack), Value{System: Integer, Text: strconv.Itoa(s.index)}), nil
}
