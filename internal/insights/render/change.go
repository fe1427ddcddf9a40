// SPDX-License-Identifier: Apache-2.0

package render

import (
	"cmp"
	"slices"

	"galen/internal/insights/facts"
)

// since tells what is dated after the last visit ended: new and ended problems, medicines, procedures, vaccines, results
// and documents, what is out of range first.
func (w *writer) since() Section {
	s := Section{Name: Since, Title: sinceHeading}
	p := Part{Heading: sinceHeading, First: true}
	if w.LastVisit == nil {
		p.add(sentence().state("No earlier visit is recorded.").end())
		s.put(p)
		return s
	}
	last := w.LastVisit.Over()
	w.sinceProblems(&p, last)
	w.sinceMedications(&p, last)
	w.sinceResults(&p, last)
	w.sinceDone(&p, last)
	if len(p.Lines) == 0 {
		p.add(sentence().say("Nothing is recorded after the visit of "+w.LastVisit.Start.Text(), w.LastVisit.Fact).end())
	}
	p.Lines = p.Lines[:min(len(p.Lines), maxSince)]
	s.put(p)
	return s
}

func (w *writer) sinceProblems(p *Part, last facts.Date) {
	for i := range w.Problems {
		switch q := &w.Problems[i]; {
		case q.Active && q.Onset.After(last):
			p.add(bullet().say("New problem: "+q.Text+" on "+q.Onset.Text(), q.Fact).end())
		case !q.Active && q.Ended.After(last):
			p.add(bullet().say("Resolved: "+q.Text+" on "+q.Ended.Text(), q.Fact).end())
		}
	}
	for i := range w.Allergies {
		if a := &w.Allergies[i]; a.Active && a.Recorded.After(last) {
			p.add(bullet().say("Allergy recorded: "+a.Text+" on "+a.Recorded.Text(), a.Fact).end())
		}
	}
}

func (w *writer) sinceMedications(p *Part, last facts.Date) {
	for i := range w.Medications {
		m := &w.Medications[i]
		switch {
		case m.Current && m.Started.After(last):
			p.add(bullet().say("Started: "+m.Text+" on "+m.Started.Text(), m.Fact).end())
		case m.Current && m.Latest.After(last):
			p.add(bullet().say("Ordered again: "+m.Text+" on "+m.Latest.Text(), m.Fact).end())
		case !m.Current && !m.Prohibited && m.Ended.After(last):
			p.add(bullet().say("Ended: "+m.Text+" on "+m.Ended.Text(), m.Fact).end())
		}
	}
}

// sinceResults tells values measured after the last visit, those out of range first.
func (w *writer) sinceResults(p *Part, last facts.Date) {
	var list []*facts.Series
	for i := range w.Series {
		if s := &w.Series[i]; !w.told[s] && s.Latest().Date.After(last) {
			list = append(list, s)
		}
	}
	first(list, func(s *facts.Series) bool { return s.Latest().Flag.Out() })
	for _, s := range list {
		w.told[s] = true
		p.add(w.seriesLine(s, 1))
	}
}

func (w *writer) sinceDone(p *Part, last facts.Date) {
	for i := range w.Procedures {
		if q := &w.Procedures[i]; q.Last().After(last) {
			p.add(bullet().cite("Done: "+q.Text+" on "+q.Last().Text(), q.ID, q.LatestEvidence().Reference).end())
		}
	}
	for i := range w.Immunizations {
		if m := &w.Immunizations[i]; m.Last().After(last) {
			p.add(bullet().cite("Vaccine given: "+m.Text+" on "+m.Last().Text(), m.ID, m.LatestEvidence().Reference).end())
		}
	}
	for i := range w.Documents {
		if d := &w.Documents[i]; d.Date.After(last) {
			p.add(documentLine(d, "New document: "))
		}
	}
}

// seriesLine tells the latest value of a series and those before it, up to n of different days.
func (w *writer) seriesLine(s *facts.Series, n int) Line {
	l := bullet()
	if n > 1 {
		l.Series = s
	}
	latest := s.Latest()
	text := s.Text + ": " + latest.Text
	if latest.Flag.Out() {
		text += ", " + string(latest.Flag)
	}
	if latest.Preliminary {
		text += ", preliminary"
	}
	l.cite(text+" ("+latest.Date.Text()+")", s.ID, latest.Evidence.Reference)
	before := *latest
	told := 1
	for _, v := range s.Values[1:] {
		if told == n {
			break
		}
		if v.Date.SameDay(before.Date) {
			continue
		}
		opening := ", then "
		if told == 1 {
			opening = map[string]string{"rising": "; up from ", "falling": "; down from "}[direction(latest, &v)]
			opening = cmp.Or(opening, map[bool]string{true: "; unchanged from ", false: "; before "}[v.Text == latest.Text])
		} else {
			opening = ", "
		}
		text := opening + v.Text
		if v.Flag == facts.Critical || v.Flag.Out() && v.Flag != latest.Flag {
			text += ", " + string(v.Flag)
		}
		l.cite(text+" ("+v.Date.Text()+")", s.ID, v.Evidence.Reference)
		before = v
		told++
	}
	return l.end()
}

// direction compares two numbers as facts does.
func direction(now, before *facts.Value) string {
	if !now.Numeric || !before.Numeric || now.Number == before.Number {
		return ""
	}
	if now.Number > before.Number {
		return "rising"
	}
	return "falling"
}

// untrended are series whose course says nothing in a summary: height, and scores of other series.
var untrended = []string{"8302-2", "59576-9", "77606-2", "9843-4", "32207-3", "32623-1"}

// trends tells the series that move or lie out of range.
func (w *writer) trends() Section {
	s := Section{Name: Trends, Title: "Trends"}
	p := Part{Heading: "Trends"}
	var list []*facts.Series
	for i := range w.Series {
		q := &w.Series[i]
		if !w.told[q] && days(q) >= 2 && urgency(q) > 0 && !q.Has(facts.LOINC, untrended...) && q.Latest().Date.After(w.ago(3)) {
			list = append(list, q)
		}
	}
	slices.SortStableFunc(list, func(x, y *facts.Series) int { return cmp.Compare(urgency(y), urgency(x)) })
	for _, q := range list[:min(len(list), maxTrends)] {
		w.told[q] = true
		p.add(w.seriesLine(q, trendValues))
	}
	if len(p.Lines) == 0 {
		l := bullet()
		l.state("No trends to report")
		p.add(*l)
	}
	s.put(p)
	return s
}

// days counts the days on which numbers of a series were taken, up to 2.
func days(s *facts.Series) int {
	for i := range s.Values {
		if !s.Values[i].Numeric {
			return 0
		}
		if !s.Values[i].Date.SameDay(s.Values[0].Date) {
			return 2
		}
	}
	return 1
}

// urgency is how much a series' course asks to be told: out of range and moving, out of range, moving by a tenth.
func urgency(s *facts.Series) int {
	n := 0
	latest := s.Latest()
	switch {
	case latest.Flag == facts.Critical:
		n = 8
	case latest.Flag.Out():
		n = 4
	}
	var before *facts.Value
	for i := range s.Values {
		if !s.Values[i].Date.SameDay(latest.Date) {
			before = &s.Values[i]
			break
		}
	}
	if before == nil {
		return n
	}
	if d := latest.Number - before.Number; d > before.Number/10 || -d > before.Number/10 {
		n++
		if latest.Flag != before.Flag {
			n++
		}
	}
	return n
}
