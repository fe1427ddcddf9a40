// SPDX-License-Identifier: Apache-2.0

package patch

import (
	"strconv"
	"strings"

	"galen/internal/fault"
	"galen/internal/fhir"
	"galen/internal/fhir/def"
	"galen/internal/fhir/fhirpath"
)

// maxPathWork bounds the bytes that the operations of one FHIRPath Patch read and write together.
const maxPathWork = 256 << 20

// FHIRPath appends doc, a resource, as a FHIRPath Patch changes it, to dst. parameters is a Parameters resource. The faults
// name the operation: "Parameters.parameter[2]". An element that a deletion leaves empty goes too.
//
// http://hl7.org/fhir/R4/fhirpatch.html
func FHIRPath(dst []byte, doc, parameters fhir.Node) ([]byte, error) {
	if fhir.Type(parameters) != "Parameters" {
		return nil, fault.New(fault.Invalid, "a FHIRPath Patch is a Parameters resource").WithCode("structure")
	}
	list := parameters.Field("parameter")
	if list.Len() > MaxOperations {
		return nil, fault.New(fault.TooLarge, "the patch has more than %d operations", MaxOperations)
	}
	parts := new(fhir.Tape)
	if err := parts.Parse([]byte(`[{},[],null]`), fhir.Limits{}); err != nil {
		return nil, err
	}
	p := &pathPatcher{defs: def.R4(), tape: doc.Tape(), root: &value{node: doc}}
	p.object = parts.Root().First()
	p.array = p.object.Next()
	p.null = p.array.Next()
	for i, n := range list.Elements() {
		at := "Parameters.parameter[" + strconv.Itoa(i) + "]"
		if err := p.settle(); err != nil {
			return nil, err.At(at)
		}
		if err := p.operation(n); err != nil {
			return nil, err.At(at)
		}
	}
	return p.root.append(dst), nil
}

// pathPatcher is one FHIRPath Patch at work. Each operation finds its place on a tape of what the ones before it made.
type pathPatcher struct {
	defs                *def.Definitions
	evaluator           fhirpath.Evaluator
	tape                *fhir.Tape
	root                *value
	work                int
	object, array, null fhir.Node // empty ones, for what is new
}

// settle puts the resource on a tape again, if an operation changed it.
func (p *pathPatcher) settle() *fault.Fault {
	if !p.root.open {
		return nil
	}
	raw := p.root.append(nil)
	if p.work += len(raw); p.work > maxPathWork {
		return fault.New(fault.TooCostly, "the patch has too many operations for the size of the resource")
	}
	p.tape = new(fhir.Tape)
	if err := p.tape.Parse(raw, fhir.Limits{Size: fhir.MaxSize, Depth: fhir.MaxDepth}); err != nil {
		return fault.Wrap(fault.Unprocessable, err, "the patch makes something too deep")
	}
	p.root = &value{node: p.tape.Root()}
	return nil
}

// step is one operation as it is given.
type step struct {
	path, name string
	operand    fhir.Node // the part named value
}

// operation carries out one operation.
func (p *pathPatcher) operation(n fhir.Node) *fault.Fault {
	if !n.Field("name").Is("operation") {
		return fault.New(fault.Invalid, "the parameters of a FHIRPath Patch are named operation").WithCode("value")
	}
	part := map[string]fhir.Node{}
	for _, one := range n.Field("part").Elements() {
		part[one.Field("name").Text()] = one
	}
	s := step{path: part["path"].Field("valueString").Text(), name: part["name"].Field("valueString").Text(), operand: part["value"]}
	if s.path == "" {
		return fault.New(fault.Invalid, "the operation has no path").WithCode("required")
	}
	found, err := p.find(s.path)
	if err != nil {
		return err
	}
	switch op := part["type"].Field("valueCode").Text(); op {
	case "add":
		return p.add(found, s)
	case "insert":
		i, err := position(part["index"])
		if err != nil {
			return err
		}
		return p.insert(found, s, i)
	case "delete":
		return p.delete(found)
	case "replace":
		return p.replace(found, s)
	case "move":
		from, err := position(part["source"])
		if err != nil {
			return err
		}
		to, err := position(part["destination"])
		if err != nil {
			return err
		}
		return p.move(found, from, to)
	}
	return fault.New(fault.Invalid, "the type of an operation is add, insert, delete, replace or move").WithCode("value")
}

