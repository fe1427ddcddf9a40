// SPDX-License-Identifier: Apache-2.0

package sample

import (
	"fmt"
	"time"
)

// illness is what a visit can be about, and what is done about it.
type illness struct {
	condition coded
	drug      coded
	procedure coded
}

var illnesses = []illness{
	{coded{snomed, "59621000", "Essential hypertension"}, coded{rxnorm, "314076", "lisinopril 10 MG Oral Tablet"}, coded{snomed, "164847006", "Standard electrocardiogram"}},
	{coded{snomed, "44054006", "Diabetes mellitus type 2"}, coded{rxnorm, "860975", "24 HR metformin hydrochloride 500 MG Extended Release Oral Tablet"}, coded{snomed, "134395001", "Diabetic retinopathy screening"}},
	{coded{snomed, "195967001", "Asthma"}, coded{rxnorm, "745679", "200 ACTUAT albuterol 0.09 MG/ACTUAT Metered Dose Inhaler"}, coded{snomed, "127783003", "Spirometry"}},
	{coded{snomed, "444814009", "Viral sinusitis"}, coded{rxnorm, "313782", "acetaminophen 325 MG Oral Tablet"}, coded{snomed, "430193006", "Medication reconciliation"}},
	{coded{snomed, "55822004", "Hyperlipidemia"}, coded{rxnorm, "312961", "simvastatin 20 MG Oral Tablet"}, coded{snomed, "430193006", "Medication reconciliation"}},
}

var vaccines = []coded{{cvx, "140", "Influenza, seasonal, injectable, preservative free"}, {cvx, "113", "Td (adult) preservative free"}, {cvx, "33", "pneumococcal polysaccharide PPV23"}}

// measure is an observation with the range its values come from.
type measure struct {
	code     coded
	category string
	unit     string
	low      float64
	high     float64
	digits   int
}

var vitals = []measure{
	{coded{loinc, "8302-2", "Body Height"}, "vital-signs", "cm", 150, 195, 1},
	{coded{loinc, "29463-7", "Body Weight"}, "vital-signs", "kg", 48, 110, 1},
	{coded{loinc, "8867-4", "Heart rate"}, "vital-signs", "/min", 55, 100, 0},
}

var labs = []measure{
	{coded{loinc, "4548-4", "Hemoglobin A1c/Hemoglobin.total in Blood"}, "laboratory", "%", 4.8, 9.5, 1},
	{coded{loinc, "2339-0", "Glucose [Mass/volume] in Blood"}, "laboratory", "mg/dL", 65, 180, 0},
	{coded{loinc, "2093-3", "Cholesterol [Mass/volume] in Serum or Plasma"}, "laboratory", "mg/dL", 140, 280, 0},
}

// visit makes an encounter and all that comes of it; at the first one more is done.
func (g *generator) visit(at time.Time, first bool) {
	end := at.Add(30 * time.Minute)
	encounter := g.add("Encounter", `"status":"finished","class":{"system":"http://terminology.hl7.org/CodeSystem/v3-ActCode","code":"AMB","display":"ambulatory"},"type":[%s],`+
		`"subject":%s,"participant":[{"individual":%s}],"period":{"start":%q,"end":%q},"location":[{"location":%s}],"serviceProvider":%s`,
		concept(coded{snomed, "185349003", "Encounter for check up"}), ref(g.patientRef), ref(g.practitioner), instant(at), instant(end), ref(g.location), ref(g.organization))
	g.bloodPressure(encounter, at)
	for _, m := range vitals {
		g.observe(encounter, at, m)
	}
	ill := pick(g, illnesses)
	condition := g.add("Condition", `"clinicalStatus":%s,"verificationStatus":%s,"category":[%s],"code":%s,"subject":%s,"encounter":%s,"onsetDateTime":%q,"recordedDate":%q`,
		concept(coded{"http://terminology.hl7.org/CodeSystem/condition-clinical", "active", "Active"}),
		concept(coded{"http://terminology.hl7.org/CodeSystem/condition-ver-status", "confirmed", "Confirmed"}),
		concept(coded{"http://terminology.hl7.org/CodeSystem/condition-category", "encounter-diagnosis", "Encounter Diagnosis"}),
		concept(ill.condition), ref(g.patientRef), ref(encounter), day(at), instant(at))
	g.laboratory(encounter, at)
	procedure := g.add("Procedure", `"status":"completed","code":%s,"subject":%s,"encounter":%s,"performedPeriod":{"start":%q,"end":%q},"performer":[{"actor":%s}],"reasonReference":[%s]`,
		concept(ill.procedure), ref(g.patientRef), ref(encounter), instant(at), instant(end), ref(g.practitioner), ref(condition))
	order := g.add("MedicationRequest", `"status":"active","intent":"order","medicationCodeableConcept":%s,"subject":%s,"encounter":%s,"authoredOn":%q,"requester":%s,`+
		`"reasonReference":[%s],"dosageInstruction":[{"text":"once a day","timing":{"repeat":{"frequency":1,"period":1,"periodUnit":"d"}}}]`,
		concept(ill.drug), ref(g.patientRef), ref(encounter), instant(at), ref(g.practitioner), ref(condition))
	g.claim(encounter, at, end, ill)
	if first {
		g.extras(encounter, at, order, condition, ill)
	}
	g.add("Provenance", `"target":[%s,%s],"recorded":%q,"agent":[{"type":%s,"who":%s,"onBehalfOf":%s}]`, ref(encounter), ref(procedure), instant(end),
		concept(coded{"http://terminology.hl7.org/CodeSystem/provenance-participant-type", "author", "Author"}), ref(g.practitioner), ref(g.organization))
}

