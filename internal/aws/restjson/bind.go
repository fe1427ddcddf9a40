// SPDX-License-Identifier: Apache-2.0

package restjson

import (
	"encoding/base64"
	"math"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"galen/internal/aws/call"
	"galen/internal/aws/shape"
)

// bind adds to in the members that stand outside of the body. It fails with *call.Error.
func bind(in map[string]any, s *shape.Shape, labels map[string]string, query url.Values, header http.Header) error {
	for _, m := range s.Members {
		var texts []string
		form := shape.DateTime
		switch m.Place {
		case shape.Label:
			texts = []string{labels[m.Wire]}
		case shape.Query:
			texts = query[m.Wire]
		case shape.Header:
			form = shape.HTTPDate
			texts = header.Values(m.Wire)
		default:
			continue
		}
		if len(texts) == 0 {
			continue
		}
		v, err := fromTexts(m, texts, form)
		if err != nil {
			return err
		}
		in[m.Name] = v
	}
	return nil
}

// fromTexts reads a member from the values of its parameter or header.
func fromTexts(m shape.Member, texts []string, form shape.Time) (any, error) {
	if m.Shape.Kind != shape.List {
		text := texts[0]
		if m.Place == shape.Header {
			text = strings.TrimSpace(text)
		}
		return fromText(m, m.Shape, text, form)
	}
	if m.Place == shape.Header {
		if strings.TrimSpace(strings.Join(texts, "")) == "" {
			return []any{}, nil
		}
		texts = splitHeader(strings.Join(texts, ","), m.Shape.Element.Kind == shape.Timestamp && timeForm(m.Shape.Element, form) == shape.HTTPDate)
	}
	list := make([]any, len(texts))
	for i, text := range texts {
		v, err := fromText(m, m.Shape.Element, text, form)
		if err != nil {
			return nil, err
		}
		list[i] = v
	}
	return list, nil
}

// fromText reads a scalar.
func fromText(m shape.Member, s *shape.Shape, text string, form shape.Time) (any, error) {
	switch s.Kind {
	case shape.String:
		return text, nil
	case shape.Boolean:
		if text == "true" || text == "false" {
			return text == "true", nil
		}
	case shape.Integer, shape.Long:
		bits := 64
		if s.Kind == shape.Integer {
			bits = 32
		}
		if n, err := strconv.ParseInt(text, 10, bits); err == nil {
			return n, nil
		}
	case shape.Float, shape.Double:
		if f, ok := parseFloat(text); ok {
			return f, nil
		}
	case shape.Timestamp:
		if t, ok := shape.ParseTime(text, timeForm(s, form)); ok {
			return t, nil
		}
	case shape.Blob:
		if data, err := base64.StdEncoding.DecodeString(text); err == nil {
			return data, nil
		}
	}
	return nil, call.Serialization("The value of '" + m.Wire + "' can not be converted to a " + string(s.Kind) + ".")
}

func timeForm(s *shape.Shape, form shape.Time) shape.Time {
	if s.Time != "" {
		return s.Time
	}
	return form
}

// parseFloat takes JSON's numbers and the protocol's three words.
func parseFloat(text string) (float64, bool) {
	switch text {
	case "NaN":
		return math.NaN(), true
	case "Infinity":
		return math.Inf(1), true
	case "-Infinity":
		return math.Inf(-1), true
	}
	if strings.Trim(text, "+-.0123456789eE") != "" { // ParseFloat knows more: hexadecimal, inf, underscores
		return 0, false
	}
	f, err := strconv.ParseFloat(text, 64)
	return f, err == nil
}

// splitHeader splits a list at its commas, but not within quotes, nor, in a list of HTTP dates, after the day's name.
func splitHeader(text string, dates bool) []string {
	var list []string
	var item strings.Builder
	quoted, commas := false, 0
	end := func() {
		list = append(list, strings.TrimSpace(item.String()))
		item.Reset()
		commas = 0
	}
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case quoted && c == '\\' && i+1 < len(text):
			i++
			item.WriteByte(text[i])
		case c == '"':
			quoted = !quoted
		case c == ',' && !quoted:
			if commas++; dates && commas == 1 {
				item.WriteByte(c)
				continue
			}
			end()
		default:
			item.WriteByte(c)
		}
	}
	end()
	return list
}
