// SPDX-License-Identifier: Apache-2.0

package def

// JSONValue is how JSON writes a primitive.
type JSONValue uint8

// The JSON forms of primitives.
const (
	JSONString JSONValue = iota + 1
	JSONNumber
	JSONBoolean
)

// Scalar names a primitive type.
//
// http://hl7.org/fhir/R4/datatypes.html#primitive
type Scalar uint8

// The primitive types of R4.
const (
	NoScalar Scalar = iota
	Base64Binary
	Boolean
	Canonical
	Code
	Date
	DateTime
	Decimal
	ID
	Instant
	Integer
	Markdown
	OID
	PositiveInt
	String
	Time
	UnsignedInt
	URI
	URL
	UUID
	XHTML
)

var scalarNames = [...]string{"", "base64Binary", "boolean", "canonical", "code", "date", "dateTime", "decimal", "id",
	"instant", "integer", "markdown", "oid", "positiveInt", "string", "time", "unsignedInt", "uri", "url", "uuid", "xhtml"}

// String is the type's name: "dateTime"; empty for NoScalar.
func (s Scalar) String() string { return scalarNames[s] }

// JSON is how JSON writes a primitive of this type.
func (s Scalar) JSON() JSONValue {
	switch s {
	case Boolean:
		return JSONBoolean
	case Decimal, Integer, PositiveInt, UnsignedInt:
		return JSONNumber
	}
	return JSONString
}

// scalarOf finds a primitive type by name; NoScalar if there is none.
func scalarOf(name string) Scalar {
	for i, n := range scalarNames {
		if n == name {
			return Scalar(i)
		}
	}
	return NoScalar
}
