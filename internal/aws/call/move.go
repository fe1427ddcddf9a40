// SPDX-License-Identifier: Apache-2.0

package call

import (
	"reflect"
	"slices"
	"time"

	"galen/internal/aws/shape"
)

func (s *structure) set(to reflect.Value, v any) {
	in, _ := v.(map[string]any)
	for _, f := range s.fields {
		if x, ok := in[f.name]; ok {
			f.codec.set(to.Field(f.index), x)
		}
	}
}

func (s *structure) append(b []byte, from reflect.Value) ([]byte, error) {
	b = append(b, '{')
	start := len(b)
	for _, f := range s.fields {
		v := from.Field(f.index)
		if !f.inBody || f.codec.absent(v) && (!f.required || !plainString(v)) {
			continue
		}
		if len(b) > start {
			b = append(b, ',')
		}
		b = append(AppendString(b, f.wire), ':')
		var err error
		if b, err = f.codec.append(b, v); err != nil {
			return nil, err
		}
	}
	return append(b, '}'), nil
}

func (*structure) absent(reflect.Value) bool { return false }

func plainString(v reflect.Value) bool { return v.Kind() == reflect.String }

type pointer struct{ to codec }

func (p pointer) set(to reflect.Value, v any) {
	to.Set(reflect.New(to.Type().Elem()))
	p.to.set(to.Elem(), v)
}

func (p pointer) append(b []byte, from reflect.Value) ([]byte, error) {
	if from.IsNil() {
		return append(b, "null"...), nil
	}
	return p.to.append(b, from.Elem())
}

func (pointer) absent(from reflect.Value) bool { return from.IsNil() }

type list struct{ item codec }

func (l list) set(to reflect.Value, v any) {
	in, _ := v.([]any)
	out := reflect.MakeSlice(to.Type(), len(in), len(in))
	for i, x := range in {
		if x != nil {
			l.item.set(out.Index(i), x)
		}
	}
	to.Set(out)
}

func (l list) append(b []byte, from reflect.Value) ([]byte, error) {
	b = append(b, '[')
	for i := range from.Len() {
		if i > 0 {
			b = append(b, ',')
		}
		var err error
		if b, err = l.item.append(b, from.Index(i)); err != nil {
			return nil, err
		}
	}
	return append(b, ']'), nil
}

func (list) absent(from reflect.Value) bool { return from.IsNil() }

type table struct{ item codec }

func (t table) set(to reflect.Value, v any) {
	in, _ := v.(map[string]any)
	out := reflect.MakeMapWithSize(to.Type(), len(in))
	for k, x := range in {
		item := reflect.New(to.Type().Elem()).Elem()
		t.item.set(item, x)
		out.SetMapIndex(reflect.ValueOf(k).Convert(to.Type().Key()), item)
	}
	to.Set(out)
}

func (t table) append(b []byte, from reflect.Value) ([]byte, error) {
	keys := from.MapKeys()
	slices.SortFunc(keys, func(x, y reflect.Value) int {
		if x.String() < y.String() {
			return -1
		}
		return 1
	})
	b = append(b, '{')
	for i, k := range keys {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(AppendString(b, k.String()), ':')
		var err error
		if b, err = t.item.append(b, from.MapIndex(k)); err != nil {
			return nil, err
		}
	}
	return append(b, '}'), nil
}

func (table) absent(from reflect.Value) bool { return from.IsNil() }

type scalar struct{ s *shape.Shape }

func (scalar) set(to reflect.Value, v any) {
	switch x := v.(type) {
	case string:
		to.SetString(x)
	case bool:
		to.SetBool(x)
	case int64:
		to.SetInt(x)
	case float64:
		to.SetFloat(x)
	case time.Time, []byte:
		to.Set(reflect.ValueOf(x))
	}
}

func (s scalar) append(b []byte, from reflect.Value) ([]byte, error) {
	switch from.Kind() {
	case reflect.String:
		return AppendString(b, from.String()), nil
	case reflect.Bool:
		return appendScalar(b, s.s, from.Bool())
	case reflect.Int, reflect.Int32, reflect.Int64:
		return appendScalar(b, s.s, from.Int())
	case reflect.Float32, reflect.Float64:
		return appendScalar(b, s.s, from.Float())
	}
	return appendScalar(b, s.s, from.Interface())
}

func (s scalar) absent(from reflect.Value) bool {
	switch s.s.Kind {
	case shape.String:
		return from.Len() == 0
	case shape.Timestamp:
		return from.Interface().(time.Time).IsZero()
	case shape.Blob:
		return from.IsNil()
	}
	return false
}
