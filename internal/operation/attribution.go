// SPDX-License-Identifier: Apache-2.0

package operation

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"time"

	"galen/internal/authz"
	"galen/internal/compartment"
	"galen/internal/fault"
	"galen/internal/fhir"
	"galen/internal/fhir/def"
	"galen/internal/interaction"
	"galen/internal/record"
	"galen/internal/search"
)

// The extensions of an attribution list.
//
// http://hl7.org/fhir/us/davinci-atr
const (
	atr              = "http://hl7.org/fhir/us/davinci-atr/StructureDefinition/"
	attributionState = atr + "ext-attributionListStatus"
	changeType       = atr + "ext-changeType"
	attributedTo     = atr + "ext-attributedProvider"
	coveredBy        = atr + "ext-coverageReference"
)

// attributionOperation is one of the operations on an attribution list, which is a Group.
func attributionOperation(name string, changes bool, serve func(context.Context, *Service, *Call) (interaction.Reply, error), params ...Param) Operation {
	return Operation{
		Name: name, Definition: "http://hl7.org/fhir/us/davinci-atr/OperationDefinition/" + name,
		Levels: OnInstance, Types: []string{"Group"}, Changes: changes, Params: params, serve: serve,
	}
}

func memberParams() []Param {
	return []Param{{Name: "memberId", Type: "Identifier"}, {Name: "patientReference", Type: "Reference"}, {Name: "providerNpi", Type: "Identifier"},
		{Name: "providerReference", Type: "Reference"}, {Name: "coverageReference", Type: "Reference"}}
}

func memberAddOperation() Operation {
	return attributionOperation("member-add", true, serveMemberAdd, append(memberParams(), Param{Name: "attributionPeriod", Type: "Period"})...)
}

func memberRemoveOperation() Operation {
	return attributionOperation("member-remove", true, serveMemberRemove, memberParams()...)
}

func attributionStatusOperation() Operation {
	return attributionOperation("attribution-status", false, serveAttributionStatus, memberParams()[:2]...)
}

func confirmAttributionOperation() Operation {
	return attributionOperation("confirm-attribution-list", true, serveConfirmAttribution)
}

// serveMemberAdd puts a patient on the list, or back on it.
func serveMemberAdd(ctx context.Context, s *Service, c *Call) (interaction.Reply, error) {
	patient, err := s.patientOf(ctx, c)
	if err != nil {
		return interaction.Reply{}, err
	}
	provider, err := s.providerOf(ctx, c)
	if err != nil {
		return interaction.Reply{}, err
	}
	if provider == "" {
		return interaction.Reply{}, fault.New(fault.Invalid, "the parameter providerNpi or providerReference is needed").WithCode("required").At("providerReference")
	}
	entry := append([]byte(`{"extension":[{"url":"`+changeType+`","valueCode":"new"},{"url":"`+attributedTo+`","valueReference":{"reference":`), fhir.AppendString(nil, provider)...)
	entry = append(entry, `}}`...)
	if coverage := Value(c.Parameters.One("coverageReference")); coverage.Ok() {
		entry = append(append(append(entry, `,{"url":"`+coveredBy+`","valueReference":`...), coverage.Raw()...), '}')
	}
	entry = append(fhir.AppendString(append(entry, `],"entity":{"reference":`...), patient.String()), '}')
	if period := Value(c.Parameters.One("attributionPeriod")); period.Ok() {
		entry = append(append(entry, `,"period":`...), period.Raw()...)
	}
	entry = append(entry, `,"inactive":false}`...)
	_, err = s.editGroup(ctx, c, func(group fhir.Node) ([]byte, error) {
		var members [][]byte
		for _, m := range group.Field("member").Elements() {
			switch {
			case !m.Field("entity").Field("reference").Is(patient.String()):
				members = append(members, m.Raw())
			case !m.Field("inactive").Bool():
				return nil, fault.New(fault.Conflict, "the patient is a member already").WithCode("duplicate")
			}
		}
		return withMembers(group, append(members, entry)), nil
	})
	return outcome(fhir.Information, "informational", "The member was added."), err
}

