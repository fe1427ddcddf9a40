// SPDX-License-Identifier: Apache-2.0

package graphql

import (
	"strings"

	"github.com/vektah/gqlparser/v2/ast"

	"galen/internal/fault"
	"galen/internal/fhir"
	"galen/internal/fhir/def"
)

// place is where a selection is made: an element, or a resource; nowhere at the top of a query about all resources. A page of a search
// is a place too.
type place struct {
	node fhir.Node
	is   *def.Structure
	root fhir.Node // the resource that it is in
	page *page
}

func (p place) isResource() bool { return p.is != nil && p.is.Kind == def.Resource }

// fields makes the members that a selection asks for. lists says that they come of a flattened list, so that each is one.
func (r *run) fields(set ast.SelectionSet, at place, out *object, depth int, lists bool) error {
	if depth > r.left.Depth {
		return errDeep(r.left.Depth)
	}
	for _, selection := range set {
		if err := r.ctx.Err(); err != nil {
			return err
		}
		if err := spend(&r.left.Fields, 1, "too many fields"); err != nil {
			return err
		}
		switch s := selection.(type) {
		case *ast.Field:
			if err := r.field(s, at, out, depth, lists); err != nil {
				return err
			}
		case *ast.InlineFragment:
			if err := r.fragment(s.TypeCondition, s.Directives, s.SelectionSet, at, out, depth, lists); err != nil {
				return err
			}
		case *ast.FragmentSpread:
			f := r.fragments.ForName(s.Name)
			if f == nil {
				return fault.New(fault.Invalid, "there is no fragment of this name").WithCode("structure").At(s.Name)
			}
			if err := r.fragment(f.TypeCondition, s.Directives, f.SelectionSet, at, out, depth, lists); err != nil {
				return err
			}
		}
	}
	return nil
}

// fragment makes the members of a fragment, if it is for places of this type. It counts as deeper, so that a fragment that spreads itself ends.
func (r *run) fragment(typ string, directives ast.DirectiveList, set ast.SelectionSet, at place, out *object, depth int, lists bool) error {
	if skip, err := r.skips(directives); err != nil || skip {
		return err
	}
	if typ != "" && (at.is == nil || !at.is.Is(typ)) {
		return nil
	}
	return r.fields(set, at, out, depth+1, lists)
}

// field makes the member that a field asks for.
func (r *run) field(f *ast.Field, at place, out *object, depth int, lists bool) error {
	if skip, err := r.skips(f.Directives); err != nil || skip {
		return err
	}
	found, list, err := r.values(f, at)
	if err != nil {
		return err
	}
	if found, list, err = r.directed(f, found, list); err != nil {
		return err
	}
	singleton := f.Directives.ForName("singleton") != nil
	if f.Directives.ForName("flatten") != nil {
		for _, v := range found {
			if err := r.fields(f.SelectionSet, v, out, depth+1, !singleton && (list || lists)); err != nil {
				return err
			}
		}
		return nil
	}
	name := f.Alias
	if name == "" {
		name = f.Name
	}
	names, err := r.slices(f, name, found)
	if err != nil {
		return err
	}
	for i, v := range found[:len(names)] {
		one, err := r.value(f, v, depth)
		if err != nil {
			return err
		}
		s := out.slot(names[i])
		s.list, s.items = s.list || len(s.items) > 0, append(s.items, one)
	}
	if names != nil {
		return nil
	}
	s := out.slot(name)
	s.list = s.list || list || lists
	if singleton {
		s.list = false
	}
	for _, v := range found {
		if s.list || len(s.items) == 0 {
			one, err := r.value(f, v, depth)
			if err != nil {
				return err
			}
			s.items = append(s.items, one)
		} else if singleton {
			return fault.New(fault.Invalid, "a singleton has more than one value").WithCode("value").At(name)
		}
	}
	return nil
}

// value makes one value of a field: an object if there is a selection, else JSON.
func (r *run) value(f *ast.Field, v place, depth int) (value, error) {
	if err := spend(&r.left.Fields, 1, "too many fields"); err != nil {
		return value{}, err
	}
	whole := v.page == nil && v.node.Kind() != fhir.Object
	switch {
	case whole && len(f.SelectionSet) > 0:
		return value{}, fault.New(fault.Invalid, "the field has no fields of its own").WithCode("structure").At(f.Name)
	case whole:
		return value{raw: v.node.Raw()}, spend(&r.left.Bytes, len(v.node.Raw()), "the answer is too long")
	case len(f.SelectionSet) == 0:
		return value{}, fault.New(fault.Invalid, "the field needs a selection of its fields").WithCode("structure").At(f.Name)
	}
	o := &object{}
	if err := r.fields(f.SelectionSet, v, o, depth+1, false); err != nil {
		return value{}, err
	}
	return value{object: o}, spend(&r.left.Bytes, 8*len(o.names), "the answer is too long")
}

// values finds what a field names, and says whether it is a list.
func (r *run) values(f *ast.Field, at place) ([]place, bool, error) {
	switch {
	case at.page != nil:
		return at.page.values(r, f)
	case f.Name == "__typename":
		name := "Query"
		if at.is != nil {
			name = at.is.Name
		}
		one, err := r.made(fhir.AppendString(nil, name))
		return []place{one}, false, err
	case strings.HasPrefix(f.Name, "__"):
		return nil, false, fault.New(fault.Unsupported, "introspection is not offered").WithCode("not-supported").At(f.Name)
	case at.is == nil || at.isResource():
		if found, list, ok, err := r.searched(f, at); ok || err != nil {
			return found, list, err
		}
	case at.is.Name == "Reference" && f.Name == "resource":
		return r.resolved(f, at)
	}
	if at.is == nil {
		return nil, false, fault.New(fault.Invalid, "there is no such field here").WithCode("structure").At(f.Name)
	}
	return r.elements(f, at)
}

// elements finds the element that a field names, those of its values that the arguments let pass.
func (r *run) elements(f *ast.Field, at place) ([]place, bool, error) {
	n := at.node.Field(f.Name)
	if f.Name == "resourceType" && at.isResource() {
		return []place{{node: n, root: at.root}}, false, nil
	}
	m, ok := at.is.Member(f.Name)
	if !ok {
		return nil, false, fault.New(fault.Invalid, "%s has no such field", at.is.Name).WithCode("structure").At(f.Name)
	}
	is := m.Structure()
	if m.Element.Content != nil && !m.Sibling {
		is = m.Element.Content
	}
	of := func(n fhir.Node) place {
		if is != nil && is.Kind == def.Resource && fhir.Type(n) != "" {
			return place{node: n, is: def.R4().Structure(fhir.Type(n)), root: at.root}
		}
		return place{node: n, is: is, root: at.root}
	}
	if n.Kind() != fhir.Array {
		if !n.Ok() {
			return nil, m.Element.Max != 1, nil
		}
		return []place{of(n)}, m.Element.Max != 1, nil
	}
	var all []place
	for _, e := range n.Elements() {
		all = append(all, of(e))
	}
	all, err := r.narrowed(f, all)
	return all, true, err
}