func category(code string) string {
	return concept(coded{"http://terminology.hl7.org/CodeSystem/observation-category", code, code})
}

func (g *generator) observe(encounter string, at time.Time, m measure) string {
	value := fmt.Sprintf("%.*f", m.digits, m.low+g.rand.Float64()*(m.high-m.low))
	return g.add("Observation", `"status":"final","category":[%s],"code":%s,"subject":%s,"encounter":%s,"effectiveDateTime":%q,"issued":%q,`+
		`"valueQuantity":{"value":%s,"unit":%q,"system":"http://unitsofmeasure.org","code":%q}`,
		category(m.category), concept(m.code), ref(g.patientRef), ref(encounter), instant(at), instant(at), value, m.unit, m.unit)
}

func (g *generator) bloodPressure(encounter string, at time.Time) {
	part := func(code coded, low, span int) string {
		return fmt.Sprintf(`{"code":%s,"valueQuantity":{"value":%d,"unit":"mm[Hg]","system":"http://unitsofmeasure.org","code":"mm[Hg]"}}`, concept(code), low+g.rand.IntN(span))
	}
	g.add("Observation", `"status":"final","category":[%s],"code":%s,"subject":%s,"encounter":%s,"effectiveDateTime":%q,"issued":%q,"component":[%s,%s]`,
		category("vital-signs"), concept(coded{loinc, "85354-9", "Blood pressure panel with all children optional"}), ref(g.patientRef), ref(encounter), instant(at), instant(at),
		part(coded{loinc, "8480-6", "Systolic blood pressure"}, 100, 60), part(coded{loinc, "8462-4", "Diastolic blood pressure"}, 60, 40))
}

func (g *generator) laboratory(encounter string, at time.Time) {
	results := ""
	for i, m := range labs {
		if i > 0 {
			results += ","
		}
		results += ref(g.observe(encounter, at, m))
	}
	g.add("DiagnosticReport", `"status":"final","category":[%s],"code":%s,"subject":%s,"encounter":%s,"effectiveDateTime":%q,"issued":%q,"performer":[%s],"result":[%s]`,
		concept(coded{"http://terminology.hl7.org/CodeSystem/v2-0074", "LAB", "Laboratory"}), concept(coded{loinc, "24323-8", "Comprehensive metabolic 2000 panel - Serum or Plasma"}),
		ref(g.patientRef), ref(encounter), instant(at), instant(at), ref(g.organization), results)
}

