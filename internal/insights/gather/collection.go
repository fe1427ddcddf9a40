// SPDX-License-Identifier: Apache-2.0

package gather

import (
	"bytes"
	"strings"

	"galen/internal/fault"
	"galen/internal/fhir"
)

// collection is a record that is being brought together.
type collection struct {
	patient string
	o       Options
	record  Record
	seen    map[string]bool // Type/id of what is in the record
	bytes   int
	left    int // documents that may still be read
	tape    fhir.Tape
}

func newCollection(patient string, o Options) *collection {
	return &collection{patient: patient, o: o, seen: map[string]bool{}, left: maxDocuments}
}

func (c *collection) note(text string) { c.record.Notes = append(c.record.Notes, text) }

// found fails with fault.NotFound if the record lacks the patient.
func (c *collection) found() error {
	if !c.seen["Patient/"+c.patient] {
		return errNoPatient
	}
	return nil
}

var errNoPatient = fault.New(fault.NotFound, "there is no Patient with the id patientContext.patientId in what was read")

// addBundle adds what a page holds and returns the address of the next one, empty if it is the last.
func (c *collection) addBundle(body []byte) (next string, err error) {
	if err := c.parse(body, "the FHIR server's answer"); err != nil {
		return "", err
	}
	root := c.tape.Root()
	if !root.Field("resourceType").Is("Bundle") {
		return "", fault.New(fault.Unprocessable, "the FHIR server answered a search with something else than a Bundle")
	}
	for _, l := range root.Field("link").Elements() {
		if l.Field("relation").Is("next") {
			next = strings.Clone(l.Field("url").Text())
		}
	}
	return next, c.addEntries(root, map[string]bool{})
}

// add adds a resource, or what is in it if it is a Bundle. from says where it comes from.
func (c *collection) add(body []byte, from string) error {
	if err := c.parse(body, from); err != nil {
		return err
	}
	root := c.tape.Root()
	if !root.Field("resourceType").Is("Bundle") {
		return c.addResource(root, nil)
	}
	return c.addEntries(root, c.names(root))
}

// names are the ways in which references within a Bundle may name the patient: the full URLs of its entry.
func (c *collection) names(bundle fhir.Node) map[string]bool {
	names := map[string]bool{}
	for _, e := range bundle.Field("entry").Elements() {
		r := e.Field("resource")
		if url := e.Field("fullUrl").Text(); url != "" && r.Field("resourceType").Is("Patient") && r.Field("id").Is(c.patient) {
			names[strings.Clone(url)] = true
		}
	}
	return names
}

func (c *collection) addEntries(bundle fhir.Node, names map[string]bool) error {
	for _, e := range bundle.Field("entry").Elements() {
		r := e.Field("resource")
		if !r.Ok() || e.Field("search").Field("mode").Is("outcome") {
			continue
		}
		if err := c.addResource(r, names); err != nil {
			return err
		}
	}
	return nil
}

// addResource adds one resource, unless it is there already or about another patient.
func (c *collection) addResource(r fhir.Node, names map[string]bool) error {
	typ, id := r.Field("resourceType").Text(), r.Field("id").Text()
	if typ == "" || typ == "OperationOutcome" || c.another(r, typ, names) {
		return nil
	}
	key := typ + "/" + id
	if id != "" && c.seen[key] {
		return nil
	}
	raw := r.Raw()
	c.bytes += len(raw)
	switch {
	case c.bytes > c.o.MaxBytes:
		return fault.New(fault.Unprocessable, "the patient's record is larger than %d MiB", c.o.MaxBytes>>20)
	case len(c.record.Resources) >= c.o.MaxEntries:
		return fault.New(fault.Unprocessable, "the patient's record has more than %d resources", c.o.MaxEntries)
	}
	if id != "" {
		c.seen[key] = true
	}
	c.record.Resources = append(c.record.Resources, bytes.Clone(raw))
	return nil
}

// another reports whether r is a patient, or about a patient, who is not the one of the record.
func (c *collection) another(r fhir.Node, typ string, names map[string]bool) bool {
	if typ == "Patient" {
		return !r.Field("id").Is(c.patient)
	}
	for _, name := range []string{"subject", "patient", "beneficiary"} {
		text := r.Field(name).Field("reference").Text()
		if text == "" || names[text] {
			continue
		}
		ref := fhir.ParseReference(text)
		if ref.Key.Type == "Patient" {
			return ref.Key.ID != c.patient
		}
		if id, ok := strings.CutPrefix(text, "urn:uuid:"); ok {
			return id != c.patient
		}
	}
	return false
}

// parse reads body onto the tape. from says where it comes from.
func (c *collection) parse(body []byte, from string) error {
	body = bytes.TrimSpace(body)
	switch {
	case len(body) == 0:
		return fault.New(fault.Unprocessable, "%s is empty", from)
	case body[0] == '<':
		return fault.New(fault.Unprocessable, "%s is HTML or XML, not FHIR JSON: check the endpoint", from)
	}
	if err := c.tape.Parse(body, fhir.Limits{Size: max(c.o.MaxAnswer, len(body))}); err != nil {
		return fault.New(fault.Unprocessable, "%s is not FHIR JSON", from)
	}
	return nil
}
