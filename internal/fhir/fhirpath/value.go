// SPDX-License-Identifier: Apache-2.0

package fhirpath

import (
	"galen/internal/fhir"
	"galen/internal/fhir/def"
)

// System is the type of a computed value.
//
// http://hl7.org/fhirpath/N1/#literals
type System uint8

// The system types. Element is that of what comes from a tape.
const (
	Element System = iota
	Boolean
	String
	Integer
	Decimal
	Target // what resolve gives when the target's content is not at hand: only Type is known
	Date   // Text is as a literal without @
	DateTime
	Time     // Text without T
	Quantity // Text is the number, a space, and the unit: a word of the calendar or a UCUM code in quotes
	TypeInfo // what type gives: Text is the qualified name
)

// Value is one item of a collection.
type Value struct {
	// Node is the place on the tape; absent or null for a primitive that has only an id or extensions, and for computed values.
	Node fhir.Node
	// Sibling is the object that holds a primitive's id and extensions (_birthDate); mostly absent.
	Sibling fhir.Node
	// Type is the FHIR type; nil for elements that the definitions do not know and for computed values.
	Type *def.Structure
	// Element is the definition of the element that the value was reached by; nil for a root and for computed values.
	Element *def.Element
	// System is the type of a computed value.
	System System
	// True is the value of a Boolean.
	True bool
	// Text is the value of a String, and the text of an Integer or Decimal.
	Text string
}

// Root is a resource as a focus: its type is that of its resourceType.
func Root(d *def.Definitions, resource fhir.Node) Value {
	v := Value{Node: resource}
	if t := d.Type(fhir.Type(resource)); t != nil {
		v.Type = t.Structure
	}
	return v
}

// TypeName is the name of the FHIR type, or of the system type ("Boolean"); empty if it is not known.
func (v *Value) TypeName() string {
	switch {
	case v.System != Element && v.System != Target:
		return systemNames[v.System]
	case v.Type != nil:
		return v.Type.Name
	}
	return ""
}

var systemNames = [...]string{"", "Boolean", "String", "Integer", "Decimal", "", "Date", "DateTime", "Time", "Quantity", "ClassInfo"}

// HasValue reports whether v is a primitive with a value, and not only with extensions.
func (v *Value) HasValue() bool {
	switch v.System {
	case Element:
		k := v.Node.Kind()
		return k == fhir.String || k == fhir.Number || k == fhir.True || k == fhir.False
	case Target:
		return false
	}
	return true
}

// truth reads v as a boolean; ok is false if it is none.
func (v *Value) truth() (value, ok bool) {
	switch {
	case v.System == Boolean:
		return v.True, true
	case v.System == Element && (v.Node.Kind() == fhir.True || v.Node.Kind() == fhir.False):
		return v.Node.Bool(), true
	}
	return false, false
}
