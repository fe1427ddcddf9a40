// SPDX-License-Identifier: Apache-2.0

package operation

import (
	"bytes"
	"context"
	"errors"
	"strconv"
	"strings"

	"galen/internal/fault"
	"galen/internal/fhir"
	"galen/internal/interaction"
)

// matchBatch is one $bulk-member-match being done.
type matchBatch struct {
	*Service
	call     *Call
	job      string
	progress matchProgress
	groups   [3]matchGroup
	consents [][]byte // of the members matched, as they are stored
	errors   []byte   // a JSON object for each member that was refused, with commas
}

// The groups that members come into.
const (
	isMatched = iota
	isNotMatched
	isConstrained
)

// matchGroup is a Group of the answer.
type matchGroup struct {
	parameter, code, display string
	contained, members       [][]byte
}

func newMatchBatch(s *Service, c *Call, job string) *matchBatch {
	return &matchBatch{Service: s, call: c, job: job, groups: [3]matchGroup{
		{parameter: "MatchedMembers", code: "match", display: "Matched"},
		{parameter: "NonMatchedMembers", code: "nomatch", display: "Not Matched"},
		{parameter: "ConsentConstrainedMembers", code: "consentconstraint", display: "Consent Constraint"},
	}}
}

// add looks for one member and puts it into a group, or notes why it cannot. It fails only if ctx ends.
func (b *matchBatch) add(ctx context.Context, index int, parts Parameters) error {
	err := b.match(ctx, parts)
	b.progress.Done++
	switch kind := fault.KindOf(err); {
	case ctx.Err() != nil:
		return ctx.Err()
	case err == nil:
		return nil
	case kind == fault.Internal || kind == fault.Unavailable:
		b.progress.Failed++
		b.refuse(index, 500, err)
	default:
		b.progress.Refused++
		b.refuse(index, 400, err)
	}
	return nil
}

func (b *matchBatch) refuse(index, status int, err error) {
	if len(b.errors) > 0 {
		b.errors = append(b.errors, ',')
	}
	b.errors = strconv.AppendInt(append(b.errors, `{"memberIndex":`...), int64(index), 10)
	outcome := fhir.AppendErrorOutcome(nil, err)
	b.errors = append(append(b.errors, `,"jsonBlob":`...), outcome[:len(outcome)-1]...)
	b.errors = append(strconv.AppendInt(append(b.errors, `,"statusCode":`...), int64(status), 10), "}}"...)
}

func (b *matchBatch) match(ctx context.Context, parts Parameters) error {
	m, err := readMember(parts)
	if err != nil {
		return err
	}
	if err := b.valid(ctx, "MemberPatient", m.patient); err != nil { // it is stored within the group
		return err
	}
	if err := b.valid(ctx, "Consent", m.consent); err != nil {
		return err
	}
	found, err := b.memberMatch(ctx, b.call, parts, activeCoverage)
	switch {
	case errors.Is(err, fault.Unprocessable) || err == nil && found.algorithm == "DEMOGRAPHIC_MATCH": // no coverage says so
		b.groups[isNotMatched].add(m.patient, "")
	case err != nil:
		return err
	case !holds(m.consent, b.opt.Now()):
		b.groups[isConstrained].add(m.patient, "Patient/"+found.version.ID)
	default:
		consent, err := b.consentOf(m.consent, "Patient/"+found.version.ID)
		if err != nil {
			return err
		}
		b.consents = append(b.consents, consent)
		b.groups[isMatched].add(m.patient, "Patient/"+found.version.ID)
	}
	return nil
}

// valid refuses a resource that could not be stored.
func (b *matchBatch) valid(ctx context.Context, name string, resource fhir.Node) error {
	issues, err := b.interactions.Validate(ctx, b.call.Caller, interaction.Validation{Key: fhir.Key{Type: fhir.Type(resource)}, Resource: resource})
	if err != nil {
		return err
	}
	for _, i := range issues {
		if i.Severity != fhir.Warning && i.Severity != fhir.Information {
			return fault.New(fault.Invalid, "%s: %s", name, i.Diagnostics).WithCode(i.Code).At(i.Expression)
		}
	}
	if conditional(resource) {
		return fault.New(fault.Invalid, "%s refers to something by a search", name).WithCode("not-supported").At(name)
	}
	return nil
}

// conditional reports whether a resource has a reference that is a search.
func conditional(n fhir.Node) bool {
	for name, child := range n.Members() {
		if name == "reference" && strings.Contains(child.Text(), "?") && !strings.Contains(child.Text(), ":") {
			return true
		}
		if conditional(child) {
			return true
		}
	}
	for _, child := range n.Elements() {
		if conditional(child) {
			return true
		}
	}
	return false
}

