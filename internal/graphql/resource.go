// SPDX-License-Identifier: Apache-2.0

package graphql

import (
	"errors"
	"net/url"
	"strconv"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"

	"galen/internal/fault"
	"galen/internal/fhir"
	"galen/internal/fhir/def"
)

// stored limits what is parsed only by what can be stored.
var stored = fhir.Limits{Size: fhir.MaxSize, Depth: fhir.MaxDepth}

// read gives a resource, once for each query.
func (r *run) read(key fhir.Key) (place, error) {
	tape := r.resources[key]
	if tape == nil {
		if err := spend(&r.left.Resources, 1, "too many resources"); err != nil {
			return place{}, err
		}
		body, err := r.source.Read(r.ctx, key)
		if err != nil {
			return place{}, err
		}
		tape = &fhir.Tape{}
		if err := tape.Parse(body, stored); err != nil {
			return place{}, fault.Wrap(fault.Internal, err, "a stored resource cannot be read")
		}
		r.resources[fhir.Key{Type: strings.Clone(key.Type), ID: strings.Clone(key.ID)}] = tape
	}
	root := tape.Root()
	return place{node: root, is: def.R4().Structure(fhir.Type(root)), root: root}, nil
}

// made is a place that holds JSON of our own.
func (r *run) made(text []byte) (place, error) {
	var tape fhir.Tape
	err := tape.Parse(text, fhir.Limits{})
	return place{node: tape.Root()}, err
}

// resolved follows a reference.
//
// http://hl7.org/fhir/R4/graphql.html#references
func (r *run) resolved(f *ast.Field, at place) ([]place, bool, error) {
	typ, optional := "", false
	for _, a := range f.Arguments {
		text, err := r.argument(a.Value)
		if err != nil {
			return nil, false, err
		}
		switch a.Name {
		case "type":
			typ = text
		case "optional":
			optional = text == "true"
		default:
			return nil, false, fault.New(fault.Invalid, "the field has no such argument").WithCode("structure").At(a.Name)
		}
	}
	ref := fhir.ReferenceOf(at.node)
	var found place
	var err error
	switch {
	case ref.Kind == fhir.Fragment:
		for _, c := range at.root.Field("contained").Elements() {
			if c.Field("id").Is(ref.Rest) {
				found = place{node: c, is: def.R4().Structure(fhir.Type(c)), root: at.root}
			}
		}
		if found.is == nil {
			err = fault.New(fault.NotFound, "there is no contained resource of this id")
		}
	case ref.Kind == fhir.Relative && def.R4().Type(ref.Key.Type) != nil:
		if typ != "" && ref.Key.Type != typ {
			return nil, false, nil
		}
		found, err = r.read(ref.Key)
	default:
		err = fault.New(fault.NotFound, "the reference leads to no resource here")
	}
	switch {
	case err == nil && (typ == "" || found.is.Name == typ):
		return []place{found}, false, nil
	case err == nil || optional && (errors.Is(err, fault.NotFound) || errors.Is(err, fault.Gone) || errors.Is(err, fault.Forbidden)):
		return nil, false, nil
	}
	return nil, false, err
}

// searched answers the fields that find resources: Type(id), TypeList and TypeConnection. ok is false for other fields.
//
// http://hl7.org/fhir/R4/graphql.html#searching
func (r *run) searched(f *ast.Field, at place) (found []place, list, ok bool, err error) {
	typ, isList := strings.CutSuffix(f.Name, "List")
	if !isList {
		typ, ok = strings.CutSuffix(f.Name, "Connection")
	}
	if t := def.R4().Type(typ); t == nil || t.Abstract || at.is != nil && !isList && !ok {
		return nil, false, false, nil
	}
	if !isList && !ok {
		id := f.Arguments.ForName("id")
		if id == nil {
			return nil, false, true, fault.New(fault.Invalid, "the field needs the argument id").WithCode("required").At(f.Name)
		}
		text, err := r.argument(id.Value)
		if err != nil {
			return nil, false, true, err
		}
		one, err := r.read(fhir.Key{Type: typ, ID: text})
		return []place{one}, false, true, err
	}
	p, err := r.search(f, typ, at)
	if err != nil {
		return nil, false, true, err
	}
	if !isList {
		return []place{{page: p}}, false, true, nil
	}
	for _, e := range p.bundle.Field("entry").Elements() {
		if e.Field("search").Field("mode").Is("match") {
			found = append(found, entry(e))
		}
	}
	return found, true, true, nil
}

