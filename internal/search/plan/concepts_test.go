// SPDX-License-Identifier: Apache-2.0

package plan_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"galen/internal/engine/mem"
	"galen/internal/fault"
	"galen/internal/fhir/def"
	"galen/internal/record"
	"galen/internal/search"
	"galen/internal/search/index"
	"galen/internal/search/plan"
)

// valueSets are what :in and :not-in of the made-up queries ask for, each a rule.
var valueSets = map[string]func(system, code string) bool{
	"http://vs/odd":   func(system, code string) bool { return known(system) && len(code)%2 == 1 },
	"http://vs/short": func(system, code string) bool { return known(system) && len(code) < 7 },
	"http://vs/snomed": func(system, code string) bool {
		return system == "http://snomed.info/sct" && strings.HasSuffix(code, "6")
	},
	"http://vs/listed":  func(system, code string) bool { return listed[system+"|"+code] },
	"http://vs/nothing": func(string, string) bool { return false },
}

var knownSystems = []string{"http://snomed.info/sct", "http://loinc.org", "http://hl7.org/fhir/sid/cvx", "http://hl7.org/fhir/administrative-gender",
	"http://hl7.org/fhir/observation-status", "http://terminology.hl7.org/CodeSystem/v3-ActCode", "urn:tag", "urn:a|b"}

func known(system string) bool {
	for _, s := range knownSystems {
		if s == system {
			return true
		}
	}
	return false
}

// listed are the codes of the set that is listed.
var listed = map[string]bool{"http://hl7.org/fhir/administrative-gender|male": true, "http://hl7.org/fhir/observation-status|final": true,
	"http://terminology.hl7.org/CodeSystem/v3-ActCode|AMB": true, "http://loinc.org|8302-2": true, "http://loinc.org|29463-7": true,
	"http://hl7.org/fhir/sid/cvx|140": true, "urn:tag|t1": true, "http://snomed.info/sct|44054006": true}

// concepts answers for valueSets: it is a plan.Concepts.
func concepts(_ context.Context, _ *record.View, m index.Modifier, value index.Value) (*index.Concepts, error) {
	if m == index.Above || m == index.Below {
		return &index.Concepts{Systems: []string{value.System}, Has: func(system, code string) bool { return kin(m == index.Below, system, code, value.System, value.Text) }}, nil
	}
	has, ok := valueSets[value.Text]
	if !ok {
		return nil, fault.New(fault.NotFound, "there is no such value set")
	}
	c := &index.Concepts{Systems: knownSystems, Has: has}
	switch value.Text {
	case "http://vs/nothing":
		c.Listed = true
	case "http://vs/listed":
		c.Listed = true
		for name := range listed {
			i := strings.LastIndexByte(name, '|')
			c.List = append(c.List, index.Coded{System: name[:i], Code: name[i+1:]})
		}
	}
	return c, nil
}

// kin is the hierarchy of every system here: a code is below those that it begins with.
func kin(below bool, system, code, wantSystem, want string) bool {
	if system != wantSystem {
		return false
	}
	if below {
		return strings.HasPrefix(code, want)
	}
	return strings.HasPrefix(want, code)
}

// meant is what a token means in the oracle: of a code without a system that which its element gives it.
func (c code) meant(modifier, value string) bool {
	system := c.system
	if system == "" {
		system = c.implied
	}
	switch {
	case c.code == "" || system == "":
		return false
	case modifier == "in" || modifier == "not-in":
		return valueSets[value](system, c.code)
	}
	parts := splitBy(value, '|')
	return kin(modifier == "below", system, c.code, plainText.Replace(parts[0]), plainText.Replace(parts[1]))
}

// concept draws a condition on what a token means.
func (b *bench) concept(c code) (modifier, value string) {
	system := c.system
	if system == "" {
		system = c.implied
	}
	if n := b.rand.IntN(4); n < 2 && system != "" && c.code != "" {
		code := c.code
		if n == 0 {
			code = code[:1+b.rand.IntN(len(code))]
		}
		return []string{"below", "above"}[b.rand.IntN(2)], escape(system) + "|" + escape(code)
	}
	names := []string{"http://vs/odd", "http://vs/short", "http://vs/snomed", "http://vs/listed", "http://vs/nothing"}
	return []string{"in", "not-in"}[b.rand.IntN(2)], names[b.rand.IntN(len(names))]
}

func TestConceptsThatAreNotKnown(t *testing.T) {
	b := newBench(t, mem.New(), 1)
	b.put([]byte(`{"resourceType":"Patient","id":"p","gender":"male"}`))
	without, err := plan.New(def.R4(), terms(), plan.Options{PageKey: make([]byte, 32)})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		planner     *plan.Planner
		name, value string
		want        error
		path        string
	}{
		{b.planner, "gender:in", "http://vs/none", fault.Invalid, "gender:in"},
		{b.planner, "general-practitioner:Practitioner.gender:not-in", "http://vs/none", fault.Invalid, "gender:not-in"},
		{b.planner, "_has:Observation:patient:code:in", "http://vs/none", fault.Invalid, "code:in"},
		{without, "gender:in", "http://vs/odd", fault.Unsupported, "gender:in"},
		{without, "gender:below", "http://x|y", fault.Unsupported, "gender:below"},
	} {
		q, err := search.Parse(def.R4(), "Patient", []search.Pair{{Name: c.name, Value: c.value}}, search.Options{})
		if err != nil {
			t.Fatal(c.name, err)
		}
		view, err := b.store.View(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		_, err = c.planner.Search(t.Context(), view, q)
		view.Close()
		if !errors.Is(err, c.want) || fault.All(err)[0].Path != c.path {
			t.Errorf("%s=%s: %v at %q, want %v at %q", c.name, c.value, err, fault.All(err)[0].Path, c.want, c.path)
		}
	}
}