// claim makes the bill of a visit and what the insurer made of it.
func (g *generator) claim(encounter string, at, end time.Time, ill illness) {
	cents := 8000 + g.rand.IntN(30000)
	money := func(c int) string { return fmt.Sprintf(`{"value":%d.%02d,"currency":"USD"}`, c/100, c%100) }
	kind := concept(coded{"http://terminology.hl7.org/CodeSystem/claim-type", "professional", "Professional"})
	insurance := `[{"sequence":1,"focal":true,"coverage":{"display":"Sample Health Plan"}}]`
	claim := g.add("Claim", `"status":"active","type":%s,"use":"claim","patient":%s,"billablePeriod":{"start":%q,"end":%q},"created":%q,"provider":%s,"priority":%s,`+
		`"insurance":%s,"item":[{"sequence":1,"productOrService":%s,"encounter":[%s],"net":%s}],"total":%s`,
		kind, ref(g.patientRef), instant(at), instant(end), instant(end), ref(g.organization),
		concept(coded{"http://terminology.hl7.org/CodeSystem/processpriority", "normal", "Normal"}), insurance, concept(ill.procedure), ref(encounter), money(cents), money(cents))
	g.add("ExplanationOfBenefit", `"status":"active","type":%s,"use":"claim","patient":%s,"created":%q,"insurer":{"display":"Sample Health Plan"},"provider":%s,"claim":%s,`+
		`"outcome":"complete","insurance":[{"focal":true,"coverage":{"display":"Sample Health Plan"}}],"item":[{"sequence":1,"productOrService":%s,"net":%s}],`+
		`"total":[{"category":%s,"amount":%s}],"payment":{"amount":%s}`,
		kind, ref(g.patientRef), instant(end.AddDate(0, 0, 7)), ref(g.organization), ref(claim), concept(ill.procedure), money(cents),
		concept(coded{"http://terminology.hl7.org/CodeSystem/adjudication", "submitted", "Submitted Amount"}), money(cents), money(cents*8/10))
}

// extras makes what a patient has once.
func (g *generator) extras(encounter string, at time.Time, order, condition string, ill illness) {
	g.add("Immunization", `"status":"completed","vaccineCode":%s,"patient":%s,"encounter":%s,"occurrenceDateTime":%q,"recorded":%q,"primarySource":true,"location":%s`,
		concept(pick(g, vaccines)), ref(g.patientRef), ref(encounter), instant(at), instant(at), ref(g.location))
	team := g.add("CareTeam", `"status":"active","subject":%s,"encounter":%s,"period":{"start":%q},"participant":[{"role":[%s],"member":%s}],"managingOrganization":[%s]`,
		ref(g.patientRef), ref(encounter), instant(at), concept(coded{snomed, "59058001", "General physician"}), ref(g.practitioner), ref(g.organization))
	g.add("CarePlan", `"status":"active","intent":"order","category":[%s],"subject":%s,"encounter":%s,"period":{"start":%q},"careTeam":[%s],"addresses":[%s],`+
		`"activity":[{"detail":{"code":%s,"status":"in-progress"}}]`,
		concept(coded{snomed, "736376001", "Infectious disease care plan"}), ref(g.patientRef), ref(encounter), instant(at), ref(team), ref(condition),
		concept(coded{snomed, "229065009", "Exercise therapy"}))
	g.add("MedicationAdministration", `"status":"completed","medicationCodeableConcept":%s,"subject":%s,"context":%s,"effectiveDateTime":%q,"request":%s`,
		concept(ill.drug), ref(g.patientRef), ref(encounter), instant(at), ref(order))
	if g.rand.IntN(8) == 0 {
		g.add("Device", `"status":"active","type":%s,"patient":%s,"manufactureDate":%q,"serialNumber":"SN%06d"`,
			concept(coded{snomed, "706172005", "Continuous positive airway pressure unit"}), ref(g.patientRef), day(at.AddDate(-1, 0, 0)), g.rand.IntN(1_000_000))
	}
	if g.rand.IntN(8) == 0 {
		g.add("ImagingStudy", `"status":"available","subject":%s,"encounter":%s,"started":%q,"numberOfSeries":1,"numberOfInstances":1,"series":[{"uid":"1.2.840.99999999.1.%d","number":1,`+
			`"modality":{"system":"http://dicom.nema.org/resources/ontology/DCM","code":"DX","display":"Digital Radiography"},"numberOfInstances":1,`+
			`"instance":[{"uid":"1.2.840.99999999.1.%d.1","sopClass":{"system":"urn:ietf:rfc:3986","code":"urn:oid:1.2.840.10008.5.1.4.1.1.1.1"},"number":1}]}]`,
			ref(g.patientRef), ref(encounter), instant(at), g.made, g.made)
	}
}
