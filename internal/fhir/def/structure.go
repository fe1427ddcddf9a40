// SPDX-License-Identifier: Apache-2.0

package def

// Kind is the kind of a structure.
type Kind uint8

// The kinds of structures.
const (
	Resource  Kind = iota + 1
	Complex        // a data type with elements
	Primitive      // a data type with a value
	Backbone       // an element with children of its own
)

// Unbounded is the Max of an element that may repeat without limit ("*").
const Unbounded = -1

// Structure is a resource, a data type or a backbone element.
type Structure struct {
	Name        string // "Patient", "HumanName", "string"; of a backbone element its path, "Patient.contact"
	URL         string // canonical URL; empty for a backbone element
	Kind        Kind
	Abstract    bool
	Base        *Structure // what it specialises; nil for Resource and Element
	Elements    []*Element // direct children in order, inherited ones included; of a primitive none (see Regex)
	Constraints []Constraint

	Regex     string    // of a primitive: the specification's pattern, anchored at both ends by its meaning; may be empty
	MaxLength int       // of a primitive: most characters; 0 is no limit
	Scalar    Scalar    // of a primitive: which
	JSON      JSONValue // of a primitive: how JSON writes it

	members map[string]Member
}

// Member finds what a JSON object of this structure may hold under name: an element's own name, a choice name such as
// valueQuantity, or the _name of a primitive's sibling. ok is false for an unknown name, and for resourceType.
func (s *Structure) Member(name string) (m Member, ok bool) { m, ok = s.members[name]; return m, ok }

// Element finds a direct child by its name without [x]: "value" for Observation.value[x]; nil if there is none.
func (s *Structure) Element(name string) *Element { panic("todo") }

// Is reports whether s is the structure named, or specialises it.
func (s *Structure) Is(name string) bool { panic("todo") }

// Member is what a JSON object may hold under one name.
type Member struct {
	Element *Element
	Type    *ElementType // the element's type, or the choice that the name says; nil if the element has Content
	Sibling bool         // the name is _name: id and extensions of a primitive
}

// Structure is that of the member's value.
func (m Member) Structure() *Structure { panic("todo") }

// Element is the definition of one element within a structure.
type Element struct {
	Name        string // without [x]
	Path        string // "Observation.value[x]", "Patient.contact.name"; where it is defined: "Resource.id" for Patient.id
	Index       int    // its place in the Elements of its structure
	Min, Max    int    // Max is Unbounded for *
	Choice      bool   // [x]
	Modifier    bool
	Summary     bool
	Types       []ElementType // empty only if Content is set; one if not Choice
	Content     *Structure    // children of its own: a backbone element, or that of the content reference (Bundle.entry.link)
	Binding     *Binding      // nil if not bound
	Constraints []Constraint  // beside those of its type
	MaxLength   int           // most characters, 0 is no limit (R4's base definitions have none)
	Fixed       string        // JSON of a fixed value; empty if none (R4's base definitions have none)
}

// List reports whether JSON writes the element as an array.
func (e *Element) List() bool { return e.Max == Unbounded || e.Max > 1 }

// ElementType is one type that an element may have.
type ElementType struct {
	Name      string     // "Quantity", "string", "Reference", "Resource"
	JSON      string     // the member's name in JSON: "valueQuantity" for a choice, else the element's
	Sibling   string     // "_valueString" for a primitive, else empty
	Structure *Structure // its definition; that of Resource for resources inside
	Profiles  []string   // canonical URLs that the value must conform to one of, such as SimpleQuantity; mostly empty
	Targets   []string   // of a Reference or canonical: names of the resource types allowed; empty is any
}

// AllowsTarget reports whether a Reference or canonical of this type may point to a resource of the type named.
func (t *ElementType) AllowsTarget(typeName string) bool { panic("todo") }

// Strength of a binding.
type Strength uint8

// The strengths.
const (
	Required Strength = iota + 1
	Extensible
	Preferred
	Example
)

// Binding binds an element's codes to a value set.
type Binding struct {
	Strength Strength
	URL      string    // canonical URL of the value set, without version; may be empty
	ValueSet *ValueSet // nil if R4 does not define it
}

// Constraint is an invariant.
type Constraint struct {
	Key        string // "pat-1"
	Warning    bool   // else an error
	Expression string // FHIRPath, on the element
}

// JSONValue is how JSON writes a primitive.
type JSONValue uint8

// The JSON forms of primitives.
const (
	JSONString JSONValue = iota + 1
	JSONNumber
	JSONBoolean
)

// Scalar names a primitive type.
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