// serveMemberRemove marks a member as inactive.
func serveMemberRemove(ctx context.Context, s *Service, c *Call) (interaction.Reply, error) {
	patient, err := s.patientOf(ctx, c)
	if err != nil {
		return interaction.Reply{}, err
	}
	provider, err := s.providerOf(ctx, c)
	if err != nil {
		return interaction.Reply{}, err
	}
	coverage := Value(c.Parameters.One("coverageReference")).Field("reference").Text()
	_, err = s.editGroup(ctx, c, func(group fhir.Node) ([]byte, error) {
		var members [][]byte
		removed := 0
		for _, m := range group.Field("member").Elements() {
			if m.Field("inactive").Bool() || !m.Field("entity").Field("reference").Is(patient.String()) ||
				provider != "" && referred(m, attributedTo) != provider || coverage != "" && referred(m, coveredBy) != coverage {
				members = append(members, m.Raw())
				continue
			}
			removed++
			members = append(members, dropped(m))
		}
		switch {
		case removed == 0:
			return nil, fault.New(fault.NotFound, "there is no such member")
		case removed > 1:
			return nil, fault.New(fault.Precondition, "more than one member is meant: name the provider or the coverage too").WithCode("multiple-matches")
		}
		return withMembers(group, members), nil
	})
	var a answer
	a.raw("result", "valueBoolean", []byte("true"))
	a.text("effectiveDate", "valueDate", time.Now().UTC().Format(time.DateOnly))
	a.text("status", "valueCode", "inactive")
	a.text("message", "valueString", "The member was removed.")
	return a.reply(), err
}

// referred is what an extension of a member refers to; empty if there is none.
func referred(member fhir.Node, url string) string {
	for _, e := range member.Field("extension").Elements() {
		if e.Field("url").Is(url) {
			return e.Field("valueReference").Field("reference").Text()
		}
	}
	return ""
}

// dropped is a member as an inactive one, whose type of change says that it was changed.
func dropped(member fhir.Node) []byte {
	list := []byte(`[{"url":"` + changeType + `","valueCode":"changed"}`)
	for _, e := range member.Field("extension").Elements() {
		if !e.Field("url").Is(changeType) {
			list = append(append(list, ','), e.Raw()...)
		}
	}
	var tape fhir.Tape
	if err := tape.Parse(appendWith(nil, member, "extension", append(list, ']')), fhir.Limits{}); err != nil {
		return member.Raw() // it was JSON a moment ago
	}
	return appendWith(nil, tape.Root(), "inactive", []byte("true"))
}

// serveConfirmAttribution makes the list final: inactive members are taken off it.
func serveConfirmAttribution(ctx context.Context, s *Service, c *Call) (interaction.Reply, error) {
	_, err := s.editGroup(ctx, c, func(group fhir.Node) ([]byte, error) {
		var members [][]byte
		for _, m := range group.Field("member").Elements() {
			if !m.Field("inactive").Bool() {
				members = append(members, m.Raw())
			}
		}
		var tape fhir.Tape
		if err := tape.Parse(withMembers(group, members), fhir.Limits{Size: fhir.MaxSize, Depth: fhir.MaxDepth}); err != nil {
			return nil, err
		}
		list := []byte(`[{"url":"` + attributionState + `","valueCode":"final"}`)
		for _, e := range group.Field("extension").Elements() {
			if !e.Field("url").Is(attributionState) {
				list = append(append(list, ','), e.Raw()...)
			}
		}
		return appendWith(nil, tape.Root(), "extension", append(list, ']')), nil
	})
	var a answer
	a.text("message", "valueString", "Accepted.")
	reply := a.reply()
	reply.Status = 201
	return reply, err
}

