// SPDX-License-Identifier: Apache-2.0

package validate

import (
	"errors"
	"slices"
	"strconv"
	"strings"

	"galen/internal/fault"
	"galen/internal/fhir"
	"galen/internal/fhir/def"
	"galen/internal/fhir/fhirpath"
	"galen/internal/fhir/pack"
)

// profile is a StructureDefinition that constrains a type.
type profile struct {
	url  string
	typ  *def.Structure
	root *node

	contexts     []useContext        // of an extension: where it may stand
	contextRules []*fhirpath.Program // of an extension: what holds of what it stands on
}

// node is what a profile says of one element beyond the base definition. Parts that say nothing are empty.
type node struct {
	id       string // "Patient.extension:race"
	name     string // of the element, without [x]
	slice    string // name, for a slice
	def      *def.Element
	typ      *def.Structure // that children are read by; nil where only the value knows
	min, max int            // -1 if not stated; max is def.Unbounded for * (as -1 not checked)
	types    []typeRef      // nil for those of the base definition

	fixed, pattern     fhir.Node
	minValue, maxValue fhir.Node
	minLength          int // in characters
	maxLength          int
	valued             bool     // a primitive value must be there
	instead            []string // extensions, one of which must be there where there is no primitive value
	binding            binding
	also               []string // value sets that a code must be in as well
	rules              []constraint
	languages          []string // of a narrative: what its sections must be

	slicing  *slicing
	slices   []*node
	children []*node
	names    map[string]int // JSON name of a member to its child
}

type typeRef struct {
	name              string
	profiles, targets []string // canonicals; a profile's may end in # and the id of one of its elements
}

type binding struct {
	strength def.Strength
	set      string
}

type constraint struct {
	key, human string
	warning    bool
	program    *fhirpath.Program // nil: the expression cannot be read, which is all that can be said
}

type slicing struct {
	discriminators []discriminator
	closed, end    bool // closed: nothing else; end: others only after the slices
	ordered        bool
}

type discriminator struct{ kind, path string }

const maxElements = 20_000

// read compiles a StructureDefinition: its snapshot, or its differential on top of its base.
func (p *Profiles) read(r *pack.Resource, depth int) (*profile, error) {
	tape := new(fhir.Tape)
	if err := tape.Parse(r.JSON, fhir.Limits{Size: pack.MaxFile}); err != nil {
		return nil, fault.New(fault.Unprocessable, "its definition is no JSON")
	}
	sd := tape.Root()
	typ := p.defs.Structure(sd.Field("type").Text())
	if typ == nil || sd.Field("kind").Is("logical") {
		return nil, fault.New(fault.Unprocessable, "its definition is not for a type of FHIR R4")
	}
	pr := &profile{url: r.URL, typ: typ}
	if typ.Name == "Extension" {
		pr.contexts = readContexts(p.defs, sd)
		for _, c := range sd.Field("contextInvariant").Elements() {
			if program, err := fhirpath.CompileMode(fhirpath.Invariant, p.defs, c.Text()); err == nil {
				pr.contextRules = append(pr.contextRules, program)
			}
		}
	}
	elements := sd.Field("snapshot").Field("element")
	if elements.Len() == 0 {
		elements = sd.Field("differential").Field("element")
		base, err := p.compile(p.pin(r.Package, "StructureDefinition", sd.Field("baseDefinition").Text()), depth+1)
		switch {
		case err != nil && !errors.Is(err, fault.NotFound):
			return nil, err
		case err != nil:
			return nil, fault.New(fault.Unprocessable, "its base cannot be used: add the package that has the profile's baseDefinition")
		case base != nil && base.typ != typ:
			return nil, fault.New(fault.Unprocessable, "its base is for another type")
		case base != nil:
			pr.root = base.root.clone()
		}
	}
	if pr.root == nil {
		pr.root = newNode(typ.Name, typ.Name)
		pr.root.typ = typ
	}
	if elements.Len() > maxElements {
		return nil, fault.New(fault.Unprocessable, "its definition has more than %d elements", maxElements)
	}
	b := overlay{p: p, from: r.Package, root: pr.root, last: map[string]string{}}
	for _, e := range elements.Elements() {
		b.element(e)
	}
	pr.root.finish(p.defs)
	return pr, nil
}

// pin adds the version to a canonical that a package means of itself: another version of the package may be installed too.
func (p *Profiles) pin(from, typ, canonical string) string {
	if r := p.packages.From(from, typ, canonical); r != nil && r.Package == from && r.Version != "" && !strings.Contains(canonical, "|") {
		return canonical + "|" + r.Version
	}
	return canonical
}

func newNode(id, name string) *node { return &node{id: id, name: name, min: -1, max: -1} }

// clone copies a node and all below it, so that a derived profile may change them.
func (n *node) clone() *node {
	c := *n
	c.names = nil
	c.rules, c.also, c.instead = slices.Clone(n.rules), slices.Clone(n.also), slices.Clone(n.instead)
	c.languages = slices.Clone(n.languages)
	c.slices, c.children = nil, nil
	for _, s := range n.slices {
		c.slices = append(c.slices, s.clone())
	}
	for _, s := range n.children {
		c.children = append(c.children, s.clone())
	}
	return &c
}

