// SPDX-License-Identifier: Apache-2.0

package index

import (
	"errors"
	"fmt"

	"galen/internal/fault"
	"galen/internal/fhir"
	"galen/internal/fhir/def"
	"galen/internal/fhir/fhirpath"
)

// ErrPending marks a fault about terms that are still being made: the search can be answered later.
var ErrPending = errors.New("terms are still being made")

// MaxTerms is the most terms that one resource may have.
const MaxTerms = 100_000

// Index holds the compiled search parameters of all resource types. It is immutable.
type Index struct {
	defs  *def.Definitions
	types map[string]*typePlan
}

// typePlan is what to do for the resources of one type.
type typePlan struct {
	root     *branch   // all sources that are plain walks
	sources  []*source // the others
	own      []own     // those of a data store's own parameters
	specials map[form]*source
	plans    map[def.ParamID]*plan
}

// plan is how a search parameter is answered for one type.
type plan struct {
	param      *def.SearchParam
	program    *fhirpath.Program
	sources    []*source    // whose terms it uses; empty if it has none
	narrowed   []def.TypeID // the only types that its references may point to; nil is any
	sets       []*def.ValueSet
	onlyCodes  bool // all its values are codes or booleans
	booleans   bool
	casings    casings // of its tokens
	components []*plan
}

// identifiers is the plan of a token that is an Identifier.
var identifiers = plan{casings: casings{exact: true}}

// New compiles all search parameters of d. It fails if an expression does not compile.
func New(d *def.Definitions) (*Index, error) {
	x := &Index{defs: d, types: make(map[string]*typePlan, len(d.Types()))}
	for _, t := range d.Types() {
		if t.Abstract {
			continue
		}
		c := typeCompiler{x: x, typ: t}
		tp, err := c.compile()
		if err != nil {
			return nil, fmt.Errorf("search parameters of %s: %w", t.Name, err)
		}
		x.types[t.Name] = tp
	}
	return x, nil
}

// AppendTerms adds the terms of a resource to dst, each once. Values that are none of their type (a date that is no date)
// have no term. It fails with fault.Invalid if the resource is of no known type, and with fault.TooCostly if it has more
// than MaxTerms terms, not counting those of own parameters, or needs more steps than an evaluation may take; dst then holds what it held before. It does not
// allocate once dst has grown, but for narratives and texts with escapes or characters beyond ASCII.
func (x *Index) AppendTerms(dst *Terms, resource fhir.Node) error {
	tp := x.types[fhir.Type(resource)]
	if tp == nil {
		return fault.New(fault.Invalid, "a resource of no known type")
	}
	bytes, count := len(dst.keys), len(dst.ends)
	dst.begin(fhirpath.Root(x.defs, resource), MaxTerms)
	x.visit(dst, resource, tp.root)
	for _, s := range tp.sources {
		items, err := dst.evaluator.Evaluate(s.program, dst.root, dst.root)
		if err != nil {
			dst.keys, dst.ends = dst.keys[:bytes], dst.ends[:count]
			return fmt.Errorf("index: %w", err)
		}
		for i := range items {
			x.emit(dst, s, &items[i])
		}
	}
	if len(dst.ends)-count > MaxTerms {
		dst.keys, dst.ends = dst.keys[:bytes], dst.ends[:count]
		return fault.New(fault.TooCostly, "the resource has more than %d search terms", MaxTerms)
	}
	for _, o := range tp.own {
		x.appendOwn(dst, o)
	}
	return nil
}

// emit adds the terms of one value.
func (x *Index) emit(t *Terms, s *source, v *fhirpath.Value) {
	if s.form != byKind {
		x.emitSpecial(t, s, v)
		return
	}
	if !present(v) || !indexable(s.kind, shapeOf(v)) || len(t.ends)-t.roundFirst > t.most {
		return
	}
	before := len(t.ends)
	switch s.kind {
	case def.TokenParam:
		x.tokens(t, &s.header, v)
	case def.StringParam:
		t.strings(&s.header, v)
	case def.URIParam:
		t.uris(&s.header, v)
	case def.ReferenceParam:
		x.references(t, &s.header, v)
	case def.DateParam:
		t.dates(&s.header, v)
	case def.NumberParam:
		t.numbers(&s.header, v)
	case def.QuantityParam:
		t.quantities(&s.header, v)
	case def.CompositeParam:
		x.composite(t, s, v)
	}
	if s.kind != def.ReferenceParam && len(t.ends) > before {
		t.open(&s.header, AnyClass)
		t.done()
	}
}