// serveAttributionStatus gives what the list says of a member: the patient, the coverage and the provider.
func serveAttributionStatus(ctx context.Context, s *Service, c *Call) (interaction.Reply, error) {
	patient, err := s.patientOf(ctx, c)
	if err != nil {
		return interaction.Reply{}, err
	}
	group, done, err := s.readResource(ctx, c)
	if err != nil {
		return interaction.Reply{}, err
	}
	defer done()
	references := []string{patient.String()}
	member := false
	for _, m := range group.Field("member").Elements() {
		if m.Field("entity").Field("reference").Is(patient.String()) && !m.Field("inactive").Bool() {
			member = true
			references = append(references, referred(m, attributedTo), referred(m, coveredBy))
		}
	}
	if !member {
		return interaction.Reply{}, fault.New(fault.NotFound, "the patient is not a member of the list")
	}
	page := interaction.Page{Kind: "collection", Total: -1}
	there := map[string]bool{}
	for _, ref := range references {
		key, ok := fhir.ParseKey(ref)
		if !ok || there[ref] {
			continue
		}
		there[ref] = true
		v, err := s.interactions.Read(ctx, c.Caller, key)
		if errors.Is(err, fault.NotFound) || errors.Is(err, fault.Gone) {
			continue
		}
		if err != nil {
			return interaction.Reply{}, err
		}
		page.Matches = append(page.Matches, v)
	}
	if page.Included, err = s.coverages(ctx, c, patient, there); err != nil {
		return interaction.Reply{}, err
	}
	body, err := s.interactions.Pack(c.Caller, page)
	return interaction.Reply{Body: body}, err
}

// coverages reads the coverages of a patient but for those that are there already.
func (s *Service) coverages(ctx context.Context, c *Call, patient fhir.Key, there map[string]bool) ([]record.Version, error) {
	found, err := s.findAll(ctx, c, "Coverage", search.Pair{Name: "beneficiary", Value: patient.String()})
	var left []record.Version
	for _, v := range found {
		if !there["Coverage/"+v.ID] {
			left = append(left, v)
		}
	}
	return left, err
}

// withMembers is a group with other members.
func withMembers(group fhir.Node, members [][]byte) []byte {
	if len(members) == 0 {
		return appendWith(nil, group, "member", nil)
	}
	list := []byte{'['}
	for i, m := range members {
		if i > 0 {
			list = append(list, ',')
		}
		list = append(list, m...)
	}
	return appendWith(nil, group, "member", append(list, ']'))
}

// editGroup makes a new version of the list that a call is about. It fails with fault.Unprocessable for one that is final.
func (s *Service) editGroup(ctx context.Context, c *Call, edit func(fhir.Node) ([]byte, error)) (interaction.Version, error) {
	for range maxMetaTries {
		v, err := s.interactions.Read(ctx, c.Caller, c.Key)
		if err != nil {
			return v, err
		}
		group, done, err := s.parse(v.Body)
		if err != nil {
			return v, err
		}
		for _, e := range group.Field("extension").Elements() {
			if e.Field("url").Is(attributionState) && e.Field("valueCode").Is("final") {
				done()
				return v, fault.New(fault.Unprocessable, "the list is final").WithCode("business-rule")
			}
		}
		body, err := edit(group)
		done()
		if err != nil {
			return v, err
		}
		w, err := s.interactions.Update(ctx, c.Caller, c.Key, interaction.Match{Version: strconv.FormatUint(uint64(v.VersionID), 10)}, interaction.Input{Body: body})
		if !errors.Is(err, fault.Precondition) {
			return w.Version, err
		}
	}
	return interaction.Version{}, fault.New(fault.Conflict, "others keep changing the group: try again")
}

