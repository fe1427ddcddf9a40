// SPDX-License-Identifier: Apache-2.0

package write

import (
	"strconv"

	"galen/internal/synth/chance"
	"galen/internal/synth/module"
	"galen/internal/synth/people"
)

// World is who cares for the people of a run.
type World struct {
	seed   uint64
	now    int64
	places []place
	byCity map[int]*place
	payers [3]id
}

// place is the care of one city.
type place struct {
	city             int
	clinic, hospital site
}

// site is an organization at one address.
type site struct {
	name, line, phone string
	org, location     id
	staff             []practitioner
}

type practitioner struct {
	id, role      id
	given, family string
	female        bool
	npi           string
	specialty     module.Code
}

var specialties = [2][]module.Code{
	{{System: nucc, Code: "207Q00000X", Display: "Family Medicine Physician"}, {System: nucc, Code: "207R00000X", Display: "Internal Medicine Physician"},
		{System: nucc, Code: "208000000X", Display: "Pediatrics Physician"}},
	{{System: nucc, Code: "207P00000X", Display: "Emergency Medicine Physician"}, {System: nucc, Code: "208M00000X", Display: "Hospitalist Physician"},
		{System: nucc, Code: "208600000X", Display: "Surgery Physician"}, {System: nucc, Code: "207RC0000X", Display: "Cardiovascular Disease Physician"}},
}

const nucc = "http://nucc.org/provider-taxonomy"

var payerNames = [3]string{"Prairie Mutual Health Plan", "Medicaid", "Medicare"}

// NewWorld makes the care of some cities, as numbered in people.Cities.
func NewWorld(seed uint64, now int64, cities []int) *World {
	w := &World{seed: seed, now: now, places: make([]place, len(cities)), byCity: make(map[int]*place, len(cities))}
	for i := range w.payers {
		w.payers[i] = newID(chance.Mix(seed), ofOrganization, i)
	}
	for i, c := range cities {
		s := chance.New(seed, 1, uint64(c))
		p := &w.places[i]
		name := people.Cities[c].Name
		*p = place{city: c, clinic: w.site(&s, c, 0, name+" Community Health Center"), hospital: w.site(&s, c, 1, name+" General Hospital")}
		w.byCity[c] = p
	}
	return w
}

func (w *World) site(s *chance.Stream, city, which int, name string) site {
	key := chance.Mix(w.seed + uint64(city)*2 + uint64(which) + 1<<32)
	out := site{name: name, line: people.Street(s), phone: people.Phone(s, people.Cities[city].Area),
		org: newID(key, ofOrganization, 0), location: newID(key, ofLocation, 0)}
	for i := range 6 {
		female := s.Hit(0.45)
		birth := w.now - int64(30+s.Int(35))*people.Year
		out.staff = append(out.staff, practitioner{
			id: newID(key, ofPractitioner, i), role: newID(key, ofRole, i), female: female,
			given: people.GivenName(s, female, birth), family: people.Surname(s), npi: npi(999_000_000 + city*100 + which*10 + i),
			specialty: specialties[which][i%len(specialties[which])],
		})
	}
	return out
}

// npi adds the check digit to nine digits: Luhn's over 80840 and them.
func npi(n int) string {
	text := strconv.Itoa(n)
	sum := 24
	for i := range text {
		d := int(text[i] - '0')
		if i%2 == 0 {
			if d *= 2; d > 9 {
				d -= 9
			}
		}
		sum += d
	}
	return text + strconv.Itoa((10-sum%10)%10)
}

// World writes the organizations, places and practitioners, and those who pay. The bytes are good until the next call.
func (w *Writer) World() ([]byte, []Line) {
	w.buf, w.lines = w.buf[:0], w.lines[:0]
	for i, u := range w.world.payers {
		w.begin("Organization", u, "organization")
		w.s(`,"active":true`)
		w.orgType("ins", "Insurance Company")
		w.f("name", payerNames[i])
		w.finish()
	}
	for i := range w.world.places {
		p := &w.world.places[i]
		for _, s := range []*site{&p.clinic, &p.hospital} {
			w.organization(p, s)
			w.location(p, s)
			for j := range s.staff {
				w.practitioner(p, s, &s.staff[j])
				w.role(s, &s.staff[j])
			}
		}
	}
	return w.buf, w.lines
}

func (w *Writer) orgType(code, display string) {
	w.s(`,"type":[`)
	w.bare(module.Code{System: "http://terminology.hl7.org/CodeSystem/organization-type", Code: code, Display: display})
	w.s("]")
}

func (w *Writer) organization(p *place, s *site) {
	w.begin("Organization", s.org, "organization")
	w.s(`,"active":true`)
	w.orgType("prov", "Healthcare Provider")
	w.f("name", s.name)
	w.s(`,"telecom":[{"system":"phone"`)
	w.f("value", s.phone)
	w.s(`,"use":"work"}],"address":[`)
	w.address(s.line, p.city)
	w.s("]")
	w.finish()
}

func (w *Writer) address(line string, city int) {
	c := &people.Cities[city]
	w.s(`{"line":[`)
	w.q(line)
	w.s("]")
	w.f("city", c.Name)
	w.f("state", c.State)
	w.f("postalCode", c.Zip)
	w.s(`,"country":"US"}`)
}

func (w *Writer) location(p *place, s *site) {
	w.begin("Location", s.location, "location")
	w.s(`,"status":"active"`)
	w.f("name", s.name)
	w.s(`,"mode":"instance","telecom":[{"system":"phone"`)
	w.f("value", s.phone)
	w.s(`,"use":"work"}],"address":`)
	w.address(s.line, p.city)
	w.s(`,"position":{"longitude":` + people.Cities[p.city].Lon + `,"latitude":` + people.Cities[p.city].Lat + `}`)
	w.ref("managingOrganization", "Organization", s.org)
	w.finish()
}

func (w *Writer) practitioner(p *place, s *site, d *practitioner) {
	w.begin("Practitioner", d.id, "practitioner")
	w.s(`,"identifier":[{"system":"http://hl7.org/fhir/sid/us-npi"`)
	w.f("value", d.npi)
	w.s(`}],"active":true,"name":[{"family":`)
	w.q(d.family)
	w.s(`,"given":[`)
	w.q(d.given)
	w.s(`],"prefix":["Dr."]}],"address":[`)
	w.address(s.line, p.city)
	w.s("]")
	w.f("gender", gender(d.female))
	w.finish()
}

func (w *Writer) role(s *site, d *practitioner) {
	w.begin("PractitionerRole", d.role, "practitionerrole")
	w.s(`,"active":true`)
	w.ref("practitioner", "Practitioner", d.id)
	w.ref("organization", "Organization", s.org)
	w.s(`,"code":[`)
	w.bare(d.specialty)
	w.s(`],"specialty":[`)
	w.bare(d.specialty)
	w.s(`],"location":[`)
	w.bareRef("Location", s.location)
	w.s(`],"telecom":[{"system":"phone"`)
	w.f("value", s.phone)
	w.s(`,"use":"work"}]`)
	w.finish()
}

func gender(female bool) string {
	if female {
		return "female"
	}
	return "male"
}
