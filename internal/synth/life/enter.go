// SPDX-License-Identifier: Apache-2.0

package life

import (
	"math"

	"galen/internal/synth/module"
)

// record adds an entry of the record.
func (r *Runner) record(m *machine, s *module.State) {
	l, enc := &r.life, r.current(m)
	e := ref{of: s.Type}
	switch s.Type {
	case module.ConditionOnset:
		e.index = r.onset(m, s, enc)
	case module.AllergyOnset:
		e.index = r.allergy(m, s, enc)
	case module.MedicationOrder:
		l.Medications = append(l.Medications, Medication{
			Codes: s.Codes, Start: m.clock, Encounter: enc, Reason: r.reason(m, s), State: s})
		e.index = len(l.Medications) - 1
	case module.CarePlanStart:
		l.CarePlans = append(l.CarePlans, CarePlan{
			Codes: s.Codes, Activities: s.Activities, Start: m.clock, Encounter: enc, Reason: r.reason(m, s)})
		e.index = len(l.CarePlans) - 1
	case module.Procedure:
		e.index = r.procedure(m, s, enc)
	case module.Observation, module.MultiObservation:
		e.index = r.observe(m, s, enc)
	case module.DiagnosticReport:
		e.index = r.report(m, s, enc)
	case module.Immunization:
		l.Immunizations = append(l.Immunizations, Immunization{Codes: s.Codes, At: m.clock, Encounter: enc, Series: s.SeriesNumber})
		e.index = len(l.Immunizations) - 1
	case module.Device:
		l.Devices = append(l.Devices, Device{Codes: s.Codes, Maker: s.Maker, Model: s.Model, Start: m.clock, Encounter: enc})
		e.index = len(l.Devices) - 1
	case module.ImagingStudy:
		l.Studies = append(l.Studies, Study{Codes: s.Codes, At: m.clock, Encounter: enc, Series: s.Series})
		e.index = len(l.Studies) - 1
	default:
		return
	}
	m.made[m.at] = e
	if s.Attribute != module.None && s.Amount.Kind != module.Attribute {
		r.attributes[s.Attribute] = value{kind: 'e', number: 1, entry: e}
	}
}

func (r *Runner) onset(m *machine, s *module.State, enc int) int {
	c := Condition{Codes: s.Codes, Start: m.clock, Encounter: None}
	if s.Refers == module.None || enc != None && s.Refers == m.arrived {
		c.Diagnosed, c.Encounter, c.Recorded = true, enc, m.clock
	}
	r.life.Conditions = append(r.life.Conditions, c)
	i := len(r.life.Conditions) - 1
	if c.Diagnosed && enc != None {
		if e := &r.life.Encounters[enc]; e.Reason == None && e.Class != "wellness" {
			e.Reason = i
		}
	}
	return i
}

// allergy records one with the reactions that this person shows.
func (r *Runner) allergy(m *machine, s *module.State, enc int) int {
	a := Allergy{Codes: s.Codes, Kind: s.AllergyOf, Category: s.Category, Start: m.clock, Encounter: enc}
	for _, one := range s.Reactions {
		x := r.random.Float()
		for _, sev := range one.Severities {
			if x -= sev.P; x >= 0 {
				continue
			}
			name := sev.Name
			if name == "low" {
				name = "mild"
			}
			if name == "mild" || name == "moderate" || name == "severe" {
				a.Reactions = append(a.Reactions, Reaction{Code: one.Code, Severity: name})
			}
			break
		}
	}
	r.life.Allergies = append(r.life.Allergies, a)
	return len(r.life.Allergies) - 1
}

// procedure records one, and makes its encounter last until it is done.
func (r *Runner) procedure(m *machine, s *module.State, enc int) int {
	long := int64(900 + r.random.Int(1800))
	if s.Amount.Kind != module.NoAmount {
		long = max(int64(r.draw(&s.Amount)*s.Amount.Seconds), 60)
	}
	p := Procedure{Codes: s.Codes, Start: m.clock, Stop: m.clock + long, Encounter: enc, Reason: r.reason(m, s)}
	if enc != None {
		if e := &r.life.Encounters[enc]; e.Stop != 0 {
			e.Stop = max(e.Stop, p.Stop)
		}
	}
	r.life.Procedures = append(r.life.Procedures, p)
	return len(r.life.Procedures) - 1
}

