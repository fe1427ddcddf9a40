// SPDX-License-Identifier: Apache-2.0

package render

import (
	"strings"

	"galen/internal/insights/facts"
)

// recentCare lists the latest visits before the last, which the overview tells, and what was done at the last.
func (w *writer) recentCare() Part {
	p := Part{Heading: "Recent Care"}
	told := 0
	for i := range w.Encounters {
		v := &w.Encounters[i]
		if w.LastVisit != nil && v.ID == w.LastVisit.ID {
			continue
		}
		if told == maxVisits || !v.Start.After(w.ago(3)) {
			break
		}
		p.add(bullet().say(v.Start.Text()+": "+visitText(v), v.Fact).end())
		told++
	}
	return p
}

// results lists the latest values of what was measured at or after the last year of care and is not told elsewhere.
func (w *writer) results() Part {
	p := Part{Heading: "Recent Results"}
	var list []*facts.Series
	for i := range w.Series {
		if s := &w.Series[i]; !w.told[s] && s.Latest().Date.After(w.ago(1)) && s.Category != "social-history" && s.LOINC() != "72166-2" {
			list = append(list, s)
		}
	}
	first(list, func(s *facts.Series) bool { return s.Latest().Flag.Out() })
	for _, s := range list[:min(len(list), maxResults)] {
		w.told[s] = true
		p.add(w.seriesLine(s, 1))
	}
	return p
}

// history is the rest of the record, part by part.
func (w *writer) history() []Part {
	return []Part{w.past(), w.procedures(), w.immunizations(), w.careDone(), w.stopped(), w.plans(), w.social(), w.family(), w.devices(), w.documents()}
}

func (w *writer) past() Part {
	p := Part{Heading: "Past Conditions"}
	for i := range w.Problems {
		q := &w.Problems[i]
		if q.Active || len(p.Lines) == maxPast {
			continue
		}
		text := q.Text
		switch {
		case q.Onset.Known() && q.Ended.Known() && !q.Onset.SameDay(q.Ended):
			text += ", " + q.Onset.Text() + " to " + q.Ended.Text()
		case q.Onset.Known():
			text += ", " + q.Onset.Text()
		}
		if q.Episodes > 1 {
			text += " and before"
		}
		p.add(bullet().say(text, q.Fact).end())
	}
	return p
}

func (w *writer) procedures() Part {
	p := Part{Heading: "Procedures"}
	for i := range w.Procedures {
		if q := &w.Procedures[i]; len(p.Lines) < maxPast {
			text := q.Text
			if q.Last().Known() {
				text += ", " + q.Last().Text()
			}
			l := bullet().cite(text, q.ID, q.LatestEvidence().Reference)
			if len(q.Dates) > 1 {
				l.say(" and before", q.Fact)
			}
			p.add(l.end())
		}
	}
	return p
}

func (w *writer) immunizations() Part {
	p := Part{Heading: "Immunizations"}
	for i := range w.Immunizations {
		m := &w.Immunizations[i]
		text := m.Text
		if m.Last().Known() {
			text += ", " + m.Last().Text()
		}
		l := bullet().cite(text, m.ID, m.LatestEvidence().Reference)
		if len(m.Dates) > 1 {
			l.say(" and before", m.Fact)
		}
		p.add(l.end())
	}
	return p
}

// careDone lists preventive care that is up to date.
func (w *writer) careDone() Part {
	p := Part{Heading: "Preventive Care up to Date"}
	for i := range w.Screenings {
		if s := &w.Screenings[i]; !s.Due {
			text := s.Name + ": " + s.Last.Text()
			if !strings.Contains(strings.ToLower(s.Name), strings.ToLower(s.By)) {
				text += ", " + s.By
			}
			p.add(bullet().say(text, s.Fact).end())
		}
	}
	return p
}

// stopped lists medicines that are not taken any more.
func (w *writer) stopped() Part {
	p := Part{Heading: "Past Medications"}
	for i := range w.Medications {
		m := &w.Medications[i]
		if m.Current || m.Prohibited || len(p.Lines) == maxPast {
			continue
		}
		text := m.Text
		if m.Status != "" && m.Status != "unknown" {
			text += ", " + m.Status
		}
		if m.Latest.Known() {
			text += ", last ordered " + m.Latest.Text()
		}
		p.add(bullet().say(text, m.Fact).end())
	}
	return p
}

