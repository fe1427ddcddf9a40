// SPDX-License-Identifier: Apache-2.0

package facts

import (
	"encoding/json"
	"fmt"
	"time"

	"galen/internal/fhir"
)

// Date is a FHIR date or time on the patient's calendar. The zero Date is none.
type Date struct{ fhir.DateTime }

// date reads a date, dateTime, instant, or the start (else the end) of a Period.
func (b *builder) date(n fhir.Node) Date {
	if n.Kind() == fhir.Object {
		if d := b.date(n.Field("start")); d.Known() {
			return d
		}
		return b.date(n.Field("end"))
	}
	d, ok := fhir.ParseDateTime(n.Text())
	if !ok {
		return Date{}
	}
	if d.HasZone && d.Zone == 0 {
		d = inZone(d, b.now.Location())
	}
	return Date{d}
}

// inZone gives the same instant on the calendar of a place.
func inZone(d fhir.DateTime, loc *time.Location) fhir.DateTime {
	t := d.Time(0).In(loc)
	_, offset := t.Zone()
	d.Year, d.Month, d.Day = uint16(t.Year()), uint8(t.Month()), uint8(t.Day())
	d.Hour, d.Minute = uint8(t.Hour()), uint8(t.Minute())
	d.Zone, d.Zulu = int16(offset/60), d.Zulu && offset == 0
	return d
}

// Known reports whether there is a date.
func (d Date) Known() bool { return d.Year != 0 }

// Micros is the first instant that d covers, in microseconds since 1970; 0 for none.
func (d Date) Micros() int64 {
	if !d.Known() {
		return 0
	}
	low, _ := d.Bounds(0)
	return low
}

// After reports whether d begins after e ends. A part that is not known makes it false.
func (d Date) After(e Date) bool {
	if !d.Known() || !e.Known() {
		return false
	}
	low, _ := d.Bounds(0)
	_, high := e.Bounds(0)
	return low >= high
}

// day is d without its time.
func (d Date) day() Date {
	d.Precision = min(d.Precision, fhir.Day)
	d.Hour, d.Minute, d.Second, d.Nanos, d.HasZone, d.Zone, d.Digits, d.Zulu = 0, 0, 0, 0, false, 0, 0, false
	return d
}

// SameDay reports whether d and e are shown as the same.
func (d Date) SameDay(e Date) bool { return d.day() == e.day() }

// Text is d in words, to the day: "Mar 3, 2020", "Mar 2020", "2020"; empty for none.
func (d Date) Text() string {
	switch {
	case !d.Known():
		return ""
	case d.Precision == fhir.Year:
		return fmt.Sprintf("%04d", d.Year)
	case d.Precision == fhir.Month:
		return fmt.Sprintf("%s %04d", time.Month(d.Month).String()[:3], d.Year)
	}
	return fmt.Sprintf("%s %d, %04d", time.Month(d.Month).String()[:3], d.Day, d.Year)
}

// MarshalJSON writes d as FHIR does, and null for none.
func (d Date) MarshalJSON() ([]byte, error) {
	if !d.Known() {
		return []byte("null"), nil
	}
	return json.Marshal(d.DateTime.String())
}

// yearsBefore is the date n years before a time, to the day.
func yearsBefore(t time.Time, years, months int) Date {
	return day(t.AddDate(-years, -months, 0))
}

func day(t time.Time) Date {
	return Date{fhir.DateTime{Year: uint16(t.Year()), Month: uint8(t.Month()), Day: uint8(t.Day()), Precision: fhir.Day}}
}

// age is the whole years from birth to a date; -1 if either is not known to the year.
func age(birth, at Date) int {
	if !birth.Known() || !at.Known() {
		return -1
	}
	years := int(at.Year) - int(birth.Year)
	if int(at.Month)*100+int(at.Day) < int(birth.Month)*100+int(birth.Day) && birth.Precision >= fhir.Month && at.Precision >= fhir.Month {
		years--
	}
	return years
}
