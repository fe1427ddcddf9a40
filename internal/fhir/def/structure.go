// SPDX-License-Identifier: Apache-2.0

package def

import "slices"

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
	Base        *Structure   // what it specialises; nil for Resource and Element
	Elements    []*Element   // direct children in order, inherited ones first; of a primitive id and extension
	Constraints []Constraint // beside those of Base

	Regex     string    // of a primitive: the specification's pattern, to match the whole text; may be empty
	MaxLength int       // of a primitive: most characters; 0 is no limit
	Scalar    Scalar    // of a primitive: which
	JSON      JSONValue // of a primitive: how JSON writes it

	members map[string]Member
}

// Member finds what a JSON object of this structure may hold under name: an element's own name, a choice name such as
// valueQuantity, or the _name of a primitive's sibling. ok is false for an unknown name, and for resourceType.
func (s *Structure) Member(name string) (m Member, ok bool) {
	m, ok = s.members[name]
	return m, ok
}

// Element finds a direct child by its name without [x]: "value" for Observation.value[x]; nil if there is none.
func (s *Structure) Element(name string) *Element {
	for _, e := range s.Elements {
		if e.Name == name {
			return e
		}
	}
	return nil
}

// Is reports whether s is the structure named, or specialises it.
func (s *Structure) Is(name string) bool {
	for ; s != nil; s = s.Base {
		if s.Name == name {
			return true
		}
	}
	return false
}

// Member is what a JSON object may hold under one name.
type Member struct {
	Element *Element
	Type    *ElementType // the element's type, or the choice that the name says
	Sibling bool         // the name is _name: id and extensions of a primitive
}

// Structure is that of the member's value; of a sibling it is Element's.
func (m Member) Structure() *Structure {
	if m.Sibling {
		return m.Type.sibling
	}
	return m.Type.Structure
}

// Element is the definition of one element within a structure.
type Element struct {
	Name        string // without [x]
	Path        string // "Observation.value[x]", "Patient.contact.name"; where it is defined: "Resource.id" for Patient.id
	Index       int    // its place in the Elements of every structure that has it
	Min, Max    int    // Max is Unbounded for *
	Choice      bool   // [x]
	Modifier    bool
	Summary     bool
	Types       []ElementType // one, or several if Choice
	Content     *Structure    // children of its own: a backbone element, or that of the content reference (Bundle.entry.link); else nil
	Reference   string        // of a content reference the path it names: "Bundle.link"; else empty
	Binding     *Binding      // nil if not bound
	Constraints []Constraint  // beside those of its type
	MaxLength   int           // most characters, 0 is no limit (R4's base definitions have none)
	Fixed       string        // JSON of a fixed value; empty if none (R4's base definitions have none)
}

// List reports whether JSON writes the element as an array.
func (e *Element) List() bool { return e.Max == Unbounded || e.Max > 1 }

// ElementType is one type that an element may have.
type ElementType struct {
	Name      string     // "Quantity", "string", "Reference", "Resource", "BackboneElement"
	JSON      string     // the member's name in JSON: "valueQuantity" for a choice, else the element's
	Sibling   string     // "_valueString" for a primitive that can have one, else empty
	Structure *Structure // its definition: Element.Content if that is set, that of Resource for resources inside
	Profiles  []string   // canonical URLs that the value must conform to one of (only SimpleQuantity in R4); mostly empty
	Targets   []string   // of a Reference or canonical: names of the resource types allowed; empty is any

	sibling *Structure
}

// AllowsTarget reports whether a Reference or canonical of this type may point to a resource of the type named.
func (t *ElementType) AllowsTarget(typeName string) bool {
	return len(t.Targets) == 0 || slices.Contains(t.Targets, typeName)
}

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
