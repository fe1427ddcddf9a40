// SPDX-License-Identifier: Apache-2.0

package term

// Coding is a code in a system, as FHIR's Coding has it. Version and Display may be empty.
type Coding struct {
	System, Version, Code, Display string
}

// Designation is another text of a concept.
type Designation struct {
	Language string // BCP-47; empty if not said
	Use      Coding // what for: fully specified name, synonym…; zero if not said
	Value    string
}

// Property is a property of a concept.
type Property struct {
	Code        string
	Type        PropertyType
	Value       string // as text; of a code its code, of a Coding system|code
	Description string // display of the concept that Value names, if it is one of the system
}

// PropertyType is the type of a property's value.
//
// http://hl7.org/fhir/R4/valueset-concept-property-type.html
type PropertyType string

// The types of properties.
const (
	PropertyCode     PropertyType = "code"
	PropertyCoding   PropertyType = "Coding"
	PropertyString   PropertyType = "string"
	PropertyInteger  PropertyType = "integer"
	PropertyBoolean  PropertyType = "boolean"
	PropertyDateTime PropertyType = "dateTime"
	PropertyDecimal  PropertyType = "decimal"
)

// Content says how much of a code system is here.
//
// http://hl7.org/fhir/R4/valueset-codesystem-content-mode.html
type Content string

// The content modes.
const (
	NotPresent Content = "not-present"
	Example    Content = "example"
	Fragment   Content = "fragment"
	Complete   Content = "complete"
	Supplement Content = "supplement"
)
