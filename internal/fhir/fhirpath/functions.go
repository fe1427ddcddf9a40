// SPDX-License-Identifier: Apache-2.0

package fhirpath

import (
	"sort"
	"strings"
	"time"

	"galen/internal/fault"
	"galen/internal/fhir"
	"galen/internal/fhir/def"
)

type evalFunc = func(e *Evaluator, s scope, in window, args []operation) (int, error)

var functions = map[string]*function{
	"select": {1, 1, true, false, false, doSelect}, "repeat": {1, 1, true, false, true, doRepeat},
	"all": {1, 1, true, false, false, doAll}, "aggregate": {1, 2, true, false, true, doAggregate},
	"sort": {0, 8, true, true, false, doSort}, "trace": {1, 2, true, true, false, doTrace},
	"iif": {2, 3, true, false, false, doIif}, "allTrue": quantifier(true, true), "anyTrue": quantifier(true, false),
	"allFalse": quantifier(false, true), "anyFalse": quantifier(false, false),
	"single": {0, 0, false, true, false, func(e *Evaluator, s scope, in window, _ []operation) (int, error) {
		if in.len() > 1 {
			return 0, e.notSingle()
		}
		return e.slice(in.from, in.to)
	}},
	"tail": {0, 0, false, true, false, func(e *Evaluator, s scope, in window, _ []operation) (int, error) {
		return e.slice(min(in.from+1, in.to), in.to)
	}},
	"skip": {1, 1, false, true, false, part(true)}, "take": {1, 1, false, true, false, part(false)},
	"distinct": {0, 0, false, true, false, doDistinct},
	"isDistinct": {0, 0, false, false, false, func(e *Evaluator, s scope, in window, _ []operation) (int, error) {
		from, err := doDistinct(e, s, in, nil)
		n := len(e.stack) - from
		e.stack = e.stack[:max(from, 0)]
		if err != nil {
			return 0, err
		}
		return e.give(boolean(n == in.len()))
	}},
	"subsetOf": {1, 1, false, false, false, subset(false)}, "supersetOf": {1, 1, false, false, false, subset(true)},
	"intersect": {1, 1, false, true, false, pick(true)}, "exclude": {1, 1, false, true, false, pick(false)},
	"combine": {1, 1, false, true, false, func(e *Evaluator, s scope, in window, args []operation) (int, error) {
		b, err := args[0].eval(e, s)
		if err != nil {
			return 0, err
		}
		from, _ := e.slice(in.from, in.to)
		_, err = e.slice(b.from, b.to)
		return from, err
	}},
	"children": {0, 0, false, false, true, func(e *Evaluator, s scope, in window, _ []operation) (int, error) {
		from := len(e.stack)
		for i := in.from; i < in.to; i++ {
			if err := e.children(e.stack[i]); err != nil {
				return 0, err
			}
		}
		return from, nil
	}},
	"descendants": {0, 0, false, false, true, func(e *Evaluator, s scope, in window, _ []operation) (int, error) {
		from := len(e.stack)
		for i := in.from; i < in.to; i++ {
			if err := e.children(e.stack[i]); err != nil {
				return 0, err
			}
		}
		for i := from; i < len(e.stack); i++ {
			if err := e.children(e.stack[i]); err != nil {
				return 0, err
			}
		}
		return from, nil
	}},
	"type": {0, 0, false, false, true, func(e *Evaluator, s scope, in window, _ []operation) (int, error) {
		from := len(e.stack)
		for i := in.from; i < in.to; i++ {
			v := e.stack[i]
			space := "System."
			if v.System == Element || v.System == Target {
				space = "FHIR."
			}
			e.stack = append(e.stack, Value{System: TypeInfo, Text: space + v.TypeName()})
		}
		return from, nil
	}},
	"now":       {0, 0, false, false, false, clock(DateTime, "2006-01-02T15:04:05.000Z07:00")},
	"today":     {0, 0, false, false, false, clock(Date, "2006-01-02")},
	"timeOfDay": {0, 0, false, false, false, clock(Time, "15:04:05.000")},
}

func (e *Evaluator) slice(from, to int) (int, error) {
	at := len(e.stack)
	if at+to-from > MaxItems {
		return at, fault.New(fault.TooCostly, "the FHIRPath expression yields too much")
	}
	e.stack = append(e.stack, e.stack[from:to]...)
	return at, nil
}

