// SPDX-License-Identifier: Apache-2.0

package operation

import (
	"net/url"
	"slices"
	"strings"

	"galen/internal/fault"
	"galen/internal/fhir"
)

// Parameters are the parameters of a call, or the parts of one. The zero value has none.
//
// http://hl7.org/fhir/R4/parameters.html
type Parameters struct{ list fhir.Node }

// Resource is the Parameters resource as a whole; absent if nothing was given.
func (p Parameters) Resource() fhir.Node { return p.list }

// All gives the parameters of a name in order, each an element of Parameters.parameter.
func (p Parameters) All(name string) []fhir.Node {
	var all []fhir.Node
	for _, n := range p.entries().Elements() {
		if n.Field("name").Is(name) {
			all = append(all, n)
		}
	}
	return all
}

// One is the first parameter of a name; absent if there is none.
func (p Parameters) One(name string) fhir.Node {
	for _, n := range p.entries().Elements() {
		if n.Field("name").Is(name) {
			return n
		}
	}
	return fhir.Node{}
}

// count is how many parameters of a name there are.
func (p Parameters) count(name string) (n int) {
	for _, e := range p.entries().Elements() {
		if e.Field("name").Is(name) {
			n++
		}
	}
	return n
}

// Text is the value of the first parameter of a name as text: that of a string, a number or a boolean. The text is a copy.
func (p Parameters) Text(name string) string { return text(Value(p.One(name))) }

// Texts are the values of all parameters of a name as text. The texts are copies.
func (p Parameters) Texts(name string) []string {
	var all []string
	for _, n := range p.All(name) {
		all = append(all, text(Value(n)))
	}
	return all
}

// entries are the elements: of a Parameters resource, or of a parameter with parts.
func (p Parameters) entries() fhir.Node {
	if parts := p.list.Field("part"); parts.Ok() {
		return parts
	}
	return p.list.Field("parameter")
}

// Parts are the parts of a parameter.
func Parts(parameter fhir.Node) Parameters { return Parameters{parameter} }

// Value is what a parameter carries: its value[x] or its resource; absent if it has parts or nothing.
func Value(parameter fhir.Node) fhir.Node {
	for name, n := range parameter.Members() {
		if name == "resource" || strings.HasPrefix(name, "value") {
			return n
		}
	}
	return fhir.Node{}
}

func text(n fhir.Node) string {
	switch n.Kind() {
	case fhir.String:
		return strings.Clone(n.Text())
	case fhir.Number, fhir.True, fhir.False:
		return string(n.Raw())
	}
	return ""
}

// control are the parameters of a URL that are about the answer's form, not the operation.
func control(name string) bool { return name == "_format" || name == "_pretty" }

// appendParameters appends the Parameters resource that is the input of a call: what the body has (Parameters, or a resource
// on its own) and then what the URL has.
func appendParameters(dst []byte, o *Operation, query string, body fhir.Node) ([]byte, error) {
	dst = slices.Grow(dst, 256+3*len(query)+len(body.Raw()))
	dst = append(dst, `{"resourceType":"Parameters","parameter":[`...)
	first := true
	next := func() {
		if !first {
			dst = append(dst, ',')
		}
		first = false
	}
	switch {
	case !body.Ok():
	case fhir.Type(body) == "Parameters":
		for _, n := range body.Field("parameter").Elements() {
			next()
			dst = append(dst, n.Raw()...)
		}
	case o.Bare == "":
		return nil, fault.New(fault.Invalid, "the body of $%s is a Parameters resource", o.Name).WithCode("structure")
	default:
		next()
		dst = append(dst, `{"name":"`...)
		dst = append(append(dst, o.Bare...), `","resource":`...)
		dst = append(append(dst, body.Raw()...), '}')
	}
	for pair := range strings.SplitSeq(query, "&") {
		name, value, _ := strings.Cut(pair, "=")
		name, err1 := url.QueryUnescape(name)
		value, err2 := url.QueryUnescape(value)
		if err1 != nil || err2 != nil {
			return nil, fault.New(fault.Invalid, "the query is not well formed")
		}
		if name == "" || control(name) {
			continue
		}
		p, ok := o.param(name)
		if !ok {
			return nil, unknown(o, name)
		}
		next()
		dst = fhir.AppendString(append(dst, `{"name":`...), name)
		var err error
		if dst, err = appendValue(dst, p, value); err != nil {
			return nil, err
		}
		dst = append(dst, '}')
	}
	return append(dst, `]}`...), nil
}

// appendValue appends the member that carries a value of a URL.
func appendValue(dst []byte, p Param, value string) ([]byte, error) {
	if p.Type == "" || p.Type[0] >= 'A' && p.Type[0] <= 'Z' {
		return nil, fault.New(fault.Invalid, "a parameter of this type cannot stand in a URL: send it in a Parameters resource").At(p.Name)
	}
	dst = append(dst, `,"value`...)
	dst = append(append(dst, p.Type[0]-'a'+'A'), p.Type[1:]...)
	dst = append(dst, `":`...)
	switch p.Type {
	case "boolean":
		if value != "true" && value != "false" {
			return nil, fault.New(fault.Invalid, "the parameter is true or false").WithCode("value").At(p.Name)
		}
		return append(dst, value...), nil
	case "integer", "positiveInt", "unsignedInt", "decimal":
		if _, ok := fhir.ParseDecimal(value); !ok {
			return nil, fault.New(fault.Invalid, "the parameter is not a number").WithCode("value").At(p.Name)
		}
		return append(dst, value...), nil
	}
	return fhir.AppendString(dst, value), nil
}

// check refuses parameters that the operation does not have or serve, that are of another type, that are missing, or that repeat
// and may not.
func (o *Operation) check(p Parameters) error {
	for _, n := range p.entries().Elements() {
		name := n.Field("name").Text()
		p, ok := o.param(name)
		switch {
		case !ok:
			return unknown(o, name)
		case p.Refused != "":
			return fault.New(fault.Invalid, "$%s does not take %s here: %s", o.Name, name, p.Refused).WithCode("not-supported").At(name)
		case !p.fits(n):
			return fault.New(fault.Invalid, "the parameter %s is of type %s", name, p.Type).WithCode("value").At(name)
		}
	}
	for _, wanted := range o.Params {
		switch n := p.count(wanted.Name); {
		case n < wanted.Min:
			return fault.New(fault.Invalid, "$%s needs the parameter %s", o.Name, wanted.Name).WithCode("required").At(wanted.Name)
		case n > 1 && !wanted.Many:
			return fault.New(fault.Invalid, "the parameter %s is given more than once", wanted.Name).WithCode("invalid").At(wanted.Name)
		}
	}
	return nil
}

// fits reports whether a parameter carries what its type asks for. Text is taken for any primitive type that it can be read as.
func (p Param) fits(parameter fhir.Node) bool {
	switch v := Value(parameter); {
	case p.Type == "":
		return true
	case p.Type[0] >= 'A' && p.Type[0] <= 'Z':
		return parameter.Field("value"+p.Type).Ok() || parameter.Field("resource").Ok()
	case p.Type == "boolean":
		return text(v) == "true" || text(v) == "false"
	default:
		return v.Kind() == fhir.String || v.Kind() == fhir.Number || v.Kind() == fhir.True || v.Kind() == fhir.False
	}
}

func unknown(o *Operation, name string) error {
	return fault.New(fault.Invalid, "$%s has no such parameter", o.Name).WithCode("not-supported").At(name)
}