// position reads a part that counts from 0.
func position(part fhir.Node) (int, *fault.Fault) {
	n, err := strconv.ParseUint(part.Field("valueInteger").Number(), 10, 31)
	if err != nil {
		return 0, fault.New(fault.Invalid, "index, source and destination are integers from 0").WithCode("required")
	}
	return int(n), nil
}

// find gives what a path yields on the resource.
func (p *pathPatcher) find(path string) ([]fhirpath.Value, *fault.Fault) {
	focus := fhirpath.Root(p.defs, p.tape.Root())
	var context []*def.Structure
	if focus.Type != nil {
		context = append(context, focus.Type)
	}
	program, err := fhirpath.CompileMode(fhirpath.Language, p.defs, path, context...)
	if err != nil {
		return nil, fault.Wrap(fault.Invalid, err, "the path is not a FHIRPath expression").WithCode("value")
	}
	found, err := p.evaluator.Evaluate(program, focus, focus)
	if err != nil {
		return nil, fault.Wrap(fault.Unprocessable, err, "the path cannot be evaluated on the resource")
	}
	for i := range found {
		if v := &found[i]; v.System != fhirpath.Element {
			return nil, fault.New(fault.Unprocessable, "the path yields something that is no element of the resource")
		}
	}
	return found, nil
}

var (
	errNoElement = fault.New(fault.Unprocessable, "the path finds no element")
	errElements  = fault.New(fault.Unprocessable, "the path finds more than one element")
	errRoot      = fault.New(fault.Unprocessable, "the operation cannot be done to the whole resource")
	errOneList   = fault.New(fault.Unprocessable, "the path is not one whole list")
	errPosition  = fault.New(fault.Unprocessable, "the position is not one of the list")
)

// one is the only value of a collection.
func one(found []fhirpath.Value) (fhirpath.Value, *fault.Fault) {
	switch len(found) {
	case 0:
		return fhirpath.Value{}, errNoElement
	case 1:
		return found[0], nil
	}
	return fhirpath.Value{}, errElements
}

// add gives an element a new child.
func (p *pathPatcher) add(found []fhirpath.Value, s step) *fault.Fault {
	target, err := one(found)
	if err != nil {
		return err
	}
	if s.name == "" {
		return fault.New(fault.Invalid, "the operation has no name").WithCode("required")
	}
	object, of, err := p.inside(target)
	if err != nil {
		return err
	}
	return p.addTo(object, of, s.name, s.operand)
}

// inside is the object that holds the children of an element: of a primitive, its sibling.
func (p *pathPatcher) inside(target fhirpath.Value) (*value, *def.Structure, *fault.Fault) {
	if target.Node.Kind() == fhir.Object {
		places, element := p.locate(target)
		if len(places) == 0 {
			return p.root, target.Type, nil
		}
		if element == nil {
			return nil, nil, errNoElement
		}
		return element, target.Type, nil
	}
	places, _ := p.locate(target)
	if len(places) == 0 {
		return nil, nil, errRoot
	}
	at := places[len(places)-1]
	pairs := at.object.pairs(at.name)
	if pairs[at.index].beside == nil {
		pairs[at.index].beside = &value{node: p.object, open: true}
		p.put(at.object, at.name, at.list, pairs)
	}
	return pairs[at.index].beside, p.defs.Structure("Element"), nil
}

