// SPDX-License-Identifier: Apache-2.0

package render

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"galen/internal/insights/facts"
)

const sinceHeading = "Since the Last Visit"

// How many of a kind are told; facts.json has all.
const (
	maxFocus    = 5  // measurements with the reason
	maxTrends   = 8  // trends
	maxResults  = 20 // recent results
	maxVisits   = 6  // recent visits
	maxPast     = 25 // past conditions, procedures
	maxSince    = 15 // of what changed
	trendValues = 4  // values of a trend
)

// writer writes one summary.
type writer struct {
	*facts.Base
	request Request
	focus   focus
	told    map[*facts.Series]bool
}

// Write writes the summary of a record.
func Write(b *facts.Base, r Request) *Summary {
	w := &writer{Base: b, request: r, focus: newFocus(r.Reason), told: map[*facts.Series]bool{}}
	// The order of writing decides who tells a measurement: the reason, what changed, trends, results.
	visit := w.forThisVisit()
	since := w.since()
	trends := w.trends()
	overview := w.overview(visit)
	return &Summary{Request: r, Base: b, Sections: []Section{overview, since, trends,
		w.categories(CMS, "Medicare Risk Adjustment (CMS-HCC)", "CMS-HCC", "V28"), w.categories(HHS, "Commercial Risk Adjustment (HHS-HCC)", "HHS-HCC", "V08")}}
}

func (w *writer) overview(visit Part) Section {
	s := Section{Name: Overview, Title: "Patient and Encounter"}
	s.put(w.identity())
	s.put(visit)
	s.put(w.conditions())
	s.put(w.medications())
	s.put(w.allergies())
	s.put(w.careDue())
	s.put(w.recentCare())
	s.put(w.results())
	for _, p := range w.history() {
		s.put(p)
	}
	s.put(w.missing())
	return s
}

// pronoun is how the patient is spoken of, with the verb that goes with it.
func (w *writer) pronoun() (subject, was string) {
	switch cmp.Or(w.request.Pronouns, map[string]string{"male": "HE_HIM", "female": "SHE_HER"}[w.Patient.Gender]) {
	case "HE_HIM":
		return "He", "was"
	case "SHE_HER":
		return "She", "was"
	}
	return "They", "were"
}

// identity tells who comes, why, and when they were here last.
func (w *writer) identity() Part {
	p, who := Part{Heading: "Overview", First: true}, w.Patient
	l := sentence()
	text := cmp.Or(who.Name, "The patient")
	switch {
	case who.Deceased && who.Died.Known():
		text += " died on " + who.Died.Text()
	case who.Deceased:
		text += " has died"
	case who.Age >= 2 && who.Gender != "":
		text += fmt.Sprintf(" is a %d-year-old %s", who.Age, kind(who.Gender))
	case who.Gender != "":
		text += " is " + strings.TrimSpace(article(who.Gender)+" "+kind(who.Gender))
	default:
		text += ", sex not recorded"
	}
	if who.Birth.Known() {
		text += ", born " + who.Birth.Text()
	}
	if who.Language != "" && !strings.HasPrefix(who.Language, "English") {
		text += ", language " + who.Language
	}
	p.add(l.say(text, who.Fact).end())
	if w.request.Reason != "" {
		p.add(sentence().state("Reason for this visit: " + w.request.Reason).end())
	}
	for _, a := range w.Alerts {
		p.add(sentence().say("Alert: "+a.Text, a.Fact).end())
	}
	subject, was := w.pronoun()
	if v := w.LastVisit; v != nil {
		p.add(sentence().say(fmt.Sprintf("%s %s last seen on %s: %s", subject, was, v.Start.Text(), visitText(v)), v.Fact).end())
	} else {
		p.add(sentence().state("No earlier visit is recorded.").end())
	}
	return p
}

func kind(gender string) string {
	if gender == "male" || gender == "female" {
		return gender
	}
	return "patient (gender " + gender + ")"
}

func article(gender string) string {
	return map[string]string{"other": "an", "unknown": "an"}[gender] + map[bool]string{true: "a"}[gender == "male" || gender == "female"]
}

func visitText(v *facts.Encounter) string {
	text := v.Text
	if v.Class == "EMER" || v.Class == "IMP" || v.Class == "ACUTE" {
		if class := map[string]string{"EMER": "emergency", "IMP": "hospital stay", "ACUTE": "hospital stay"}[v.Class]; !strings.Contains(strings.ToLower(text), class[:5]) {
			text += " (" + class + ")"
		}
	}
	if v.Reason != "" && v.Reason != v.Text {
		text += ", for " + v.Reason
	}
	if v.Where != "" {
		text += ", at " + v.Where
	}
	return text
}

// forThisVisit tells what bears on the reason.
func (w *writer) forThisVisit() Part {
	p := Part{Heading: "For This Visit", First: true}
	if w.request.Reason == "" {
		return p
	}
	p.add(w.related())
	n := 0
	for _, s := range w.focus.series(w.Base) {
		if n == maxFocus {
			break
		}
		w.told[s] = true
		p.add(w.seriesLine(s, 2))
		n++
	}
	done := 0
	for i := range w.Procedures {
		q := &w.Procedures[i]
		if w.focus.procedure(q) && q.Last().Known() && q.Last().After(w.ago(1)) && done < 3 {
			p.add(bullet().cite(q.Text+" on "+q.Last().Text(), q.ID, q.LatestEvidence().Reference).end())
			done++
		}
	}
	for _, k := range w.request.Quotes {
		if w.focus.is(k.Text, func(t topic) []string { return t.problems }) {
			p.add(quoteLine(k))
		}
	}
	if l := w.due(func(s *facts.Screening) bool { return w.focus.care(s.Kind) }); len(l.Fragments) > 0 {
		p.add(l)
	}
	if len(p.Lines) == 0 {
		p.add(sentence().state("The record has nothing that names this reason.").end())
	}
	return p
}

