// SPDX-License-Identifier: Apache-2.0

package life

import (
	"math"

	"galen/internal/synth/module"
)

// enter does what a state does when it begins.
func (r *Runner) enter(m *machine, s *module.State) {
	switch s.Type {
	case module.Delay:
		m.wake = m.clock + max(int64(r.draw(&s.Amount)*s.Amount.Seconds), 0)
	case module.SetAttribute:
		r.assign(s)
	case module.Counter:
		v := &r.attributes[s.Attribute]
		*v = value{kind: 'n', number: v.number + s.Amount.A}
	case module.Symptom:
		if r.random.Hit(s.Probability) {
			r.attributes[s.Attribute] = value{kind: 'n', number: r.draw(&s.Amount)}
		}
	case module.VitalSign:
		r.attributes[s.Attribute] = value{kind: 'n', number: r.draw(&s.Amount)}
	case module.EncounterEnd:
		r.leave(m, s)
	case module.Death:
		at := m.clock
		if s.Amount.Kind != module.NoAmount {
			at += int64(r.draw(&s.Amount) * s.Amount.Seconds)
		}
		if at < r.death {
			r.death = at
			r.life.Cause = r.cause(m, s)
		}
	case module.CallSubmodule:
		m.sub = r.subs[s.Submodule]
		if m.sub == nil {
			m.sub = newMachine(s.Submodule)
			r.subs[s.Submodule] = m.sub
		}
		m.sub.reset(m.clock)
		m.sub.encounter, m.sub.checkup = m.encounter, m.checkup
	case module.ConditionEnd, module.AllergyEnd, module.MedicationEnd, module.CarePlanEnd, module.DeviceEnd:
		r.end(m, s)
	default:
		r.record(m, s)
	}
}

// pass reports whether a machine may leave its state; if not it sets when to ask again.
func (r *Runner) pass(m *machine, s *module.State) bool {
	switch s.Type {
	case module.Delay:
		if m.wake > r.now {
			return false
		}
		m.clock = m.wake
	case module.Guard:
		if r.holds(m, s.Allow) {
			return true
		}
		return r.guard(m, s.Allow)
	case module.Encounter:
		return r.arrive(m, s)
	case module.Procedure:
		if e := m.made[m.at]; e.of != 0 {
			m.clock = max(m.clock, r.life.Procedures[e.index].Stop)
		}
	case module.CallSubmodule:
		r.move(m.sub)
		m.encounter, m.checkup = m.sub.encounter, m.sub.checkup
		if !m.sub.done {
			m.wake = m.sub.wake
			return false
		}
		m.clock = max(m.clock, m.sub.clock)
	}
	return true
}

// guard waits: for the birthday if that is all the condition asks for, otherwise for the next step.
func (r *Runner) guard(m *machine, c *module.Condition) bool {
	if c.Test == module.Age && c.Op == module.GreaterEqual {
		m.wake = max(r.life.Person.Birth+int64(math.Ceil(float64(c.Number*c.Seconds))), m.clock+1)
		if m.wake <= r.now {
			m.clock = m.wake
			return r.holds(m, c)
		}
		m.clock = m.wake
		return false
	}
	if m.clock < r.now {
		m.clock = r.now
		if r.holds(m, c) {
			return true
		}
	}
	m.wake = r.now + 1
	m.clock = m.wake
	return false
}

// arrive begins an encounter, or waits for the next check-up.
func (r *Runner) arrive(m *machine, s *module.State) bool {
	if s.Wellness {
		if r.wellness == None || m.checkup == r.wellness || r.life.Encounters[r.wellness].Start < m.visited[m.at] {
			m.wake = r.now + 1
			m.clock = m.wake
			return false
		}
		m.encounter, m.checkup = r.wellness, r.wellness
		m.clock = r.life.Encounters[m.encounter].Start
	} else {
		r.close(m)
		r.life.Encounters = append(r.life.Encounters, Encounter{
			Class: s.Class, Code: s.Codes[0], Start: m.clock, Reason: r.reason(m, s),
		})
		m.encounter = len(r.life.Encounters) - 1
	}
	m.arrived = m.at
	r.diagnose(m)
	return true
}

