// SPDX-License-Identifier: Apache-2.0

package def

import (
	_ "embed"
	"fmt"
	"strings"
	"sync"
)

//go:embed structures_gen.txt
var structuresText string

//go:embed params_gen.txt
var paramsText string

//go:embed terminology_gen.txt
var terminologyText string

// Definitions is one FHIR release, R4, perhaps with search parameters of a data store's own (With).
type Definitions struct {
	structures   map[string]*Structure
	types        []*Type
	typeByName   map[string]*Type
	params       []*SearchParam
	paramByURL   map[string]*SearchParam
	paramsOf     map[string][]*SearchParam // by type, sorted by code
	paramByCode  map[typeCode]*SearchParam
	compartments []*Compartment
	systems      map[string]*CodeSystem
	sets         map[string]*ValueSet
	added        added
}

var loadR4 = sync.OnceValue(load)

// load reads the data files. They are ours: one that cannot be read is a bug, and panics.
func load() *Definitions {
	d := &Definitions{}
	d.loadTerminology(terminologyText)
	d.loadStructures(structuresText)
	d.loadParams(paramsText)
	return d
}

// R4 gives the definitions of FHIR R4, loaded once, at the first call.
func R4() *Definitions { return loadR4() }

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
func (d *Definitions) Type(name string) *Type { return d.typeByName[name] }

// TypeByID finds a resource type by number; nil if there is none.
func (d *Definitions) TypeByID(id TypeID) *Type {
	if id == 0 || int(id) > len(d.types) {
		return nil
	}
	return d.types[id-1]
}

// Types lists all resource types by number: Types()[i].ID == i+1. Abstract ones are among them.
func (d *Definitions) Types() []*Type { return d.types }

// Structure finds a structure: a resource or data type by name ("Patient", "HumanName", "string"), a backbone element by
// path ("Patient.contact"); nil if there is none.
func (d *Definitions) Structure(name string) *Structure { return d.structures[name] }

// record is one line of a data file, read field by field.
type record struct{ rest string }

// next takes the next field; empty after the last.
func (r *record) next() string {
	field, rest, _ := strings.Cut(r.rest, "\t")
	r.rest = rest
	return field
}

// list takes the next field as a list; nil if it is empty.
func (r *record) list(sep string) []string {
	if f := r.next(); f != "" {
		return strings.Split(f, sep)
	}
	return nil
}

// records calls each for every record of a data file with its kind.
func records(text string, each func(kind byte, r *record)) {
	for line := range strings.Lines(text) {
		line = strings.TrimSuffix(line, "\n")
		if line == "" || line[0] == '#' {
			continue
		}
		if len(line) < 2 || line[1] != '\t' {
			panic(fmt.Sprintf("def: a data file has the line %.40q", line))
		}
		each(line[0], &record{line[2:]})
	}
}