// ago is the date some years before the newest visit, or before now without one.
func (w *writer) ago(years int) facts.Date {
	d := w.Now
	if w.LastVisit != nil {
		d = w.LastVisit.Start
	}
	d.Year -= uint16(years)
	if d.Month == 2 && d.Day == 29 {
		d.Day = 28
	}
	return d
}

// related names the active problems and current medicines that bear on the reason.
func (w *writer) related() Line {
	l := bullet()
	for i := range w.Problems {
		if q := &w.Problems[i]; q.Active && w.focus.problem(q) {
			l.say(lead(l, "Related problems: ", ", ")+q.Text, q.Fact)
		}
	}
	first := true
	for i := range w.Medications {
		if m := &w.Medications[i]; m.Current && w.focus.medication(m) {
			sep := ", "
			if first {
				sep, first = "; medicines: ", false
			}
			l.say(lead(l, "Related medicines: ", sep)+m.Text, m.Fact)
		}
	}
	if len(l.Fragments) == 0 {
		return Line{}
	}
	return l.end()
}

// lead is what stands before a fragment: the opening, or what separates it from the last.
func lead(l *Line, opening, separator string) string {
	if len(l.Fragments) == 0 {
		return opening
	}
	return separator
}

// due lists preventive care that is due.
func (w *writer) due(want func(*facts.Screening) bool) Line {
	l := bullet()
	for i := range w.Screenings {
		s := &w.Screenings[i]
		if !s.Due || !want(s) {
			continue
		}
		text := lead(l, "Due: ", "; ") + s.Name
		if s.Last.Known() {
			text += " (last " + s.Last.Text() + ")"
		}
		l.say(text, s.Fact)
	}
	if len(l.Fragments) == 0 {
		return Line{}
	}
	return l.end()
}

// careDue tells what preventive care is due where the reason has not led with it.
func (w *writer) careDue() Part {
	p := Part{Heading: "Preventive Care Due", First: w.request.Specialty == "PRIMARY_CARE"}
	told := func(s *facts.Screening) bool { return w.request.Reason != "" && w.focus.care(s.Kind) }
	if l := w.due(func(s *facts.Screening) bool { return !told(s) }); len(l.Fragments) > 0 {
		p.add(l)
	}
	return p
}

// conditions lists the active problems, those that bear on the reason first.
func (w *writer) conditions() Part {
	p := Part{Heading: "Chronic and Active Conditions", First: true}
	var list []*facts.Problem
	for i := range w.Problems {
		if w.Problems[i].Active {
			list = append(list, &w.Problems[i])
		}
	}
	first(list, w.focus.problem)
	for _, q := range list {
		text := q.Text
		if v := q.Verification; v != "" && v != "confirmed" {
			text += " (" + v + ")"
		}
		if q.Severity != "" {
			text += ", " + q.Severity
		}
		if q.Onset.Known() {
			text += ", since " + q.Onset.Text()
		}
		p.add(bullet().say(text, q.Fact).end())
	}
	if len(list) == 0 {
		p.add(sentence().state("No active condition is recorded.").end())
	}
	return p
}

// first moves what bears on the reason to the front.
func first[T any](list []*T, is func(*T) bool) {
	slices.SortStableFunc(list, func(x, y *T) int {
		switch a, b := is(x), is(y); {
		case a == b:
			return 0
		case a:
			return -1
		}
		return 1
	})
}

// medications lists what is taken, and what must not be given.
func (w *writer) medications() Part {
	p := Part{Heading: "Current Medications", First: true}
	var list []*facts.Medication
	for i := range w.Medications {
		if w.Medications[i].Current {
			list = append(list, &w.Medications[i])
		}
	}
	first(list, w.focus.medication)
	for _, m := range list {
		p.add(medicationLine(m))
	}
	if len(list) == 0 {
		p.add(sentence().state("No current medication is recorded.").end())
	}
	for i := range w.Medications {
		if m := &w.Medications[i]; m.Prohibited {
			p.add(bullet().say("Not to be given: "+m.Text, m.Fact).end())
		}
	}
	return p
}

func medicationLine(m *facts.Medication) Line {
	text := m.Text
	if m.Held {
		text += " (on hold)"
	}
	if m.Dose != "" {
		text += ", " + m.Dose
	}
	if len(m.Reasons) > 0 {
		text += ", for " + strings.Join(m.Reasons[:min(2, len(m.Reasons))], " and ")
	}
	if m.Started.Known() {
		text += ", since " + m.Started.Text()
	}
	if m.Conflict {
		text += " (a later order is not active: confirm)"
	}
	return bullet().say(text, m.Fact).end()
}

// allergies lists active allergies, or says what is known.
func (w *writer) allergies() Part {
	p := Part{Heading: "Allergies", First: true}
	l := bullet()
	for i := range w.Allergies {
		a := &w.Allergies[i]
		if !a.Active {
			continue
		}
		text := a.Text
		var more []string
		if a.Verification == "unconfirmed" {
			more = append(more, a.Verification)
		}
		if a.Criticality == "high" {
			more = append(more, "high criticality")
		}
		more = append(more, a.Reactions...)
		if a.Severity != "" {
			more = append(more, a.Severity)
		}
		if len(more) > 0 {
			text += " (" + strings.Join(more, ", ") + ")"
		}
		l.say(lead(l, "", "; ")+text, a.Fact)
	}
	if len(l.Fragments) == 0 {
		p.add(sentence().state("No active allergy is recorded, nor that there is none: ask.").end())
		return p
	}
	p.add(l.end())
	return p
}
