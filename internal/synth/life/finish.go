// SPDX-License-Identifier: Apache-2.0

package life

// Within reports whether something at a time belongs to the record: not before birth, nor after its end.
func (l *Life) Within(at int64) bool { return at >= l.Person.Birth && at <= l.End }

// finish brings the record in order: nothing reaches beyond its end, and every encounter has one.
func (r *Runner) finish() {
	l := &r.life
	for i := range l.Encounters {
		e := &l.Encounters[i]
		if e.Stop == 0 {
			e.Stop = e.Start + max(3600, shortest(e.Class))
		}
		e.Stop = min(e.Stop, max(l.End, e.Start))
	}
	for i := range l.Conditions {
		c := &l.Conditions[i]
		c.Diagnosed = c.Diagnosed && l.Within(c.Start) && l.Within(c.Recorded)
		l.clip(&c.Stop, &c.Encounter)
	}
	for i := range l.Encounters {
		if e := &l.Encounters[i]; e.Reason != None && !l.Conditions[e.Reason].Diagnosed {
			e.Reason = None
		}
	}
	for i := range l.Allergies {
		l.clip(&l.Allergies[i].Stop, &l.Allergies[i].Encounter)
	}
	for i := range l.Devices {
		l.clip(&l.Devices[i].Stop, &l.Devices[i].Encounter)
	}
	r.finishOrders()
}

// finishOrders ends drugs that were ordered for a time, and all orders at death.
func (r *Runner) finishOrders() {
	l := &r.life
	for i := range l.Medications {
		m := &l.Medications[i]
		if d := m.State.Dose.DurationDays; m.Stop == 0 && d > 0 && !m.State.Chronic {
			m.Stop = m.Start + int64(d*86400)
		}
		l.clip(&m.Stop, &m.Encounter)
		m.Reason = l.diagnosed(m.Reason)
		if l.Dead && m.Stop == 0 {
			m.Stop = max(l.End, m.Start)
		}
	}
	for i := range l.CarePlans {
		c := &l.CarePlans[i]
		l.clip(&c.Stop, &c.Encounter)
		c.Reason = l.diagnosed(c.Reason)
		if l.Dead && c.Stop == 0 {
			c.Stop = max(l.End, c.Start)
		}
	}
	for i := range l.Procedures {
		p := &l.Procedures[i]
		p.Stop = min(p.Stop, max(l.End, p.Start))
		p.Reason = l.diagnosed(p.Reason)
	}
}

// diagnosed is a condition's index if it is in the record.
func (l *Life) diagnosed(condition int) int {
	if condition != None && !l.Conditions[condition].Diagnosed {
		return None
	}
	return condition
}

// clip takes away an end after the record's, and an encounter that never came.
func (l *Life) clip(stop *int64, encounter *int) {
	if *stop > l.End {
		*stop = 0
	}
	if *encounter != None && !l.Within(l.Encounters[*encounter].Start) {
		*encounter = None
	}
}
