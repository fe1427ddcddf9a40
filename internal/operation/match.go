// SPDX-License-Identifier: Apache-2.0

package operation

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"strings"

	"galen/internal/authz"
	"galen/internal/docset"
	"galen/internal/fault"
	"galen/internal/fhir"
	"galen/internal/fhir/def"
	"galen/internal/fhir/match"
	"galen/internal/interaction"
	"galen/internal/record"
	"galen/internal/search"
)

// Bounds of $match.
const (
	matchCount      = 10     // matches given if the caller names no count
	maxMatches      = 100    // and at most
	maxCandidates   = 20_000 // patients that are compared
	maxMatchClauses = 50     // searches for candidates
)

// matchOperation finds the patients who may be the one given.
//
// http://hl7.org/fhir/R4/patient-operation-match.html
func matchOperation() Operation {
	return Operation{
		Name: "match", Definition: "http://hl7.org/fhir/OperationDefinition/Patient-match",
		Levels: OnType, Types: []string{"Patient"}, Bare: "resource",
		Params: []Param{{Name: "resource", Type: "Resource", Min: 1}, {Name: "onlyCertainMatches", Type: "boolean"}, {Name: "count", Type: "integer"}},
		serve:  serveMatch,
	}
}

// matched is a patient that was compared.
type matched struct {
	version record.Version
	result  match.Result
}

func serveMatch(ctx context.Context, s *Service, c *Call) (interaction.Reply, error) {
	patient := Value(c.Parameters.One("resource"))
	if fhir.Type(patient) != "Patient" {
		return interaction.Reply{}, fault.New(fault.Invalid, "the resource to be matched is a Patient").WithCode("structure").At("resource")
	}
	count := matchCount
	if text := c.Parameters.Text("count"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 {
			return interaction.Reply{}, fault.New(fault.Invalid, "count is a number from 1 on").WithCode("value").At("count")
		}
		count = min(n, maxMatches)
	}
	st, err := s.interactions.Open(ctx, c.Caller, authz.Search, fhir.Key{Type: "Patient"})
	if err != nil {
		return interaction.Reply{}, err
	}
	view, err := c.Caller.View(ctx, st)
	if err != nil {
		return interaction.Reply{}, err
	}
	defer view.Close()
	found, cut, err := s.matches(ctx, view, patient)
	if err != nil {
		return interaction.Reply{}, err
	}
	worst := match.Possible
	if c.Parameters.Text("onlyCertainMatches") == "true" {
		worst = match.Certain
	}
	found = slices.DeleteFunc(found, func(m matched) bool { return !m.result.Grade.AtLeast(worst) })
	if worst == match.Certain && len(found) > 1 {
		found = nil // which of them it is is not certain
	}
	return interaction.Reply{Body: appendMatches(c, view, found[:min(count, len(found))], cut)}, nil
}

// matches compares a patient with those that have something in common with it, and gives them best first. cut says that there were
// more than are compared.
func (s *Service) matches(ctx context.Context, view *record.View, patient fhir.Node) (found []matched, cut bool, err error) {
	var candidates docset.Set
	for _, pairs := range matchClauses(patient) {
		docs, err := numbers(ctx, s.interactions.Planner(), view, "Patient", pairs...)
		if err != nil {
			return nil, false, err
		}
		candidates.Or(docs)
	}
	left := maxCandidates
	for numbers := range some(candidates, 256) {
		if numbers = numbers[:min(len(numbers), left)]; len(numbers) == 0 {
			cut = true
			break
		}
		left -= len(numbers)
		versions, err := view.Bodies(ctx, uint16(def.R4().Type("Patient").ID), numbers...)
		if err != nil {
			return nil, false, err
		}
		for _, v := range versions {
			resource, done, err := s.parse(v.Body)
			if err != nil {
				return nil, false, err
			}
			m := matched{v, match.Patients(patient, resource)}
			done()
			if m.result.Grade == match.Not {
				continue
			}
			found = append(found, m)
		}
		found = bestMatches(found)
	}
	return found, cut, nil
}

