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

// Text is what the parsers of this package read: bytes or a string.
type Text interface{ ~string | ~[]byte }

// ParseDate reads a FHIR date: YYYY, YYYY-MM or YYYY-MM-DD.
func ParseDate[T Text](s T) (DateTime, bool) { panic("todo") }

// ParseDateTime reads a FHIR dateTime: a date, or a date with a time to the second at least and a zone.
func ParseDateTime[T Text](s T) (DateTime, bool) { panic("todo") }

// ParseInstant reads a FHIR instant: date, time to the second at least, and zone.
func ParseInstant[T Text](s T) (DateTime, bool) { panic("todo") }

// ParseTime reads a FHIR time: hh:mm:ss with an optional fraction, no zone.
func ParseTime[T Text](s T) (DateTime, bool) { panic("todo") }

// ParseSearchDate reads a date search value, without its prefix: as a dateTime, but minutes suffice and a zone is optional.
//
// http://hl7.org/fhir/R4/search.html#date
func ParseSearchDate[T Text](s T) (DateTime, bool) { panic("todo") }

// ParsePartial reads what a FHIRPath literal holds after the @: any precision, zone optional, a date with or without a
// trailing T, or T and a time of day.
func ParsePartial[T Text](s T) (DateTime, bool) { panic("todo") }

// IsTime reports whether d is a time of day.
func (d DateTime) IsTime() bool { return d.Year == 0 && d.Precision != NoPrecision }

// Bounds gives the instants that d covers, from low up to but not including high, in microseconds since 1970 UTC. zone is
// that of dates and times written without one, in minutes east of UTC. Finer parts than microseconds are cut. A time of
// day is read as of 1970-01-01.
func (d DateTime) Bounds(zone int) (low, high int64) { panic("todo") }

// Time is the first instant that d covers, read in zone (minutes east of UTC) if it has none of its own.
func (d DateTime) Time(zone int) time.Time { panic("todo") }

// Compare orders d and e by FHIRPath: part by part in UTC; ok is false (empty) when one has parts that the other lacks
// and what both have is equal, when only one has a zone, or when one is a time of day and the other a date.
//
// http://hl7.org/fhirpath/N1/#comparison
func (d DateTime) Compare(e DateTime) (order int, ok bool) { panic("todo") }

// AppendText appends d as FHIR writes it, with its own precision and zone.
func (d DateTime) AppendText(dst []byte) []byte { panic("todo") }

// String is the text of AppendText.
func (d DateTime) String() string { panic("todo") }
