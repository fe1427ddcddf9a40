// SPDX-License-Identifier: Apache-2.0

package module

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"
)

// compileState compiles one state with its transition.
func (c *compiler) compileState(name string, r *rawState) (State, error) {
	s, err := c.body(name, r, 0)
	if err != nil {
		return s, err
	}
	if s.Next, err = c.transition(r); err != nil {
		return s, err
	}
	if s.Type != Terminal && s.Next.Table == nil && len(s.Next.Branches) == 0 {
		return s, fmt.Errorf("it has no transition and is not of type Terminal")
	}
	return s, nil
}

// body compiles all but the transition; observations within observations are at a depth.
func (c *compiler) body(name string, r *rawState, depth int) (State, error) {
	if r.Type == "" && depth > 0 {
		r.Type = "Observation"
	}
	t, ok := types[r.Type]
	if !ok {
		return State{}, fmt.Errorf("state type %q is not known", r.Type)
	}
	if depth > maxDepth {
		return State{}, fmt.Errorf("observations are nested deeper than %d", maxDepth)
	}
	if r.Expression != "" {
		return State{}, fmt.Errorf("expressions are not supported")
	}
	s := State{
		Name: name, Type: t, Codes: r.Codes, Unit: r.Unit, Vital: r.VitalSign, Class: r.Class, Wellness: r.Wellness,
		Category: r.Category, AllergyOf: r.AllergyType, Count: r.Count, Chronic: r.Chronic, Administration: r.Administered,
		Activities: r.Activities, Maker: r.Manufacturer, Model: r.Model, Probability: 1, Refers: None,
	}
	for _, one := range []*Code{r.Code, r.ProcedureCode} {
		if one != nil {
			s.Codes = append(s.Codes, *one)
		}
	}
	if r.Disposal != nil {
		s.Disposal = *r.Disposal
	}
	if r.Probability != nil {
		s.Probability = *r.Probability
	}
	if err := c.resolve(&s, r); err != nil {
		return s, err
	}
	if err := c.values(&s, r); err != nil {
		return s, err
	}
	if err := details(&s, r); err != nil {
		return s, err
	}
	for i := range r.Observations {
		part, err := c.body(fmt.Sprintf("%s[%d]", name, i), &r.Observations[i], depth+1)
		if err != nil {
			return s, err
		}
		s.Parts = append(s.Parts, part)
	}
	return s, complete(&s)
}

// resolve resolves the attributes and states that a state names.
func (c *compiler) resolve(s *State, r *rawState) (err error) {
	s.Attribute = c.attribute(firstOf(r.AssignTo, r.ReferencedBy, r.Attribute))
	switch s.Type {
	case Symptom:
		s.Attribute = c.attribute("symptom " + r.Symptom)
	case VitalSign:
		s.Attribute = c.attribute("vital " + r.VitalSign)
	}
	if other := firstOf(r.Target, r.ConditionOn, r.AllergyOn, r.MedicationOn, r.CarePlanOn, r.DeviceOn); other != "" {
		if s.Refers, err = c.state(other); err != nil {
			return err
		}
	}
	s.ReasonAttr, s.ReasonFrom = None, None
	if r.Reason != "" {
		if n, ok := c.numbers[r.Reason]; ok {
			s.ReasonFrom = n
		} else {
			s.ReasonAttr = c.attribute(r.Reason)
		}
	}
	if s.Type == CallSubmodule {
		if slices.Contains(c.callers, r.Submodule) {
			return fmt.Errorf("submodule %q calls itself", r.Submodule)
		}
		s.Submodule, err = c.loader.module(r.Submodule, c.callers)
	}
	return err
}

