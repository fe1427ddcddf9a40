// SPDX-License-Identifier: Apache-2.0

// Package patch changes resources as patches say, on the resource's own bytes: JSON Patch (RFC 6902) and FHIRPath Patch.
//
// What a patch does not touch is kept byte for byte, numbers with their text among it. A patch is applied as a whole or not at
// all. What comes out is JSON; whether it is a resource is for validation to say. A patch that is malformed is fault.Invalid, one that
// cannot be applied fault.Unprocessable.
//
// The package is pure; its functions may be called by any number of goroutines.
package patch

import (
	"strconv"
	"strings"

	"galen/internal/fault"
	"galen/internal/fhir"
)

// Bounds of one patch.
const (
	MaxOperations = 10_000
	maxWork       = 32 << 20 // bytes that tests and copies may look at together
)

// JSON appends doc, as a JSON Patch changes it, to dst. The faults name the operation: "patch[2]".
//
// https://www.rfc-editor.org/rfc/rfc6902
func JSON(dst []byte, doc, patch fhir.Node) ([]byte, error) {
	if patch.Kind() != fhir.Array {
		return nil, fault.New(fault.Invalid, "a JSON Patch is an array of operations").WithCode("structure")
	}
	if patch.Len() > MaxOperations {
		return nil, fault.New(fault.TooLarge, "the patch has more than %d operations", MaxOperations)
	}
	p := &patcher{root: &value{node: doc}}
	for i, n := range patch.Elements() {
		if err := p.operation(n); err != nil {
			return nil, err.At("patch[" + strconv.Itoa(i) + "]")
		}
	}
	return p.root.append(dst), nil
}

// patcher is one patch at work.
type patcher struct {
	root *value
	work int
}

var (
	errNowhere = fault.New(fault.Unprocessable, "the path leads to nothing in the resource")
	errIndex   = fault.New(fault.Unprocessable, "the path's index is not one of the array")
	errPointer = fault.New(fault.Invalid, "a path is a JSON Pointer: empty, or parts that each begin with a slash").WithCode("value")
)

// operation carries out one operation.
func (p *patcher) operation(n fhir.Node) *fault.Fault {
	op := n.Field("op").Text()
	path, err := pointer(n.Field("path"))
	if err != nil {
		return err
	}
	operand := &value{node: n.Field("value")}
	switch op {
	case "add", "replace", "test":
		if !operand.node.Ok() {
			return fault.New(fault.Invalid, "the operation has no value").WithCode("required")
		}
	case "remove":
	case "move", "copy":
		from, err := pointer(n.Field("from"))
		if err != nil {
			return err
		}
		if operand, err = p.source(op, from, path); err != nil {
			return err
		}
	default:
		return fault.New(fault.Invalid, "op is add, remove, replace, move, copy or test").WithCode("value")
	}
	switch op {
	case "test":
		return p.test(path, operand)
	case "remove":
		_, err := p.remove(path)
		return err
	case "replace":
		return p.replace(path, operand)
	}
	return p.add(path, operand)
}

// source takes what is to be moved or copied.
func (p *patcher) source(op string, from, path []string) (*value, *fault.Fault) {
	if op == "move" {
		if len(path) > len(from) && strings.Join(path[:len(from)], "/") == strings.Join(from, "/") {
			return nil, fault.New(fault.Unprocessable, "a value cannot be moved into itself")
		}
		if len(from) == 0 {
			return p.root, nil // only onto itself
		}
		return p.remove(from)
	}
	v, err := p.at(from)
	if err != nil {
		return nil, err
	}
	n, err := p.settled(v)
	return &value{node: n}, err
}

// settled gives a value as a node, which is free of later changes.
func (p *patcher) settled(v *value) (fhir.Node, *fault.Fault) {
	var raw []byte
	if !v.open {
		raw = v.node.Raw()
	} else {
		raw = v.append(nil)
	}
	if p.work += len(raw); p.work > maxWork {
		return fhir.Node{}, fault.New(fault.TooCostly, "the patch copies or tests too much")
	}
	if !v.open {
		return v.node, nil
	}
	tape := new(fhir.Tape)
	if err := tape.Parse(raw, fhir.Limits{Size: fhir.MaxSize, Depth: fhir.MaxDepth}); err != nil {
		return fhir.Node{}, fault.Wrap(fault.Unprocessable, err, "the patch makes something too deep")
	}
	return tape.Root(), nil
}

// pointer splits a JSON Pointer.
//
// https://www.rfc-editor.org/rfc/rfc6901
func pointer(n fhir.Node) ([]string, *fault.Fault) {
	text := n.Text()
	switch {
	case n.Kind() != fhir.String:
		return nil, fault.New(fault.Invalid, "the operation lacks path or from").WithCode("required")
	case text == "":
		return nil, nil
	case text[0] != '/':
		return nil, errPointer
	}
	parts := strings.Split(text[1:], "/")
	for i, part := range parts {
		if !strings.Contains(part, "~") {
			continue
		}
		if strings.Count(part, "~") != strings.Count(part, "~0")+strings.Count(part, "~1") {
			return nil, errPointer
		}
		parts[i] = strings.ReplaceAll(strings.ReplaceAll(part, "~1", "/"), "~0", "~")
	}
	return parts, nil
}

// at follows a path.
func (p *patcher) at(path []string) (*value, *fault.Fault) {
	v := p.root
	for _, part := range path {
		v.expand()
		i, err := v.index(part)
		if err != nil {
			return nil, err
		}
		if i >= len(v.items) {
			return nil, errNowhere
		}
		v = v.items[i].value
	}
	return v, nil
}

// parent follows a path up to its last part, and finds the place of that; len(items) if it names none there is.
func (p *patcher) parent(path []string) (*value, int, *fault.Fault) {
	v, err := p.at(path[:len(path)-1])
	if err != nil {
		return nil, 0, err
	}
	v.expand()
	i, err := v.index(path[len(path)-1])
	return v, i, err
}

func (p *patcher) add(path []string, v *value) *fault.Fault {
	if len(path) == 0 {
		p.root = v
		return nil
	}
	in, i, err := p.parent(path)
	switch {
	case err != nil:
		return err
	case in.kind() == fhir.Array:
		in.items = append(in.items, item{})
		copy(in.items[i+1:], in.items[i:])
		in.items[i] = item{value: v}
	case i < len(in.items):
		in.items[i].value = v
	default:
		in.items = append(in.items, item{strings.Clone(path[len(path)-1]), v})
	}
	return nil
}

func (p *patcher) remove(path []string) (*value, *fault.Fault) {
	if len(path) == 0 {
		return nil, fault.New(fault.Unprocessable, "the whole resource cannot be removed")
	}
	in, i, err := p.parent(path)
	if err != nil {
		return nil, err
	}
	if i >= len(in.items) {
		return nil, errNowhere
	}
	v := in.items[i].value
	in.items = append(in.items[:i], in.items[i+1:]...)
	return v, nil
}

func (p *patcher) replace(path []string, v *value) *fault.Fault {
	if len(path) == 0 {
		p.root = v
		return nil
	}
	in, i, err := p.parent(path)
	if err != nil {
		return err
	}
	if i >= len(in.items) {
		return errNowhere
	}
	in.items[i].value = v
	return nil
}

func (p *patcher) test(path []string, want *value) *fault.Fault {
	v, err := p.at(path)
	if err != nil {
		return err
	}
	got, err := p.settled(v)
	if err != nil {
		return err
	}
	if !equal(got, want.node) {
		return fault.New(fault.Unprocessable, "the value is not the one that the patch tests for")
	}
	return nil
}
