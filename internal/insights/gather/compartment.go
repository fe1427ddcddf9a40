// SPDX-License-Identifier: Apache-2.0

package gather

import (
	"context"
	"net/url"
	"strings"

	"galen/internal/fault"
)

// searches are those by which a server without $everything is asked: the types of the patient's compartment that a summary
// is made of, each by the parameter that names the patient.
//
// http://hl7.org/fhir/R4/compartmentdefinition-patient.html
var searches = []struct{ typ, parameter, more string }{
	{"Condition", "patient", ""},
	{"AllergyIntolerance", "patient", ""},
	{"MedicationRequest", "patient", "_include=MedicationRequest:medication"},
	{"MedicationStatement", "patient", "_include=MedicationStatement:medication"},
	{"Immunization", "patient", ""},
	{"Encounter", "patient", ""},
	{"Observation", "patient", ""},
	{"DiagnosticReport", "patient", ""},
	{"Procedure", "patient", ""},
	{"CarePlan", "patient", ""},
	{"Goal", "patient", ""},
	{"FamilyMemberHistory", "patient", ""},
	{"CareTeam", "patient", ""},
	{"ServiceRequest", "patient", ""},
	{"DeviceUseStatement", "patient", ""},
	{"DocumentReference", "patient", ""},
	{"Coverage", "beneficiary", ""},
}

// compartment asks for the patient's compartment type by type. A type that the server does not offer is noted.
func (g *Gatherer) compartment(ctx context.Context, c *collection, s server) error {
	var without []string
	for _, q := range searches {
		query := q.parameter + "=" + url.QueryEscape("Patient/"+c.patient) + "&_count=200"
		address := q.typ + "?" + query
		if q.more != "" {
			address += "&" + q.more
		}
		err := g.pages(ctx, c, s, address)
		if fault.KindOf(err) == fault.Unsupported && q.more != "" { // perhaps it does not know the include
			err = g.pages(ctx, c, s, q.typ+"?"+query)
		}
		switch {
		case err == nil:
		case fault.KindOf(err) == fault.Unsupported || fault.KindOf(err) == fault.NotFound:
			without = append(without, q.typ)
		default:
			return err
		}
	}
	if len(without) == len(searches) {
		return fault.New(fault.Unprocessable, "the FHIR server offers neither $everything nor searches by patient")
	}
	if len(without) > 0 {
		c.note("The FHIR server could not be searched for " + strings.Join(without, ", ") + ".")
	}
	return nil
}
