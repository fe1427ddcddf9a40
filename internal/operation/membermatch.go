// SPDX-License-Identifier: Apache-2.0

package operation

import (
	"bytes"
	"context"
	"strings"

	"galen/internal/authz"
	"galen/internal/fault"
	"galen/internal/fhir"
	"galen/internal/fhir/match"
	"galen/internal/interaction"
	"galen/internal/record"
)

// memberMatchOperation finds the one member that another payer's patient and coverage are about.
//
// http://hl7.org/fhir/us/davinci-hrex/OperationDefinition/member-match
func memberMatchOperation() Operation {
	return Operation{
		Name: "member-match", Definition: "http://hl7.org/fhir/us/davinci-hrex/OperationDefinition/member-match",
		Levels: OnType, Types: []string{"Patient"}, Changes: true,
		Params: []Param{{Name: "MemberPatient", Type: "Resource", Min: 1}, {Name: "CoverageToMatch", Type: "Resource", Min: 1},
			{Name: "CoverageToLink", Type: "Resource"}, {Name: "Consent", Type: "Resource"}},
		serve: serveMemberMatch,
	}
}

// member is a member that was found.
type member struct {
	version    record.Version
	result     match.Result
	identifier []byte // the member's, as an Identifier of type UMB
	algorithm  string
}

func serveMemberMatch(ctx context.Context, s *Service, c *Call) (interaction.Reply, error) {
	m, err := s.memberMatch(ctx, c, c.Parameters, sameCoverage)
	if err != nil {
		return interaction.Reply{}, err
	}
	if consent := Value(c.Parameters.One("Consent")); consent.Ok() {
		if err := s.saveConsent(ctx, c, consent, m.version.ID); err != nil {
			return interaction.Reply{}, err
		}
	}
	var a answer
	a.raw("MemberIdentifier", "valueIdentifier", m.identifier)
	a.raw("MemberId", "valueReference", append(fhir.AppendString([]byte(`{"reference":`), "Patient/"+m.version.ID), '}'))
	a.text("matchAlgorithm", "valueString", m.algorithm)
	a.text("matchDetails", "valueString", "The patient matches with grade "+string(m.result.Grade)+".")
	a.text("matchedFields", "valueString", strings.Join(m.result.Fields, ","))
	return a.reply(), nil
}

// memberMatch finds the member; same says whether the coverage asked about is one that a patient has. It fails with fault.Unprocessable if there
// is none, or more than one.
func (s *Service) memberMatch(ctx context.Context, c *Call, p Parameters, same func(asked, own fhir.Node) bool) (member, error) {
	patient, coverage := Value(p.One("MemberPatient")), Value(p.One("CoverageToMatch"))
	if fhir.Type(patient) != "Patient" {
		return member{}, fault.New(fault.Invalid, "the parameter is a Patient").WithCode("structure").At("MemberPatient")
	}
	if fhir.Type(coverage) != "Coverage" {
		return member{}, fault.New(fault.Invalid, "the parameter is a Coverage").WithCode("structure").At("CoverageToMatch")
	}
	st, err := s.interactions.Open(ctx, c.Caller, authz.Search, fhir.Key{Type: "Patient"})
	if err != nil {
		return member{}, err
	}
	view, err := c.Caller.View(ctx, st)
	if err != nil {
		return member{}, err
	}
	defer view.Close()
	found, _, err := s.matches(ctx, view, patient)
	if err != nil {
		return member{}, err
	}
	var best []member
	rank := 0
	for _, f := range found {
		m, n, err := s.memberRank(ctx, c, f, func(own fhir.Node) bool { return same(coverage, own) })
		if err != nil {
			return member{}, err
		}
		switch {
		case n == 0 || n < rank:
		case n > rank:
			rank, best = n, []member{m}
		default:
			best = append(best, m)
		}
	}
	switch {
	case len(best) == 0 || len(best) == 1 && best[0].identifier == nil: // who has no number is no member
		return member{}, fault.New(fault.Unprocessable, "no member matches").WithCode("not-found")
	case len(best) == 1:
		return best[0], nil
	}
	return member{}, fault.New(fault.Unprocessable, "more than one member matches").WithCode("multiple-matches")
}