func (w *writer) plans() Part {
	p := Part{Heading: "Care Plans, Goals and Open Orders"}
	for i := range w.Plans {
		q := &w.Plans[i]
		text := q.Text
		if len(q.Addresses) > 0 {
			text += " for " + strings.Join(q.Addresses, ", ")
		}
		if len(q.Activities) > 0 {
			text += ": " + strings.Join(q.Activities, ", ")
		}
		if q.Start.Known() {
			text += "; since " + q.Start.Text()
		}
		p.add(bullet().say(text, q.Fact).end())
	}
	for i := range w.Goals {
		g := &w.Goals[i]
		text := "Goal: " + g.Text
		if g.Achievement != "" {
			text += " (" + g.Achievement + ")"
		}
		if g.Due.Known() {
			text += ", due " + g.Due.Text()
		}
		p.add(bullet().say(text, g.Fact).end())
	}
	for i := range w.Orders {
		o := &w.Orders[i]
		text := "Open order: " + o.Text
		if o.Date.Known() {
			text += ", " + o.Date.Text()
		}
		p.add(bullet().say(text, o.Fact).end())
	}
	return p
}

// social tells the latest answers of the social history.
func (w *writer) social() Part {
	p := Part{Heading: "Social History"}
	for i := range w.Series {
		if s := &w.Series[i]; !w.told[s] && (s.Category == "social-history" || s.LOINC() == "72166-2") {
			p.add(w.seriesLine(s, 1))
		}
	}
	return p
}

func (w *writer) family() Part {
	p := Part{Heading: "Family History"}
	for i := range w.Family {
		r := &w.Family[i]
		p.add(bullet().say(r.Relation+": "+strings.Join(r.Conditions, ", "), r.Fact).end())
	}
	return p
}

func (w *writer) devices() Part {
	p := Part{Heading: "Devices"}
	for i := range w.Devices {
		p.add(bullet().say(w.Devices[i].Text, w.Devices[i].Fact).end())
	}
	return p
}

func (w *writer) documents() Part {
	p := Part{Heading: "Documents"}
	for i := range w.Documents {
		if len(p.Lines) < maxPast {
			p.add(documentLine(&w.Documents[i], ""))
		}
	}
	for _, k := range w.request.Quotes {
		p.add(quoteLine(k))
	}
	return p
}

func documentLine(d *facts.Document, opening string) Line {
	text := opening + d.Title
	if d.Date.Known() {
		text += ", " + d.Date.Text()
	}
	switch quote := Excerpt(d.Text); {
	case d.Conclusion != "":
		text += ": “" + clip(d.Conclusion) + "”"
	case quote != "":
		text += ": “" + quote + "”"
	}
	return bullet().say(text, d.Fact).end()
}

func quoteLine(k Quote) Line {
	return bullet().cite(k.Document+": “"+k.Text+"”", "", k.Evidence).end()
}

// missing says what the record does not hold, so that silence is not read as absence.
func (w *writer) missing() Part {
	p := Part{Heading: "Not Documented"}
	var list []string
	for _, m := range []struct {
		name  string
		there bool
	}{
		{"allergies", len(w.Allergies) > 0}, {"problems", len(w.Problems) > 0}, {"medications", len(w.Medications) > 0},
		{"immunizations", len(w.Immunizations) > 0}, {"family history", len(w.Family) > 0}, {"social history", w.hasSocial()},
		{"procedures", len(w.Procedures) > 0}, {"laboratory results", w.hasCategory("laboratory")}, {"vital signs", w.hasCategory("vital-signs")},
	} {
		if !m.there {
			list = append(list, m.name)
		}
	}
	if len(list) > 0 {
		p.add(sentence().state("The record says nothing of: " + strings.Join(list, ", ")).end())
	}
	return p
}

func (w *writer) hasCategory(category string) bool {
	for i := range w.Series {
		if w.Series[i].Category == category {
			return true
		}
	}
	return false
}

func (w *writer) hasSocial() bool {
	for i := range w.Series {
		if w.Series[i].Category == "social-history" || w.Series[i].LOINC() == "72166-2" {
			return true
		}
	}
	return false
}

// categories is the section of one model of risk adjustment.
func (w *writer) categories(name, title, model, version string) Section {
	s := Section{Name: name, Title: title}
	p := Part{Heading: title}
	for i := range w.Categories {
		c := &w.Categories[i]
		if c.Model != model || c.Version != version || c.Displaced {
			continue
		}
		text := " coded " + strings.Join(c.Codes, ", ")
		if c.Assessed.Known() {
			text += ", last assessed " + c.Assessed.Text()
		}
		text += map[bool]string{true: ". Confirm if still present.", false: ". Recorded as past: confirm before coding."}[c.Active]
		p.add(*bullet().say(c.Name+":", c.Fact).say(text, c.Fact))
	}
	if len(p.Lines) == 0 {
		p.add(sentence().state("No conditions map to " + model + " categories").end())
		if !w.ICD() {
			p.add(sentence().state("No condition of the record has an ICD-10-CM code, which the categories are defined by.").end())
		}
	}
	s.put(p)
	return s
}
