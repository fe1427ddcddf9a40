// SPDX-License-Identifier: Apache-2.0

package shape

import (
	"encoding/base64"
	"encoding/json"
	"math"
	"strings"
)

// TypeError says that a JSON value has a type that its shape cannot take: AWS's SerializationException.
type TypeError struct {
	Path string // as in Violation
	Text string // AWS's words, such as "NUMBER_VALUE can not be converted to a String"
}

// Error gives the text, which AWS sends without the path.
func (e *TypeError) Error() string { return e.Text }

// Read turns a JSON value, decoded with json.Number for numbers, into the typed value of the shape. Members that are
// null or unknown, and those that are not in the body, are left out, the elements of lists are kept even when null. The result shares nothing with v but
// strings. It fails with *TypeError.
func (s *Shape) Read(v any) (any, error) { return s.read(v, "") }

func (s *Shape) read(v any, path string) (any, error) {
	switch s.Kind {
	case Structure:
		return s.readStructure(v, path)
	case Map:
		return s.readMap(v, path)
	case List:
		items, ok := v.([]any)
		if !ok {
			return nil, wrong(v, path, "list")
		}
		list := make([]any, len(items))
		for i, item := range items {
			if item == nil {
				continue
			}
			x, err := s.Element.read(item, elementPath(path, i))
			if err != nil {
				return nil, err
			}
			list[i] = x
		}
		return list, nil
	}
	return s.readScalar(v, path)
}

func (s *Shape) readStructure(v any, path string) (any, error) {
	in, ok := v.(map[string]any)
	if !ok {
		return nil, wrong(v, path, "structure")
	}
	out := make(map[string]any, len(in))
	for _, m := range s.Members {
		x := in[m.Wire]
		if x == nil || m.Place != Body {
			continue
		}
		y, err := m.Shape.read(x, memberPath(path, m.Name))
		if err != nil {
			return nil, err
		}
		out[m.Name] = y
	}
	return out, nil
}

func (s *Shape) readMap(v any, path string) (any, error) {
	in, ok := v.(map[string]any)
	if !ok {
		return nil, wrong(v, path, "map")
	}
	out := make(map[string]any, len(in))
	for k, x := range in {
		if x == nil {
			continue
		}
		y, err := s.Element.read(x, path+"."+k+".member")
		if err != nil {
			return nil, err
		}
		out[k] = y
	}
	return out, nil
}

func (s *Shape) readScalar(v any, path string) (any, error) {
	switch s.Kind {
	case String:
		if x, ok := v.(string); ok {
			return x, nil
		}
		return nil, wrong(v, path, "String")
	case Boolean:
		if x, ok := v.(bool); ok {
			return x, nil
		}
		return nil, wrong(v, path, "Boolean")
	case Integer, Long:
		return s.readInteger(v, path)
	case Float, Double:
		return readFloat(v, path)
	case Timestamp:
		return s.readTimestamp(v, path)
	case Blob:
		x, ok := v.(string)
		if !ok {
			return nil, wrong(v, path, "Blob")
		}
		data, err := base64.StdEncoding.DecodeString(x)
		if err != nil {
			return nil, &TypeError{path, "Invalid base64 in a blob"}
		}
		return data, nil
	}
	return nil, &TypeError{path, "Unexpected value"}
}

func (s *Shape) readInteger(v any, path string) (any, error) {
	n, ok := v.(json.Number)
	if !ok {
		return nil, wrong(v, path, title(s.Kind))
	}
	i, err := n.Int64()
	if err != nil { // 5.0 and 5e0 are whole too
		f, ferr := n.Float64()
		if ferr != nil || f != math.Trunc(f) || math.Abs(f) >= 1<<53 {
			return nil, &TypeError{path, "NUMBER_VALUE can not be converted to " + article(title(s.Kind))}
		}
		i = int64(f)
	}
	if s.Kind == Integer && (i > math.MaxInt32 || i < math.MinInt32) {
		return nil, &TypeError{path, "NUMBER_VALUE can not be converted to an Integer"}
	}
	return i, nil
}

func readFloat(v any, path string) (any, error) {
	switch x := v.(type) {
	case json.Number:
		if f, err := x.Float64(); err == nil {
			return f, nil
		}
		return nil, &TypeError{path, "NUMBER_VALUE can not be converted to a Double"}
	case string:
		switch x {
		case "NaN":
			return math.NaN(), nil
		case "Infinity":
			return math.Inf(1), nil
		case "-Infinity":
			return math.Inf(-1), nil
		}
	}
	return nil, wrong(v, path, "Double")
}

// wrong says in AWS's words that v is not what the shape takes.
func wrong(v any, path, want string) *TypeError {
	switch want {
	case "structure", "list", "map":
		return &TypeError{path, "Unexpected token (" + token(v) + "), expected a " + want}
	}
	switch v.(type) {
	case map[string]any:
		return &TypeError{path, "Start of structure or map found where not expected."}
	case []any:
		return &TypeError{path, "Start of list found where not expected"}
	}
	return &TypeError{path, token(v) + " can not be converted to " + article(want)}
}

func token(v any) string {
	switch x := v.(type) {
	case nil:
		return "NULL_VALUE"
	case string:
		return "STRING_VALUE"
	case bool:
		if x {
			return "TRUE_VALUE"
		}
		return "FALSE_VALUE"
	case map[string]any:
		return "START_OBJECT"
	case []any:
		return "START_ARRAY"
	}
	return "NUMBER_VALUE"
}

func title(k Kind) string { return strings.ToUpper(string(k[:1])) + string(k[1:]) }

func article(noun string) string {
	if strings.ContainsRune("AEIOU", rune(noun[0])) {
		return "an " + noun
	}
	return "a " + noun
}
