// SPDX-License-Identifier: Apache-2.0

package operation

import (
	"context"
	"slices"
	"strings"
	"time"

	"galen/internal/compartment"
	"galen/internal/docset"
	"galen/internal/fault"
	"galen/internal/fhir"
	"galen/internal/fhir/def"
	"galen/internal/record"
	"galen/internal/search"
	"galen/internal/search/plan"
)

// clinicalDates names, for the types in the Patient and Encounter compartments, the search parameter that says when care was given.
// Types without one are in every range of dates, and so are resources that have no such date.
var clinicalDates = map[string]string{
	"AdverseEvent": "date", "AllergyIntolerance": "date", "Appointment": "date", "AuditEvent": "date", "Basic": "created",
	"CarePlan": "date", "CareTeam": "date", "ChargeItem": "occurrence", "Claim": "created", "ClaimResponse": "created",
	"ClinicalImpression": "date", "Communication": "sent", "CommunicationRequest": "authored", "Composition": "date",
	"Condition": "recorded-date", "Consent": "date", "CoverageEligibilityRequest": "created", "CoverageEligibilityResponse": "created",
	"DetectedIssue": "identified", "DeviceRequest": "authored-on", "DiagnosticReport": "date", "DocumentManifest": "created",
	"DocumentReference": "date", "Encounter": "date", "EpisodeOfCare": "date", "ExplanationOfBenefit": "created", "Flag": "date",
	"Goal": "start-date", "ImagingStudy": "started", "Immunization": "date", "ImmunizationEvaluation": "date",
	"ImmunizationRecommendation": "date", "Invoice": "date", "List": "date", "MeasureReport": "date", "Media": "created",
	"MedicationAdministration": "effective-time", "MedicationDispense": "whenhandedover", "MedicationRequest": "authoredon",
	"MedicationStatement": "effective", "NutritionOrder": "datetime", "Observation": "date", "Procedure": "date",
	"Provenance": "recorded", "QuestionnaireResponse": "authored", "RequestGroup": "authored", "RiskAssessment": "date",
	"ServiceRequest": "authored", "Specimen": "collected", "SupplyRequest": "date", "Task": "authored-on",
	"VisionPrescription": "datewritten",
}

// clinicalFilter narrows what belongs to a patient: by date of care, time of the last change, and type.
type clinicalFilter struct {
	dates   []search.Pair // prefix and value each; the name is still to be set
	changed time.Time     // zero: any
	types   []string      // nil: all
}

// newClinicalFilter reads start, end, _since (or since) and _type.
func newClinicalFilter(p Parameters) (f clinicalFilter, err error) {
	for _, bound := range []struct{ name, prefix string }{{"start", "ge"}, {"end", "le"}} {
		text := p.Text(bound.name)
		if text == "" {
			continue
		}
		if _, ok := fhir.ParseSearchDate(text); !ok {
			return f, fault.New(fault.Invalid, "the parameter is not a date").WithCode("value").At(bound.name)
		}
		f.dates = append(f.dates, search.Pair{Value: bound.prefix + text})
	}
	for _, name := range []string{"_since", "since"} {
		since, err := instant(p, name)
		if err != nil {
			return f, err
		}
		if since.After(f.changed) {
			f.changed = since
		}
	}
	f.types, err = typeList(p.Texts("_type"), "_type")
	return f, err
}

// typeList reads lists of resource types with commas between them.
func typeList(texts []string, at string) (types []string, err error) {
	for _, text := range texts {
		for name := range strings.SplitSeq(text, ",") {
			if name = strings.TrimSpace(name); name == "" {
				continue
			}
			if t := def.R4().Type(name); t == nil || t.Abstract {
				return nil, fault.New(fault.Invalid, "there is no such resource type").WithCode("value").At(at)
			}
			types = append(types, name)
		}
	}
	return types, nil
}

// wants reports whether resources of the type are asked for.
func (f *clinicalFilter) wants(typ string) bool {
	return f.types == nil || slices.Contains(f.types, typ)
}

// wantsReferenced reports whether anything may be asked for that is not in a patient's compartment.
func (f *clinicalFilter) wantsReferenced() bool {
	return f.types == nil || slices.ContainsFunc(f.types, func(typ string) bool {
		return len(def.R4().Compartment("Patient").Params(typ)) == 0 || typ == "Patient"
	})
}

// keep narrows a set by date of care and last change.
func (f *clinicalFilter) keep(ctx context.Context, p *plan.Planner, v *record.View, set compartment.Set) (compartment.Set, error) {
	set, err := f.since(ctx, v, set)
	if err != nil || len(f.dates) == 0 {
		return set, err
	}
	kept := compartment.Set{}
	for typ, docs := range set {
		name := def.R4().TypeByID(def.TypeID(typ)).Name
		code, dated := clinicalDates[name]
		if !dated {
			kept[typ] = docs
			continue
		}
		pairs := slices.Clone(f.dates)
		for i := range pairs {
			pairs[i].Name = code
		}
		within, err := numbers(ctx, p, v, name, pairs...)
		if err != nil {
			return nil, err
		}
		undated, err := numbers(ctx, p, v, name, search.Pair{Name: code + ":missing", Value: "true"})
		if err != nil {
			return nil, err
		}
		within.Or(undated)
		kept[typ] = docset.And(docs, within)
	}
	return kept, nil
}

// since narrows a set to what was changed at a time or later.
func (f *clinicalFilter) since(ctx context.Context, v *record.View, set compartment.Set) (compartment.Set, error) {
	if f.changed.IsZero() {
		return set, nil
	}
	kept := compartment.Set{}
	for typ, docs := range set {
		first, err := v.Since(ctx, typ, f.changed)
		if err != nil {
			return nil, err
		}
		docs = docs.Clone()
		docs.RemoveBelow(first)
		kept[typ] = docs
	}
	return kept, nil
}

// numbers finds what a search of a type finds.
func numbers(ctx context.Context, p *plan.Planner, v *record.View, typ string, pairs ...search.Pair) (docset.Set, error) {
	q, err := search.Parse(def.R4(), typ, pairs, search.Options{})
	if err != nil {
		return docset.Set{}, err
	}
	return p.Numbers(ctx, v, q)
}
