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
	"galen/internal/interaction"
	"galen/internal/record"
	"galen/internal/search"
)

// Bounds of what the operations on observations look at and give.
const (
	maxObservations = 50_000
	maxLast         = 5000
)

// lastnOperation gives the newest observations of each code.
//
// http://hl7.org/fhir/R4/observation-operation-lastn.html
func lastnOperation() Operation {
	return Operation{
		Name: "lastn", Definition: "http://hl7.org/fhir/OperationDefinition/Observation-lastn",
		Levels: OnType, Types: []string{"Observation"}, Searches: true,
		Params: []Param{{Name: "max", Type: "positiveInt"}},
		serve:  serveLastn,
	}
}

// observed is what is remembered of an observation.
type observed struct {
	number uint32
	at     int64 // microseconds since 1970
	group  int
}

func serveLastn(ctx context.Context, s *Service, c *Call) (interaction.Reply, error) {
	most := 1
	if text := c.Parameters.Text("max"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 {
			return interaction.Reply{}, fault.New(fault.Invalid, "max is a number from 1 on").WithCode("value").At("max")
		}
		most = n
	}
	var pairs []search.Pair
	named := false
	for _, n := range c.Parameters.entries().Elements() {
		name := strings.Clone(n.Field("name").Text())
		if name == "max" {
			continue
		}
		base, _, _ := strings.Cut(name, ":")
		base, _, _ = strings.Cut(base, ".")
		named = named || base == "patient" || base == "subject"
		pairs = append(pairs, search.Pair{Name: name, Value: text(Value(n))})
	}
	if !named {
		return interaction.Reply{}, fault.New(fault.Invalid, "$lastn needs the parameter patient or subject").WithCode("required").At("patient")
	}
	st, err := s.interactions.Open(ctx, c.Caller, authz.Search, c.Key)
	if err != nil {
		return interaction.Reply{}, err
	}
	view, err := c.Caller.View(ctx, st)
	if err != nil {
		return interaction.Reply{}, err
	}
	defer view.Close()
	found, err := numbers(ctx, s.interactions.Planner(), view, "Observation", pairs...)
	if err != nil {
		return interaction.Reply{}, err
	}
	last, err := s.lastOf(ctx, view, found, most)
	if err != nil {
		return interaction.Reply{}, err
	}
	page := interaction.Page{Kind: "searchset", At: view.Time(), Total: len(last)}
	var all whole
	if err := all.read(ctx, view, observationType(), last); err != nil {
		return interaction.Reply{}, err
	}
	page.Matches = all.versions
	body, err := s.interactions.Pack(c.Caller, page)
	return interaction.Reply{Body: body}, err
}

func observationType() uint16 { return uint16(def.R4().Type("Observation").ID) }

// lastOf gives the newest of each group, newest first within it: so many, and those that are as old as the last of them.
func (s *Service) lastOf(ctx context.Context, view *record.View, found docset.Set, most int) ([]uint32, error) {
	var all []observed
	groups := codeGroups{of: map[string]int{}}
	err := s.eachObservation(ctx, view, found, func(number uint32, o fhir.Node) {
		all = append(all, observed{number, observedAt(o), groups.add(o.Field("code"))})
	})
	if err != nil {
		return nil, err
	}
	for i := range all {
		all[i].group = groups.root(all[i].group)
	}
	slices.SortFunc(all, func(a, b observed) int {
		return cmp.Or(cmp.Compare(a.group, b.group), -cmp.Compare(a.at, b.at), -cmp.Compare(a.number, b.number))
	})
	var last []uint32
	group, given, oldest := -1, 0, int64(0)
	for _, o := range all {
		if o.group != group {
			group, given = o.group, 0
		}
		if given >= most && o.at != oldest {
			continue
		}
		given, oldest = given+1, o.at
		if last = append(last, o.number); len(last) > maxLast {
			return nil, fault.New(fault.TooCostly, "there are more than %d: narrow the search", maxLast)
		}
	}
	return last, nil
}

// eachObservation calls do with each observation of a set.
func (s *Service) eachObservation(ctx context.Context, view *record.View, found docset.Set, do func(uint32, fhir.Node)) error {
	if found.Len() > maxObservations {
		return fault.New(fault.TooCostly, "more than %d observations would have to be looked at: narrow the search", maxObservations)
	}
	for some := range some(found, 256) {
		for versions, err := range view.Batches(ctx, observationType(), some) {
			if err != nil {
				return err
			}
			for i := range versions {
				resource, done, err := s.parse(versions[i].Body)
				if err != nil {
					return err
				}
				do(versions[i].Number, resource)
				done()
			}
		}
	}
	return nil
}

// observedAt is when an observation was true, at the latest, in microseconds since 1970; the smallest number if it does not say.
func observedAt(o fhir.Node) int64 {
	period := o.Field("effectivePeriod")
	for _, n := range []fhir.Node{o.Field("effectiveDateTime"), o.Field("effectiveInstant"), period.Field("end"), period.Field("start"), o.Field("issued")} {
		if d, ok := fhir.ParseDateTime(n.Text()); ok {
			low, _ := d.Bounds(0)
			return low
		}
	}
	return -1 << 62
}

// codeGroups brings together codes that mean the same: those that stand in one CodeableConcept, also through others.
type codeGroups struct {
	of     map[string]int // group of a coding, or of a text where there is no coding
	parent []int
}

// add gives the group of a concept, which brings the groups of its codings together.
func (g *codeGroups) add(concept fhir.Node) int {
	group := -1
	join := func(key string) {
		other, ok := g.of[key]
		if !ok {
			other = len(g.parent)
			g.parent = append(g.parent, other)
			g.of[key] = other
		}
		if group < 0 {
			group = g.root(other)
		}
		g.parent[g.root(other)] = group
	}
	for _, coding := range concept.Field("coding").Elements() {
		if code := coding.Field("code").Text(); code != "" {
			join(coding.Field("system").Text() + "|" + code)
		}
	}
	if group < 0 {
		join("text " + concept.Field("text").Text())
	}
	return group
}

func (g *codeGroups) root(n int) int {
	for g.parent[n] != n {
		g.parent[n] = g.parent[g.parent[n]]
		n = g.parent[n]
	}
	return n
}
