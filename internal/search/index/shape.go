// SPDX-License-Identifier: Apache-2.0

package index

import (
	"galen/internal/fhir"
	"galen/internal/fhir/def"
	"galen/internal/fhir/fhirpath"
)

// shape is how a FHIR type is read for search.
//
// http://hl7.org/fhir/R4/search.html#token, #string, #reference, #quantity
type shape uint8

const (
	noShape shape = iota
	textShape
	uriShape
	codeShape
	numberShape
	booleanShape
	dateShape
	codingShape
	conceptShape
	identifierShape
	contactShape
	nameShape
	addressShape
	periodShape
	timingShape
	quantityShape
	moneyShape
	rangeShape
	referenceShape
	resourceShape
)

func shapeOf(v *fhirpath.Value) shape {
	switch {
	case v.System == fhirpath.Boolean:
		return booleanShape
	case v.System != fhirpath.Element || v.Type == nil:
		return noShape
	}
	return shapeOfType(v.Type)
}

func shapeOfType(s *def.Structure) shape {
	switch s.Kind {
	case def.Primitive:
		return shapeOfScalar(s.Scalar)
	case def.Resource:
		return resourceShape
	case def.Backbone:
		return noShape
	}
	switch s.Name {
	case "Coding":
		return codingShape
	case "CodeableConcept":
		return conceptShape
	case "Identifier":
		return identifierShape
	case "ContactPoint":
		return contactShape
	case "HumanName":
		return nameShape
	case "Address":
		return addressShape
	case "Period":
		return periodShape
	case "Timing":
		return timingShape
	case "Quantity", "Age", "Duration", "Count", "Distance", "MoneyQuantity", "SimpleQuantity":
		return quantityShape
	case "Money":
		return moneyShape
	case "Range":
		return rangeShape
	case "Reference":
		return referenceShape
	}
	return noShape
}

func shapeOfScalar(s def.Scalar) shape {
	switch s {
	case def.Boolean:
		return booleanShape
	case def.Integer, def.PositiveInt, def.UnsignedInt, def.Decimal:
		return numberShape
	case def.Date, def.DateTime, def.Instant:
		return dateShape
	case def.URI, def.URL, def.Canonical, def.OID, def.UUID:
		return uriShape
	case def.Code:
		return codeShape
	}
	return textShape
}

// isText reports whether the shape is a primitive written as a JSON string.
func (s shape) isText() bool { return s >= textShape && s <= codeShape }

// items calls f for each element of an array, or for n itself.
func items(n fhir.Node, f func(fhir.Node)) {
	if n.Kind() != fhir.Array {
		if n.Ok() {
			f(n)
		}
		return
	}
	for m := n.First(); m.Ok(); m = m.Next() {
		f(m)
	}
}
