// SPDX-License-Identifier: Apache-2.0

package interaction

import (
	"context"
	"slices"
	"strings"

	"galen/internal/fhir"
	"galen/internal/fhir/pack"
	"galen/internal/fhir/validate"
	"galen/internal/store"
)

// Bounds of what one $validate reads of the data store.
const (
	maxDefinitions     = 100
	maxDefinitionBytes = 32 << 20
)

// definitions collects the definitions that a resource needs, directly or by another one of them, as far as the data store has
// them and the validator has not.
type definitions struct {
	check   *validate.Validator
	find    func(typ, canonical string) ([]byte, error)
	asked   []string
	found   []pack.Resource
	waiting []fhir.Key // Type is that of the definition, ID its canonical
	bytes   int
}

// definitionsOf gives the profiles, Questionnaires and Measures of the data store that a resource and the caller name.
func (s *Service) definitionsOf(ctx context.Context, st *store.Store, check *validate.Validator, root fhir.Node, profiles []string) ([]pack.Resource, error) {
	if s.opt.Definition == nil {
		return nil, nil
	}
	d := &definitions{check: check, find: func(typ, canonical string) ([]byte, error) { return s.opt.Definition(ctx, st, typ, canonical) }}
	for _, canonical := range profiles {
		d.want("StructureDefinition", canonical)
	}
	d.resource(root, 0)
	for len(d.waiting) > 0 {
		next := d.waiting[0]
		d.waiting = d.waiting[1:]
		if err := d.read(next.Type, next.ID); err != nil {
			return nil, err
		}
	}
	return d.found, nil
}

// resource asks for what a resource names, and those within it.
func (d *definitions) resource(n fhir.Node, depth int) {
	for _, p := range n.Field("meta").Field("profile").Elements() {
		d.want("StructureDefinition", p.Text())
	}
	switch fhir.Type(n) {
	case "QuestionnaireResponse":
		d.want("Questionnaire", n.Field("questionnaire").Text())
	case "MeasureReport":
		d.want("Measure", n.Field("measure").Text())
	case "StructureDefinition":
		d.want("StructureDefinition", n.Field("baseDefinition").Text())
	}
	if depth == 2 { // a Bundle, its entries, what they contain
		return
	}
	for _, r := range n.Field("contained").Elements() {
		d.resource(r, depth+1)
	}
	for _, e := range n.Field("entry").Elements() {
		d.resource(e.Field("resource"), depth+1)
	}
}

func (d *definitions) want(typ, canonical string) {
	key := typ + " " + canonical
	if canonical == "" || canonical[0] == '#' || len(d.asked) >= maxDefinitions || slices.Contains(d.asked, key) || !d.check.Lacks(typ, canonical) {
		return
	}
	canonical = strings.Clone(canonical)
	d.asked = append(d.asked, strings.Clone(key))
	d.waiting = append(d.waiting, fhir.Key{Type: typ, ID: canonical})
}

// read takes a definition from the data store, and asks for those that it names.
func (d *definitions) read(typ, canonical string) error {
	body, err := d.find(typ, canonical)
	if err != nil || body == nil || d.bytes+len(body) > maxDefinitionBytes {
		return err
	}
	var tape fhir.Tape
	if err := tape.Parse(body, fhir.Limits{Size: fhir.MaxSize, Depth: fhir.MaxDepth}); err != nil {
		return err
	}
	d.bytes += len(body)
	root := tape.Root()
	d.found = append(d.found, pack.Resource{Type: typ, URL: strings.Clone(root.Field("url").Text()), Version: strings.Clone(root.Field("version").Text()),
		Package: "datastore#0", JSON: slices.Clone(body)})
	if typ != "StructureDefinition" {
		return nil
	}
	d.want(typ, root.Field("baseDefinition").Text())
	for _, e := range root.Field("differential").Field("element").Elements() {
		for _, t := range e.Field("type").Elements() {
			for _, name := range [...]string{"profile", "targetProfile"} {
				for _, p := range t.Field(name).Elements() {
					d.want(typ, p.Text())
				}
			}
		}
	}
	return nil
}