func entry(e fhir.Node) place {
	n := e.Field("resource")
	return place{node: n, is: def.R4().Structure(fhir.Type(n)), root: n}
}

// page is a page of a search.
type page struct {
	bundle fhir.Node
	count  int
}

// search does the search of a list or a connection. Within a resource _reference names the parameter that leads to it. In names of arguments an
// underscore stands for the hyphen of a search parameter.
func (r *run) search(f *ast.Field, typ string, at place) (*page, error) {
	if err := spend(&r.left.Searches, 1, "too many searches"); err != nil {
		return nil, err
	}
	query := url.Values{}
	linked := false
	for _, a := range f.Arguments {
		text, err := r.argument(a.Value)
		if err != nil {
			return nil, err
		}
		switch {
		case a.Name == "_reference":
			if at.is == nil {
				return nil, fault.New(fault.Invalid, "_reference is for searches within a resource").WithCode("structure").At(a.Name)
			}
			query.Add(parameter(typ, text), at.is.Name+"/"+fhir.ID(at.node))
			linked = true
		case a.Name == "_cursor":
			query.Set("page", text)
		default:
			query.Add(parameter(typ, a.Name), text)
		}
	}
	if at.is != nil && !linked {
		return nil, fault.New(fault.Invalid, "a search within a resource needs the argument _reference").WithCode("required").At("_reference")
	}
	body, err := r.source.Search(r.ctx, typ, query.Encode())
	if err != nil {
		return nil, err
	}
	tape := &fhir.Tape{}
	if err := tape.Parse(body, fhir.Limits{Size: 1 << 30, Depth: fhir.MaxDepth}); err != nil {
		return nil, fault.Wrap(fault.Internal, err, "the answer of a search cannot be read")
	}
	p := &page{bundle: tape.Root()}
	p.count = p.bundle.Field("entry").Len()
	return p, spend(&r.left.Resources, p.count, "too many resources")
}

// parameter is a search parameter by the name of an argument, in which hyphens cannot stand.
func parameter(typ, name string) string {
	if def.R4().SearchParam(typ, name) == nil && !strings.HasPrefix(name, "_") {
		return strings.ReplaceAll(name, "_", "-")
	}
	return name
}

// values answers the fields of a connection and of its edges.
func (p *page) values(r *run, f *ast.Field) ([]place, bool, error) {
	one := func(text []byte) ([]place, bool, error) {
		v, err := r.made(text)
		return []place{v}, false, err
	}
	link := func(relation string) ([]place, bool, error) {
		for _, l := range p.bundle.Field("link").Elements() {
			if !l.Field("relation").Is(relation) {
				continue
			}
			if u, err := url.Parse(l.Field("url").Text()); err == nil && u.Query().Get("page") != "" {
				return one(fhir.AppendString(nil, u.Query().Get("page")))
			}
		}
		return nil, false, nil
	}
	switch f.Name {
	case "count":
		if total := p.bundle.Field("total"); total.Ok() {
			return []place{{node: total}}, false, nil
		}
		return nil, false, nil
	case "pagesize":
		return one(strconv.AppendInt(nil, int64(p.count), 10))
	case "next", "previous", "first", "last":
		return link(f.Name)
	case "edges":
		var edges []place
		for _, e := range p.bundle.Field("entry").Elements() {
			edges = append(edges, place{page: &page{bundle: e}})
		}
		return edges, true, nil
	case "mode", "score":
		if n := p.bundle.Field("search").Field(f.Name); n.Ok() {
			return []place{{node: n}}, false, nil
		}
		return nil, false, nil
	case "resource":
		return []place{entry(p.bundle)}, false, nil
	}
	return nil, false, fault.New(fault.Invalid, "a connection has no such field").WithCode("structure").At(f.Name)
}