// overlay puts elements of a snapshot or differential onto a tree.
type overlay struct {
	p    *Profiles
	from string // id of the package
	root *node
	last map[string]string // the id last seen of each path: for definitions without ids
}

func (b *overlay) element(e fhir.Node) {
	path, id := e.Field("path").Text(), e.Field("id").Text()
	if id == "" || !strings.HasPrefix(id, b.root.name) {
		id = path
		if i := strings.LastIndexByte(path, '.'); i >= 0 {
			if parent := b.last[path[:i]]; parent != "" {
				id = parent + path[i:]
			}
		}
		if s := e.Field("sliceName").Text(); s != "" {
			id += ":" + s
		}
	}
	b.last[path] = id
	if n := b.place(id); n != nil {
		b.fill(n, e)
	}
}

// place finds the node of an id, or makes it; nil if the type has no such element.
func (b *overlay) place(id string) *node {
	n := b.root
	parts := strings.Split(id, ".")
	for i, part := range parts {
		name, sliceNames, sliced := strings.Cut(part, ":")
		if i > 0 {
			var choice string
			if n, choice = b.child(n, strings.TrimSuffix(name, "[x]")); n == nil {
				return nil
			}
			if choice != "" && !sliced {
				sliceNames, sliced = choice, true
				if n.slicing == nil {
					n.slicing = &slicing{discriminators: []discriminator{{"type", "$this"}}}
				}
			}
		}
		if sliced && sliceNames != "" {
			n = b.slice(n, sliceNames)
		}
	}
	return n
}

// child finds or makes a child. choice is the member's name if name is that of one type of a choice (valueQuantity).
func (b *overlay) child(n *node, name string) (c *node, choice string) {
	typ := n.structure(b.p.defs)
	if typ == nil {
		return nil, ""
	}
	e := typ.Element(name)
	if e == nil {
		m, ok := typ.Member(name)
		if !ok {
			return nil, ""
		}
		e, choice = m.Element, name
	}
	for _, c := range n.children {
		if c.name == e.Name {
			return c, choice
		}
	}
	c = newNode(n.id+"."+e.Name, e.Name)
	c.def = e
	n.children = append(n.children, c)
	return c, choice
}

// slice finds or makes a slice; a re-slice (a/b) is one within the slice a, where there is an a.
func (b *overlay) slice(n *node, name string) *node {
	for _, s := range n.slices {
		if s.slice == name {
			return s
		}
	}
	if i := strings.LastIndexByte(name, '/'); i > 0 && slices.ContainsFunc(n.slices, func(s *node) bool { return s.slice == name[:i] }) {
		n = b.slice(n, name[:i])
		for _, s := range n.slices {
			if s.slice == name {
				return s
			}
		}
	}
	s := newNode(n.id+":"+name, n.name)
	s.slice, s.def = name, n.def
	if m := choiceOf(n.def, name); m != "" {
		s.types = []typeRef{{name: m}}
	}
	n.slices = append(n.slices, s)
	return s
}

// choiceOf gives the type that a name such as valueQuantity says; empty if it says none.
func choiceOf(e *def.Element, name string) string {
	if e != nil && e.Choice {
		for i := range e.Types {
			if e.Types[i].JSON == name {
				return e.Types[i].Name
			}
		}
	}
	return ""
}

// structure is the type that a node's children are of; nil if it may be several.
func (n *node) structure(d *def.Definitions) *def.Structure {
	switch {
	case n.typ != nil:
		return n.typ
	case n.def == nil:
		return nil
	case n.def.Content != nil:
		return n.def.Content
	case len(n.types) == 1:
		return d.Structure(n.types[0].name)
	case len(n.def.Types) == 1:
		return n.def.Types[0].Structure
	}
	return nil
}

// fill reads what an element says into its node.
func (b *overlay) fill(n *node, e fhir.Node) {
	if v, ok := integer(e.Field("min")); ok {
		n.min = v
	}
	if s := e.Field("max").Text(); s == "*" {
		n.max = def.Unbounded
	} else if v, err := strconv.Atoi(s); err == nil && v >= 0 {
		n.max = v
	}
	if v, ok := integer(e.Field("maxLength")); ok {
		n.maxLength = v
	}
	b.extended(n, e)
	for name, m := range e.Members() {
		switch {
		case strings.HasPrefix(name, "fixed"):
			n.fixed = m
		case strings.HasPrefix(name, "pattern"):
			n.pattern = m
		case strings.HasPrefix(name, "minValue"):
			n.minValue = m
		case strings.HasPrefix(name, "maxValue"):
			n.maxValue = m
		}
	}
	if t := e.Field("type"); t.Len() > 0 {
		n.types = readTypes(t)
		for _, ref := range n.types {
			for _, list := range [...][]string{ref.profiles, ref.targets} {
				for i := range list {
					list[i] = b.p.pin(b.from, "StructureDefinition", list[i])
				}
			}
		}
	}
	if s := e.Field("binding"); s.Ok() {
		n.binding = binding{strengths[s.Field("strength").Text()], b.p.pin(b.from, "ValueSet", s.Field("valueSet").Text())}
		for _, set := range additional(s) {
			if set = b.p.pin(b.from, "ValueSet", set); !slices.Contains(n.also, set) {
				n.also = append(n.also, set)
			}
		}
	}
	if s := e.Field("slicing"); s.Ok() && e.Field("contentReference").Kind() == fhir.Absent {
		n.slicing = readSlicing(s)
	}
	b.constraints(n, e.Field("constraint"))
}