// memberRank says how well a patient and the coverages it has fit: 3 for the same coverage and a certain match, 2 for the same coverage and a probable
// one, 1 for a certain one without the coverage; 0: not at all.
func (s *Service) memberRank(ctx context.Context, c *Call, f matched, covers func(own fhir.Node) bool) (member, int, error) {
	m := member{version: f.version, result: f.result}
	covered, err := s.coverages(ctx, c, fhir.Key{Type: "Patient", ID: f.version.ID}, nil)
	if err != nil {
		return m, 0, err
	}
	same := false
	for _, v := range covered {
		own, done, err := s.parse(v.Body)
		if err != nil {
			return m, 0, err
		}
		if covers(own) {
			same = true
		}
		if m.identifier == nil {
			m.identifier = memberNumber(own)
		}
		done()
	}
	if err := s.numberMember(&m); err != nil {
		return m, 0, err
	}
	switch {
	case same && f.result.Grade == match.Certain:
		m.algorithm = "EXACT_MATCH"
		return m, 3, nil
	case same && f.result.Grade.AtLeast(match.Probable):
		m.algorithm = "STRONG_MATCH"
		return m, 2, nil
	case f.result.Grade == match.Certain:
		m.algorithm = "DEMOGRAPHIC_MATCH"
		return m, 1, nil
	}
	return m, 0, nil
}

// sameCoverage reports whether two coverages have an identifier or the subscriber's number in common.
func sameCoverage(a, b fhir.Node) bool {
	if id := a.Field("subscriberId"); id.Text() != "" && b.Field("subscriberId").Is(id.Text()) {
		return true
	}
	for _, x := range a.Field("identifier").Elements() {
		for _, y := range b.Field("identifier").Elements() {
			if x.Field("value").Text() != "" && x.Field("value").Text() == y.Field("value").Text() && x.Field("system").Text() == y.Field("system").Text() {
				return true
			}
		}
	}
	return false
}

const memberType = `{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/v2-0203","code":"UMB"}]}`

// memberNumber is the number of the member that a coverage names.
func memberNumber(coverage fhir.Node) []byte {
	if id := coverage.Field("subscriberId").Text(); id != "" {
		return append(fhir.AppendString([]byte(`{"type":`+memberType+`,"value":`), id), '}')
	}
	return nil
}

// numberMember takes the member's number from the patient, if it has one, rather than from a coverage.
func (s *Service) numberMember(m *member) error {
	patient, done, err := s.parse(m.version.Body)
	if err != nil {
		return err
	}
	defer done()
	var any []byte
	for _, id := range patient.Field("identifier").Elements() {
		for _, coding := range id.Field("type").Field("coding").Elements() {
			if code := coding.Field("code"); code.Is("UMB") || code.Is("MB") {
				m.identifier = bytes.Clone(appendWith(nil, id, "type", []byte(memberType)))
				return nil
			}
		}
		if any == nil && id.Field("value").Text() != "" {
			any = appendWith(nil, id, "type", []byte(memberType))
		}
	}
	if m.identifier == nil {
		m.identifier = any
	}
	return nil
}

// saveConsent stores a consent as one of the member's.
func (s *Service) saveConsent(ctx context.Context, c *Call, consent fhir.Node, patient string) error {
	if fhir.Type(consent) != "Consent" {
		return fault.New(fault.Invalid, "the parameter is a Consent").WithCode("structure").At("Consent")
	}
	body := appendWith(nil, consent, "patient", append(fhir.AppendString([]byte(`{"reference":`), "Patient/"+patient), '}'))
	_, err := s.interactions.Create(ctx, c.Caller, "Consent", interaction.Input{Body: body})
	return err
}
