// SPDX-License-Identifier: Apache-2.0

package index

import (
	"math"
	"time"

	"galen/internal/fault"
	"galen/internal/fhir"
	"galen/internal/fhir/def"
	"galen/internal/fhir/fhirpath"
	"galen/internal/ordkey"
)

// The ends of time, for periods that are open.
const (
	always = math.MinInt64
	ever   = math.MaxInt64
)

// period is the time from low up to but not including high, in microseconds since 1970 UTC.
type period struct{ low, high int64 }

// periodOf reads a value as the time that it covers. Dates without a zone are read in UTC.
//
// http://hl7.org/fhir/R4/search.html#date
func periodOf(v *fhirpath.Value) (p period, ok bool) {
	switch shapeOf(v) {
	case dateShape:
		return moment(v.Node, v.Type.Scalar)
	case periodShape:
		return between(v.Node)
	case timingShape:
		return timing(v.Node)
	}
	return p, false
}

func moment(n fhir.Node, s def.Scalar) (p period, ok bool) {
	var d fhir.DateTime
	if s == def.Date {
		d, ok = fhir.ParseDate(n.Text())
	} else {
		d, ok = fhir.ParseDateTime(n.Text())
	}
	if ok {
		p.low, p.high = d.Bounds(0)
	}
	return p, ok
}

// between reads a Period; a missing end is open.
func between(n fhir.Node) (p period, ok bool) {
	p = period{always, ever}
	if start, found := moment(n.Field("start"), def.DateTime); found {
		p.low, ok = start.low, true
	}
	if end, found := moment(n.Field("end"), def.DateTime); found {
		p.high, ok = end.high, true
	}
	return p, ok && p.low < p.high
}

// timing gives the outer limits of a Timing: of its events and of its bounds.
func timing(n fhir.Node) (p period, ok bool) {
	p = period{ever, always}
	for event := list(n.Field("event")); event.Ok(); event = event.Next() {
		if m, found := moment(event, def.DateTime); found {
			p, ok = period{min(p.low, m.low), max(p.high, m.high)}, true
		}
	}
	if m, found := between(n.Field("repeat").Field("boundsPeriod")); found {
		p, ok = period{min(p.low, m.low), max(p.high, m.high)}, true
	}
	return p, ok
}

// monthOf is the number of the UTC month that an instant lies in, from year 0.
func monthOf(micros int64) int32 {
	y, m, _ := time.UnixMicro(micros).UTC().Date()
	return int32(y*12 + int(m) - 1)
}

// monthStart is the first instant of a month.
func monthStart(month int32) int64 {
	return time.Date(0, time.Month(month+1), 1, 0, 0, 0, 0, time.UTC).UnixMicro()
}

// month reports whether p lies within one UTC month, and which. Months are those of the years 0 to 9999.
func (p period) month() (month int32, ok bool) {
	if p.low < firstMonth || p.high > lastMonth || p.high-p.low > 31*24*60*60*1_000_000 {
		return 0, false
	}
	month = monthOf(p.low)
	return month, p.high <= monthStart(month+1)
}

// The instants between which values are put into months: the beginnings of the years 0 and 10000.
const (
	firstMonth = -62167219200_000_000
	lastMonth  = 253402300800_000_000
)

func (t *Terms) dates(h *header, v *fhirpath.Value) {
	p, ok := periodOf(v)
	if !ok {
		return
	}
	if month, ok := p.month(); ok {
		t.open(h, MonthClass)
		t.keys = appendMonth(t.keys, month)
		t.done()
		t.open(h, WithinClass)
		t.keys = p.append(t.keys)
		t.done()
		return
	}
	t.open(h, LongClass)
	t.keys = p.append(t.keys)
	t.done()
	t.open(h, LongByHighClass)
	t.keys = ordkey.AppendInstant(ordkey.AppendInstant(t.keys, p.high), p.low)
	t.done()
}

func appendMonth(dst []byte, month int32) []byte { return ordkey.AppendUint32(dst, uint32(month)) }

// append writes low, then the length: the number of its bytes and those bytes, so that it sorts by low, then high.
func (p period) append(dst []byte) []byte {
	dst = ordkey.AppendInstant(dst, p.low)
	length := uint64(p.high) - uint64(p.low)
	n := 0
	for rest := length; rest > 0; rest >>= 8 {
		n++
	}
	dst = append(dst, byte(n))
	for n--; n >= 0; n-- {
		dst = append(dst, byte(length>>(8*n)))
	}
	return dst
}

// takePeriod reads what append wrote.
func takePeriod(b []byte) (p period, rest []byte, ok bool) {
	low, rest, err := ordkey.TakeInstant(b)
	if err != nil || len(rest) == 0 || rest[0] > 8 || len(rest) <= int(rest[0]) {
		return p, nil, false
	}
	n := int(rest[0])
	var length uint64
	for _, c := range rest[1 : 1+n] {
		length = length<<8 | uint64(c)
	}
	return period{low, int64(uint64(low) + length)}, rest[1+n:], true
}

// dateCondition compares the time a value covers with the time asked for.
type dateCondition struct {
	op    Prefix
	asked period
}

func newDate(c Clause, v Value) (*dateCondition, error) {
	if v.Date.Precision == fhir.NoPrecision || v.Date.IsTime() {
		return nil, fault.New(fault.Invalid, "no date")
	}
	low, high := v.Date.Bounds(c.Zone)
	d := &dateCondition{v.Prefix, period{low, high}}
	if v.Prefix == Approximately {
		tolerance := distance(d.asked, c.Now) / 10
		d.asked = period{low - tolerance, high + tolerance}
	}
	return d, nil
}

// distance is how far now is from p.
func distance(p period, now int64) int64 {
	switch {
	case now < p.low:
		return p.low - now
	case now > p.high:
		return now - p.high
	}
	return 0
}

// has compares as the specification's table of prefixes says, on the ranges of both.
//
// http://hl7.org/fhir/R4/search.html#prefix
func (c *dateCondition) has(p period) bool {
	equal := c.asked.low <= p.low && p.high <= c.asked.high
	greater, less := p.high > c.asked.high, p.low < c.asked.low
	switch c.op {
	case Equal:
		return equal
	case NotEqual:
		return !equal
	case Greater:
		return greater
	case Less:
		return less
	case GreaterOrEqual:
		return greater || equal
	case LessOrEqual:
		return less || equal
	case StartsAfter:
		return p.low >= c.asked.high
	case EndsBefore:
		return p.high <= c.asked.low
	}
	return p.low < c.asked.high && p.high > c.asked.low
}

func (c *dateCondition) match(v *fhirpath.Value, _ fhirpath.Value) bool {
	p, ok := periodOf(v)
	return ok && c.has(p)
}

func (c *dateCondition) prefix(dst []byte) ([]byte, bool) { return dst, false }

func (c *dateCondition) judge(b []byte) (Verdict, []byte) {
	p, rest, ok := takePeriod(b)
	if ok && c.has(p) {
		return Yes, rest
	}
	return No, rest
}

func (c *dateCondition) doubt() Verdict { return Yes }
