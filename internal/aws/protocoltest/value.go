// SPDX-License-Identifier: Apache-2.0

package protocoltest

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"math"
	"reflect"
	"testing"
	"time"

	"galen/internal/aws/shape"
)

// Typed turns the params or the result of a case, in the suite's notation (blobs as plain text), into a value of the package shape.
func Typed(s *shape.Shape, v any) any {
	switch x := v.(type) {
	case map[string]any:
		out := map[string]any{}
		for k, y := range x {
			if s.Kind == shape.Map {
				out[k] = Typed(s.Element, y)
			} else if m, ok := s.Member(k); ok && y != nil {
				out[k] = Typed(m.Shape, y)
			}
		}
		return out
	case []any:
		out := make([]any, len(x))
		for i := range x {
			out[i] = Typed(s.Element, x[i])
		}
		return out
	case string:
		return typedText(s, x)
	case json.Number:
		f, _ := x.Float64()
		switch s.Kind {
		case shape.Timestamp:
			return time.UnixMilli(int64(f * 1000)).UTC()
		case shape.Float, shape.Double:
			return f
		}
		return int64(f)
	}
	return v
}

func typedText(s *shape.Shape, text string) any {
	switch {
	case s.Kind == shape.Blob:
		return []byte(text)
	case s.Kind == shape.String:
		return text
	case text == "NaN":
		return math.NaN()
	case text == "Infinity":
		return math.Inf(1)
	case text == "-Infinity":
		return math.Inf(-1)
	}
	return text
}

// Same compares two values of the package shape; NaN equals NaN.
func Same(got, want any) bool {
	return reflect.DeepEqual(got, want) || fmt.Sprintf("%#v", got) == fmt.Sprintf("%#v", want)
}

// Gzipped returns text as gzip.
func Gzipped(t *testing.T, text []byte) *bytes.Reader {
	t.Helper()
	var z bytes.Buffer
	w := gzip.NewWriter(&z)
	if _, err := w.Write(text); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return bytes.NewReader(z.Bytes())
}