// insert puts a value into a list.
func (p *pathPatcher) insert(found []fhirpath.Value, s step, index int) *fault.Fault {
	at, pairs, err := p.listOf(found, s.path)
	if err != nil {
		return err
	}
	if index > len(pairs) {
		return errPosition
	}
	given, suffix, err := p.operand(s.operand, memberStructure(at.of, at.name))
	if err != nil {
		return err
	}
	if _, err := memberFor(at.of, elementName(at.of, at.name), suffix); err != nil {
		return err
	}
	pairs = append(pairs, pair{})
	copy(pairs[index+1:], pairs[index:])
	pairs[index] = given
	p.put(at.object, at.name, true, pairs)
	return nil
}

// delete takes an element away; nothing where there is none.
func (p *pathPatcher) delete(found []fhirpath.Value) *fault.Fault {
	if len(found) == 0 {
		return nil
	}
	target, err := one(found)
	if err != nil {
		return err
	}
	places, _ := p.locate(target)
	if len(places) == 0 {
		return errRoot
	}
	for i := len(places) - 1; i >= 0; i-- {
		at := places[i]
		pairs := at.object.pairs(at.name)
		p.put(at.object, at.name, at.list, append(pairs[:at.index:at.index], pairs[at.index+1:]...))
		if len(at.object.items) > 0 {
			break
		}
	}
	return nil
}

// replace puts a value in the place of an element.
func (p *pathPatcher) replace(found []fhirpath.Value, s step) *fault.Fault {
	target, err := one(found)
	if err != nil {
		return err
	}
	places, _ := p.locate(target)
	if len(places) == 0 {
		return errRoot
	}
	at := places[len(places)-1]
	given, suffix, err := p.operand(s.operand, memberStructure(at.of, at.name))
	if err != nil {
		return err
	}
	m, err := memberFor(at.of, elementName(at.of, at.name), suffix)
	if err != nil {
		return err
	}
	pairs := at.object.pairs(at.name)
	pairs[at.index] = given
	if m.name != at.name { // another type of a choice
		p.put(at.object, at.name, false, nil)
	}
	p.put(at.object, m.name, at.list, pairs)
	return nil
}

// move changes the order of a list.
func (p *pathPatcher) move(found []fhirpath.Value, from, to int) *fault.Fault {
	at, pairs, err := p.listOf(found, "")
	if err != nil {
		return err
	}
	if from >= len(pairs) || to >= len(pairs) {
		return errPosition
	}
	moved := pairs[from]
	pairs = append(pairs[:from:from], pairs[from+1:]...)
	pairs = append(pairs, pair{})
	copy(pairs[to+1:], pairs[to:])
	pairs[to] = moved
	p.put(at.object, at.name, true, pairs)
	return nil
}

// listOf finds the list that a collection is. Of one that is empty, the path says where it would be.
func (p *pathPatcher) listOf(found []fhirpath.Value, path string) (place, []pair, *fault.Fault) {
	if len(found) == 0 {
		return p.emptyList(path)
	}
	places, _ := p.locate(found[0])
	if len(places) == 0 {
		return place{}, nil, errRoot
	}
	at := places[len(places)-1]
	pairs := at.object.pairs(at.name)
	if len(pairs) != len(found) || !at.list {
		return place{}, nil, errOneList
	}
	if len(found) > 1 {
		other, _ := p.locate(found[len(found)-1])
		if last := other[len(other)-1]; last.object != at.object || last.name != at.name {
			return place{}, nil, errOneList
		}
	}
	return at, pairs, nil
}

// emptyList is the place of a list that has no element yet.
func (p *pathPatcher) emptyList(path string) (place, []pair, *fault.Fault) {
	cut := strings.LastIndexByte(path, '.')
	if cut < 0 {
		return place{}, nil, errNoElement
	}
	found, err := p.find(path[:cut])
	if err != nil {
		return place{}, nil, err
	}
	above, err := one(found)
	if err != nil {
		return place{}, nil, err
	}
	object, of, err := p.inside(above)
	if err != nil {
		return place{}, nil, err
	}
	m, err := memberFor(of, path[cut+1:], "")
	if err != nil || !m.list {
		return place{}, nil, errOneList
	}
	return place{object: object, of: of, name: m.name, list: true}, nil, nil
}