// values reads the amount or value of a state.
func (c *compiler) values(s *State, r *rawState) (err error) {
	timed := s.Type == Delay || s.Type == Death || s.Type == Procedure
	if r.Allow != nil {
		if s.Allow, err = c.condition(r.Allow, 0); err != nil {
			return err
		}
	}
	rng := r.Range
	if rng == nil && r.Duration != nil {
		rng = r.Duration
	}
	if s.Amount, err = amount(r.Exact, rng, r.Distribution); err != nil {
		return err
	}
	if timed && s.Amount.Kind != NoAmount {
		unit := r.Unit
		if r.Exact != nil {
			unit = r.Exact.Unit
		} else if rng != nil {
			unit = rng.Unit
		}
		if s.Amount.Seconds, err = seconds(unit); err != nil {
			return err
		}
	}
	if s.Unit == "" && rng != nil {
		s.Unit = rng.Unit
	}
	if s.Type == Observation && s.Amount.Kind == NoAmount && r.Attribute != "" {
		s.Amount = Amount{Kind: Attribute, Attr: c.attribute(r.Attribute)}
	}
	if r.ValueAttr != "" {
		s.Amount = Amount{Kind: Attribute, Attr: c.attribute(r.ValueAttr)}
	}
	if s.Type == Counter {
		s.Amount = Amount{Kind: Exact, A: 1}
		if r.Step != nil {
			s.Amount.A = *r.Step
		}
		if r.Action == "decrement" {
			s.Amount.A = -s.Amount.A
		}
	}
	return valueOf(s, r)
}

// valueOf reads the value of SetAttribute and value codes.
func valueOf(s *State, r *rawState) error {
	if r.ValueCode != nil {
		s.Value = Value{Kind: CodeValue, Code: *r.ValueCode}
		return nil
	}
	if s.Type != SetAttribute || s.Amount.Kind != NoAmount {
		return nil
	}
	var v any
	if len(r.Value) > 0 {
		if err := json.Unmarshal(r.Value, &v); err != nil {
			return err
		}
	}
	switch v := v.(type) {
	case nil:
		s.Value.Kind = NilValue
	case float64:
		s.Amount = Amount{Kind: Exact, A: v}
	case string:
		s.Value = Value{Kind: TextValue, Text: v}
	case bool:
		s.Value = Value{Kind: BoolValue, Bool: v}
	default:
		return fmt.Errorf("the value of an attribute is a number, a text, or true or false")
	}
	return nil
}

// details reads what only some types have.
func details(s *State, r *rawState) error {
	for _, x := range r.Reactions {
		one := Reaction{Code: x.Reaction}
		for _, v := range x.Severities {
			one.Severities = append(one.Severities, Chance{Name: strings.ToLower(v.Level), P: v.Value})
		}
		s.Reactions = append(s.Reactions, one)
	}
	if p := r.Prescription; p != nil {
		s.Dose = Dose{AsNeeded: p.AsNeeded, Refills: p.Refills, Instructions: p.Instructions}
		if p.Dosage != nil {
			s.Dose.Amount, s.Dose.Frequency, s.Dose.Period = p.Dosage.Amount, p.Dosage.Frequency, p.Dosage.Period
			s.Dose.PeriodUnit = periodUnits[p.Dosage.Unit]
			if s.Dose.PeriodUnit == "" {
				return fmt.Errorf("the unit %q of a dosage is not known", p.Dosage.Unit)
			}
		}
		if p.Duration != nil {
			u, err := seconds(p.Duration.Unit)
			if err != nil {
				return err
			}
			s.Dose.DurationDays = p.Duration.Quantity * u / 86400
		}
	}
	if len(r.Series) == 0 {
		return nil
	}
	if s.Type == Immunization {
		return json.Unmarshal(r.Series, &s.SeriesNumber)
	}
	var all []rawSeries
	if err := json.Unmarshal(r.Series, &all); err != nil {
		return err
	}
	for _, x := range all {
		one := Series{BodySite: x.BodySite, Modality: x.Modality}
		for _, in := range x.Instances {
			one.Instances = append(one.Instances, Instance{Title: in.Title, SOPClass: in.SOPClass})
		}
		s.Series = append(s.Series, one)
	}
	return nil
}

