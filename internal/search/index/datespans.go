// SPDX-License-Identifier: Apache-2.0

package index

import (
	"math"

	"galen/internal/ordkey"
)

// spans covers the two kinds of values: those within a month, of which whole months are taken at once and the months at
// the edges are judged one by one, and the long ones.
func (c *dateCondition) spans(s *source) []Span {
	return append(c.short(s), c.long(s)...)
}

// short covers the values within a month. Only in a month that one of the turns lies inside does the condition depend on
// the value; in every other one any value decides for all.
func (c *dateCondition) short(s *source) []Span {
	var spans []Span
	from := int32(0)
	for _, turn := range c.turns() {
		month := monthAt(turn)
		if month < from {
			continue
		}
		spans = c.months(s, spans, from, month)
		if from = month; turn > monthStart(month) {
			spans = append(spans, c.edge(s, month))
			from++
		}
	}
	return c.months(s, spans, from, monthAt(lastMonth))
}

// turns are the instants where what the condition says can change.
func (c *dateCondition) turns() []int64 {
	switch c.op {
	case Greater, StartsAfter:
		return []int64{c.asked.high}
	case Less, EndsBefore:
		return []int64{c.asked.low}
	}
	return []int64{c.asked.low, c.asked.high}
}

// monthAt is the month of an instant, held between the first and the last one.
func monthAt(micros int64) int32 { return monthOf(min(max(micros, firstMonth), lastMonth)) }

// months adds the months from one to before another, which are alike, if their values match.
func (c *dateCondition) months(s *source, spans []Span, from, to int32) []Span {
	if from >= to {
		return spans
	}
	low := monthStart(from)
	if !c.has(period{low, low + 1}) {
		return spans
	}
	key := s.header.key(MonthClass)
	return append(spans, Range{appendMonth(key[:len(key):len(key)], from), appendMonth(key[:len(key):len(key)], to)}.span(Yes))
}

// edge judges the values of one month.
func (c *dateCondition) edge(s *source, month int32) Span {
	key := s.header.key(WithinClass)
	low, high := monthStart(month), monthStart(month+1)
	switch c.op { // those that begin elsewhere cannot match
	case Equal, StartsAfter:
		low = max(low, c.low())
		if c.op == Equal {
			high = min(high, c.asked.high)
		}
	case Less, EndsBefore:
		high = min(high, c.asked.low)
	case Approximately:
		high = min(high, c.asked.high)
	}
	r := Range{ordkey.AppendInstant(key[:len(key):len(key)], low), ordkey.AppendInstant(key[:len(key):len(key)], max(low, high))}
	return r.judged(Yes, c.judgeTerm)
}

// low is where the values that match begin at the earliest.
func (c *dateCondition) low() int64 {
	if c.op == StartsAfter {
		return c.asked.high
	}
	return c.asked.low
}

func (c *dateCondition) judgeTerm(term []byte) (Verdict, []byte) {
	v, _ := c.judge(term[HeaderLength:])
	return v, nil
}

// long covers the values that reach over a month's end, by the end that says most.
func (c *dateCondition) long(s *source) []Span {
	q := c.asked
	switch c.op {
	case Equal:
		return []Span{s.byLow(q.low, q.high).judged(Yes, c.judgeTerm)}
	case NotEqual:
		return []Span{s.byLow(math.MinInt64, q.low).span(Yes), s.byHigh(q.high).span(Yes)}
	case Greater:
		return []Span{s.byHigh(q.high).span(Yes)}
	case GreaterOrEqual:
		return []Span{s.byHigh(q.high).span(Yes), s.byLow(q.low, q.high).judged(Yes, c.judgeTerm)}
	case Less:
		return []Span{s.byLow(math.MinInt64, q.low).span(Yes)}
	case LessOrEqual:
		return []Span{s.byLow(math.MinInt64, q.low).span(Yes), s.byLow(q.low, q.high).judged(Yes, c.judgeTerm)}
	case StartsAfter:
		r := s.byLow(q.high, q.high)
		r.High = s.header.class(LongClass).High
		return []Span{r.span(Yes)}
	case EndsBefore:
		r := s.byHigh(q.low)
		return []Span{Range{s.header.key(LongByHighClass), r.Low}.span(Yes)}
	}
	return []Span{s.byHigh(q.low).judged(Yes, func(term []byte) (Verdict, []byte) {
		if len(term) < HeaderLength+16 {
			return No, nil
		}
		if low, _, err := ordkey.TakeInstant(term[HeaderLength+8:]); err == nil && low < q.high {
			return Yes, nil
		}
		return No, nil
	})}
}

// byLow is the long values that begin from low up to but not including high.
func (s *source) byLow(low, high int64) Range {
	key := s.header.key(LongClass)
	return Range{ordkey.AppendInstant(key[:len(key):len(key)], low), ordkey.AppendInstant(key[:len(key):len(key)], high)}
}

// byHigh is the long values that end after an instant.
func (s *source) byHigh(after int64) Range {
	r := s.header.class(LongByHighClass)
	if after == math.MaxInt64 {
		return Range{r.High, r.High}
	}
	r.Low = ordkey.AppendInstant(s.header.key(LongByHighClass), after+1)
	return r
}
