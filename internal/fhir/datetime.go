// SPDX-License-Identifier: Apache-2.0

package fhir

import "time"

// Precision is the last part of a date or time that is known.
type Precision uint8

// The precisions, coarse to fine. Fraction has 1 to 9 digits.
const (
	NoPrecision Precision = iota
	Year
	Month
	Day
	Hour // FHIRPath literals only
	Minute
	Second
	Fraction
)

// DateTime is a date, dateTime, instant or time with its precision and its zone as written. A time of day has Year 0.
// Parts beyond the precision are 0. The zero DateTime is no date.
type DateTime struct {
	Year      uint16 // 1 to 9999; 0 for a time of day
	Month     uint8
	Day       uint8
	Hour      uint8
	Minute    uint8
	Second    uint8 // 60 for a leap second
	Precision Precision
	Digits    uint8 // digits of the fraction, at most 9; further ones are cut
	HasZone   bool
	Zulu      bool  // the zone is written Z
	Zone      int16 // minutes east of UTC
	Nanos     uint32
}

// IsTime reports whether d is a time of day.
func (d DateTime) IsTime() bool { return d.Year == 0 && d.Precision != NoPrecision }

// Bounds gives the instants that d covers, from low up to but not including high, in microseconds since 1970 UTC. zone is
// that of dates and times written without one, in minutes east of UTC. Parts finer than a microsecond are cut. A time of
// day is read as of 1970-01-01. A leap second is the first second of the next minute. Both are 0 for the zero DateTime.
func (d DateTime) Bounds(zone int) (low, high int64) {
	const second = 1_000_000
	year, month, day := int(d.Year), max(int(d.Month), 1), max(int(d.Day), 1)
	switch {
	case d.Precision == NoPrecision:
		return 0, 0
	case d.IsTime():
		year = 1970
	}
	low = d.clock(zone, daysFromEpoch(year, month, day))
	switch d.Precision {
	case Year:
		high = d.clock(zone, daysFromEpoch(year+1, 1, 1))
	case Month:
		high = d.clock(zone, daysFromEpoch(year+month/12, month%12+1, 1))
	case Day:
		high = low + 24*60*60*second
	case Hour:
		high = low + 60*60*second
	case Minute:
		high = low + 60*second
	case Second:
		high = low + second
	default:
		width := int64(second)
		for range d.Digits {
			width /= 10
		}
		high = low + max(width, 1)
	}
	return low, high
}

// clock is the instant of d's time of day on a day, in microseconds since 1970 UTC.
func (d DateTime) clock(zone int, day int64) int64 {
	if d.HasZone {
		zone = int(d.Zone)
	}
	seconds := day*86400 + int64(d.Hour)*3600 + int64(int(d.Minute)-zone)*60 + int64(d.Second)
	return seconds*1_000_000 + int64(d.Nanos/1000)
}

// Time is the first instant that d covers, read in zone (minutes east of UTC) if it has none of its own.
func (d DateTime) Time(zone int) time.Time {
	low, _ := d.Bounds(zone)
	return time.UnixMicro(low).Add(time.Duration(d.Nanos % 1000)).UTC()
}

// daysFromEpoch counts the days from 1970-01-01 to a date of the Gregorian calendar. It counts in years that begin in
// March, so that the leap day comes last.
func daysFromEpoch(year, month, day int) int64 {
	if month < 3 {
		year--
		month += 12
	}
	inYear := (153*(month-3)+2)/5 + day - 1
	return int64(365*year+year/4-year/100+year/400+inYear) - 719468
}

// Compare orders d and e by FHIRPath: part by part, in UTC if they have zones; seconds and fraction are one part. ok is
// false (an empty answer) when one has parts that the other lacks and what both have is equal, when only one of two with
// a time has a zone, or when one is a time of day and the other is not.
//
// http://hl7.org/fhirpath/N1/#comparison
func (d DateTime) Compare(e DateTime) (order int, ok bool) {
	if d.Precision == NoPrecision || e.Precision == NoPrecision || d.IsTime() != e.IsTime() {
		return 0, false
	}
	if d.Precision > Day && e.Precision > Day && d.HasZone != e.HasZone {
		return 0, false
	}
	if d.HasZone && e.HasZone {
		d, e = d.inUTC(), e.inUTC()
	}
	p, q := d.parts(), e.parts()
	last := min(min(d.Precision, Second), min(e.Precision, Second))
	for i := range p[:last] {
		if p[i] != q[i] {
			if p[i] < q[i] {
				return -1, true
			}
			return 1, true
		}
	}
	return 0, min(d.Precision, Second) == min(e.Precision, Second)
}

// parts are the values that Compare goes through, one for each precision up to Second.
func (d DateTime) parts() [Second]int64 {
	return [Second]int64{int64(d.Year), int64(d.Month), int64(d.Day), int64(d.Hour), int64(d.Minute),
		int64(d.Second)*1e9 + int64(d.Nanos)}
}

// inUTC moves a DateTime with a zone to UTC; one without a time stays as it is. The year may become 0 or 10000.
func (d DateTime) inUTC() DateTime {
	if d.Precision <= Day || !d.HasZone || d.Zone == 0 {
		return d
	}
	minutes := int(d.Hour)*60 + int(d.Minute) - int(d.Zone)
	t := time.Date(int(d.Year), time.Month(d.Month), int(d.Day), 0, minutes, 0, 0, time.UTC)
	d.Year, d.Month, d.Day = uint16(t.Year()), uint8(t.Month()), uint8(t.Day())
	d.Hour, d.Minute, d.Zone = uint8(t.Hour()), uint8(t.Minute()), 0
	return d
}

// AppendText appends d as FHIR writes it, with its own precision and zone.
func (d DateTime) AppendText(dst []byte) []byte {
	if d.Precision == NoPrecision {
		return dst
	}
	if !d.IsTime() {
		dst = appendPadded(dst, int(d.Year), 4)
		if d.Precision >= Month {
			dst = appendPadded(append(dst, '-'), int(d.Month), 2)
		}
		if d.Precision >= Day {
			dst = appendPadded(append(dst, '-'), int(d.Day), 2)
		}
		if d.Precision >= Hour {
			dst = append(dst, 'T')
		}
	}
	if d.Precision >= Hour {
		dst = appendPadded(dst, int(d.Hour), 2)
	}
	if d.Precision >= Minute {
		dst = appendPadded(append(dst, ':'), int(d.Minute), 2)
	}
	if d.Precision >= Second {
		dst = appendPadded(append(dst, ':'), int(d.Second), 2)
	}
	if d.Precision == Fraction {
		dst = appendPadded(append(dst, '.'), int(d.Nanos), 9)
		dst = dst[:len(dst)-9+int(d.Digits)]
	}
	return d.appendZone(dst)
}

func (d DateTime) appendZone(dst []byte) []byte {
	switch {
	case !d.HasZone:
		return dst
	case d.Zulu:
		return append(dst, 'Z')
	}
	sign, zone := byte('+'), int(d.Zone)
	if zone < 0 {
		sign, zone = '-', -zone
	}
	dst = appendPadded(append(dst, sign), zone/60, 2)
	return appendPadded(append(dst, ':'), zone%60, 2)
}

// String is the text of AppendText.
func (d DateTime) String() string { return string(d.AppendText(make([]byte, 0, 40))) }
