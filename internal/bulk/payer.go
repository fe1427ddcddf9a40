// SPDX-License-Identifier: Apache-2.0

package bulk

import (
	"slices"
	"strings"
	"time"

	"galen/internal/fault"
	"galen/internal/fhir"
)

// The export types of $davinci-data-export, as HealthLake lists them.
const (
	PayerAttribution = "hl7.fhir.us.davinci-atr"
	PayerRecord      = "hl7.fhir.us.davinci-pdex"
	PayerSnapshot    = "hl7.fhir.us.davinci-pdex#provider-snapshot"
	PayerToPayer     = "hl7.fhir.us.davinci-pdex.p2p"
	PayerMember      = "hl7.fhir.us.davinci-pdex.member"
)

// attributionTypes are the types of an attribution list.
var attributionTypes = []string{"Group", "Patient", "Coverage", "RelatedPerson", "Practitioner", "PractitionerRole", "Organization", "Location"}

// payerYears is how far back a payer's record reaches for another payer and for the member.
const payerYears = 5

// checkPayer fails with fault.Invalid for an export type that there is not, and for types that do not go with it.
func checkPayer(s *Selection) error {
	switch s.Payer {
	case "", PayerRecord, PayerSnapshot, PayerToPayer, PayerMember:
		return nil
	case PayerAttribution:
	default:
		return fault.New(fault.Invalid, "there is no such export type").WithCode("value").At("exportType")
	}
	if len(s.Types) == 0 {
		return nil
	}
	for _, typ := range s.Types {
		if !slices.Contains(attributionTypes, typ) {
			return fault.New(fault.Invalid, "the types of an attribution list are %s", strings.Join(attributionTypes, ", ")).WithCode("value").At("_type")
		}
	}
	for _, typ := range attributionTypes[:3] {
		if !slices.Contains(s.Types, typ) {
			return fault.New(fault.Invalid, "the types of an attribution list include Group, Patient and Coverage").WithCode("required").At("_type")
		}
	}
	return nil
}

// payerTypes reports whether a payer's export has resources of the type.
func payerTypes(payer, typ string) bool {
	return payer != PayerAttribution || slices.Contains(attributionTypes, typ)
}

// payerSince is from when on a payer's export has resources of the type; zero: from the beginning.
func payerSince(payer, typ string, now time.Time) time.Time {
	if payer != PayerToPayer && payer != PayerMember || slices.Contains(attributionTypes, typ) {
		return time.Time{}
	}
	return now.AddDate(-payerYears, 0, 0)
}

// carin is what CARIN's profiles of ExplanationOfBenefit begin with.
const carin = "http://hl7.org/fhir/us/carin-bb/StructureDefinition/"

// benefit says what becomes of an explanation of benefit in a payer's record: it is left out, or given without its sums.
//
// Those of CARIN's version 1 and those without a profile of CARIN or of prior authorization are left out. Those of version 2 are
// given if they are of a Basis profile, or if stripped ones are asked for.
func (s *Selection) benefit(eob fhir.Node) (given, stripped bool) {
	if s == nil || s.Payer == "" || s.Payer == PayerAttribution {
		return true, false
	}
	for _, p := range eob.Field("meta").Field("profile").Elements() {
		c := fhir.ParseCanonical(p.Text())
		name, isCarin := strings.CutPrefix(c.URL, carin)
		switch {
		case strings.HasSuffix(strings.ToLower(c.URL), "pdex-priorauthorization"):
			return true, false
		case !isCarin || strings.HasPrefix(c.Version, "1"):
		case strings.HasSuffix(name, "-Basis"):
			return true, true
		case s.Stripped:
			return true, true
		}
	}
	return false, false
}

// sums are the members of an explanation of benefit that tell of money, at its top and in its items.
var sums = map[string]bool{"total": true, "payment": true, "benefitPeriod": true, "benefitBalance": true, "net": true, "unitPrice": true}

// appendStripped adds an explanation of benefit without its sums. Of adjudications those that are an amount are left out; a list that has
// nothing left is left out too.
func appendStripped(dst []byte, n fhir.Node) []byte {
	switch n.Kind() {
	case fhir.Array:
		dst = append(dst, '[')
		for _, e := range n.Elements() {
			if n.Name() == "adjudication" && e.Field("amount").Ok() {
				continue
			}
			if dst[len(dst)-1] != '[' {
				dst = append(dst, ',')
			}
			dst = appendStripped(dst, e)
		}
		return append(dst, ']')
	case fhir.Object:
		dst = append(dst, '{')
		for name, m := range n.Members() {
			if sums[name] || name == "adjudication" && !keepsAdjudication(m) {
				continue
			}
			if dst[len(dst)-1] != '{' {
				dst = append(dst, ',')
			}
			dst = append(fhir.AppendString(dst, name), ':')
			dst = appendStripped(dst, m)
		}
		return append(dst, '}')
	}
	return append(dst, n.Raw()...)
}

// keepsAdjudication reports whether an adjudication is left when amounts are taken out.
func keepsAdjudication(list fhir.Node) bool {
	for _, e := range list.Elements() {
		if !e.Field("amount").Ok() {
			return true
		}
	}
	return false
}
