// SPDX-License-Identifier: Apache-2.0

package call

import (
	"context"
	"fmt"
	"reflect"

	"galen/internal/aws/shape"
	"galen/internal/fault"
)

// Options change what a handler of operations accepts. The zero value is ready to use.
type Options struct {
	MaxBody  int64 // bytes of a body, also after inflating; default 1 MiB
	MaxDepth int   // nesting of objects and arrays; default 64

	// Exception names the model's exception for a kind of fault of an operation. An empty name, or one that the
	// operation's contract does not allow, becomes InternalServerException for Internal and Unavailable, and
	// ValidationException for every other kind. It must be safe for concurrent use.
	Exception func(op *shape.Operation, kind fault.Kind) string

	// Common are exceptions that operations may answer with though their contracts do not name them.
	Common []string

	// Failed is told of every error that is answered with status 500 or above, for the log. The error may hold what
	// callers must not see.
	Failed func(ctx context.Context, operation string, err error)
}

// SetDefaults fills in what is not given.
func (o *Options) SetDefaults() {
	if o.MaxBody <= 0 {
		o.MaxBody = 1 << 20
	}
	if o.MaxDepth <= 0 {
		o.MaxDepth = 64
	}
}

// Operation is a function with typed input and output, made by Op.
type Operation struct {
	bind func(*shape.Operation) (Bound, error)
}

// Bound is an operation of a model with its function.
type Bound struct {
	*shape.Operation
	call func(context.Context, map[string]any) ([]byte, error)
}

// Call calls the function with an input that Read and Check of the package shape have passed, and gives its output as JSON.
func (b Bound) Call(ctx context.Context, in map[string]any) ([]byte, error) { return b.call(ctx, in) }

// In is the shape of the input; a structure without members if there is none.
func (b Bound) In() *shape.Shape { return orNothing(b.Input) }

// Op makes an Operation of a function. Its input is decoded and meets every constraint of the model when it is called.
// Its error is an *Error, or is mapped by its fault.Kind (Options.Exception). A nil output is an empty object.
func Op[In, Out any](f func(context.Context, *In) (*Out, error)) Operation {
	return Operation{bind: func(op *shape.Operation) (Bound, error) {
		in, err := compiler{}.compile(orNothing(op.Input), reflect.TypeFor[In]())
		if err != nil {
			return Bound{}, fmt.Errorf("input: %w", err)
		}
		out, err := compiler{}.compile(orNothing(op.Output), reflect.TypeFor[Out]())
		if err != nil {
			return Bound{}, fmt.Errorf("output: %w", err)
		}
		return Bound{op, func(ctx context.Context, v map[string]any) ([]byte, error) {
			x := new(In)
			in.set(reflect.ValueOf(x).Elem(), v)
			y, err := f(ctx, x)
			if err != nil {
				return nil, err
			}
			if y == nil {
				return []byte("{}"), nil
			}
			return out.append(nil, reflect.ValueOf(y).Elem())
		}}, nil
	}}
}

// Bind binds the functions of table, by the names of the model. It fails if a name is not the model's or a function's types
// do not fit. Operations of the model that the table lacks are left out.
func Bind(m *shape.Model, table map[string]Operation) (map[string]Bound, error) {
	all := make(map[string]Bound, len(table))
	for name, f := range table {
		op := m.Operations[name]
		if op == nil {
			return nil, fmt.Errorf("operation %s: not in the model of %s", name, m.Service)
		}
		b, err := f.bind(op)
		if err != nil {
			return nil, fmt.Errorf("operation %s: %w", name, err)
		}
		all[name] = b
	}
	return all, nil
}

// nothing stands for the input or output of an operation that has none.
var nothing = &shape.Shape{Kind: shape.Structure}

func orNothing(s *shape.Shape) *shape.Shape {
	if s == nil {
		return nothing
	}
	return s
}
