// SPDX-License-Identifier: Apache-2.0

package call

import (
	"fmt"
	"reflect"

	"galen/internal/aws/shape"
)

// untyped moves values of the package shape without a Go type of their own.
type untyped struct{ s *shape.Shape }

func (untyped) set(to reflect.Value, v any) { to.Set(reflect.ValueOf(v)) }

func (untyped) absent(from reflect.Value) bool { return from.IsNil() }

func (u untyped) append(b []byte, from reflect.Value) ([]byte, error) {
	return appendValue(b, u.s, from.Interface())
}

// appendValue writes a value of the package shape as JSON. Members that are null or not the shape's are left out.
func appendValue(b []byte, s *shape.Shape, v any) ([]byte, error) {
	switch x := v.(type) {
	case map[string]any:
		if s.Kind == shape.Map {
			return table{untyped{s.Element}}.append(b, reflect.ValueOf(x))
		}
		return appendMembers(b, s, x)
	case []any:
		return list{element{s.Element}}.append(b, reflect.ValueOf(x))
	case nil:
		return append(b, "null"...), nil
	}
	return appendScalar(b, s, v)
}

func appendMembers(b []byte, s *shape.Shape, v map[string]any) ([]byte, error) {
	if s.Kind != shape.Structure {
		return nil, fmt.Errorf("a structure where %s is a %s", s.Name, s.Kind)
	}
	b = append(b, '{')
	start := len(b)
	for _, m := range s.Members {
		x := v[m.Name]
		if x == nil || m.Place != shape.Body {
			continue
		}
		if len(b) > start {
			b = append(b, ',')
		}
		b = append(AppendString(b, m.Wire), ':')
		var err error
		if b, err = appendValue(b, m.Shape, x); err != nil {
			return nil, err
		}
	}
	return append(b, '}'), nil
}

// element is untyped for the elements of a list, where null is written.
type element struct{ s *shape.Shape }

func (e element) set(to reflect.Value, v any)    { untyped(e).set(to, v) }
func (e element) absent(from reflect.Value) bool { return false }

func (e element) append(b []byte, from reflect.Value) ([]byte, error) {
	return appendValue(b, e.s, from.Interface())
}
