// SPDX-License-Identifier: Apache-2.0

package call

import (
	"fmt"
	"reflect"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"galen/internal/aws/shape"
)

// codec moves values between a shape and a Go type. It is immutable once compiled.
type codec interface {
	// set stores v, a value of the package shape, in to.
	set(to reflect.Value, v any)
	// append writes from as JSON.
	append(b []byte, from reflect.Value) ([]byte, error)
	// absent reports whether an optional member with this value is left out.
	absent(from reflect.Value) bool
}

type compiledKey struct {
	s *shape.Shape
	t reflect.Type
}

// compiler keeps the structures under way, because shapes and types may be recursive.
type compiler map[compiledKey]*structure

var (
	timeType  = reflect.TypeFor[time.Time]()
	bytesType = reflect.TypeFor[[]byte]()
	anyType   = reflect.TypeFor[any]()
)

// compile makes the codec of a shape and a type, and fails if the type cannot hold the shape's values.
func (c compiler) compile(s *shape.Shape, t reflect.Type) (codec, error) {
	if t == anyType || t.Kind() == reflect.Map && t.Elem() == anyType && s.Kind != shape.Map {
		return untyped{s}, nil
	}
	if t.Kind() == reflect.Pointer {
		to, err := c.compile(s, t.Elem())
		if err != nil {
			return nil, err
		}
		return pointer{to}, nil
	}
	switch s.Kind {
	case shape.Structure:
		return c.structure(s, t)
	case shape.List:
		if t.Kind() == reflect.Slice {
			item, err := c.compile(s.Element, t.Elem())
			return list{item}, err
		}
	case shape.Map:
		if t.Kind() == reflect.Map && t.Key().Kind() == reflect.String {
			item, err := c.compile(s.Element, t.Elem())
			return table{item}, err
		}
	default:
		if scalarFits(s.Kind, t) {
			return scalar{s}, nil
		}
	}
	return nil, fmt.Errorf("%v cannot hold the %s %s", t, s.Kind, s.Name)
}

func scalarFits(k shape.Kind, t reflect.Type) bool {
	switch k {
	case shape.String:
		return t.Kind() == reflect.String
	case shape.Boolean:
		return t.Kind() == reflect.Bool
	case shape.Integer:
		return t.Kind() == reflect.Int32 || t.Kind() == reflect.Int64 || t.Kind() == reflect.Int
	case shape.Long:
		return t.Kind() == reflect.Int64
	case shape.Float:
		return t.Kind() == reflect.Float32 || t.Kind() == reflect.Float64
	case shape.Double:
		return t.Kind() == reflect.Float64
	case shape.Timestamp:
		return t == timeType
	case shape.Blob:
		return t == bytesType
	}
	return false
}

// structure moves structs. Fields are in the model's order of members; members without a field are not moved.
type structure struct {
	fields []field
}

type field struct {
	name     string // the member's
	wire     string // its name in JSON
	inBody   bool
	index    int
	required bool
	codec    codec
}

func (c compiler) structure(s *shape.Shape, t reflect.Type) (codec, error) {
	if t.Kind() != reflect.Struct || t == timeType {
		return nil, fmt.Errorf("%v cannot hold the structure %s", t, s.Name)
	}
	key := compiledKey{s, t}
	if done := c[key]; done != nil {
		return done, nil
	}
	out := new(structure)
	c[key] = out
	byName := make(map[string]int, t.NumField())
	for i := range t.NumField() {
		f := t.Field(i)
		if !f.IsExported() {
			continue
		}
		name := memberName(s, f)
		if _, ok := s.Member(name); !ok {
			return nil, fmt.Errorf("%v.%s is not a member of %s", t, f.Name, s.Name)
		}
		byName[name] = i
	}
	for _, m := range s.Members {
		i, ok := byName[m.Name]
		if !ok {
			if m.Required {
				return nil, fmt.Errorf("%v has no field for %s.%s, which is required", t, s.Name, m.Name)
			}
			continue
		}
		to, err := c.compile(m.Shape, t.Field(i).Type)
		if err != nil {
			return nil, fmt.Errorf("%v.%s: %w", t, t.Field(i).Name, err)
		}
		out.fields = append(out.fields, field{m.Name, m.Wire, m.Place == shape.Body, i, m.Required, to})
	}
	return out, nil
}

// memberName is the member that a field stands for: its json tag's, its own name, or that with a first small letter.
func memberName(s *shape.Shape, f reflect.StructField) string {
	if tag, _, _ := strings.Cut(f.Tag.Get("json"), ","); tag != "" {
		return tag
	}
	if _, ok := s.Member(f.Name); ok {
		return f.Name
	}
	r, n := utf8.DecodeRuneInString(f.Name)
	return string(unicode.ToLower(r)) + f.Name[n:]
}
