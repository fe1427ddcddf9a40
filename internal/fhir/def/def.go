// SPDX-License-Identifier: Apache-2.0

package def

// Definitions is one FHIR release. Its only value is that of R4.
type Definitions struct{}

// R4 gives the definitions of FHIR R4, loaded once, at the first call.
func R4() *Definitions { panic("todo") }

// TypeID is the number of a resource type, from 1; an on-disk format (D2). 0 is no type.
type TypeID uint16

// Type is a resource type, abstract ones included.
type Type struct {
	ID        TypeID
	Name      string
	Abstract  bool // Resource, DomainResource
	Domain    bool // derives from DomainResource: has text, contained, extension
	Structure *Structure
}

// Type finds a resource type by name; nil if there is none.
func (d *Definitions) Type(name string) *Type { panic("todo") }

// TypeByID finds a resource type by number; nil if there is none.
func (d *Definitions) TypeByID(id TypeID) *Type { panic("todo") }

// Types lists all resource types by number: Types()[i].ID == i+1. Abstract ones are among them.
func (d *Definitions) Types() []*Type { panic("todo") }

// Structure finds a structure: a resource or data type by name ("Patient", "HumanName", "string"), a backbone element by
// path ("Patient.contact"); nil if there is none.
func (d *Definitions) Structure(name string) *Structure { panic("todo") }
