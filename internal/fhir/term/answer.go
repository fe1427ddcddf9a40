// SPDX-License-Identifier: Apache-2.0

package term

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"galen/internal/fhir"
)

// writer writes JSON objects and arrays, with commas where they belong.
type writer struct {
	b     []byte
	comma bool
}

func (w *writer) name(name string) {
	if w.comma {
		w.b = append(w.b, ',')
	}
	w.comma = true
	if name != "" {
		w.b = append(fhir.AppendString(w.b, name), ':')
	}
}

func (w *writer) open(name string, bracket byte) {
	w.name(name)
	w.b, w.comma = append(w.b, bracket), false
}

func (w *writer) close(bracket byte) { w.b, w.comma = append(w.b, bracket), true }

// text writes a member unless it is empty.
func (w *writer) text(name, value string) {
	if value != "" {
		w.name(name)
		w.b = fhir.AppendString(w.b, value)
	}
}

func (w *writer) bool(name string, value bool) {
	w.name(name)
	w.b = strconv.AppendBool(w.b, value)
}

func (w *writer) int(name string, value int) {
	w.name(name)
	w.b = strconv.AppendInt(w.b, int64(value), 10)
}

func (w *writer) coding(name string, c Coding) {
	w.open(name, '{')
	w.codingMembers(c)
	w.close('}')
}

func (w *writer) codingMembers(c Coding) {
	w.text("system", c.System)
	w.text("version", c.Version)
	w.text("code", c.Code)
	w.text("display", c.Display)
}

// parameter writes a parameter with a value that is a string, a bool, an int or a Coding; nothing for an empty string.
func (w *writer) parameter(name, member string, value any) {
	if value == "" {
		return
	}
	w.open("", '{')
	w.text("name", name)
	switch v := value.(type) {
	case string:
		w.text(member, v)
	case bool:
		w.bool(member, v)
	case Coding:
		w.coding(member, v)
	}
	w.close('}')
}

// parts writes a parameter that has parts.
func (w *writer) parts(name string, parts func()) {
	w.open("", '{')
	w.text("name", name)
	w.open("part", '[')
	parts()
	w.close(']')
	w.close('}')
}

func parameters(dst []byte, write func(w *writer)) []byte {
	w := &writer{b: slices.Grow(dst, 512)} // most answers are shorter
	w.open("", '{')
	w.text("resourceType", "Parameters")
	w.open("parameter", '[')
	write(w)
	w.close(']')
	w.close('}')
	return w.b
}

// AppendParameters appends the answer of $validate-code.
func (v Validation) AppendParameters(dst []byte) []byte {
	return parameters(dst, func(w *writer) {
		w.parameter("result", "valueBoolean", v.Result)
		w.parameter("message", "valueString", v.Message)
		w.parameter("display", "valueString", v.Display)
		w.parameter("code", "valueCode", v.Code)
		w.parameter("system", "valueUri", v.System)
		w.parameter("version", "valueString", v.Version)
		if v.Inactive {
			w.parameter("inactive", "valueBoolean", true)
		}
	})
}

// AppendParameters appends the answer of $lookup.
func (c *Concept) AppendParameters(dst []byte) []byte {
	return parameters(dst, func(w *writer) {
		w.parameter("name", "valueString", c.Name)
		w.parameter("version", "valueString", c.Version)
		display := c.Display
		if display == "" {
			display = c.Code
		}
		w.parameter("display", "valueString", display)
		if c.Abstract {
			w.parameter("abstract", "valueBoolean", true)
		}
		for _, d := range c.Designations {
			w.parts("designation", func() {
				w.parameter("language", "valueCode", d.Language)
				if d.Use != (Coding{}) {
					w.parameter("use", "valueCoding", d.Use)
				}
				w.parameter("value", "valueString", d.Value)
			})
		}
		for _, p := range c.Properties {
			w.parts("property", func() {
				w.parameter("code", "valueCode", p.Code)
				w.open("", '{')
				w.text("name", "value")
				w.value(p)
				w.close('}')
				w.parameter("description", "valueString", p.Description)
			})
		}
	})
}

// value writes value[x] of a property.
func (w *writer) value(p Property) {
	switch p.Type {
	case PropertyBoolean:
		w.bool("valueBoolean", p.Value == "true")
	case PropertyInteger, PropertyDecimal:
		if _, ok := fhir.ParseDecimal(p.Value); ok {
			w.name("value" + map[PropertyType]string{PropertyInteger: "Integer", PropertyDecimal: "Decimal"}[p.Type])
			w.b = append(w.b, p.Value...)
			return
		}
		w.text("valueString", p.Value)
	case PropertyCode:
		w.text("valueCode", p.Value)
	case PropertyDateTime:
		w.text("valueDateTime", p.Value)
	case PropertyCoding:
		c := fhir.ParseCanonical(p.Value)
		w.coding("valueCoding", Coding{System: c.URL, Code: c.Version})
	default:
		w.text("valueString", p.Value)
	}
}