// patientOf finds the patient that memberId or patientReference names.
func (s *Service) patientOf(ctx context.Context, c *Call) (fhir.Key, error) {
	if ref := Value(c.Parameters.One("patientReference")); ref.Ok() {
		r := fhir.ParseReference(strings.TrimPrefix(ref.Field("reference").Text(), c.Caller.Base+"/"))
		if r.Kind != fhir.Relative || r.Key.Type != "Patient" {
			return fhir.Key{}, fault.New(fault.Invalid, "the parameter is a reference to a patient here").WithCode("value").At("patientReference")
		}
		key := fhir.Key{Type: "Patient", ID: strings.Clone(r.Key.ID)}
		_, err := s.interactions.Read(ctx, c.Caller, key)
		return key, err
	}
	id := Value(c.Parameters.One("memberId"))
	if !id.Ok() {
		return fhir.Key{}, fault.New(fault.Invalid, "the parameter memberId or patientReference is needed").WithCode("required").At("memberId")
	}
	found, err := s.byIdentifier(ctx, c, "Patient", id)
	switch {
	case err != nil:
		return fhir.Key{}, err
	case len(found) == 0:
		return fhir.Key{}, fault.New(fault.NotFound, "there is no patient with this member id").At("memberId")
	case len(found) > 1:
		return fhir.Key{}, fault.New(fault.Precondition, "more than one patient has this member id").WithCode("multiple-matches").At("memberId")
	}
	return fhir.Key{Type: "Patient", ID: found[0].ID}, nil
}

// providerOf finds the provider that providerNpi or providerReference names; empty if none is named.
func (s *Service) providerOf(ctx context.Context, c *Call) (string, error) {
	if ref := Value(c.Parameters.One("providerReference")); ref.Ok() {
		key, ok := fhir.ParseKey(strings.TrimPrefix(ref.Field("reference").Text(), c.Caller.Base+"/"))
		if !ok {
			return "", fault.New(fault.Invalid, "the parameter is a reference to a provider here").WithCode("value").At("providerReference")
		}
		_, err := s.interactions.Read(ctx, c.Caller, key)
		return strings.Clone(key.Type) + "/" + strings.Clone(key.ID), err
	}
	npi := Value(c.Parameters.One("providerNpi"))
	if !npi.Ok() {
		return "", nil
	}
	for _, typ := range []string{"Practitioner", "PractitionerRole", "Organization"} {
		found, err := s.byIdentifier(ctx, c, typ, npi)
		if err != nil {
			return "", err
		}
		if len(found) == 1 {
			return typ + "/" + found[0].ID, nil
		}
	}
	return "", fault.New(fault.NotFound, "there is no provider with this NPI").At("providerNpi")
}

// byIdentifier finds resources by an Identifier.
func (s *Service) byIdentifier(ctx context.Context, c *Call, typ string, id fhir.Node) ([]record.Version, error) {
	system, value := id.Field("system").Text(), id.Field("value").Text()
	if value == "" {
		return nil, fault.New(fault.Invalid, "the identifier has no value").WithCode("required")
	}
	query := escape(value)
	if system != "" {
		query = escape(system) + "|" + query
	}
	return s.findAll(ctx, c, typ, search.Pair{Name: "identifier", Value: query})
}

// maxFound bounds what findAll finds.
const maxFound = 1000

// findAll gives all current resources of a type that a search finds. It fails with fault.TooCostly for more than a thousand.
func (s *Service) findAll(ctx context.Context, c *Call, typ string, pairs ...search.Pair) ([]record.Version, error) {
	st, err := s.interactions.Open(ctx, c.Caller, authz.Search, fhir.Key{Type: typ})
	if err != nil {
		return nil, err
	}
	view, err := c.Caller.View(ctx, st)
	if err != nil {
		return nil, err
	}
	defer view.Close()
	return s.findIn(ctx, view, typ, pairs...)
}

// findIn does so at the position of a view.
func (s *Service) findIn(ctx context.Context, view *record.View, typ string, pairs ...search.Pair) ([]record.Version, error) {
	docs, err := numbers(ctx, s.interactions.Planner(), view, typ, pairs...)
	if err != nil {
		return nil, err
	}
	if docs.Len() > maxFound {
		return nil, fault.New(fault.TooCostly, "more than %d resources are found", maxFound)
	}
	var all []record.Version
	for versions, err := range compartment.Bodies(ctx, view, compartment.Set{typeOf(typ): docs}) {
		if err != nil {
			return nil, err
		}
		all = append(all, versions...)
	}
	return all, nil
}

func typeOf(name string) uint16 { return uint16(def.R4().Type(name).ID) }
