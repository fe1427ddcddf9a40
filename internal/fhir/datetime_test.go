// SPDX-License-Identifier: Apache-2.0

package fhir_test

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"galen/internal/fhir"
)

// The grammars of the specification, to hold the parsers to.
const (
	yearExpr  = `([0-9]([0-9]([0-9][1-9]|[1-9]0)|[1-9]00)|[1-9]000)`
	monthExpr = `(0[1-9]|1[0-2])`
	dayExpr   = `(0[1-9]|[1-2][0-9]|3[0-1])`
	timeExpr  = `([01][0-9]|2[0-3]):[0-5][0-9]:([0-5][0-9]|60)(\.[0-9]+)?`
	zoneExpr  = `(Z|(\+|-)((0[0-9]|1[0-3]):[0-5][0-9]|14:00))`
)

var (
	dateGrammar     = regexp.MustCompile(`^` + yearExpr + `(-` + monthExpr + `(-` + dayExpr + `)?)?$`)
	dateTimeGrammar = regexp.MustCompile(`^` + yearExpr + `(-` + monthExpr + `(-` + dayExpr + `(T` + timeExpr + zoneExpr + `)?)?)?$`)
	instantGrammar  = regexp.MustCompile(`^` + yearExpr + `-` + monthExpr + `-` + dayExpr + `T` + timeExpr + zoneExpr + `$`)
	timeGrammar     = regexp.MustCompile(`^` + timeExpr + `$`)
)

var moments = []string{
	"2020", "0001", "0000", "9999", "1000", "202", "20200", "2020-", "2020-01", "2020-1", "2020-00", "2020-13", "2020-01-",
	"2020-02-29", "2019-02-29", "1900-02-29", "2000-02-29", "2020-04-31", "2020-12-31", "2020-01-32", "2020-01-00",
	"2020-01-01T", "2020-01-01T10", "2020-01-01T10:00", "2020-01-01T10:00Z", "2020-01-01T10:00:00", "2020-01-01T10:00:00Z",
	"2020-01-01T24:00:00Z", "2020-01-01T23:60:00Z", "2020-01-01T23:59:60Z", "2020-01-01T23:59:61Z", "2020-01-01T10:00:00.Z",
	"2020-01-01T10:00:00.1Z", "2020-01-01T10:00:00.123456789Z", "2020-01-01T10:00:00.1234567891Z", "2020-01-01T10:00:00+14:00",
	"2020-01-01T10:00:00-14:00", "2020-01-01T10:00:00+14:01", "2020-01-01T10:00:00+13:59", "2020-01-01T10:00:00+15:00",
	"2020-01-01T10:00:00+01:60", "2020-01-01T10:00:00+0100", "2020-01-01T10:00:00 01:00", "2020-01-01t10:00:00z",
	"2020-01-01 10:00:00Z", "10:00:00", "23:59:60.5", "24:00:00", "10:00", "T10:00:00", "2020-01-01T10:00:00-00:00", "-2020",
	"+2020", "2020-01-01T10:00:00.123+05:30", "2020-01T10:00:00Z", "2020T10:00:00Z", "",
}

func TestDatesFollowTheGrammar(t *testing.T) {
	for _, s := range moments {
		checkMoment(t, s)
	}
}

// checkMoment holds every parser of dates to the grammar and to what it read.
func checkMoment(t *testing.T, s string) {
	t.Helper()
	realDay := true
	if len(s) >= 10 && dateGrammar.MatchString(s[:10]) {
		_, err := time.Parse("2006-01-02", s[:10])
		realDay = err == nil
	}
	for _, p := range []struct {
		name    string
		parse   func(string) (fhir.DateTime, bool)
		grammar *regexp.Regexp
	}{
		{"date", fhir.ParseDate[string], dateGrammar},
		{"dateTime", fhir.ParseDateTime[string], dateTimeGrammar},
		{"instant", fhir.ParseInstant[string], instantGrammar},
		{"time", fhir.ParseTime[string], timeGrammar},
		{"search date", fhir.ParseSearchDate[string], nil},
		{"partial", fhir.ParsePartial[string], nil},
	} {
		d, ok := p.parse(s)
		if want := p.grammar == nil || p.grammar.MatchString(s) && realDay; p.grammar != nil && ok != want {
			t.Errorf("%s %q: ok = %v, want %v", p.name, s, ok, want)
		}
		if !ok {
			if d != (fhir.DateTime{}) {
				t.Errorf("%s %q: refused, but %v", p.name, s, d)
			}
			continue
		}
		want := strings.Replace(strings.Trim(s, "T"), "-00:00", "+00:00", 1)
		if dot := strings.IndexByte(want, '.'); dot >= 0 && d.Digits == 9 {
			end := dot + 10
			want = want[:end] + strings.TrimLeft(want[end:], "0123456789")
		}
		if got := d.String(); got != want {
			t.Errorf("%s %q: text %q, want %q", p.name, s, got, want)
		}
		if low, high := d.Bounds(0); low >= high {
			t.Errorf("%s %q: bounds %d, %d", p.name, s, low, high)
		}
		if order, same := d.Compare(d); order != 0 || !same {
			t.Errorf("%s %q: compared with itself %d, %v", p.name, s, order, same)
		}
	}
}

