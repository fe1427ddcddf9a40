// SPDX-License-Identifier: Apache-2.0

package fhir

// Key names a logical resource within a data store.
type Key struct {
	Type string
	ID   string
}

// String is Type/id.
func (k Key) String() string { return k.Type + "/" + k.ID }

// ParseKey reads "Type/id"; ok is false unless both have their form.
func ParseKey(s string) (k Key, ok bool) { panic("todo") }

// ReferenceKind is the form of a reference.
type ReferenceKind uint8

// The forms of a reference.
const (
	NoReference ReferenceKind = iota // no reference and no identifier, or a text of no known form
	Relative                         // Type/id, Type/id/_history/v
	Absolute                         // base/Type/id, base/Type/id/_history/v
	URN                              // urn:uuid:…, urn:oid:…
	Fragment                         // #x: contained; # alone: the container
	Conditional                      // Type?query, to be resolved before it is stored
	URL                              // any other absolute URI, a canonical among them
	Logical                          // an identifier only
)

// Reference is a parsed reference. Its strings share the memory of the text it was parsed from.
type Reference struct {
	Kind    ReferenceKind
	Key     Key    // Relative, Absolute; Type also for Conditional, and for Logical if stated
	Version string // Relative, Absolute: after _history/; URL: after |
	Base    string // Absolute: the part before Type, without its last slash
	Rest    string // Fragment: the id after #; URN: the text; URL: the text without |version; Conditional: the query after ?
}

// ParseReference reads the text of Reference.reference, of a canonical or of a reference search value.
//
// http://hl7.org/fhir/R4/references.html#literal
func ParseReference(s string) Reference { panic("todo") }

// ReferenceOf reads a Reference element: its reference, or else its identifier (Logical).
func ReferenceOf(n Node) Reference { panic("todo") }

// Canonical is a canonical URL with its version and fragment.
type Canonical struct {
	URL      string
	Version  string // after |, empty if not given
	Fragment string // after #, empty if not given
}

// ParseCanonical splits the text of a canonical: url, |version, #fragment.
//
// http://hl7.org/fhir/R4/references.html#canonical
func ParseCanonical(s string) Canonical { panic("todo") }
