// SPDX-License-Identifier: Apache-2.0

package fhirpath

import (
	"strings"
	"time"

	"galen/internal/fhir"
)

// shift adds a quantity of time to a date or time, or takes it away.
//
// http://hl7.org/fhirpath/N1/#datetime-arithmetic
func (e *Evaluator) shift(x, y *Value, minus bool) (Value, bool, error) {
	d, ok := partial(x)
	n, unit, calendar, fine := y.quantity()
	if !ok || !fine {
		return Value{}, false, e.wrong("date arithmetic")
	}
	code, definite := unit, true
	if c, def := calendarCode(unit); c != "" { // 'month' in quotes counts as the word
		code, definite = c, def
	} else if unit == "a" || unit == "mo" {
		definite = false
	}
	if !definite && !calendar && (unit == "a" || unit == "mo") {
		return Value{}, false, e.wrong("date arithmetic with a mean year or month")
	}
	whole := n.at(0, 0)
	if !whole.n.IsInt64() {
		return Value{}, false, nil
	}
	count := whole.n.Int64()
	if count > 1<<40 || count < -(1<<40) {
		return Value{}, false, nil
	}
	if minus {
		count = -count
	}
	return e.moved(x, d, code, count)
}

var spans = map[string]time.Duration{"wk": 7 * 24 * time.Hour, "d": 24 * time.Hour, "h": time.Hour, "min": time.Minute,
	"s": time.Second, "ms": time.Millisecond}

func (e *Evaluator) moved(x *Value, d fhir.DateTime, code string, count int64) (Value, bool, error) {
	t := d.Time(0)
	if d.HasZone {
		t = t.In(time.FixedZone("", int(d.Zone)*60))
	}
	if x.System == Time && (code == "a" || code == "mo") {
		return Value{}, false, e.wrong("date arithmetic")
	}
	switch code {
	case "a", "mo":
		if code == "a" {
			count *= 12
		}
		if d.Precision == fhir.Year {
			count -= count % 12
		}
		day := t.Day()
		first := t.AddDate(0, 0, 1-day).AddDate(0, int(count), 0)
		last := first.AddDate(0, 1, -1).Day()
		t = first.AddDate(0, 0, min(day, last)-1)
	default:
		span, ok := spans[code]
		if !ok {
			return Value{}, false, e.wrong("date arithmetic")
		}
		days := count / int64(24*time.Hour/min(span, 24*time.Hour))
		if span > 24*time.Hour {
			days = count * 7
		}
		switch {
		case d.Precision == fhir.Year:
			t = t.AddDate(int(days/365), 0, 0)
		case d.Precision == fhir.Month:
			t = t.AddDate(0, int(days/30), 0)
		case d.Precision == fhir.Day || span >= 24*time.Hour:
			if x.System != Time {
				t = t.AddDate(0, 0, int(days))
			}
		default:
			if x.System == Time {
				count %= int64(24 * time.Hour / span)
			}
			if count > int64(1<<62/span) || count < -int64(1<<62/span) {
				return Value{}, false, nil
			}
			t = t.Add(time.Duration(count) * span)
		}
	}
	if t.Year() < 1 || t.Year() > 9999 {
		return Value{}, false, nil
	}
	return Value{System: x.System, Text: dateText(t, d)}, true, nil
}

// dateText writes t with the precision and zone of d.
func dateText(t time.Time, d fhir.DateTime) string {
	layout := map[fhir.Precision]string{fhir.Year: "2006", fhir.Month: "2006-01", fhir.Day: "2006-01-02", fhir.Hour: "2006-01-02T15",
		fhir.Minute: "2006-01-02T15:04", fhir.Second: "2006-01-02T15:04:05", fhir.Fraction: "2006-01-02T15:04:05"}[d.Precision]
	if d.Precision == fhir.Fraction {
		layout += "." + strings.Repeat("0", int(d.Digits))
	}
	if d.IsTime() {
		return strings.TrimPrefix(t.Format(layout), t.Format("2006-01-02T"))
	}
	if d.Zulu {
		layout += "Z"
	} else if d.HasZone {
		layout += "-07:00"
	}
	return t.Format(layout)
}
