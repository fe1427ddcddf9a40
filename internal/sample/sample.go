// SPDX-License-Identifier: Apache-2.0

package sample

import (
	"fmt"
	"math/rand/v2"
	"time"
)

// Data is NDJSON by resource type.
type Data map[string][]byte

// Make makes up patients from a seed.
func Make(patients int, seed uint64) Data {
	g := &generator{data: Data{}, seed: seed}
	g.rand = rand.New(rand.NewPCG(seed, 0))
	g.house()
	for i := range patients {
		g.rand = rand.New(rand.NewPCG(seed, uint64(i)+1))
		g.patient()
	}
	return g.data
}

// generator is one population in the making.
type generator struct {
	data Data
	seed uint64
	rand *rand.Rand
	made uint64 // resources, for ids

	organization, location, practitioner, role string // references
	patientRef                                 string
	born                                       time.Time
	female                                     bool
}

// today is the day the population lives up to; a constant, so that the same seed gives the same bytes.
var today = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

const tag = `"meta":{"tag":[{"system":"http://terminology.hl7.org/CodeSystem/v3-ActReason","code":"HTEST","display":"test health data"}]}`

// add adds a resource, whose members after id and meta are given, and returns a reference to it.
func (g *generator) add(typ, format string, args ...any) string {
	g.made++
	r := rand.New(rand.NewPCG(g.seed^0x9e3779b97f4a7c15, g.made))
	a, b := r.Uint64(), r.Uint64()
	id := fmt.Sprintf("%08x-%04x-4%03x-%04x-%012x", a>>32, a>>16&0xffff, a&0xfff, b>>48&0x3fff|0x8000, b&0xffffffffffff)
	line := fmt.Appendf(nil, `{"resourceType":%q,"id":%q,%s,`, typ, id, tag)
	line = fmt.Appendf(line, format, args...)
	g.data[typ] = append(append(g.data[typ], line...), '}', '\n')
	return typ + "/" + id
}

func pick[T any](g *generator, from []T) T { return from[g.rand.IntN(len(from))] }

// coded is one code with its display.
type coded struct{ system, code, display string }

const (
	snomed = "http://snomed.info/sct"
	loinc  = "http://loinc.org"
	rxnorm = "http://www.nlm.nih.gov/research/umls/rxnorm"
	cvx    = "http://hl7.org/fhir/sid/cvx"
)

// concept is a CodeableConcept.
func concept(c coded) string {
	return fmt.Sprintf(`{"coding":[{"system":%q,"code":%q,"display":%q}],"text":%q}`, c.system, c.code, c.display, c.display)
}

func day(t time.Time) string     { return t.Format("2006-01-02") }
func instant(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }

func ref(to string) string { return fmt.Sprintf(`{"reference":%q}`, to) }

// house makes the clinic that everybody goes to.
func (g *generator) house() {
	g.organization = g.add("Organization", `"identifier":[{"system":"urn:galen:sample","value":"clinic-1"}],"active":true,`+
		`"type":[%s],"name":"Riverside Community Clinic","address":[{"line":["12 Mill Lane"],"city":"Springfield","state":"MA","postalCode":"01101","country":"US"}]`,
		concept(coded{"http://terminology.hl7.org/CodeSystem/organization-type", "prov", "Healthcare Provider"}))
	g.location = g.add("Location", `"status":"active","name":"Riverside Community Clinic, ground floor","mode":"instance",`+
		`"position":{"longitude":-72.589,"latitude":42.101},"managingOrganization":%s`, ref(g.organization))
	g.practitioner = g.add("Practitioner", `"identifier":[{"system":"http://hl7.org/fhir/sid/us-npi","value":"9999999999"}],"active":true,`+
		`"name":[{"family":"Okafor","given":["Adaeze"],"prefix":["Dr."]}],"gender":"female"`)
	g.role = g.add("PractitionerRole", `"active":true,"practitioner":%s,"organization":%s,"code":[%s],"location":[%s]`,
		ref(g.practitioner), ref(g.organization), concept(coded{snomed, "59058001", "General physician"}), ref(g.location))
}

var (
	families = []string{"Anderson", "Brown", "Chen", "Díaz", "Evans", "Foster", "García", "Hughes", "Ivanov", "Johnson", "Kim", "López", "Müller", "Nguyen",
		"O'Brien", "Patel", "Quinn", "Rossi", "Smith", "Taylor", "Ueda", "Vasquez", "Williams", "Young"}
	women  = []string{"Amelia", "Beatriz", "Chloé", "Dana", "Elena", "Fatima", "Grace", "Hannah", "Ines", "Joan", "Keiko", "Laura", "Maria", "Nora", "Olivia"}
	men    = []string{"Adam", "Bruno", "Carlos", "David", "Emil", "Frank", "George", "Henry", "Ivan", "James", "Kenji", "Luis", "Mateo", "Noah", "Omar"}
	cities = [][3]string{{"Springfield", "MA", "01101"}, {"Worcester", "MA", "01601"}, {"Hartford", "CT", "06101"}, {"Albany", "NY", "12201"}, {"Nashua", "NH", "03060"}}
)

// patient makes a person and a life.
func (g *generator) patient() {
	g.female = g.rand.IntN(2) == 0
	gender, given := "male", pick(g, men)
	if g.female {
		gender, given = "female", pick(g, women)
	}
	g.born = today.AddDate(-g.rand.IntN(88)-1, 0, -g.rand.IntN(365))
	city := pick(g, cities)
	g.patientRef = g.add("Patient", `"identifier":[{"type":%s,"system":"urn:galen:sample:mrn","value":"MRN%07d"}],"active":true,`+
		`"name":[{"use":"official","family":%q,"given":[%q]}],"telecom":[{"system":"phone","value":"555-01%02d","use":"home"}],"gender":%q,"birthDate":%q,`+
		`"address":[{"line":["%d Elm Street"],"city":%q,"state":%q,"postalCode":%q,"country":"US"}],"generalPractitioner":[%s],"managingOrganization":%s`,
		concept(coded{"http://terminology.hl7.org/CodeSystem/v2-0203", "MR", "Medical record number"}), g.made, pick(g, families), given,
		g.rand.IntN(100), gender, day(g.born), g.rand.IntN(400)+1, city[0], city[1], city[2], ref(g.practitioner), ref(g.organization))
	if g.rand.IntN(3) == 0 {
		g.add("AllergyIntolerance", `"clinicalStatus":%s,"verificationStatus":%s,"type":"allergy","category":["medication"],"criticality":"low","code":%s,"patient":%s,"recordedDate":%q`,
			concept(coded{"http://terminology.hl7.org/CodeSystem/allergyintolerance-clinical", "active", "Active"}),
			concept(coded{"http://terminology.hl7.org/CodeSystem/allergyintolerance-verification", "confirmed", "Confirmed"}),
			concept(pick(g, allergens)), ref(g.patientRef), day(today.AddDate(-1, 0, 0)))
	}
	visits := 2 + g.rand.IntN(5)
	for i := range visits {
		at := today.AddDate(0, -4*(visits-i), -g.rand.IntN(60)).Add(time.Duration(8+g.rand.IntN(9)) * time.Hour)
		if at.After(g.born) {
			g.visit(at, i == 0)
		}
	}
}

var allergens = []coded{{rxnorm, "7980", "Penicillin G"}, {rxnorm, "10180", "Sulfamethoxazole"}, {snomed, "91936005", "Allergy to penicillin"}}
