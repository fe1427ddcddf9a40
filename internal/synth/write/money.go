// SPDX-License-Identifier: Apache-2.0

package write

import (
	"galen/internal/synth/life"
	"galen/internal/synth/module"
	"galen/internal/synth/people"
)

// item is one line of a claim.
type item struct {
	codes  []module.Code
	cents  int
	reason int // index into the claim's diagnoses, from 1; 0 for none
	visit  bool
}

// bill is what a claim and its explanation of benefit say.
type bill struct {
	kind       string // of claim-type: institutional, professional, pharmacy
	at, until  int64
	encounter  int
	drug       int // a medication, or None
	diagnoses  []int
	items      []item
	claim, eob id
}

// spread is a number from 0 to 99 that a code always has.
func spread(code string) int {
	h := uint32(2166136261)
	for i := range len(code) {
		h = (h ^ uint32(code[i])) * 16777619
	}
	return int(h>>8) % 100
}

// price is what something costs: a base, up to a top, by its code and a little by chance. In cents.
func (w *Writer) price(code string, base, top int) int {
	n := base*100 + (top-base)*spread(code)
	return n + n*(w.random.Int(21)-10)/100
}

// claim writes the claims of an encounter and of the drugs ordered at it.
func (w *Writer) claim(i int) {
	l, e := w.life, &w.life.Encounters[i]
	b := bill{kind: "professional", at: e.Start, until: e.Stop, encounter: i, drug: life.None,
		claim: w.id(ofClaim, i), eob: w.id(ofBenefit, i)}
	visit := w.price(e.Code.Code, 110, 190)
	switch e.Class {
	case "emergency":
		b.kind, visit = "institutional", w.price(e.Code.Code, 900, 1800)
	case "inpatient", "hospice", "snf":
		b.kind, visit = "institutional", w.price(e.Code.Code, 2400, 3200)*int((e.Stop-e.Start+86399)/86400)
	}
	for j := range l.Conditions {
		if w.hasCondition(j) && l.Conditions[j].Encounter == i {
			b.diagnoses = append(b.diagnoses, j)
		}
	}
	b.items = append(b.items, item{codes: []module.Code{e.Code}, cents: visit, reason: min(len(b.diagnoses), 1), visit: true})
	for j := range l.Procedures {
		if p := &l.Procedures[j]; p.Encounter == i && w.in(p.Start) {
			b.items = append(b.items, item{codes: p.Codes, cents: w.price(p.Codes[0].Code, 80, 2200)})
		}
	}
	for j := range l.Studies {
		if s := &l.Studies[j]; s.Encounter == i && w.in(s.At) {
			b.items = append(b.items, item{codes: s.Codes, cents: w.price(s.Codes[0].Code, 150, 900)})
		}
	}
	for j := range l.Immunizations {
		if v := &l.Immunizations[j]; v.Encounter == i && w.in(v.At) {
			b.items = append(b.items, item{codes: v.Codes, cents: w.price(v.Codes[0].Code, 25, 190)})
		}
	}
	w.pay(&b)
	for j := range l.Medications {
		m := &l.Medications[j]
		if m.Encounter != i || !w.open(m.Start, m.Stop) || m.State.Administration {
			continue
		}
		w.pay(&bill{kind: "pharmacy", at: m.Start, until: max(e.Stop, m.Start), encounter: i, drug: j,
			items: []item{{codes: m.Codes, cents: w.price(m.Codes[0].Code, 8, 160)}}, claim: w.id(ofDrugClaim, j), eob: w.id(ofDrugBenefit, j)})
	}
}

// payer is who pays at a time; none is false.
func (w *Writer) payer(at int64) (n int, ok bool) {
	switch {
	case w.life.Age(at) >= 65:
		return 2, true
	case w.life.Person.Insurance == people.Medicaid:
		return 1, true
	case w.life.Person.Insurance == people.Uninsured:
		return 0, false
	}
	return 0, true
}

// pay writes a claim and, if somebody is insured, its explanation of benefit.
func (w *Writer) pay(b *bill) {
	payer, insured := w.payer(b.at)
	where, doctor := w.seen(b.encounter)
	w.begin("Claim", b.claim)
	w.head(b)
	w.time("created", b.until)
	w.ref("provider", "Organization", where.org)
	w.s(`,"priority":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/processpriority","code":"normal"}]}`)
	if b.drug != life.None {
		w.ref("prescription", "MedicationRequest", w.id(ofMedication, b.drug))
	}
	w.diagnoses(b, false)
	w.s(`,"insurance":[{"sequence":1,"focal":true,"coverage":{"display":`)
	if insured {
		w.q(payerNames[payer])
	} else {
		w.q("Self-pay")
	}
	w.s(`}}]`)
	total := w.items(b, nil)
	w.money("total", total)
	w.finish()
	if insured {
		w.benefit(b, payer, where, doctor)
	}
}