// consentOf is a consent as one of the member's: where it names the patient as the other payer does it names the patient here.
func (b *matchBatch) consentOf(consent fhir.Node, patient string) ([]byte, error) {
	theirs := consent.Field("patient").Field("reference").Text()
	own := append(fhir.AppendString([]byte(`{"reference":`), patient), '}')
	performers := []byte{'['}
	for i, p := range consent.Field("performer").Elements() {
		if i > 0 {
			performers = append(performers, ',')
		}
		if theirs != "" && p.Field("reference").Is(theirs) {
			performers = append(performers, own...)
		} else {
			performers = append(performers, p.Raw()...)
		}
	}
	return edited(consent, map[string][]byte{"id": nil, "meta": nil, "patient": own, "performer": append(performers, ']')})
}

// edited is a resource with some members set; nil leaves the member out.
func edited(resource fhir.Node, set map[string][]byte) ([]byte, error) {
	body := bytes.Clone(resource.Raw())
	for name, value := range set {
		var tape fhir.Tape
		if err := tape.Parse(body, fhir.Limits{Size: fhir.MaxSize, Depth: fhir.MaxDepth}); err != nil {
			return nil, err
		}
		body = appendWith(nil, tape.Root(), name, value)
	}
	return body, nil
}

const matchParameters = "http://hl7.org/fhir/us/davinci-pdex/StructureDefinition/base-ext-match-parameters"

// add puts a member into the group: the patient here, if there is one, else the patient as the other payer has it, which is contained.
func (g *matchGroup) add(patient fhir.Node, reference string) {
	local := strconv.Itoa(len(g.contained) + 1)
	if reference == "" {
		reference = "#" + local
	}
	given, err := edited(patient, map[string][]byte{"id": fhir.AppendString(nil, local), "meta": nil})
	if err != nil {
		return // it was read a moment ago
	}
	g.contained = append(g.contained, given)
	member := append(fhir.AppendString([]byte(`{"entity":{"extension":[{"url":"`+matchParameters+`","valueReference":{"reference":`), "#"+local), `}}],"reference":`...)
	g.members = append(g.members, append(fhir.AppendString(member, reference), "}}"...))
}

// resource is the Group.
func (g *matchGroup) resource(id string) []byte {
	b := fhir.AppendString([]byte(`{"resourceType":"Group","id":`), id)
	b = append(append(append(b, `,"contained":[`...), bytes.Join(g.contained, []byte{','})...), `],"type":"person","actual":true,"code":{"coding":[`...)
	b = append(b, `{"system":"http://hl7.org/fhir/us/davinci-pdex/CodeSystem/PdexMultiMemberMatchResultCS","code":"`+g.code+`","display":"`+g.display+`"}]},"quantity":`...)
	b = append(strconv.AppendInt(b, int64(len(g.members)), 10), `,"member":[`...)
	return append(append(b, bytes.Join(g.members, []byte{','})...), "]}"...)
}

// store stores the group of the members matched, under the id of the job, and their consents: all or nothing, and once.
func (b *matchBatch) store(ctx context.Context) error {
	if len(b.groups[isMatched].members) == 0 {
		return nil
	}
	t := append([]byte(`{"resourceType":"Bundle","type":"transaction","entry":[{"resource":`), b.groups[isMatched].resource(b.job)...)
	t = append(t, `,"request":{"method":"PUT","url":"Group/`+b.job+`"}}`...)
	for _, consent := range b.consents {
		t = append(append(append(t, `,{"resource":`...), consent...), `,"request":{"method":"POST","url":"Consent"}}`...)
	}
	_, err := b.interactions.Bundle(ctx, b.call.Caller, append(t, "]}"...), interaction.Bundling{Receipt: b.job})
	return err
}

// answer is what the job found: the members of its status.
func (b *matchBatch) answer() []byte {
	a := strconv.AppendInt([]byte(`{"numberOfMembersProcessedSuccessfully":`), int64(b.progress.Done-b.progress.Refused-b.progress.Failed), 10)
	a = strconv.AppendInt(append(a, `,"numberOfMembersWithCustomerError":`...), int64(b.progress.Refused), 10)
	a = strconv.AppendInt(append(a, `,"numberOfMembersWithServerError":`...), int64(b.progress.Failed), 10)
	a = append(a, `,"output":{"resourceType":"Parameters","meta":{"profile":["http://hl7.org/fhir/us/davinci-pdex/StructureDefinition/pdex-parameters-multi-member-match-bundle-out"]}`...)
	first := true
	for i := range b.groups {
		g := &b.groups[i]
		if len(g.members) == 0 {
			continue
		}
		if first {
			a = append(a, `,"parameter":[`...)
		} else {
			a = append(a, ',')
		}
		first = false
		id := b.job
		if i != isMatched {
			id += "-" + g.code
		}
		a = append(append(append(a, `{"name":"`+g.parameter+`","resource":`...), g.resource(id)...), '}')
	}
	if !first {
		a = append(a, ']')
	}
	a = append(a, '}')
	if len(b.errors) > 0 {
		a = append(append(append(a, `,"errors":[`...), b.errors...), ']')
	}
	return append(a, '}')
}