// extended reads what extensions of an element say, among them those that stand for elements of R5.
func (b *overlay) extended(n *node, e fhir.Node) {
	const r5 = "http://hl7.org/fhir/5.0/StructureDefinition/extension-ElementDefinition."
	for _, x := range e.Field("extension").Elements() {
		v := valueOf(x, "value")
		switch x.Field("url").Text() {
		case "http://hl7.org/fhir/StructureDefinition/minLength":
			if v, ok := integer(v); ok {
				n.minLength = v
			}
		case "http://hl7.org/fhir/StructureDefinition/narrative-language-control":
			n.languages = append(n.languages, v.Text())
		case r5 + "mustHaveValue":
			n.valued = v.Bool()
		case r5 + "valueAlternatives":
			n.instead = append(n.instead, v.Text())
		}
	}
}

// additional lists the value sets that a binding requires beside its own, whatever the context: by R5's element, or the extension
// that stands for it.
func additional(b fhir.Node) (sets []string) {
	for _, a := range b.Field("additional").Elements() {
		if a.Field("purpose").Is("required") && a.Field("usage").Len() == 0 {
			sets = append(sets, a.Field("valueSet").Text())
		}
	}
	for _, x := range b.Field("extension").Elements() {
		switch lastSegment(x.Field("url").Text()) {
		case "additional-binding", "extension-ElementDefinition.binding.additional":
		default:
			continue
		}
		parts := map[string]fhir.Node{}
		for _, p := range x.Field("extension").Elements() {
			parts[p.Field("url").Text()] = valueOf(p, "value")
		}
		if parts["purpose"].Is("required") && !parts["usage"].Ok() {
			sets = append(sets, parts["valueSet"].Text())
		}
	}
	return sets
}

var strengths = map[string]def.Strength{"required": def.Required, "extensible": def.Extensible, "preferred": def.Preferred, "example": def.Example}

func readTypes(list fhir.Node) []typeRef {
	var types []typeRef
	for _, t := range list.Elements() {
		r := typeRef{name: t.Field("code").Text()}
		beside := t.Field("_profile").First()
		for _, p := range t.Field("profile").Elements() {
			url := p.Text()
			if part := extended(beside, "elementdefinition-profile-element"); part.Kind() == fhir.String {
				url += "#" + part.Text()
			}
			r.profiles = append(r.profiles, url)
			beside = beside.Next()
		}
		for _, p := range t.Field("targetProfile").Elements() {
			r.targets = append(r.targets, p.Text())
		}
		types = append(types, r)
	}
	return types
}

func readSlicing(n fhir.Node) *slicing {
	rules := n.Field("rules").Text()
	s := &slicing{closed: rules == "closed", end: rules == "openAtEnd", ordered: n.Field("ordered").Bool()}
	for _, d := range n.Field("discriminator").Elements() {
		s.discriminators = append(s.discriminators, discriminator{d.Field("type").Text(), d.Field("path").Text()})
	}
	return s
}

func integer(n fhir.Node) (int, bool) {
	v, err := strconv.Atoi(n.Number())
	return v, err == nil && v >= 0
}

// constraints compiles invariants that the base definitions do not have.
func (b *overlay) constraints(n *node, list fhir.Node) {
	for _, c := range list.Elements() {
		key, expression := c.Field("key").Text(), c.Field("expression").Text()
		source := c.Field("source").Text()
		if expression == "" || source != "" && b.p.core(source) || slices.ContainsFunc(n.rules, func(r constraint) bool { return r.key == key }) {
			continue
		}
		if source == "" && baseKey(key) {
			continue
		}
		rule := constraint{key: key, human: c.Field("human").Text(), warning: c.Field("severity").Is("warning")}
		var err error
		if rule.program, err = fhirpath.CompileMode(fhirpath.Invariant, b.p.defs, expression); err != nil {
			rule.human, rule.warning = "this rule of the profile was not evaluated: "+err.Error(), true
		}
		n.rules = append(n.rules, rule)
	}
}

// baseKey reports whether a key is that of a rule which every element or resource has.
func baseKey(key string) bool {
	return strings.HasPrefix(key, "ele-") || strings.HasPrefix(key, "ext-") || strings.HasPrefix(key, "dom-")
}

func lastSegment(url string) string { return url[strings.LastIndexByte(url, '/')+1:] }