// head writes what claims and explanations have in common.
func (w *Writer) head(b *bill) {
	w.s(`,"status":"active","type":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/claim-type","code":"` + b.kind + `"}]},"use":"claim"`)
	w.subject("patient")
	w.period("billablePeriod", b.at, b.until)
}

func (w *Writer) diagnoses(b *bill, typed bool) {
	for k, c := range b.diagnoses {
		if k == 0 {
			w.s(`,"diagnosis":[{"sequence":`)
		} else {
			w.s(`,{"sequence":`)
		}
		w.int(k + 1)
		w.ref("diagnosisReference", "Condition", w.id(ofCondition, c))
		if typed && k == 0 {
			w.s(`,"type":[{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/ex-diagnosistype","code":"principal"}]}]`)
		}
		w.s(`}`)
	}
	if len(b.diagnoses) > 0 {
		w.s(`]`)
	}
}

// items writes a claim's lines, each followed by what more writes, and gives their sum in cents.
func (w *Writer) items(b *bill, more func(k int, it *item)) int {
	total := 0
	for k := range b.items {
		it := &b.items[k]
		total += it.cents
		if k == 0 {
			w.s(`,"item":[{"sequence":`)
		} else {
			w.s(`,{"sequence":`)
		}
		w.int(k + 1)
		if it.reason > 0 {
			w.s(`,"diagnosisSequence":[1]`)
		}
		w.concept("productOrService", it.codes...)
		w.period("servicedPeriod", b.at, b.until)
		w.money("net", it.cents)
		if it.visit {
			w.s(`,"encounter":[`)
			w.bareRef("Encounter", w.id(ofEncounter, b.encounter))
			w.s(`]`)
		}
		if more != nil {
			more(k, it)
		}
		w.s(`}`)
	}
	w.s(`]`)
	return total
}

const adjudication = "http://terminology.hl7.org/CodeSystem/adjudication"

// benefit writes the explanation of benefit: the payer allows a part of what is asked, and the patient pays a share of that.
func (w *Writer) benefit(b *bill, payer int, where *site, doctor *practitioner) {
	share := [3]int{20, 0, 20}[payer] // per cent that the patient pays
	allowed := 65 + w.random.Int(26)  // per cent that is allowed
	w.begin("ExplanationOfBenefit", b.eob)
	w.s(`,"contained":[{"resourceType":"Coverage","id":"coverage","status":"active"`)
	w.s(`,"type":{"text":`)
	w.q(payerNames[payer])
	w.s(`}`)
	w.subject("beneficiary")
	w.s(`,"payor":[`)
	w.bareRef("Organization", w.world.payers[payer])
	w.s(`]}]`)
	w.head(b)
	w.time("created", b.until)
	w.ref("insurer", "Organization", w.world.payers[payer])
	w.ref("provider", "Organization", where.org)
	w.ref("claim", "Claim", b.claim)
	w.s(`,"outcome":"complete","careTeam":[{"sequence":1`)
	w.ref("provider", "Practitioner", doctor.id)
	w.s(`,"role":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/claimcareteamrole","code":"primary","display":"Primary provider"}]}}]`)
	w.diagnoses(b, true)
	w.s(`,"insurance":[{"focal":true,"coverage":{"reference":"#coverage"}}]`)
	paid := 0
	total := w.items(b, func(_ int, it *item) {
		eligible := it.cents * allowed / 100
		patient := eligible * share / 100
		paid += eligible - patient
		w.s(`,"adjudication":[`)
		for k, a := range []struct {
			code  string
			cents int
		}{{"submitted", it.cents}, {"eligible", eligible}, {"copay", patient}, {"benefit", eligible - patient}} {
			if k > 0 {
				w.s(`,`)
			}
			w.s(`{"category":{"coding":[{"system":"` + adjudication + `","code":"` + a.code + `"}]}`)
			w.money("amount", a.cents)
			w.s(`}`)
		}
		w.s(`]`)
	})
	w.s(`,"total":[{"category":{"coding":[{"system":"` + adjudication + `","code":"submitted"}]}`)
	w.money("amount", total)
	w.s(`},{"category":{"coding":[{"system":"` + adjudication + `","code":"benefit"}]}`)
	w.money("amount", paid)
	w.s(`}],"payment":{"type":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/ex-paymenttype","code":"complete"}]}`)
	w.money("amount", paid)
	w.s(`}`)
	w.finish()
}