// AppendParameters appends the answer of $subsumes.
func (s Subsumption) AppendParameters(dst []byte) []byte {
	return parameters(dst, func(w *writer) { w.parameter("outcome", "valueCode", string(s)) })
}

// AppendParameters appends the answer of $translate.
func (t *Translation) AppendParameters(dst []byte) []byte {
	return parameters(dst, func(w *writer) {
		w.parameter("result", "valueBoolean", t.Result)
		w.parameter("message", "valueString", t.Message)
		for _, m := range t.Matches {
			w.parts("match", func() {
				w.parameter("equivalence", "valueCode", m.Equivalence)
				if m.Code != "" {
					w.parameter("concept", "valueCoding", m.Coding)
				}
				for _, p := range m.Products {
					w.parts("product", func() {
						w.parameter("element", "valueUri", p.Property)
						w.parameter("concept", "valueCoding", p.Coding)
					})
				}
				w.parameter("source", "valueUri", m.Source)
			})
		}
	})
}

// AppendValueSet appends the answer of $expand: a ValueSet with its expansion, made at that time and named by identifier (a
// URI of the caller's).
func (e *Expansion) AppendValueSet(dst []byte, identifier string, at time.Time) []byte {
	w := &writer{b: dst}
	w.open("", '{')
	w.text("resourceType", "ValueSet")
	w.text("url", e.URL)
	w.text("version", e.Version)
	w.text("name", e.Name)
	w.text("title", e.Title)
	w.text("status", "active")
	if e.Compose.Ok() {
		w.name("compose")
		w.b = append(w.b, e.Compose.Raw()...)
	}
	w.open("expansion", '{')
	w.text("identifier", identifier)
	w.name("timestamp")
	w.b = append(fhir.AppendInstant(append(w.b, '"'), at), '"')
	w.int("total", e.Total)
	if e.Paged {
		w.int("offset", e.Offset)
	}
	if len(e.Systems)+len(e.Given) > 0 {
		w.open("parameter", '[')
		for _, n := range e.Given {
			w.given(n)
		}
		for _, s := range e.Systems {
			w.parameter("version", "valueUri", s)
		}
		w.close(']')
	}
	w.contains(e.Contains)
	w.close('}')
	w.close('}')
	return w.b
}

// given writes a parameter that an expansion was made by; a canonical is a uri there.
func (w *writer) given(parameter fhir.Node) {
	for member, value := range parameter.Members() {
		if strings.HasPrefix(member, "value") {
			w.open("", '{')
			w.text("name", parameter.Field("name").Text())
			if member == "valueCanonical" {
				member = "valueUri"
			}
			w.name(member)
			w.b = append(w.b, value.Raw()...)
			w.close('}')
		}
	}
}

func (w *writer) contains(list []Contains) {
	if len(list) == 0 {
		return
	}
	w.open("contains", '[')
	for i := range list {
		c := &list[i]
		w.open("", '{')
		w.text("system", c.System)
		if c.Abstract {
			w.bool("abstract", true)
		}
		if c.Inactive {
			w.bool("inactive", true)
		}
		w.text("version", c.Version)
		w.text("code", c.Code)
		w.text("display", c.Display)
		w.designations(c.Designations)
		w.contains(c.Contains)
		w.close('}')
	}
	w.close(']')
}

func (w *writer) designations(list []Designation) {
	if len(list) == 0 {
		return
	}
	w.open("designation", '[')
	for _, d := range list {
		w.open("", '{')
		w.text("language", d.Language)
		if d.Use != (Coding{}) {
			w.coding("use", d.Use)
		}
		w.text("value", d.Value)
		w.close('}')
	}
	w.close(']')
}

// AppendConceptMap appends the answer of $closure: a ConceptMap of relations, with the table's name and version.
func (c *Closure) AppendConceptMap(dst []byte, name string, relations []Relation, at time.Time) []byte {
	w := &writer{b: dst}
	w.open("", '{')
	w.text("resourceType", "ConceptMap")
	w.text("version", strconv.Itoa(c.version))
	w.text("name", name)
	w.text("status", "active")
	w.name("date")
	w.b = append(fhir.AppendInstant(append(w.b, '"'), at), '"')
	for i := 0; i < len(relations); {
		if i == 0 {
			w.open("group", '[')
		}
		system := relations[i].Source.System
		w.open("", '{')
		w.text("source", system)
		w.text("target", system)
		w.open("element", '[')
		for ; i < len(relations) && relations[i].Source.System == system; i++ {
			w.open("", '{')
			w.text("code", relations[i].Source.Code)
			w.open("target", '[')
			w.open("", '{')
			w.text("code", relations[i].Target.Code)
			w.text("equivalence", "subsumes")
			w.close('}')
			w.close(']')
			w.close('}')
		}
		w.close(']')
		w.close('}')
		if i == len(relations) {
			w.close(']')
		}
	}
	w.close('}')
	return w.b
}
