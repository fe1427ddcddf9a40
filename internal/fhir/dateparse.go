// SPDX-License-Identifier: Apache-2.0

package fhir

import "unsafe"

// Text is what the parsers of this package read: bytes or a string.
type Text interface{ ~string | ~[]byte }

// ParseDate reads a FHIR date: YYYY, YYYY-MM or YYYY-MM-DD.
//
// http://hl7.org/fhir/R4/datatypes.html#date
func ParseDate[T Text](s T) (DateTime, bool) {
	var d DateTime
	rest, ok := d.datePart(asString(s))
	return checked(d, ok && rest == "")
}

// ParseDateTime reads a FHIR dateTime: a date, or a date with a time to the second at least and a zone.
//
// http://hl7.org/fhir/R4/datatypes.html#dateTime
func ParseDateTime[T Text](s T) (DateTime, bool) {
	var d DateTime
	ok := d.moment(asString(s))
	return checked(d, ok && (d.Precision <= Day || d.Precision >= Second && d.HasZone))
}

// ParseInstant reads a FHIR instant: a date, a time to the second at least, and a zone.
//
// http://hl7.org/fhir/R4/datatypes.html#instant
func ParseInstant[T Text](s T) (DateTime, bool) {
	var d DateTime
	ok := d.moment(asString(s))
	return checked(d, ok && d.Precision >= Second && d.HasZone)
}

// ParseTime reads a FHIR time: hh:mm:ss with an optional fraction, no zone.
//
// http://hl7.org/fhir/R4/datatypes.html#time
func ParseTime[T Text](s T) (DateTime, bool) {
	var d DateTime
	rest, ok := d.clockPart(asString(s))
	return checked(d, ok && rest == "" && d.Precision >= Second)
}

// ParseSearchDate reads a date search value, without its prefix: as a dateTime, but minutes suffice and a zone is optional.
//
// http://hl7.org/fhir/R4/search.html#date
func ParseSearchDate[T Text](s T) (DateTime, bool) {
	var d DateTime
	ok := d.moment(asString(s))
	return checked(d, ok && d.Precision != Hour)
}

// ParsePartial reads what a FHIRPath literal holds after its @: a date (T may follow), a date and a time of any precision
// with or without a zone, or T and a time of day.
//
// http://hl7.org/fhirpath/N1/#datetime
func ParsePartial[T Text](text T) (DateTime, bool) {
	s := asString(text)
	var d DateTime
	if s != "" && s[0] == 'T' {
		rest, ok := d.clockPart(s[1:])
		return checked(d, ok && rest == "")
	}
	if n := len(s); n > 0 && s[n-1] == 'T' {
		return ParseDate(s[:n-1])
	}
	ok := d.moment(s)
	return checked(d, ok)
}

// asString is s as a string without a copy, for as long as a call lasts: a slice's header begins as a string's does.
func asString[T Text](s T) string { return *(*string)(unsafe.Pointer(&s)) }

func checked(d DateTime, ok bool) (DateTime, bool) {
	if !ok {
		return DateTime{}, false
	}
	return d, true
}

// moment reads a date, or a date and a time of any precision with or without a zone.
func (d *DateTime) moment(s string) bool {
	rest, ok := d.datePart(s)
	if !ok || rest == "" {
		return ok
	}
	if d.Precision != Day || rest[0] != 'T' {
		return false
	}
	if rest, ok = d.clockPart(rest[1:]); !ok || rest == "" {
		return ok
	}
	return d.zonePart(rest)
}

// datePart reads a year, and a month and a day if they follow.
func (d *DateTime) datePart(s string) (rest string, ok bool) {
	if len(s) < 4 {
		return s, false
	}
	century, ok1 := two(s)
	year, ok2 := two(s[2:])
	if d.Year = uint16(century)*100 + uint16(year); !ok1 || !ok2 || d.Year == 0 {
		return s, false
	}
	d.Precision = Year
	if s = s[4:]; len(s) < 3 || s[0] != '-' {
		return s, true
	}
	month, ok := two(s[1:])
	if !ok || month < 1 || month > 12 {
		return s, false
	}
	d.Month, d.Precision = month, Month
	if s = s[3:]; len(s) < 3 || s[0] != '-' {
		return s, true
	}
	day, ok := two(s[1:])
	if !ok || day < 1 || day > daysIn(d.Year, month) {
		return s, false
	}
	d.Day, d.Precision = day, Day
	return s[3:], true
}

func daysIn(year uint16, month uint8) uint8 {
	switch month {
	case 2:
		if year%4 == 0 && (year%100 != 0 || year%400 == 0) {
			return 29
		}
		return 28
	case 4, 6, 9, 11:
		return 30
	}
	return 31
}

// clockPart reads an hour, and minutes, seconds and a fraction if they follow.
func (d *DateTime) clockPart(s string) (rest string, ok bool) {
	if d.Hour, ok = two(s); !ok || d.Hour > 23 {
		return s, false
	}
	d.Precision = Hour
	if s = s[2:]; len(s) < 3 || s[0] != ':' {
		return s, true
	}
	if d.Minute, ok = two(s[1:]); !ok || d.Minute > 59 {
		return s, false
	}
	d.Precision = Minute
	if s = s[3:]; len(s) < 3 || s[0] != ':' {
		return s, true
	}
	if d.Second, ok = two(s[1:]); !ok || d.Second > 60 {
		return s, false
	}
	d.Precision = Second
	if s = s[3:]; len(s) < 2 || s[0] != '.' || s[1]-'0' > 9 {
		return s, true
	}
	d.Precision = Fraction
	i, nanos, unit := 1, uint32(0), uint32(100_000_000)
	for ; i < len(s) && s[i]-'0' <= 9; i++ {
		nanos += uint32(s[i]-'0') * unit
		unit /= 10
	}
	d.Nanos, d.Digits = nanos, uint8(min(i-1, 9))
	return s[i:], true
}

// zonePart reads Z, or a sign, hours up to 14 and minutes, to the end of s.
func (d *DateTime) zonePart(s string) bool {
	d.HasZone = true
	if s == "Z" {
		d.Zulu = true
		return true
	}
	if len(s) != 6 || s[0] != '+' && s[0] != '-' || s[3] != ':' {
		return false
	}
	hours, ok1 := two(s[1:])
	minutes, ok2 := two(s[4:])
	zone := int16(hours)*60 + int16(minutes)
	if !ok1 || !ok2 || minutes > 59 || zone > 14*60 {
		return false
	}
	if s[0] == '-' {
		zone = -zone
	}
	d.Zone = zone
	return true
}

// two reads two digits.
func two(s string) (uint8, bool) {
	if len(s) < 2 || s[0]-'0' > 9 || s[1]-'0' > 9 {
		return 0, false
	}
	return (s[0]-'0')*10 + s[1] - '0', true
}
