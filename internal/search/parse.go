// SPDX-License-Identifier: Apache-2.0

package search

import (
	"cmp"
	"errors"
	"slices"
	"strings"

	"galen/internal/fault"
	"galen/internal/fhir/def"
	"galen/internal/search/index"
)

// maxValue is the longest value of one parameter, in bytes.
const maxValue = 64 << 10

// parser is one call of Parse.
type parser struct {
	defs  *def.Definitions
	opt   Options
	q     *Query
	left  int // alternatives that may still come
	links int // of chains, so far
	seen  map[string]bool
	types []string // all that the search is about, if it names no single one in its address
}

// errUnknown marks a fault about a parameter that the type does not have; Lenient ignores it.
var errUnknown = errors.New("unknown parameter")

// Parse reads a search of type typ. Its faults are of kind Invalid (what was asked is wrong) or Unsupported (it is right but not
// offered here), with the parameter's name as path. typ must be a resource type that is not abstract.
func Parse(defs *def.Definitions, typ string, pairs []Pair, opt Options) (*Query, error) {
	return parse(defs, typ, nil, pairs, opt)
}

// parse reads the search of one of several types, or of a single one (types is nil).
func parse(defs *def.Definitions, typ string, types []string, pairs []Pair, opt Options) (*Query, error) {
	opt.DefaultCount = cmp.Or(opt.DefaultCount, 100)
	opt.MaxCount = cmp.Or(opt.MaxCount, 1000)
	opt.MaxPairs = cmp.Or(opt.MaxPairs, 200)
	opt.MaxValues = cmp.Or(opt.MaxValues, 10_000)
	opt.MaxChain = cmp.Or(opt.MaxChain, 10)
	if t := defs.Type(typ); t == nil || t.Abstract {
		return nil, fault.New(fault.NotFound, "there are no resources of this type here").WithCode("not-supported")
	}
	if len(pairs) > opt.MaxPairs {
		return nil, fault.New(fault.TooCostly, "more than %d search parameters", opt.MaxPairs)
	}
	p := &parser{defs: defs, opt: opt, left: opt.MaxValues, seen: map[string]bool{}, types: types,
		q: &Query{Type: typ, Count: min(opt.DefaultCount, opt.MaxCount), Now: opt.Now.UnixMicro(), Base: opt.Base}}
	for _, pair := range pairs {
		if err := p.pair(pair); err != nil {
			return nil, err
		}
	}
	if opt.Compartment.Type != "" {
		if err := p.compartment(); err != nil {
			return nil, err
		}
	}
	return p.q, p.agree()
}

// pair reads one parameter. One without a value asks nothing, as the specification has it.
//
// http://hl7.org/fhir/R4/search.html#errors
func (p *parser) pair(pair Pair) error {
	if pair.Value == "" && pair.Name != "page" {
		return nil
	}
	if len(pair.Value) > maxValue || len(pair.Name) > maxValue {
		return fault.New(fault.TooLarge, "a search parameter is longer than %d bytes", maxValue)
	}
	if read, ok := resultParam(baseName(pair.Name)); ok && !strings.HasPrefix(pair.Name, "_has:") {
		if err := read(p, pair); err != nil {
			return at(err, pair.Name)
		}
		return nil
	}
	c, err := p.clause(p.q.Type, pair.Name, pair.Value, 0)
	if err != nil {
		if errors.Is(err, errUnknown) && p.opt.Lenient && pair.Name != "_filter" { // to leave out a part of a filter could find more, or less
			p.q.Ignored = append(p.q.Ignored, pair.Name)
			return nil
		}
		return at(err, pair.Name)
	}
	p.q.Where = append(p.q.Where, c)
	p.q.pairs = append(p.q.pairs, pair)
	return nil
}

// baseName is a parameter's name without its modifier.
func baseName(name string) string {
	name, _, _ = strings.Cut(name, ":")
	return name
}

// at says which parameter a fault is about.
func at(err error, name string) error {
	var f *fault.Fault
	if errors.As(err, &f) && f.Path == "" {
		return f.At(name)
	}
	return err
}

// agree refuses result parameters that contradict each other.
func (p *parser) agree() error {
	q := p.q
	switch {
	case len(q.Elements) > 0 && q.Summary != SummaryFalse:
		return fault.New(fault.Invalid, "_elements and _summary cannot be combined").At("_elements")
	case q.Summary == SummaryText && len(q.Include)+len(q.RevInclude) > 0:
		return fault.New(fault.Invalid, "_summary=text cannot be combined with _include or _revinclude").At("_summary")
	case q.Summary == SummaryCount:
		q.Count = 0
	}
	if q.Count == 0 && q.Total == TotalNone {
		q.Total = TotalIfFree // the count is all that is asked for
	}
	return p.agreeInside()
}

// find gives a parameter of a type. It fails if there is none, and with fault.Unavailable if it is pending.
func (p *parser) find(typ, code string) (*def.SearchParam, error) {
	param := p.defs.SearchParam(typ, code)
	switch {
	case param == nil:
		return nil, p.unknown(typ, code)
	case param.Pending:
		progress := ""
		if p.opt.Indexed != nil {
			progress = ": " + p.opt.Indexed()
		}
		return nil, fault.Wrap(fault.Unavailable, index.ErrPending, "%s can be searched by %s when all resources are indexed by it%s", typ, code, progress)
	}
	return param, nil
}

// unknown is the fault about a parameter that typ does not have; it names some whose names are close.
func (p *parser) unknown(typ, code string) error {
	var near []string
	for _, sp := range p.defs.SearchParams(typ) {
		if distance(sp.Code, code) <= max(1, (len(code)+2)/3) || len(code) > 2 && strings.HasPrefix(sp.Code, code) {
			near = append(near, sp.Code)
		}
	}
	slices.Sort(near)
	hint := "; the CapabilityStatement lists those there are"
	if len(near) > 0 {
		hint = "; there is " + strings.Join(near[:min(5, len(near))], ", ")
	}
	return fault.Wrap(fault.Invalid, errUnknown, "%s has no search parameter of this name%s", typ, hint).WithCode("not-supported")
}

// distance is how many letters must change to make one name of the other, looked for up to what counts as close.
func distance(a, b string) int {
	if len(a) > 64 || len(b) > 64 {
		return 64
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			diagonal, row[j+1] = row[j+1], min(row[j+1]+1, row[j]+1, diagonal+cost)
		}
	}
	return row[len(b)]
}
