// SPDX-License-Identifier: Apache-2.0

package graphql

import (
	"encoding/json"
	"strconv"

	"github.com/vektah/gqlparser/v2/ast"

	"galen/internal/fault"
	"galen/internal/fhir"
	"galen/internal/fhir/def"
	"galen/internal/fhir/fhirpath"
)

// narrowed keeps those values of a list that the arguments ask for: by a FHIRPath expression, by the value of an element, and of those
// some by number.
//
// http://hl7.org/fhir/R4/graphql.html#list
func (r *run) narrowed(f *ast.Field, all []place) ([]place, error) {
	offset, count := 0, len(all)
	for _, a := range f.Arguments {
		text, err := r.argument(a.Value)
		if err != nil {
			return nil, err
		}
		switch a.Name {
		case "_offset", "_count":
			n, err := strconv.Atoi(text)
			if err != nil || n < 0 {
				return nil, fault.New(fault.Invalid, "the argument is a number").WithCode("value").At(a.Name)
			}
			if a.Name == "_offset" {
				offset = n
			} else {
				count = n
			}
		case "fhirpath":
			if all, err = r.where(all, text); err != nil {
				return nil, err
			}
		default:
			var kept []place
			for _, p := range all {
				if _, ok := p.is.Member(a.Name); !ok {
					return nil, fault.New(fault.Invalid, "%s has no such element", p.is.Name).WithCode("structure").At(a.Name)
				}
				if plain(p.node.Field(a.Name)) == text {
					kept = append(kept, p)
				}
			}
			all = kept
		}
	}
	all = all[min(offset, len(all)):]
	return all[:min(count, len(all))], nil
}

// where keeps the values for which an expression is true.
func (r *run) where(all []place, expression string) ([]place, error) {
	var kept []place
	var e fhirpath.Evaluator
	programs := map[*def.Structure]*fhirpath.Program{}
	for _, p := range all {
		if err := spend(&r.left.Fields, 10, "too many expressions"); err != nil {
			return nil, err
		}
		program := programs[p.is]
		if program == nil {
			var err error
			if program, err = fhirpath.Compile(def.R4(), expression, p.is); err != nil {
				return nil, err
			}
			programs[p.is] = program
		}
		found, err := e.Evaluate(program, fhirpath.Value{Node: p.node, Type: p.is}, fhirpath.Root(def.R4(), p.root))
		if err != nil {
			return nil, err
		}
		if len(found) == 1 && (found[0].True || found[0].Node.Bool()) {
			kept = append(kept, p)
		}
	}
	return kept, nil
}

// directed does what the directives on a list say: first, and slice by an expression.
func (r *run) directed(f *ast.Field, found []place, list bool) ([]place, bool, error) {
	for _, d := range f.Directives {
		switch d.Name {
		case "first":
			found, list = found[:min(1, len(found))], false
		case "flatten", "singleton", "slice", "include", "skip":
		default:
			return nil, false, fault.New(fault.Invalid, "there is no such directive").WithCode("not-supported").At(d.Name)
		}
	}
	return found, list, nil
}

// slices gives the name of the member that each value of a field becomes of its own: the field's, a dot, and what the directive's path says of
// the value; $index is its place in the list. nil: the field has no such directive.
func (r *run) slices(f *ast.Field, name string, found []place) ([]string, error) {
	d := f.Directives.ForName("slice")
	if d == nil {
		return nil, nil
	}
	a := d.Arguments.ForName("path")
	if a == nil {
		return nil, fault.New(fault.Invalid, "the directive slice needs the argument path").WithCode("required").At(f.Name)
	}
	path, err := r.argument(a.Value)
	if err != nil {
		return nil, err
	}
	names := make([]string, len(found))
	var e fhirpath.Evaluator
	for i, p := range found {
		if path == "$index" {
			names[i] = name + "." + strconv.Itoa(i)
			continue
		}
		if err := spend(&r.left.Fields, 10, "too many expressions"); err != nil {
			return nil, err
		}
		program, err := fhirpath.Compile(def.R4(), path, p.is)
		if err != nil {
			return nil, err
		}
		values, err := e.Evaluate(program, fhirpath.Value{Node: p.node, Type: p.is}, fhirpath.Root(def.R4(), p.root))
		if err != nil {
			return nil, err
		}
		if names[i] = name; len(values) == 1 {
			names[i] += "." + plain(values[0].Node) + values[0].Text
		}
	}
	return names, nil
}

// skips reports whether include or skip leaves a selection out.
func (r *run) skips(directives ast.DirectiveList) (bool, error) {
	for _, d := range directives {
		if d.Name != "include" && d.Name != "skip" {
			continue
		}
		a := d.Arguments.ForName("if")
		if a == nil {
			return false, fault.New(fault.Invalid, "the directive needs the argument if").WithCode("required").At(d.Name)
		}
		text, err := r.argument(a.Value)
		if err != nil {
			return false, err
		}
		if (text == "true") == (d.Name == "skip") {
			return true, nil
		}
	}
	return false, nil
}

// argument is the text of an argument: of a literal or a variable. A list has commas between its values.
func (r *run) argument(v *ast.Value) (string, error) {
	switch v.Kind {
	case ast.Variable:
		raw, ok := r.variables[v.Raw]
		if !ok {
			d := r.defaults.ForName(v.Raw)
			if d == nil || d.DefaultValue == nil {
				return "", fault.New(fault.Invalid, "the variable has no value").WithCode("required").At(v.Raw)
			}
			return r.argument(d.DefaultValue)
		}
		var text string
		if json.Unmarshal(raw, &text) == nil {
			return text, nil
		}
		if len(raw) > 0 && (raw[0] == '{' || raw[0] == '[') {
			return "", fault.New(fault.Invalid, "the variable is a text, a number, true or false").WithCode("value").At(v.Raw)
		}
		return string(raw), nil
	case ast.ListValue:
		text := ""
		for i, c := range v.Children {
			one, err := r.argument(c.Value)
			if err != nil {
				return "", err
			}
			if i > 0 {
				text += ","
			}
			text += one
		}
		return text, nil
	case ast.ObjectValue:
		return "", fault.New(fault.Invalid, "arguments are no objects").WithCode("structure")
	}
	return v.Raw, nil
}

// plain is the text of a primitive.
func plain(n fhir.Node) string {
	if n.Kind() == fhir.String {
		return n.Text()
	}
	return string(n.Raw())
}