// observe records an observation with its parts.
func (r *Runner) observe(m *machine, s *module.State, enc int) int {
	o := Observation{Codes: s.Codes, Category: s.Category, At: m.clock, Encounter: enc}
	if s.Type == module.Observation {
		o.Result = r.result(m, s)
		r.remember(s.Codes[0].Code, o.Result)
	}
	for i := range s.Parts {
		res := r.result(m, &s.Parts[i])
		o.Parts = append(o.Parts, Part{Codes: s.Parts[i].Codes, Result: res})
		r.remember(s.Parts[i].Codes[0].Code, res)
	}
	all := r.life.Observations
	if n := s.Count; s.Type == module.MultiObservation && len(s.Parts) == 0 && n > 0 && n <= len(all) {
		for _, x := range all[len(all)-n:] {
			o.Parts = append(o.Parts, Part{Codes: x.Codes, Result: x.Result})
		}
		all = all[:len(all)-n]
	}
	r.life.Observations = append(all, o)
	return len(r.life.Observations) - 1
}

func (r *Runner) remember(code string, res Result) {
	for i := range r.latest {
		if r.latest[i].code == code {
			r.latest[i].result = res
			return
		}
	}
	r.latest = append(r.latest, latest{code, res})
}

// report records the observations that are its parts, or takes those just before it.
func (r *Runner) report(m *machine, s *module.State, enc int) int {
	first := len(r.life.Observations)
	for i := range s.Parts {
		r.observe(m, &s.Parts[i], enc)
	}
	if len(s.Parts) == 0 {
		for n := min(s.Count, first); n > 0 && r.life.Observations[first-1].Encounter == enc; n-- {
			first--
		}
	}
	r.life.Reports = append(r.life.Reports, Report{
		Codes: s.Codes, At: m.clock, Encounter: enc, First: first, Last: len(r.life.Observations)})
	return len(r.life.Reports) - 1
}

// result draws what an observation finds.
func (r *Runner) result(m *machine, s *module.State) Result {
	if s.Value.Kind == module.CodeValue {
		return Result{Kind: module.CodeValue, Code: s.Value.Code}
	}
	if s.Amount.Kind == module.Attribute {
		switch v := &r.attributes[s.Amount.Attr]; v.kind {
		case 't':
			return Result{Kind: module.TextValue, Text: v.text}
		case 'c':
			return Result{Kind: module.CodeValue, Code: v.code}
		}
	}
	n := r.draw(&s.Amount)
	if s.Amount.Kind == module.NoAmount && s.Vital != "" {
		n, _ = r.vital(s.Vital, r.vitalAttribute(s.Vital), m.clock)
	}
	return Result{Number: n, Unit: s.Unit, Digits: digits(n, s.Unit)}
}

// digits is how many digits after the point a measurement is given with.
func digits(n float64, unit string) int {
	switch unit {
	case "mm[Hg]", "/min", "{score}", "a", "mL/min/{1.73_m2}", "mL/min", "mg/dL":
		if n >= 10 || unit != "mg/dL" {
			return 0
		}
		return 2
	case "%", "cm", "kg", "kg/m2", "Cel", "{nominal}":
		return 1
	}
	if math.Abs(n) >= 100 {
		return 0
	}
	if math.Abs(n) >= 10 {
		return 1
	}
	return 2
}

// end ends entries by state, by attribute or by code.
func (r *Runner) end(m *machine, s *module.State) {
	if e := r.meant(m, s); e.of != 0 {
		if stop := r.stopOf(e); stop != nil && *stop == 0 {
			*stop = m.clock
		}
		return
	}
	l := &r.life
	stop := func(codes []module.Code, at *int64) {
		if *at == 0 && hasCode(s.Codes, codes[0].Code) {
			*at = m.clock
		}
	}
	switch s.Type {
	case module.ConditionEnd:
		for i := range l.Conditions {
			stop(l.Conditions[i].Codes, &l.Conditions[i].Stop)
		}
	case module.AllergyEnd:
		for i := range l.Allergies {
			stop(l.Allergies[i].Codes, &l.Allergies[i].Stop)
		}
	case module.MedicationEnd:
		for i := range l.Medications {
			stop(l.Medications[i].Codes, &l.Medications[i].Stop)
		}
	case module.CarePlanEnd:
		for i := range l.CarePlans {
			stop(l.CarePlans[i].Codes, &l.CarePlans[i].Stop)
		}
	case module.DeviceEnd:
		for i := range l.Devices {
			stop(l.Devices[i].Codes, &l.Devices[i].Stop)
		}
	}
}

// stopOf is where an entry's end is kept.
func (r *Runner) stopOf(e ref) *int64 {
	l := &r.life
	switch e.of {
	case module.ConditionOnset:
		return &l.Conditions[e.index].Stop
	case module.AllergyOnset:
		return &l.Allergies[e.index].Stop
	case module.MedicationOrder:
		return &l.Medications[e.index].Stop
	case module.CarePlanStart:
		return &l.CarePlans[e.index].Stop
	case module.Device:
		return &l.Devices[e.index].Stop
	}
	return nil
}
