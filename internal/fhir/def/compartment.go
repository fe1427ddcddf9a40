// SPDX-License-Identifier: Apache-2.0

package def

// Compartment says which search parameters put a resource into a compartment.
//
// http://hl7.org/fhir/R4/compartmentdefinition.html
type Compartment struct {
	Type    string // the type of the resource that the compartment is about: "Patient"
	URL     string
	members map[string][]string
	types   []string
}

// Params lists the codes of the search parameters that put a resource of that type into the compartment; empty if none does.
// The code "{def}" stands for the resource that the compartment is about itself.
func (c *Compartment) Params(typeName string) []string { return c.members[typeName] }

// Types lists, by name, the types that may be in the compartment.
func (c *Compartment) Types() []string { return c.types }

// Compartment finds the compartment of Patient, Encounter, Practitioner, RelatedPerson or Device; nil for others.
func (d *Definitions) Compartment(typeName string) *Compartment {
	for _, c := range d.compartments {
		if c.Type == typeName {
			return c
		}
	}
	return nil
}

// Compartments lists all compartments by type.
func (d *Definitions) Compartments() []*Compartment { return d.compartments }
