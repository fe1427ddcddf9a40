// SPDX-License-Identifier: Apache-2.0

package search

import (
	"strings"
	"unicode/utf8"

	"galen/internal/fault"
	"galen/internal/fhir"
	"galen/internal/fhir/def"
	"galen/internal/search/index"
)

// split cuts s at separators that are not escaped by a backslash. The parts keep their escapes.
//
// http://hl7.org/fhir/R4/search.html#escaping
func split(s string, separator byte) []string {
	var parts []string
	from := 0
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case separator:
			parts = append(parts, s[from:i])
			from = i + 1
		}
	}
	return append(parts, s[from:])
}

// unescape takes the backslashes out; one before anything but , $ | \ stands for itself.
func unescape(s string) string {
	if strings.IndexByte(s, '\\') < 0 {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+1 < len(s) && strings.IndexByte(`,$|\`, s[i+1]) >= 0 {
			i++
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

// values reads the alternatives of a leaf.
func (p *parser) values(l *Leaf, text string) error {
	if !utf8.ValidString(text) {
		return fault.New(fault.Invalid, "the value is not UTF-8")
	}
	if l.Modifier == index.Missing {
		if text != "true" && text != "false" {
			return fault.New(fault.Invalid, ":missing is true or false")
		}
		l.Values = []index.Value{{Missing: text == "true"}}
		return nil
	}
	parts := split(text, ',')
	if p.left -= len(parts); p.left < 0 {
		return fault.New(fault.TooCostly, "more than %d values in one search", p.opt.MaxValues)
	}
	l.Values = make([]index.Value, 0, len(parts))
	for _, part := range parts {
		if part == "" {
			return fault.New(fault.Invalid, "there is an empty value between commas")
		}
		v, err := valueOf(l.Param.Type, l.Modifier, p.here(l, part), l.Param.Components)
		if err != nil {
			return err
		}
		l.Values = append(l.Values, v)
	}
	return nil
}

// here makes an absolute reference to this server a relative one.
func (p *parser) here(l *Leaf, text string) string {
	if (l.Param.Type == def.ReferenceParam || l.Modifier == index.In || l.Modifier == index.NotIn) && p.opt.Base != "" {
		return strings.TrimPrefix(text, p.opt.Base)
	}
	return text
}

// ofType reads what :of-type asks for: system|code|value.
func ofType(text string) (v index.Value, err error) {
	parts := split(text, '|')
	if len(parts) != 3 || parts[1] == "" || parts[2] == "" {
		return v, fault.New(fault.Invalid, "write the value of :of-type as system|code|value, of an identifier's type and of the identifier").WithCode("value")
	}
	v.HasSystem, v.System, v.Text, v.Of = true, unescape(parts[0]), unescape(parts[1]), unescape(parts[2])
	return v, nil
}

// valueOf reads one alternative.
func valueOf(t def.ParamType, m index.Modifier, text string, components []def.Component) (v index.Value, err error) {
	switch t {
	case def.NumberParam:
		v.Prefix, text = prefix(text)
		return number(v, text)
	case def.DateParam:
		v.Prefix, text = prefix(text)
		d, ok := fhir.ParseSearchDate(text)
		if !ok {
			return v, fault.New(fault.Invalid, "the value is no date, such as 2026, 2026-11-21 or 2026-11-21T10:00:00Z, with or without a prefix").WithCode("value")
		}
		v.Date = d
	case def.QuantityParam:
		return quantity(text)
	case def.TokenParam:
		switch m {
		case index.Text, index.In, index.NotIn:
			v.Text = unescape(text)
			return v, nil
		case index.OfType:
			return ofType(text)
		}
		return token(text)
	case def.ReferenceParam:
		if m == index.Identifier {
			return token(text)
		}
		v.Text = unescape(text)
	case def.CompositeParam:
		return composite(text, components)
	default:
		v.Text = unescape(text)
	}
	return v, nil
}

var prefixes = map[string]index.Prefix{"eq": index.Equal, "ne": index.NotEqual, "gt": index.Greater, "lt": index.Less, "ge": index.GreaterOrEqual,
	"le": index.LessOrEqual, "sa": index.StartsAfter, "eb": index.EndsBefore, "ap": index.Approximately}

// prefix takes a prefix off a value.
func prefix(text string) (index.Prefix, string) {
	if len(text) > 2 {
		if p, ok := prefixes[text[:2]]; ok {
			return p, text[2:]
		}
	}
	return index.Equal, text
}

func number(v index.Value, text string) (index.Value, error) {
	text = strings.TrimPrefix(text, "+") // a URL may have it
	d, ok := fhir.ParseDecimal(text)
	if !ok {
		return v, fault.New(fault.Invalid, "the value is no number, such as 5.4 or 1e-3, with or without a prefix").WithCode("value")
	}
	v.Number = d
	return v, nil
}

// quantity reads [prefix]number, [prefix]number|system|code and [prefix]number||code.
func quantity(text string) (v index.Value, err error) {
	parts := split(text, '|')
	if len(parts) != 1 && len(parts) != 3 {
		return v, fault.New(fault.Invalid, "write a quantity as number, number|system|code or number||code").WithCode("value")
	}
	v.Prefix, text = prefix(parts[0])
	if v, err = number(v, text); err != nil || len(parts) == 1 {
		return v, err
	}
	if parts[2] == "" {
		if parts[1] != "" {
			return v, fault.New(fault.Invalid, "a quantity with a system has a code too").WithCode("value")
		}
		return v, nil // "5||" is "5"
	}
	v.HasSystem, v.System, v.Text = true, unescape(parts[1]), unescape(parts[2])
	return v, nil
}

// token reads code, system|code, |code and system|.
func token(text string) (v index.Value, err error) {
	parts := split(text, '|')
	switch len(parts) {
	case 1:
		v.Text = unescape(parts[0])
	case 2:
		v.HasSystem, v.System, v.Text = true, unescape(parts[0]), unescape(parts[1])
		if v.System == "" && v.Text == "" {
			return v, fault.New(fault.Invalid, "write a token as code, system|code, |code or system|").WithCode("value")
		}
	default:
		return v, fault.New(fault.Invalid, "write a token as code, system|code, |code or system|").WithCode("value")
	}
	return v, nil
}

// composite reads one value for each component, with a dollar sign between them.
func composite(text string, components []def.Component) (v index.Value, err error) {
	parts := split(text, '$')
	if len(parts) != len(components) {
		return v, fault.New(fault.Invalid, "the value has %d parts; this parameter takes %d, with $ between them", len(parts), len(components)).WithCode("value")
	}
	for i, part := range parts {
		if part == "" {
			return v, fault.New(fault.Invalid, "a part of the value is empty").WithCode("value")
		}
		sub, err := valueOf(components[i].Param.Type, index.Plain, part, nil)
		if err != nil {
			return v, err
		}
		v.Parts = append(v.Parts, sub)
	}
	return v, nil
}