func TestBounds(t *testing.T) {
	for _, c := range []struct {
		text, low, high string
		zone            int
	}{
		{"2013", "2013-01-01T00:00:00Z", "2014-01-01T00:00:00Z", 0},
		{"2013-02", "2013-02-01T00:00:00Z", "2013-03-01T00:00:00Z", 0},
		{"2012-02-29", "2012-02-29T00:00:00Z", "2012-03-01T00:00:00Z", 0},
		{"2013-12", "2013-12-01T00:00:00Z", "2014-01-01T00:00:00Z", 0},
		{"2013", "2012-12-31T23:00:00Z", "2013-12-31T23:00:00Z", 60},
		{"2013-01-14", "2013-01-14T05:00:00Z", "2013-01-15T05:00:00Z", -300},
		{"2013-01-14T10:00", "2013-01-14T10:00:00Z", "2013-01-14T10:01:00Z", 0},
		{"2013-01-14T10:00:07", "2013-01-14T09:00:07Z", "2013-01-14T09:00:08Z", 60},
		{"2013-01-14T10:00:07+05:30", "2013-01-14T04:30:07Z", "2013-01-14T04:30:08Z", 60},
		{"2013-01-14T10:00:07.5Z", "2013-01-14T10:00:07.5Z", "2013-01-14T10:00:07.6Z", 0},
		{"2013-01-14T10:00:07.123Z", "2013-01-14T10:00:07.123Z", "2013-01-14T10:00:07.124Z", 0},
		{"2013-01-14T10:00:07.123456789Z", "2013-01-14T10:00:07.123456Z", "2013-01-14T10:00:07.123457Z", 0},
		{"2016-12-31T23:59:60Z", "2017-01-01T00:00:00Z", "2017-01-01T00:00:01Z", 0},
		{"0001-01-01T00:00:00+14:00", "0000-12-31T10:00:00Z", "0000-12-31T10:00:01Z", 0},
		{"9999", "9999-01-01T00:00:00Z", "10000-01-01T00:00:00Z", 0},
		{"1582-10-15", "1582-10-15T00:00:00Z", "1582-10-16T00:00:00Z", 0},
	} {
		d, ok := fhir.ParseSearchDate(c.text)
		if !ok {
			t.Errorf("%q is refused", c.text)
			continue
		}
		low, high := d.Bounds(c.zone)
		format := func(v int64) string { return time.UnixMicro(v).UTC().Format("2006-01-02T15:04:05.999999Z07:00") }
		if format(low) != c.low || format(high) != c.high {
			t.Errorf("bounds of %q in zone %d: %s, %s; want %s, %s", c.text, c.zone, format(low), format(high), c.low, c.high)
		}
	}
}

func TestBoundsAgreeWithTimeOnEveryDay(t *testing.T) {
	for day := time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC); day.Year() <= 9999; day = day.AddDate(0, 0, 1) {
		if y := day.Year(); y > 5 && y < 1895 || y > 2105 && y < 9995 {
			continue
		}
		d := fhir.DateTime{Year: uint16(day.Year()), Month: uint8(day.Month()), Day: uint8(day.Day()), Precision: fhir.Day}
		if low, _ := d.Bounds(0); low != day.UnixMicro() {
			t.Fatalf("%v begins at %d, want %d", d, low, day.UnixMicro())
		}
	}
}

func TestCompareDates(t *testing.T) {
	for _, c := range []struct {
		a, b  string
		order int
		ok    bool
	}{
		{"2012", "2013", -1, true}, {"2012", "2012", 0, true}, {"2012", "2012-01", 0, false}, {"2012-02", "2012-01-31", 1, true},
		{"2012-01-01T10:00:00Z", "2012-01-01T11:00:00+01:00", 0, true}, {"2012-01-01T10:00:00Z", "2012-01-01T10:00:00", 0, false},
		{"2012-01-01T10:00:00Z", "2012-01-01T10:00:00.0Z", 0, true}, {"2012-01-01T10:00:00Z", "2012-01-01T10:00:00.1Z", -1, true},
		{"2012-01-01T10:00", "2012-01-01T10:00:00", 0, false}, {"2012-01-01T10", "2012-01-01T11:30", -1, true},
		{"2012-01-01", "2012-01-01T10:00:00Z", 0, false}, {"2012-01-01", "2012-01-02T10:00:00Z", -1, true},
		{"T10:00", "T10:01", -1, true}, {"T10:00", "2012", 0, false}, {"0001-01-01T00:00:00+14:00", "0001-01-01T00:00:00Z", -1, true},
		{"9999-12-31T23:00:00-14:00", "9999-12-31T23:00:00Z", 1, true},
	} {
		a, ok1 := fhir.ParsePartial(c.a)
		b, ok2 := fhir.ParsePartial(c.b)
		if !ok1 || !ok2 {
			t.Errorf("%q or %q is refused", c.a, c.b)
			continue
		}
		order, ok := a.Compare(b)
		back, okBack := b.Compare(a)
		if order != c.order || ok != c.ok || back != -c.order || okBack != c.ok {
			t.Errorf("%q with %q: %d, %v and back %d, %v; want %d, %v", c.a, c.b, order, ok, back, okBack, c.order, c.ok)
		}
	}
}

func FuzzDateTime(f *testing.F) {
	for _, s := range moments {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) { checkMoment(t, s) })
}

func BenchmarkParseDateTimeBounds(b *testing.B) {
	text := []byte("2011-10-14T23:37:54.530+00:00")
	b.ReportAllocs()
	for b.Loop() {
		d, _ := fhir.ParseDateTime(text)
		d.Bounds(0)
	}
}