var periodUnits = map[string]string{
	"seconds": "s", "minutes": "min", "hours": "h", "days": "d", "weeks": "wk", "months": "mo", "years": "a",
}

// complete refuses a state that lacks what its type needs.
func complete(s *State) error {
	switch s.Type {
	case Guard:
		if s.Allow == nil {
			return fmt.Errorf("a Guard needs \"allow\"")
		}
	case Delay:
		if s.Amount.Kind == NoAmount {
			return fmt.Errorf("a Delay needs \"exact\", \"range\" or \"distribution\"")
		}
	case Encounter:
		if !s.Wellness && len(s.Codes) == 0 {
			return fmt.Errorf("an Encounter needs \"codes\" or \"wellness\"")
		}
	case SetAttribute, Counter:
		if s.Attribute == None {
			return fmt.Errorf("it needs \"attribute\"")
		}
	case ConditionOnset, AllergyOnset, MedicationOrder, CarePlanStart, Procedure, Observation, DiagnosticReport,
		MultiObservation, Immunization, Device:
		if len(s.Codes) == 0 {
			return fmt.Errorf("it needs \"codes\"")
		}
	case ImagingStudy:
		if len(s.Codes) == 0 || len(s.Series) == 0 || len(s.Series[0].Instances) == 0 {
			return fmt.Errorf("an ImagingStudy needs \"procedure_code\" and \"series\" with instances")
		}
	case ConditionEnd, AllergyEnd, MedicationEnd, CarePlanEnd, DeviceEnd:
		if s.Refers == None && s.Attribute == None && len(s.Codes) == 0 {
			return fmt.Errorf("it does not say what ends")
		}
	}
	return nil
}

// amount compiles the three ways to write one.
func amount(exact *rawExact, span *rawRange, d *rawDistribution) (Amount, error) {
	switch {
	case exact != nil:
		return Amount{Kind: Exact, A: exact.Quantity}, nil
	case span != nil:
		if span.High < span.Low {
			return Amount{}, fmt.Errorf("a range is the wrong way round")
		}
		return Amount{Kind: Uniform, A: span.Low, B: span.High}, nil
	case d == nil:
		return Amount{}, nil
	}
	p := d.Parameters
	out := Amount{Round: d.Round, Min: p["min"], Max: p["max"]}
	switch strings.ToUpper(d.Kind) {
	case "EXACT":
		out.Kind, out.A = Exact, p["value"]
	case "UNIFORM":
		out.Kind, out.A, out.B = Uniform, p["low"], p["high"]
	case "GAUSSIAN":
		out.Kind, out.A, out.B = Gaussian, p["mean"], p["standardDeviation"]
		if _, ok := p["max"]; !ok && out.Min != 0 {
			out.Max = math.MaxFloat64
		}
	case "EXPONENTIAL":
		out.Kind, out.A = Exponential, p["mean"]
	case "TRIANGULAR":
		out.Kind, out.A, out.B, out.C = Triangular, p["min"], p["max"], p["mode"]
		if out.A >= out.B || out.C < out.A || out.C > out.B {
			return out, fmt.Errorf("a triangular distribution needs min below max and mode between them")
		}
	default:
		return out, fmt.Errorf("the kind of distribution %q is not known", d.Kind)
	}
	return out, nil
}

// seconds is how long a unit of time is.
func seconds(unit string) (float64, error) {
	switch strings.TrimSuffix(unit, "s") {
	case "year":
		return 31557600, nil
	case "month":
		return 2629800, nil
	case "week":
		return 604800, nil
	case "day":
		return 86400, nil
	case "hour":
		return 3600, nil
	case "minute":
		return 60, nil
	case "second":
		return 1, nil
	}
	return 0, fmt.Errorf("the unit of time %q is not known", unit)
}

func firstOf(s ...string) string {
	for _, one := range s {
		if one != "" {
			return one
		}
	}
	return ""
}