// bestMatches orders matches, best first, and keeps as many as may be asked for.
func bestMatches(found []matched) []matched {
	slices.SortFunc(found, func(a, b matched) int {
		return cmp.Or(-cmp.Compare(a.result.Score, b.result.Score), cmp.Compare(a.version.Number, b.version.Number))
	})
	return found[:min(len(found), maxMatches)]
}

// matchClauses are the searches that find who may be the same: by each identifier, phone and email, and by two of family name, given name
// and birth date.
func matchClauses(p fhir.Node) (clauses [][]search.Pair) {
	add := func(pairs ...search.Pair) {
		if len(clauses) < maxMatchClauses {
			clauses = append(clauses, pairs)
		}
	}
	for _, id := range p.Field("identifier").Elements() {
		if system, value := id.Field("system").Text(), id.Field("value").Text(); system != "" && value != "" {
			add(search.Pair{Name: "identifier", Value: escape(system) + "|" + escape(value)})
		}
	}
	var born []search.Pair
	if birth := p.Field("birthDate").Text(); birth != "" {
		if _, ok := fhir.ParseSearchDate(birth); ok {
			born = []search.Pair{{Name: "birthdate", Value: strings.Clone(birth)}}
		}
	}
	for _, name := range p.Field("name").Elements() {
		family := name.Field("family").Text()
		if family != "" && born != nil {
			add(search.Pair{Name: "family", Value: escape(family)}, born[0])
		}
		for _, given := range name.Field("given").Elements() {
			if given.Text() == "" {
				continue
			}
			if born != nil {
				add(search.Pair{Name: "given", Value: escape(given.Text())}, born[0])
			}
			if family != "" {
				add(search.Pair{Name: "family", Value: escape(family)}, search.Pair{Name: "given", Value: escape(given.Text())})
			}
		}
	}
	for _, t := range p.Field("telecom").Elements() {
		system, value := t.Field("system").Text(), t.Field("value").Text()
		if (system == "phone" || system == "email") && value != "" {
			add(search.Pair{Name: system, Value: escape(value)})
		}
	}
	return clauses
}

// escape is text as a search value.
func escape(s string) string {
	return strings.NewReplacer(`\`, `\\`, `,`, `\,`, `|`, `\|`, `$`, `\$`).Replace(s)
}

// appendMatches makes the Bundle of the matches.
func appendMatches(c *Call, view *record.View, found []matched, cut bool) []byte {
	b := append([]byte(`{"resourceType":"Bundle","type":"searchset","timestamp":"`), fhir.AppendInstant(nil, view.Time())...)
	b = append(b, `","total":`...)
	b = strconv.AppendInt(b, int64(len(found)), 10)
	for i, m := range found {
		if i == 0 {
			b = append(b, `,"entry":[`...)
		} else {
			b = append(b, ',')
		}
		b = fhir.AppendString(append(b, `{"fullUrl":`...), c.Caller.Base+"/Patient/"+m.version.ID)
		b = append(append(b, `,"resource":`...), m.version.Body...)
		b = append(b, `,"search":{"extension":[{"url":"http://hl7.org/fhir/StructureDefinition/match-grade","valueCode":"`...)
		b = append(append(b, m.result.Grade...), `"}],"mode":"match","score":`...)
		b = append(strconv.AppendFloat(b, m.result.Score, 'f', 4, 64), `}}`...)
	}
	if cut {
		if len(found) == 0 {
			b = append(b, `,"entry":[`...)
		} else {
			b = append(b, ',')
		}
		b = append(b, `{"resource":`...)
		b = fhir.AppendOutcome(b, fhir.Issue{Severity: fhir.Warning, Code: "incomplete", Diagnostics: "More patients have something in common with this one than are compared: say more of it."})
		b = append(b, `,"search":{"mode":"outcome"}}`...)
	}
	if cut || len(found) > 0 {
		b = append(b, ']')
	}
	return append(b, '}')
}