// diagnose records what was to be found at this encounter.
func (r *Runner) diagnose(m *machine) {
	for i := range m.module.States {
		s, e := &m.module.States[i], m.made[i]
		if s.Refers != m.at || e.of == 0 {
			continue
		}
		switch s.Type {
		case module.ConditionOnset:
			c := &r.life.Conditions[e.index]
			if !c.Diagnosed && c.Stop == 0 {
				c.Diagnosed, c.Encounter, c.Recorded = true, m.encounter, m.clock
				if enc := &r.life.Encounters[m.encounter]; enc.Reason == None && enc.Class != "wellness" {
					enc.Reason = e.index
				}
			}
		case module.AllergyOnset:
			if a := &r.life.Allergies[e.index]; a.Encounter == None {
				a.Encounter = m.encounter
			}
		}
	}
}

// leave ends the encounter that a machine is in.
func (r *Runner) leave(m *machine, s *module.State) {
	if m.encounter != None && s.Disposal.Code != "" {
		r.life.Encounters[m.encounter].Discharge = s.Disposal
	}
	r.close(m)
}

// shortest is how long an encounter lasts at least, in seconds.
func shortest(class string) int64 {
	switch class {
	case "inpatient", "hospice", "snf":
		return 86400
	case "emergency":
		return 2 * 3600
	}
	return 900
}

func (r *Runner) close(m *machine) {
	if m.encounter == None {
		return
	}
	if e := &r.life.Encounters[m.encounter]; e.Stop == 0 {
		e.Stop = max(m.clock, e.Start+shortest(e.Class))
	}
	m.encounter = None
}

// current is the encounter that something happens in now, or None.
func (r *Runner) current(m *machine) int {
	if m.encounter == None {
		return None
	}
	if e := &r.life.Encounters[m.encounter]; e.Stop != 0 && m.clock > e.Stop {
		return None
	}
	return m.encounter
}

// reason is the condition that a state gives as its reason, if it was diagnosed.
func (r *Runner) reason(m *machine, s *module.State) int {
	e := ref{}
	if s.ReasonAttr != module.None {
		e = r.attributes[s.ReasonAttr].entry
	}
	if s.ReasonFrom != module.None {
		e = m.made[s.ReasonFrom]
	}
	if e.of != module.ConditionOnset {
		return None
	}
	return e.index
}

// cause is the code of what somebody dies of.
func (r *Runner) cause(m *machine, s *module.State) module.Code {
	if len(s.Codes) > 0 {
		return s.Codes[0]
	}
	if e := r.meant(m, s); e.of == module.ConditionOnset {
		return r.life.Conditions[e.index].Codes[0]
	}
	return module.Code{}
}

// meant is the entry that a state names by state or by attribute.
func (r *Runner) meant(m *machine, s *module.State) ref {
	if s.Refers != module.None {
		return m.made[s.Refers]
	}
	if s.Attribute != module.None {
		return r.attributes[s.Attribute].entry
	}
	return ref{}
}

// assign sets an attribute.
func (r *Runner) assign(s *module.State) {
	v := &r.attributes[s.Attribute]
	switch s.Value.Kind {
	case module.NilValue:
		*v = value{}
	case module.TextValue:
		*v = value{kind: 't', text: s.Value.Text}
	case module.BoolValue:
		*v = value{kind: 'b'}
		if s.Value.Bool {
			v.number = 1
		}
	case module.CodeValue:
		*v = value{kind: 'c', code: s.Value.Code}
	default:
		if s.Amount.Kind == module.Attribute {
			*v = r.attributes[s.Amount.Attr]
			return
		}
		*v = value{kind: 'n', number: r.draw(&s.Amount)}
	}
}

// draw draws an amount.
func (r *Runner) draw(a *module.Amount) float64 {
	x := a.A
	switch a.Kind {
	case module.Uniform:
		x = r.random.Between(a.A, a.B)
	case module.Gaussian:
		x += float64(a.B * r.random.Normal())
		if a.Min < a.Max {
			x = min(max(x, a.Min), a.Max)
		}
	case module.Exponential:
		x = float64(a.A * r.random.Exponential())
	case module.Triangular:
		u, span := r.random.Float(), a.B-a.A
		if split := (a.C - a.A) / span; u < split {
			x = a.A + math.Sqrt(float64(float64(u*span)*(a.C-a.A)))
		} else {
			x = a.B - math.Sqrt(float64(float64((1-u)*span)*(a.B-a.C)))
		}
	case module.Attribute:
		x = r.attributes[a.Attr].number
	}
	if a.Round {
		x = math.Round(x)
	}
	return x
}
