// SPDX-License-Identifier: Apache-2.0

package validate

import (
	"slices"
	"strconv"

	"galen/internal/fhir"
	"galen/internal/fhir/def"
)

// appendElement appends an ElementDefinition of what R4 says of an element.
//
// http://hl7.org/fhir/R4/elementdefinition.html
func appendElement(dst []byte, e *def.Element) []byte {
	highest := "*"
	if e.Max != def.Unbounded {
		highest = strconv.Itoa(e.Max)
	}
	dst = appendPath(dst, e.Path)
	dst = strconv.AppendInt(append(dst, `,"min":`...), int64(e.Min), 10)
	dst = append(dst, `,"max":"`+highest+`"`...)
	if e.Reference != "" {
		dst = fhir.AppendString(append(dst, `,"contentReference":`...), "#"+e.Reference)
	} else if len(e.Types) > 0 {
		dst = appendTypes(dst, e.Types)
	}
	if e.MaxLength > 0 {
		dst = strconv.AppendInt(append(dst, `,"maxLength":`...), int64(e.MaxLength), 10)
	}
	dst = appendRules(dst, e.Constraints)
	dst = strconv.AppendBool(append(dst, `,"isModifier":`...), e.Modifier)
	dst = strconv.AppendBool(append(dst, `,"isSummary":`...), e.Summary)
	if b := e.Binding; b != nil {
		dst = append(dst, `,"binding":{"strength":"`+strengthCodes[b.Strength]+`"`...)
		if b.URL != "" {
			dst = fhir.AppendString(append(dst, `,"valueSet":`...), b.URL)
		}
		dst = append(dst, '}')
	}
	return append(dst, '}')
}

// appendStructure appends the ElementDefinition of a type as a whole.
func appendStructure(dst []byte, s *def.Structure) []byte {
	dst = append(appendPath(dst, s.Name), `,"min":0,"max":"*"`...)
	return append(appendRules(dst, s.Constraints), '}')
}

func appendPath(dst []byte, path string) []byte {
	dst = fhir.AppendString(append(dst, `{"id":`...), path)
	return fhir.AppendString(append(dst, `,"path":`...), path)
}

func appendTypes(dst []byte, types []def.ElementType) []byte {
	dst = append(dst, `,"type":[`...)
	for i, t := range types {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = fhir.AppendString(append(dst, `{"code":`...), t.Name)
		dst = appendList(dst, "profile", t.Profiles)
		targets := slices.Clone(t.Targets)
		for k := range targets {
			targets[k] = "http://hl7.org/fhir/StructureDefinition/" + targets[k]
		}
		dst = append(appendList(dst, "targetProfile", targets), '}')
	}
	return append(dst, ']')
}

func appendList(dst []byte, name string, texts []string) []byte {
	if len(texts) == 0 {
		return dst
	}
	dst = append(dst, `,"`+name+`":[`...)
	for i, s := range texts {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = fhir.AppendString(dst, s)
	}
	return append(dst, ']')
}

func appendRules(dst []byte, list []def.Constraint) []byte {
	if len(list) == 0 {
		return dst
	}
	dst = append(dst, `,"constraint":[`...)
	for i, c := range list {
		if i > 0 {
			dst = append(dst, ',')
		}
		severity := "error"
		if c.Warning {
			severity = "warning"
		}
		dst = fhir.AppendString(append(dst, `{"key":`...), c.Key)
		dst = append(dst, `,"severity":"`+severity+`"`...)
		dst = append(fhir.AppendString(append(dst, `,"expression":`...), c.Expression), '}')
	}
	return append(dst, ']')
}

// strengthCodes are the codes of the strengths of bindings.
var strengthCodes = [...]string{def.Required: "required", def.Extensible: "extensible", def.Preferred: "preferred", def.Example: "example"}
