// SPDX-License-Identifier: Apache-2.0

package facts

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"galen/internal/fhir"
)

// Options says how facts are computed.
type Options struct {
	Now time.Time // facts of later are left out; its zone is the patient's where the record has only UTC
}

// Base is everything that is known of a patient. Lists are in the order in which they are told: what is active or recent first.
type Base struct {
	Patient       Patient        `json:"patient"`
	Now           Date           `json:"asOf"`
	LastVisit     *Encounter     `json:"lastVisit"` // the last encounter that has ended or begun; nil if there was none
	Alerts        []Named        `json:"alerts"`
	Problems      []Problem      `json:"problems"`
	Medications   []Medication   `json:"medications"`
	Allergies     []Allergy      `json:"allergies"`
	Series        []Series       `json:"series"`
	Immunizations []Immunization `json:"immunizations"`
	Procedures    []Procedure    `json:"procedures"`
	Encounters    []Encounter    `json:"encounters"`
	Plans         []Plan         `json:"carePlans"`
	Goals         []Goal         `json:"goals"`
	Orders        []Named        `json:"openOrders"`
	Family        []Relative     `json:"familyHistory"`
	Devices       []Named        `json:"devices"`
	Documents     []Document     `json:"documents"`
	Screenings    []Screening    `json:"preventiveCare"`
	Categories    []Category     `json:"conditionCategories"`
}

// Patient is who it is about.
type Patient struct {
	Fact
	Name     string `json:"name"`
	Gender   string `json:"gender"`
	Birth    Date   `json:"birthDate"`
	Age      int    `json:"age"` // whole years at Now, or at death; -1 if not known
	Deceased bool   `json:"deceased"`
	Died     Date   `json:"died"`
	Language string `json:"language,omitempty"`
}

// Named is a fact that is no more than a name, a status and a date.
type Named struct {
	Fact
	Concept
	Status string `json:"status"`
	Date   Date   `json:"date"`
}

type builder struct {
	*Record
	now  time.Time
	base *Base
}

// Build computes the facts of a record.
func Build(r *Record, o Options) *Base {
	b := &builder{Record: r, now: o.Now, base: &Base{Now: day(o.Now)}}
	base := b.base
	base.Patient = b.patient()
	base.Encounters = b.encounters()
	for i := range base.Encounters {
		if e := &base.Encounters[i]; e.Visit {
			base.LastVisit = e
			break
		}
	}
	base.Alerts = b.named("Flag", "code", "period", "active")
	base.Problems = b.problems()
	base.Medications = b.medications()
	base.Allergies = b.allergies()
	base.Series = b.series()
	base.Immunizations = b.immunizations()
	base.Procedures = b.procedures()
	base.Plans = b.plans()
	base.Goals = b.goals()
	base.Orders = b.named("ServiceRequest", "code", "authoredOn", "active")
	base.Family = b.family()
	base.Devices = b.devices()
	base.Documents = b.documents()
	base.number()
	base.Screenings = b.screenings()
	base.Categories = b.categories()
	for i := range base.Screenings {
		base.Screenings[i].ID = fmt.Sprintf("care-%d", i+1)
	}
	for i := range base.Categories {
		base.Categories[i].ID = fmt.Sprintf("category-%d", i+1)
	}
	return base
}

// number gives the facts their ids.
func (b *Base) number() {
	b.Patient.ID = "patient"
	name(b.Alerts, "alert", func(f *Named) *Fact { return &f.Fact })
	name(b.Problems, "problem", func(f *Problem) *Fact { return &f.Fact })
	name(b.Medications, "medication", func(f *Medication) *Fact { return &f.Fact })
	name(b.Allergies, "allergy", func(f *Allergy) *Fact { return &f.Fact })
	name(b.Series, "series", func(f *Series) *Fact { return &f.Fact })
	name(b.Immunizations, "immunization", func(f *Immunization) *Fact { return &f.Fact })
	name(b.Procedures, "procedure", func(f *Procedure) *Fact { return &f.Fact })
	name(b.Encounters, "encounter", func(f *Encounter) *Fact { return &f.Fact })
	name(b.Plans, "plan", func(f *Plan) *Fact { return &f.Fact })
	name(b.Goals, "goal", func(f *Goal) *Fact { return &f.Fact })
	name(b.Orders, "order", func(f *Named) *Fact { return &f.Fact })
	name(b.Family, "family", func(f *Relative) *Fact { return &f.Fact })
	name(b.Devices, "device", func(f *Named) *Fact { return &f.Fact })
	name(b.Documents, "document", func(f *Document) *Fact { return &f.Fact })
}

