// SPDX-License-Identifier: Apache-2.0

package def_test

import (
	"slices"
	"strings"
	"testing"

	"galen/internal/fhir/def"
)

func TestStructure(t *testing.T) {
	patient := def.R4().Structure("Patient")
	var names []string
	for i, e := range patient.Elements {
		names = append(names, e.Name)
		if e.Index != i {
			t.Errorf("%s has the index %d at place %d", e.Path, e.Index, i)
		}
	}
	want := "id meta implicitRules language text contained extension modifierExtension identifier active name telecom gender " +
		"birthDate deceased address maritalStatus multipleBirth photo contact communication generalPractitioner managingOrganization link"
	if got := strings.Join(names, " "); got != want {
		t.Errorf("elements of Patient: got %s, want %s", got, want)
	}
	if !patient.Is("Resource") || !patient.Is("DomainResource") || patient.Is("Observation") || patient.Kind != def.Resource {
		t.Error("Patient is not what it should be")
	}
	if got := patient.URL; got != "http://hl7.org/fhir/StructureDefinition/Patient" {
		t.Errorf("got the URL %s", got)
	}
}

func TestMember(t *testing.T) {
	d := def.R4()
	for _, c := range []struct {
		structure, name string // member
		path, typ       string // expected
		sibling         bool
	}{
		{"Patient", "name", "Patient.name", "HumanName", false},
		{"Patient", "id", "Resource.id", "id", false},
		{"Patient", "birthDate", "Patient.birthDate", "date", false},
		{"Patient", "_birthDate", "Patient.birthDate", "date", true},
		{"Patient", "contact", "Patient.contact", "BackboneElement", false},
		{"Patient.contact", "gender", "Patient.contact.gender", "code", false},
		{"Patient.contact", "modifierExtension", "BackboneElement.modifierExtension", "Extension", false},
		{"Observation", "valueQuantity", "Observation.value[x]", "Quantity", false},
		{"Observation", "_valueDateTime", "Observation.value[x]", "dateTime", true},
		{"Bundle.entry", "link", "Bundle.entry.link", "BackboneElement", false},
		{"Bundle.entry", "resource", "Bundle.entry.resource", "Resource", false},
		{"Timing.repeat", "boundsPeriod", "Timing.repeat.bounds[x]", "Period", false},
		{"Extension", "valueAddress", "Extension.value[x]", "Address", false},
		{"Age", "unit", "Quantity.unit", "string", false},
	} {
		m, ok := d.Structure(c.structure).Member(c.name)
		if !ok {
			t.Errorf("%s has no member %s", c.structure, c.name)
			continue
		}
		if m.Element.Path != c.path || m.Type.Name != c.typ || m.Sibling != c.sibling || m.Structure() == nil {
			t.Errorf("%s.%s: got %s of type %s, sibling %v", c.structure, c.name, m.Element.Path, m.Type.Name, m.Sibling)
		}
	}
	for structure, name := range map[string]string{"Patient": "resourceType", "Observation": "value", "Extension": "_url",
		"HumanName": "_id", "Narrative": "_div", "Bundle": "text", "string": "value"} {
		if _, ok := d.Structure(structure).Member(name); ok {
			t.Errorf("%s has a member %s", structure, name)
		}
	}
	if got := testing.AllocsPerRun(10, func() { d.Structure("Observation").Member("_valueDateTime") }); got != 0 {
		t.Errorf("a lookup allocates %v times", got)
	}
}

