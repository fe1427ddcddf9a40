// SPDX-License-Identifier: Apache-2.0

package def

import (
	"slices"
	"strconv"
	"strings"
)

const structureBase = "http://hl7.org/fhir/StructureDefinition/"

// structureLoader collects structures as they stand in the file, then ties them together.
type structureLoader struct {
	d        *Definitions
	order    []*Structure
	bases    map[*Structure]string
	own      map[*Structure][]*Element
	finished map[*Structure]bool
	profiles map[string][]string
}

// loadStructures reads the records S, P, E and C; gen/structures.go says what they hold.
func (d *Definitions) loadStructures(text string) {
	d.structures = map[string]*Structure{}
	l := &structureLoader{d: d, bases: map[*Structure]string{}, own: map[*Structure][]*Element{},
		finished: map[*Structure]bool{}, profiles: map[string][]string{}}
	var s *Structure
	var constraints *[]Constraint // of what the last record defined
	records(text, func(kind byte, r *record) {
		switch kind {
		case 'S':
			s = l.structure(r)
			constraints = &s.Constraints
		case 'P':
			s = l.primitive(r)
			constraints = &s.Constraints
		case 'E':
			constraints = &l.element(s, r).Constraints
		case 'C':
			*constraints = append(*constraints, Constraint{Key: r.next(), Warning: r.next() == "w", Expression: r.next()})
		}
	})
	for _, s := range l.order {
		l.types(s)
	}
	for _, s := range l.order {
		l.finish(s)
	}
	d.numberTypes()
}

func (l *structureLoader) add(s *Structure, base string) *Structure {
	l.d.structures[s.Name] = s
	l.order = append(l.order, s)
	l.bases[s] = base
	return s
}

func (l *structureLoader) structure(r *record) *Structure {
	s := &Structure{Name: r.next(), Kind: Complex}
	s.URL = structureBase + s.Name
	if r.next() == "r" {
		s.Kind = Resource
	}
	s.Abstract = r.next() == "a"
	return l.add(s, r.next())
}

func (l *structureLoader) primitive(r *record) *Structure {
	s := &Structure{Name: r.next(), Kind: Primitive}
	s.URL = structureBase + s.Name
	base := r.next()
	s.Regex = r.next()
	s.MaxLength, _ = strconv.Atoi(r.next())
	s.Scalar = scalarOf(s.Name)
	s.JSON = s.Scalar.JSON()
	return l.add(s, base)
}

// element adds one to s or, by its path, to a backbone element within s.
func (l *structureLoader) element(s *Structure, r *record) *Element {
	path := r.next()
	e := &Element{Name: path, Path: s.Name + "." + path}
	owner := s
	if i := strings.LastIndexByte(path, '.'); i >= 0 {
		e.Name = path[i+1:]
		owner = l.d.structures[e.Path[:len(s.Name)+1+i]]
	}
	e.Min, _ = strconv.Atoi(r.next())
	e.Max = Unbounded
	if max := r.next(); max != "*" {
		e.Max, _ = strconv.Atoi(max)
	}
	flags := r.next()
	e.Choice = strings.Contains(flags, "x")
	e.Modifier = strings.Contains(flags, "m")
	e.Summary = strings.Contains(flags, "s")
	types := r.next()
	switch {
	case strings.HasPrefix(types, "#"):
		e.Reference = types[1:]
		e.Types = []ElementType{{Name: "BackboneElement"}}
	case types == "BackboneElement" || types == "Element":
		e.Content = l.add(&Structure{Name: e.Path, Kind: Backbone}, types)
		e.Types = []ElementType{{Name: types, Structure: e.Content}}
	default:
		e.Types = l.typeList(types)
	}
	e.Binding = l.binding(r.next())
	if e.Choice {
		e.Path += "[x]"
	}
	l.own[owner] = append(l.own[owner], e)
	return e
}

// typeList reads name^profile>target,… with ! before a name that has no sibling; structures are tied in by types.
func (l *structureLoader) typeList(text string) []ElementType {
	list := make([]ElementType, 0, 1+strings.Count(text, " "))
	for field := range strings.SplitSeq(text, " ") {
		name, targets, _ := strings.Cut(field, ">")
		name, profiles, _ := strings.Cut(name, "^")
		t := ElementType{Name: name}
		if profiles != "" {
			t.Profiles = l.profileURLs(profiles)
		}
		if targets != "" {
			t.Targets = strings.Split(targets, ",")
		}
		list = append(list, t)
	}
	return list
}

func (l *structureLoader) profileURLs(names string) []string {
	urls, ok := l.profiles[names]
	if !ok {
		for name := range strings.SplitSeq(names, ",") {
			urls = append(urls, structureBase+name)
		}
		l.profiles[names] = urls
	}
	return urls
}

func (l *structureLoader) binding(field string) *Binding {
	if field == "" {
		return nil
	}
	strength, url, _ := strings.Cut(field, " ")
	b := &Binding{URL: url, ValueSet: l.d.ValueSet(url)}
	b.Strength = Strength(1 + slices.Index([]string{"req", "ext", "pre", "exa"}, strength))
	return b
}

// types ties the structures and JSON names into the types of a structure's own elements.
func (l *structureLoader) types(s *Structure) {
	for _, e := range l.own[s] {
		if e.Reference != "" {
			e.Content = l.d.structures[e.Reference]
			e.Types[0].Structure = e.Content
		}
		for i := range e.Types {
			t := &e.Types[i]
			bare := strings.HasPrefix(t.Name, "!")
			t.Name = strings.TrimPrefix(t.Name, "!")
			t.JSON = e.Name
			if e.Choice {
				t.JSON = e.Name + strings.ToUpper(t.Name[:1]) + t.Name[1:]
			}
			if t.Structure == nil {
				t.Structure = l.d.structures[t.Name]
			}
			if t.Structure.Kind == Primitive && !bare {
				t.Sibling = "_" + t.JSON
				t.sibling = l.d.structures["Element"]
			}
		}
	}
}

// finish gives a structure its base, all its elements and its table of members.
func (l *structureLoader) finish(s *Structure) {
	if l.finished[s] {
		return
	}
	l.finished[s] = true
	if base := l.bases[s]; base != "" {
		s.Base = l.d.structures[base]
		l.finish(s.Base)
		s.Elements = slices.Clone(s.Base.Elements)
	}
	for _, e := range l.own[s] {
		e.Index = len(s.Elements)
		s.Elements = append(s.Elements, e)
	}
	s.members = make(map[string]Member, len(s.Elements)*3/2)
	for _, e := range s.Elements {
		for i := range e.Types {
			t := &e.Types[i]
			s.members[t.JSON] = Member{Element: e, Type: t}
			if t.Sibling != "" {
				s.members[t.Sibling] = Member{Element: e, Type: t, Sibling: true}
			}
		}
	}
}

// numberTypes gives resource types their numbers: from 1, by name (D2).
func (d *Definitions) numberTypes() {
	var names []string
	for name, s := range d.structures {
		if s.Kind == Resource {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	d.typeByName = make(map[string]*Type, len(names))
	for i, name := range names {
		s := d.structures[name]
		t := &Type{ID: TypeID(i + 1), Name: name, Abstract: s.Abstract, Domain: s.Is("DomainResource"), Structure: s}
		d.types = append(d.types, t)
		d.typeByName[name] = t
	}
}
