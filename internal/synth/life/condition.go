// SPDX-License-Identifier: Apache-2.0

package life

import (
	"math"
	"strings"
	"time"

	"galen/internal/synth/module"
)

// holds reports whether a condition is true at the machine's time.
func (r *Runner) holds(m *machine, c *module.Condition) bool {
	switch c.Test {
	case module.True:
		return true
	case module.False:
		return false
	case module.Not:
		return !r.holds(m, &c.Of[0])
	case module.And, module.Or, module.AtLeast, module.AtMost:
		return r.several(m, c)
	case module.Gender:
		return sex(&r.life.Person) == c.Text
	case module.Race:
		return strings.EqualFold(raceName(&r.life.Person), c.Text)
	case module.Socioeconomic:
		return r.life.Person.Income == c.Text
	case module.Age:
		age := float64(m.clock-r.life.Person.Birth) / c.Seconds
		if c.Op == module.Equal || c.Op == module.NotEqual || c.Op == module.LessEqual || c.Op == module.Greater {
			age = math.Floor(age)
		}
		return c.Op.Holds(age, c.Number)
	case module.Date:
		return onDate(m.clock, c)
	case module.VitalIs:
		n, ok := r.vital(c.Vital, c.Attribute, m.clock)
		return ok && c.Op.Holds(n, c.Number)
	case module.SymptomIs:
		return c.Op.Holds(r.attributes[c.Attribute].number, c.Number)
	case module.AttributeIs:
		return r.attributeIs(c)
	case module.PriorState:
		return prior(m, c)
	case module.ObservationIs:
		return r.observed(c)
	}
	return r.active(c)
}

// several counts the conditions that hold.
func (r *Runner) several(m *machine, c *module.Condition) bool {
	n := 0
	for i := range c.Of {
		switch ok := r.holds(m, &c.Of[i]); {
		case ok && c.Test == module.Or:
			return true
		case !ok && c.Test == module.And:
			return false
		case ok:
			n++
		}
	}
	switch c.Test {
	case module.And:
		return true
	case module.AtLeast:
		return float64(n) >= c.Number
	case module.AtMost:
		return float64(n) <= c.Number
	}
	return false
}

func onDate(at int64, c *module.Condition) bool {
	t := time.Unix(at, 0).UTC()
	switch c.DateKind {
	case 'y':
		return c.Op.Holds(float64(t.Year()), c.Number)
	case 'm':
		return c.Op.Holds(float64(t.Month()), c.Number)
	}
	return c.Op.Holds(float64(at), float64(c.At))
}

func (r *Runner) attributeIs(c *module.Condition) bool {
	v := &r.attributes[c.Attribute]
	switch {
	case c.Op == module.IsNil:
		return v.kind == 0
	case c.Op == module.IsNotNil:
		return v.kind != 0
	case c.IsText:
		return (v.kind == 't' && v.text == c.Text) == (c.Op == module.Equal)
	case v.kind == 0 && c.IsBool:
		return c.Op.Holds(0, c.Number)
	case v.kind == 0:
		return c.Op == module.NotEqual
	}
	return c.Op.Holds(v.number, c.Number)
}

func prior(m *machine, c *module.Condition) bool {
	at := m.visited[c.State]
	if at == 0 {
		return false
	}
	if c.Since != module.None && at < m.visited[c.Since] {
		return false
	}
	return c.Seconds == 0 || float64(m.clock-at) <= c.Seconds
}

func (r *Runner) observed(c *module.Condition) bool {
	res := (*Result)(nil)
	if c.Attribute != module.None {
		if e := r.attributes[c.Attribute].entry; e.of == module.Observation {
			res = &r.life.Observations[e.index].Result
		}
	}
	for i := range r.latest {
		if res == nil && hasCode(c.Codes, r.latest[i].code) {
			res = &r.latest[i].result
		}
	}
	switch {
	case res == nil:
		return c.Op == module.IsNil
	case c.Op == module.IsNil || c.Op == module.IsNotNil:
		return c.Op == module.IsNotNil
	case c.IsText:
		return (res.Text == c.Text || res.Code.Code == c.Text) == (c.Op == module.Equal)
	}
	return c.Op.Holds(res.Number, c.Number)
}

func hasCode(codes []module.Code, code string) bool {
	for i := range codes {
		if codes[i].Code == code {
			return true
		}
	}
	return false
}

// active reports whether an entry that has one of the codes, or is the attribute's, has not ended.
func (r *Runner) active(c *module.Condition) bool {
	l := &r.life
	e := ref{}
	if c.Attribute != module.None {
		e = r.attributes[c.Attribute].entry
	}
	is := func(of module.Type, i int, codes []module.Code) bool {
		return e == ref{of, i} || len(codes) > 0 && hasCode(c.Codes, codes[0].Code)
	}
	switch c.Test {
	case module.ActiveCondition:
		for i := range l.Conditions {
			if x := &l.Conditions[i]; x.Stop == 0 && is(module.ConditionOnset, i, x.Codes) {
				return true
			}
		}
	case module.ActiveMedication:
		for i := range l.Medications {
			if x := &l.Medications[i]; x.Stop == 0 && is(module.MedicationOrder, i, x.Codes) {
				return true
			}
		}
	case module.ActiveCarePlan:
		for i := range l.CarePlans {
			if x := &l.CarePlans[i]; x.Stop == 0 && is(module.CarePlanStart, i, x.Codes) {
				return true
			}
		}
	case module.ActiveAllergy:
		for i := range l.Allergies {
			if x := &l.Allergies[i]; x.Stop == 0 && is(module.AllergyOnset, i, x.Codes) {
				return true
			}
		}
	}
	return false
}