func clock(kind System, layout string) evalFunc {
	return func(e *Evaluator, _ scope, _ window, _ []operation) (int, error) {
		if e.Env.Now.IsZero() {
			return 0, fault.New(fault.Unsupported, "FHIRPath: there is no clock")
		}
		return e.give(Value{System: kind, Text: e.Env.Now.Round(time.Millisecond).Format(layout)})
	}
}

func doSelect(e *Evaluator, s scope, in window, args []operation) (int, error) {
	from := len(e.stack)
	for i := in.from; i < in.to; i++ {
		if err := e.step(); err != nil {
			return 0, err
		}
		top := len(e.stack)
		w, err := args[0].eval(e, s.item(i, i-in.from))
		if err != nil {
			return 0, err
		}
		if w.from < top {
			if _, err := e.slice(w.from, w.to); err != nil {
				return 0, err
			}
		}
	}
	return from, nil
}

func doRepeat(e *Evaluator, s scope, in window, args []operation) (int, error) {
	from := len(e.stack)
	todo := in
	for {
		top := len(e.stack)
		if _, err := doSelect(e, s, todo, args); err != nil {
			return 0, err
		}
		end := top
		for i := top; i < len(e.stack); i++ {
			have, err := e.has(window{from, end}, &e.stack[i])
			if err != nil {
				return 0, err
			}
			if !have {
				e.stack[end] = e.stack[i]
				end++
			}
		}
		e.stack = e.stack[:end]
		if end == top {
			return from, nil
		}
		todo = window{top, end}
	}
}

func doAll(e *Evaluator, s scope, in window, args []operation) (int, error) {
	for i := in.from; i < in.to; i++ {
		if err := e.step(); err != nil {
			return 0, err
		}
		if value, _, err := e.condition(args[0], s.item(i, i-in.from)); err != nil || !value {
			if err != nil {
				return 0, err
			}
			return e.give(boolean(false))
		}
	}
	return e.give(boolean(true))
}

func doAggregate(e *Evaluator, s scope, in window, args []operation) (int, error) {
	var total []Value
	base := len(e.stack)
	if len(args) == 2 {
		w, err := args[1].eval(e, s)
		if err != nil {
			return 0, err
		}
		total = append(total, e.stack[w.from:w.to]...)
	}
	for i := in.from; i < in.to; i++ {
		if err := e.step(); err != nil {
			return 0, err
		}
		e.stack = e.stack[:base]
		inner := s.item(i, i-in.from)
		inner.total = &total
		w, err := args[0].eval(e, inner)
		if err != nil {
			return 0, err
		}
		total = append([]Value(nil), e.stack[w.from:w.to]...)
	}
	e.stack = e.stack[:base]
	return e.give(total...)
}

func doSort(e *Evaluator, s scope, in window, args []operation) (int, error) {
	if len(args) == 0 {
		args = []operation{thisOp{}}
	}
	type row struct {
		v    Value
		keys []*Value
	}
	var rows []row
	for i := in.from; i < in.to; i++ {
		r := row{v: e.stack[i]}
		for _, a := range args {
			if err := e.step(); err != nil {
				return 0, err
			}
			v, ok, err := e.one(a, s.item(i, i-in.from))
			if err != nil {
				return 0, err
			}
			key := &v
			if !ok {
				key = nil
			}
			r.keys = append(r.keys, key)
		}
		rows = append(rows, r)
	}
	var failed error
	sort.SliceStable(rows, func(i, k int) bool {
		for n, a := range args {
			x, y := rows[i].keys[n], rows[k].keys[n]
			order := 0
			switch {
			case x == nil && y == nil:
			case x == nil:
				order = -1
			case y == nil:
				order = 1
			default:
				var err error
				if order, _, err = e.compare(x, y); err != nil {
					failed = err
				}
			}
			if _, down := a.(*descendingOp); down && x != nil && y != nil { // empty is first either way
				order = -order
			}
			if order != 0 {
				return order < 0
			}
		}
		return false
	})
	from := len(e.stack)
	for _, r := range rows {
		e.stack = append(e.stack, r.v)
	}
	return from, failed
}

func doTrace(e *Evaluator, s scope, in window, args []operation) (int, error) {
	name, _, err := e.one(args[0], s)
	if err != nil {
		return 0, err
	}
	shown := in
	top := len(e.stack)
	if len(args) == 2 {
		from, err := doSelect(e, s, in, args[1:])
		if err != nil {
			return 0, err
		}
		shown = window{from, len(e.stack)}
	}
	if e.Env.Trace != nil {
		e.Env.Trace(name.Text, e.stack[shown.from:shown.to])
	}
	e.stack = e.stack[:top]
	return e.slice(in.from, in.to)
}

