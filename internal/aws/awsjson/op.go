// SPDX-License-Identifier: Apache-2.0

package awsjson

import (
	"context"
	"fmt"
	"reflect"

	"galen/internal/aws/shape"
)

// Op makes an Operation of a function. Its input is decoded and meets every constraint of the model when it is called.
// Its error is an *Error, or is mapped by its fault.Kind (Options.Exception). A nil output is an empty object.
func Op[In, Out any](f func(context.Context, *In) (*Out, error)) Operation {
	return Operation{bind: func(op *shape.Operation) (bound, error) {
		in, err := compileFor[In](op.Input)
		if err != nil {
			return bound{}, fmt.Errorf("input: %w", err)
		}
		out, err := compileFor[Out](op.Output)
		if err != nil {
			return bound{}, fmt.Errorf("output: %w", err)
		}
		return bound{op: op, call: func(ctx context.Context, v map[string]any) ([]byte, error) {
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

// nothing stands for the input or output of an operation that has none.
var nothing = &shape.Shape{Kind: shape.Structure}

func compileFor[T any](s *shape.Shape) (codec, error) {
	if s == nil {
		s = nothing
	}
	return compiler{}.compile(s, reflect.TypeFor[T]())
}