func name[T any](list []T, kind string, fact func(*T) *Fact) {
	for i := range list {
		fact(&list[i]).ID = fmt.Sprintf("%s-%d", kind, i+1)
	}
}

// later reports whether a date lies after Now: such a resource is a plan, or a mistake.
func (b *builder) later(d Date) bool { return d.Known() && d.Micros() > b.now.UnixMicro() }

// named lists resources that are a code, a status and a date.
func (b *builder) named(typ, element, when string, statuses ...string) (out []Named) {
	for _, n := range b.Of(typ) {
		f := Named{Concept: concept(n.Field(element)), Status: n.Field("status").Text(), Date: b.date(n.Field(when))}
		if f.Text == "" || b.later(f.Date) || !slices.Contains(statuses, f.Status) {
			continue
		}
		f.Evidence = prove(n, element, "status", when)
		out = append(out, f)
	}
	newest(out, func(f *Named) Date { return f.Date })
	return out
}

// newest sorts facts by date, latest first, and by their evidence where that is equal.
func newest[T any](list []T, date func(*T) Date) {
	slices.SortStableFunc(list, func(x, y T) int { return cmp.Compare(date(&y).Micros(), date(&x).Micros()) })
}

func (b *builder) patient() Patient {
	n := b.Record.Patient()
	p := Patient{Gender: n.Field("gender").Text(), Birth: b.date(n.Field("birthDate")), Name: humanName(n.Field("name"))}
	p.Evidence = prove(n, "name", "gender", "birthDate", "deceasedBoolean", "deceasedDateTime", "communication")
	if len(p.Evidence) == 0 {
		p.Evidence = []Evidence{{keyOf(n), "Patient"}}
	}
	p.Died = b.date(n.Field("deceasedDateTime"))
	p.Deceased = p.Died.Known() || n.Field("deceasedBoolean").Bool()
	at := b.base.Now
	if p.Died.Known() {
		at = p.Died
	}
	if p.Age = age(p.Birth, at); p.Deceased && !p.Died.Known() {
		p.Age = -1
	}
	for _, c := range n.Field("communication").Elements() {
		if p.Language == "" || c.Field("preferred").Bool() {
			p.Language = concept(c.Field("language")).Text
		}
	}
	return p
}

// humanName is the name in use: official, or usual, or the first; without prefix and suffix.
func humanName(list fhir.Node) string {
	best, rank := fhir.Node{}, -1
	for _, n := range list.Elements() {
		r := map[string]int{"official": 4, "usual": 3, "": 2, "nickname": 1, "maiden": 0, "old": 0}[n.Field("use").Text()]
		if r > rank {
			best, rank = n, r
		}
	}
	if t := best.Field("text").Text(); t != "" {
		return t
	}
	name := ""
	for _, g := range best.Field("given").Elements() {
		name += g.Text() + " "
	}
	name += best.Field("family").Text()
	if name == "" || name[len(name)-1] != ' ' {
		return name
	}
	return name[:len(name)-1]
}

// Facts lists all facts, in the order of the Base's lists.
func (b *Base) Facts() []Fact {
	out := []Fact{b.Patient.Fact}
	out = collect(out, b.Alerts, func(f *Named) Fact { return f.Fact })
	out = collect(out, b.Problems, func(f *Problem) Fact { return f.Fact })
	out = collect(out, b.Medications, func(f *Medication) Fact { return f.Fact })
	out = collect(out, b.Allergies, func(f *Allergy) Fact { return f.Fact })
	out = collect(out, b.Series, func(f *Series) Fact { return f.Fact })
	out = collect(out, b.Immunizations, func(f *Immunization) Fact { return f.Fact })
	out = collect(out, b.Procedures, func(f *Procedure) Fact { return f.Fact })
	out = collect(out, b.Encounters, func(f *Encounter) Fact { return f.Fact })
	out = collect(out, b.Plans, func(f *Plan) Fact { return f.Fact })
	out = collect(out, b.Goals, func(f *Goal) Fact { return f.Fact })
	out = collect(out, b.Orders, func(f *Named) Fact { return f.Fact })
	out = collect(out, b.Family, func(f *Relative) Fact { return f.Fact })
	out = collect(out, b.Devices, func(f *Named) Fact { return f.Fact })
	out = collect(out, b.Documents, func(f *Document) Fact { return f.Fact })
	out = collect(out, b.Screenings, func(f *Screening) Fact { return f.Fact })
	return collect(out, b.Categories, func(f *Category) Fact { return f.Fact })
}

func collect[T any](dst []Fact, list []T, fact func(*T) Fact) []Fact {
	for i := range list {
		dst = append(dst, fact(&list[i]))
	}
	return dst
}
