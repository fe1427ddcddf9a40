// SPDX-License-Identifier: Apache-2.0

package operation

import (
	"strings"
	"time"

	"galen/internal/fault"
	"galen/internal/fhir"
)

// A memberBundle is one member that another payer asks about.
type memberBundle struct {
	parts                      Parameters
	patient, coverage, consent fhir.Node
}

// readMember reads a member and checks that it has what the guide wants of it. Its faults name the element.
//
// http://hl7.org/fhir/us/davinci-hrex/StructureDefinition/hrex-consent
func readMember(parts Parameters) (memberBundle, error) {
	m := memberBundle{parts: parts}
	for _, part := range []struct {
		name, typ string
		min       int
		into      *fhir.Node
	}{{"MemberPatient", "Patient", 1, &m.patient}, {"CoverageToMatch", "Coverage", 1, &m.coverage}, {"Consent", "Consent", 1, &m.consent},
		{"CoverageToLink", "Coverage", 0, new(fhir.Node)}} {
		given := parts.All(part.name)
		switch {
		case len(given) < part.min:
			return m, missing(part.name)
		case len(given) > 1:
			return m, fault.New(fault.Invalid, "%s is given more than once", part.name).WithCode("invalid").At(part.name)
		case len(given) == 1:
			if *part.into = Value(given[0]); fhir.Type(*part.into) != part.typ {
				return m, fault.New(fault.Invalid, "%s is a %s", part.name, part.typ).WithCode("structure").At(part.name)
			}
		}
	}
	for _, p := range parts.entries().Elements() {
		switch p.Field("name").Text() {
		case "MemberPatient", "CoverageToMatch", "CoverageToLink", "Consent":
		default:
			return m, fault.New(fault.Invalid, "a MemberBundle has no such part").WithCode("not-supported").At("MemberBundle.part")
		}
	}
	if err := checkMemberPatient(m.patient); err != nil {
		return m, err
	}
	for _, name := range []string{"CoverageToMatch", "CoverageToLink"} {
		if coverage := Value(parts.One(name)); coverage.Ok() {
			if err := checkCoverage(name, coverage); err != nil {
				return m, err
			}
		}
	}
	return m, checkConsent(m.consent)
}

func missing(path string) error {
	return fault.New(fault.Invalid, "%s is required", path).WithCode("required").At(path)
}

const birthSex = "http://hl7.org/fhir/us/core/StructureDefinition/us-core-birthsex"

func checkMemberPatient(patient fhir.Node) error {
	family, given := false, false
	for _, name := range patient.Field("name").Elements() {
		if name.Field("family").Text() != "" {
			family, given = true, given || name.Field("given").Len() > 0
		}
	}
	sex := patient.Field("gender").Text() != ""
	for _, e := range patient.Field("extension").Elements() {
		sex = sex || e.Field("url").Is(birthSex)
	}
	switch {
	case patient.Field("contained").Ok():
		return fault.New(fault.Invalid, "MemberPatient has no contained resources").WithCode("invalid").At("MemberPatient.contained")
	case !family:
		return missing("MemberPatient.name.family")
	case !given:
		return missing("MemberPatient.name.given")
	case patient.Field("birthDate").Text() == "":
		return missing("MemberPatient.birthDate")
	case !sex:
		return missing("MemberPatient.gender")
	}
	return nil
}

func checkCoverage(part string, coverage fhir.Node) error {
	for _, name := range []string{"status", "beneficiary", "relationship"} {
		if !coverage.Field(name).Ok() {
			return missing(part + "." + name)
		}
	}
	if coverage.Field("subscriberId").Text() == "" && coverage.Field("identifier").Len() == 0 {
		return missing(part + ".subscriberId")
	}
	return nil
}

// checkConsent wants an active consent that permits to disclose: its period says when it holds.
func checkConsent(consent fhir.Node) error {
	provision := consent.Field("provision")
	for _, need := range []struct {
		there bool
		path  string
	}{
		{consent.Field("status").Is("active"), "status"},
		{hasCode(consent.Field("scope"), "patient-privacy"), "scope"},
		{consent.Field("category").Len() > 0, "category"},
		{consent.Field("patient").Ok(), "patient"},
		{consent.Field("performer").Len() > 0, "performer"},
		{consent.Field("sourceReference").Ok(), "sourceReference"},
		{policy(consent) != "", "policy.uri"},
		{provision.Field("type").Is("permit"), "provision.type"},
		{provision.Field("period").Field("start").Ok() && provision.Field("period").Field("end").Ok(), "provision.period"},
		{provision.Field("actor").Len() >= 2, "provision.actor"},
		{discloses(provision), "provision.action"},
	} {
		if !need.there {
			return fault.New(fault.Invalid, "Consent.%s is missing, or is not what consent to an exchange between payers has there", need.path).
				WithCode("invalid").At("Consent." + need.path)
		}
	}
	return nil
}

// policy is how much the consent is about: regular or sensitive; empty if it does not say.
func policy(consent fhir.Node) string {
	for _, p := range consent.Field("policy").Elements() {
		for _, kind := range []string{"regular", "sensitive"} {
			if strings.HasSuffix(p.Field("uri").Text(), "#"+kind) {
				return kind
			}
		}
	}
	return ""
}

func discloses(provision fhir.Node) bool {
	for _, action := range provision.Field("action").Elements() {
		if hasCode(action, "disclose") {
			return true
		}
	}
	return false
}

// hasCode reports whether a CodeableConcept has a code.
func hasCode(concept fhir.Node, code string) bool {
	for _, c := range concept.Field("coding").Elements() {
		if c.Field("code").Is(code) {
			return true
		}
	}
	return false
}

// holds reports whether the period of a consent covers a time. A bound that is no date covers nothing.
func holds(consent fhir.Node, at time.Time) bool {
	period := consent.Field("provision").Field("period")
	start, ok1 := fhir.ParseDateTime(period.Field("start").Text())
	end, ok2 := fhir.ParseDateTime(period.Field("end").Text())
	if !ok1 || !ok2 {
		return false
	}
	low, _ := start.Bounds(0)
	_, high := end.Bounds(0)
	return low <= at.UnixMicro() && at.UnixMicro() < high
}

// activeCoverage reports whether a coverage that a patient has is active, and the one asked about.
func activeCoverage(asked, own fhir.Node) bool {
	return own.Field("status").Is("active") && sameCoverage(asked, own)
}
