// SPDX-License-Identifier: Apache-2.0

package call

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"unicode/utf8"

	"galen/internal/aws/shape"
)

// ReadBody returns the request's body, inflated if it came with gzip, within the limit. It fails with *Error.
func (o *Options) ReadBody(r *http.Request) ([]byte, error) {
	if r.Body == nil {
		return nil, nil
	}
	data, err := o.readLimited(r.Body)
	if err != nil {
		return nil, err
	}
	encodings := strings.Split(strings.Join(r.Header.Values("Content-Encoding"), ","), ",")
	if !strings.EqualFold(strings.TrimSpace(encodings[len(encodings)-1]), "gzip") {
		return data, nil
	}
	z, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		return nil, Serialization("The body is not gzip, as its Content-Encoding says.")
	}
	return o.readLimited(z)
}

func (o *Options) readLimited(r io.Reader) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(r, o.MaxBody+1))
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge) || int64(len(data)) > o.MaxBody:
		return nil, &Error{Code: "RequestEntityTooLargeException", Status: http.StatusRequestEntityTooLarge,
			Message: "The request body is larger than this service accepts."}
	case err != nil:
		return nil, Serialization("The request body could not be read to its end.")
	}
	return data, nil
}

// Decode reads the members of in that stand in a JSON body, with no check of their constraints (Check). An empty body is an
// empty object. It fails with *Error.
func (o *Options) Decode(data []byte, in *shape.Shape) (map[string]any, error) {
	var v any = map[string]any{}
	if len(bytes.TrimSpace(data)) > 0 {
		if !utf8.Valid(data) {
			return nil, Serialization("The request body is not UTF-8.")
		}
		if depth(data) > o.MaxDepth {
			return nil, Serialization("The request body is nested too deeply.")
		}
		var err error
		if v, err = parse(data); err != nil {
			return nil, Serialization("The request body is not valid JSON.")
		}
	}
	typed, err := in.Read(v)
	var wrong *shape.TypeError
	if errors.As(err, &wrong) {
		return nil, Serialization(wrong.Text)
	}
	return typed.(map[string]any), nil
}

// Check fails with the ValidationException that lists every constraint of s which v does not meet.
func Check(s *shape.Shape, v map[string]any) error {
	if bad := s.Check(v); len(bad) > 0 {
		return &Error{Code: "ValidationException", Message: bad.Error()}
	}
	return nil
}

func parse(data []byte) (any, error) {
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.UseNumber()
	var v any
	if err := dec.Decode(&v); err != nil {
		return nil, err
	}
	if _, err := dec.Token(); err != io.EOF {
		return nil, errors.New("more than one value")
	}
	return v, nil
}

// depth is how deep objects and arrays nest in data, whether or not it is valid JSON.
func depth(data []byte) int {
	deepest, now, inString := 0, 0, false
	for i := 0; i < len(data); i++ {
		switch c := data[i]; {
		case inString && c == '\\':
			i++
		case c == '"':
			inString = !inString
		case inString:
		case c == '{' || c == '[':
			now++
			deepest = max(deepest, now)
		case c == '}' || c == ']':
			now--
		}
	}
	return deepest
}