func doIif(e *Evaluator, s scope, in window, args []operation) (int, error) {
	if in.len() > 1 && in != s.this {
		return 0, e.notSingle()
	}
	if in.len() == 1 && in != s.this {
		s.this, s.index = in, 0
	}
	v, ok, err := e.one(args[0], s)
	if err != nil {
		return 0, err
	}
	if ok && v.System != Boolean {
		return 0, e.wrong("iif")
	}
	from := len(e.stack)
	branch := 1
	if !v.True {
		branch = 2
	}
	if branch == len(args) {
		return from, nil
	}
	w, err := args[branch].eval(e, s)
	if err == nil && w.from < from {
		return e.slice(w.from, w.to)
	}
	return from, err
}

func quantifier(value, all bool) *function {
	return &function{eval: func(e *Evaluator, _ scope, in window, _ []operation) (int, error) {
		result := all
		for i := in.from; i < in.to; i++ {
			v, ok := e.stack[i].truth()
			if !ok {
				return 0, e.wrong("a quantifier")
			}
			if (v == value) != all {
				result = !all
			}
		}
		return e.give(boolean(result))
	}}
}

func part(skip bool) evalFunc {
	return func(e *Evaluator, s scope, in window, args []operation) (int, error) {
		n, ok, err := e.count(args[0], s)
		if err != nil || !ok {
			return len(e.stack), err
		}
		at := in.from + max(0, min(n, in.len()))
		if skip {
			return e.slice(at, in.to)
		}
		return e.slice(in.from, at)
	}
}

func (e *Evaluator) count(o operation, s scope) (int, bool, error) {
	v, ok, err := e.one(o, s)
	if err != nil || !ok {
		return 0, false, err
	}
	if v.System != Integer {
		return 0, false, e.wrong("a number of items")
	}
	d, ok := parseDec(v.Text)
	if !ok || !d.n.IsInt64() {
		return 0, false, nil
	}
	return int(max(-1<<31, min(1<<31, d.n.Int64()))), true, nil
}

func doDistinct(e *Evaluator, _ scope, in window, _ []operation) (int, error) {
	from := len(e.stack)
	for i := in.from; i < in.to; i++ {
		have, err := e.has(window{from, len(e.stack)}, &e.stack[i])
		if err != nil {
			return from, err
		}
		if !have {
			e.stack = append(e.stack, e.stack[i])
		}
	}
	return from, nil
}

func subset(flip bool) evalFunc {
	return func(e *Evaluator, s scope, in window, args []operation) (int, error) {
		a := in
		b, err := args[0].eval(e, s)
		if err != nil {
			return 0, err
		}
		if flip {
			a, b = b, a
		}
		for i := a.from; i < a.to; i++ {
			if have, err := e.has(b, &e.stack[i]); err != nil || !have {
				from, _ := e.give(boolean(false))
				return from, err
			}
		}
		return e.give(boolean(true))
	}
}

func pick(both bool) evalFunc {
	return func(e *Evaluator, s scope, in window, args []operation) (int, error) {
		b, err := args[0].eval(e, s)
		if err != nil {
			return 0, err
		}
		from := len(e.stack)
		for i := in.from; i < in.to; i++ {
			have, err := e.has(b, &e.stack[i])
			if err != nil {
				return 0, err
			}
			if have == both {
				e.stack = append(e.stack, e.stack[i])
			}
		}
		if both {
			return doDistinct(e, s, window{from, len(e.stack)}, nil)
		}
		return from, nil
	}
}

// children pushes all children of v, in the order of the source.
func (e *Evaluator) children(v Value) error {
	if v.System != Element {
		return nil
	}
	holder := v.Node
	if holder.Kind() != fhir.Object {
		holder = v.Sibling
	}
	for m := holder.First(); m.Ok() && holder.Kind() == fhir.Object; m = m.Next() {
		if err := e.step(); err != nil {
			return err
		}
		name := m.Name()
		if name == "resourceType" {
			continue
		}
		plain := strings.TrimPrefix(name, "_")
		if plain != name && holder.Field(plain).Ok() {
			continue
		}
		var element *def.Element
		var typ *def.Structure
		if v.Type != nil {
			if d, ok := v.Type.Member(plain); ok {
				element, typ = d.Element, d.Type.Structure
			}
		}
		if plain != name {
			e.append(fhir.Node{}, m, element, typ)
		} else {
			e.append(m, holder.Field("_"+name), element, typ)
		}
	}
	return nil
}