// present reports whether v is a value, and not only the place of one.
func present(v *fhirpath.Value) bool {
	return v.System != fhirpath.Element || v.Node.Kind() > fhir.Null
}

// indexable reports whether parameters of a type read values of a shape.
func indexable(kind def.ParamType, s shape) bool {
	switch kind {
	case def.TokenParam:
		return s.isText() || s >= booleanShape && s <= contactShape && s != dateShape
	case def.StringParam:
		return s.isText() || s == nameShape || s == addressShape
	case def.URIParam:
		return s.isText()
	case def.ReferenceParam:
		return s.isText() || s == referenceShape || s == resourceShape
	case def.DateParam:
		return s == dateShape || s == periodShape || s == timingShape
	case def.NumberParam:
		return s == numberShape || s == rangeShape || s == quantityShape
	case def.QuantityParam:
		return s == numberShape || s >= quantityShape && s <= rangeShape
	}
	return kind == def.CompositeParam
}

// References appends the references that a resource holds in a reference parameter, for includes and chains. Those that
// the parameter leaves out (patient leaves out a Group) are not among them. It is for one goroutine at a time and
// allocates: an Evaluator for each call.
func (x *Index) References(dst []fhir.Reference, resource fhir.Node, p *def.SearchParam) ([]fhir.Reference, error) {
	return x.ReferencesInside(dst, resource, resource, p)
}

// ReferencesInside is References of a contained resource, whose references may be to others in its container.
func (x *Index) ReferencesInside(dst []fhir.Reference, resource, container fhir.Node, p *def.SearchParam) ([]fhir.Reference, error) {
	pl, err := x.plan(fhir.Type(resource), p)
	if err != nil {
		return dst, err
	}
	if p.Type != def.ReferenceParam {
		return dst, fault.New(fault.Invalid, "%q is no reference", p.Code)
	}
	var e fhirpath.Evaluator
	root := fhirpath.Root(x.defs, container)
	e.Env.Root = &root
	items, err := pl.evaluate(&e, fhirpath.Root(x.defs, resource))
	if err != nil {
		return dst, fmt.Errorf("references: %w", err)
	}
	for i := range items {
		if r := referenceOf(&items[i]); r.Kind != fhir.NoReference {
			dst = append(dst, r)
		}
	}
	return dst, nil
}

func (x *Index) plan(typeName string, p *def.SearchParam) (*plan, error) {
	tp := x.types[typeName]
	if tp == nil {
		return nil, fault.New(fault.Invalid, "unknown resource type")
	}
	pl := tp.plans[p.ID]
	switch {
	case pl != nil && pl.param.Pending:
		return nil, fault.Wrap(fault.Unavailable, ErrPending, "the resources are still being indexed by the parameter %q", p.Code)
	case pl != nil:
		return pl, nil
	}
	return nil, fault.New(fault.Unsupported, "the parameter %q cannot be searched by on this type", p.Code)
}

// branch is a place in the tree of all walks of a type: the values found by following the same members.
type branch struct {
	typ     *def.Structure
	element *def.Element
	emits   []*source
	edges   []edge
	table   [32]uint8 // the first edge with a name of that digest, plus one
}

type edge struct {
	name string
	next uint8 // the next edge of the same digest, plus one
	to   *branch
}

func digest(name string) int {
	n := len(name)
	return (n + int(name[0])*3 + int(name[n-1])*5) & 31
}

// add makes or finds the branch under a step.
func (b *branch) add(s fhirpath.Step) *branch {
	for i := range b.edges {
		if b.edges[i].name == s.Name {
			return b.edges[i].to
		}
	}
	to := &branch{typ: s.Type, element: s.Element}
	at := digest(s.Name)
	b.edges = append(b.edges, edge{s.Name, b.table[at], to})
	b.table[at] = uint8(len(b.edges))
	return to
}

// visit emits the values at n and below.
func (x *Index) visit(t *Terms, n fhir.Node, b *branch) {
	if n.Kind() == fhir.Array {
		for m := n.First(); m.Ok(); m = m.Next() {
			x.visit(t, m, b)
		}
		return
	}
	for _, s := range b.emits {
		t.value = fhirpath.Value{Node: n, Type: b.typ, Element: b.element}
		x.emit(t, s, &t.value)
	}
	if len(b.edges) == 0 || n.Kind() != fhir.Object {
		return
	}
	for m := n.First(); m.Ok(); m = m.Next() {
		name := m.Name()
		if name == "" {
			continue
		}
		for i := b.table[digest(name)]; i > 0; i = b.edges[i-1].next {
			if e := &b.edges[i-1]; e.name == name {
				x.visit(t, m, e.to)
				break
			}
		}
	}
}