func TestElements(t *testing.T) {
	d := def.R4()
	link := d.Structure("Bundle.entry").Element("link")
	if link.Reference != "Bundle.link" || link.Content != d.Structure("Bundle.link") || !link.List() {
		t.Errorf("the content reference of Bundle.entry.link is %q", link.Reference)
	}
	gender := d.Structure("Patient").Element("gender")
	if b := gender.Binding; b.Strength != def.Required || b.URL != "http://hl7.org/fhir/ValueSet/administrative-gender" || !b.ValueSet.Enumerable {
		t.Errorf("the binding of Patient.gender is %+v", b)
	}
	doctor := d.Structure("Patient").Element("generalPractitioner")
	if typ := &doctor.Types[0]; !typ.AllowsTarget("Organization") || typ.AllowsTarget("Patient") || !slices.Equal(typ.Targets, []string{"Organization", "Practitioner", "PractitionerRole"}) {
		t.Errorf("the targets of Patient.generalPractitioner are %v", typ.Targets)
	}
	if subject := d.Structure("Basic").Element("subject"); !subject.Types[0].AllowsTarget("Patient") || subject.Types[0].Targets != nil {
		t.Error("Basic.subject may not point to anything")
	}
	status := d.Structure("Observation").Element("status")
	if status.Min != 1 || status.Max != 1 || !status.Modifier || !status.Summary || status.List() {
		t.Errorf("Observation.status is %+v", status)
	}
	low := d.Structure("Observation.referenceRange").Element("low")
	if !slices.Equal(low.Types[0].Profiles, []string{"http://hl7.org/fhir/StructureDefinition/SimpleQuantity"}) {
		t.Errorf("the profiles of Observation.referenceRange.low are %v", low.Types[0].Profiles)
	}
	contact := d.Structure("Patient").Element("contact")
	if len(contact.Constraints) != 1 || contact.Constraints[0] != (def.Constraint{Key: "pat-1", Expression: "name.exists() or telecom.exists() or address.exists() or organization.exists()"}) {
		t.Errorf("the constraints of Patient.contact are %v", contact.Constraints)
	}
	var keys []string
	for _, c := range d.Structure("DomainResource").Constraints {
		keys = append(keys, c.Key)
	}
	slices.Sort(keys)
	if got := strings.Join(keys, " "); got != "dom-2 dom-3 dom-4 dom-5 dom-6" {
		t.Errorf("the constraints of DomainResource are %s", got)
	}
	if s := d.Structure("id"); s.Scalar != def.ID || s.JSON != def.JSONString || s.Regex != `[A-Za-z0-9\-\.]{1,64}` || s.Base.Name != "string" {
		t.Errorf("the primitive id is %+v", s)
	}
	if s := d.Structure("string"); s.MaxLength != 1<<20 {
		t.Errorf("the longest string is %d", s.MaxLength)
	}
}

// TestWhole walks everything: nothing points to what is not there.
func TestWhole(t *testing.T) {
	d := def.R4()
	structures, elements := 0, 0
	seen := map[*def.Structure]bool{}
	var visit func(s *def.Structure)
	visit = func(s *def.Structure) {
		if seen[s] {
			return
		}
		seen[s] = true
		structures++
		for _, e := range s.Elements {
			elements++
			if len(e.Types) == 0 || !e.Choice && len(e.Types) != 1 || (e.Max != def.Unbounded && e.Max < 1) || e.Min > 1 {
				t.Errorf("%s in %s has %d types, %d..%d", e.Path, s.Name, len(e.Types), e.Min, e.Max)
			}
			for i := range e.Types {
				typ := &e.Types[i]
				if typ.Structure == nil || typ.JSON == "" {
					t.Fatalf("%s has a type %s that is not there", e.Path, typ.Name)
				}
				for _, name := range typ.Targets {
					if d.Type(name) == nil {
						t.Errorf("%s may point to %s, which is not there", e.Path, name)
					}
				}
				if m, ok := s.Member(typ.JSON); !ok || m.Element != e || m.Type != typ {
					t.Errorf("%s in %s is not found as %s", e.Path, s.Name, typ.JSON)
				}
				visit(typ.Structure)
			}
		}
	}
	for _, x := range d.Types() {
		visit(x.Structure)
		if x.Domain != (x.Structure.Element("contained") != nil) || x.Abstract != x.Structure.Abstract {
			t.Errorf("%s is a domain resource: %v", x.Name, x.Domain)
		}
	}
	t.Logf("%d structures with %d elements", structures, elements)
}
