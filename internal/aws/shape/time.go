// SPDX-License-Identifier: Apache-2.0

package shape

import (
	"encoding/json"
	"math"
	"net/http"
	"strconv"
	"time"
)

// readTimestamp takes the form of the shape, in the body epoch seconds unless the model says otherwise, rounded to the
// millisecond that the wire carries. Years 0 to 9999.
func (s *Shape) readTimestamp(v any, path string) (any, error) {
	if s.Time == DateTime || s.Time == HTTPDate {
		text, ok := v.(string)
		if !ok {
			return nil, wrong(v, path, "Date")
		}
		t, ok := ParseTime(text, s.Time)
		if !ok {
			return nil, &TypeError{path, "STRING_VALUE can not be converted to a Date"}
		}
		return t, nil
	}
	n, ok := v.(json.Number)
	if !ok {
		return nil, wrong(v, path, "Date")
	}
	t, ok := ParseTime(n.String(), EpochSeconds)
	if !ok {
		return nil, &TypeError{path, "NUMBER_VALUE can not be converted to a Date"}
	}
	return t, nil
}

// ParseTime reads a timestamp's text. Years 0 to 9999, to the millisecond.
//
// https://smithy.io/2.0/spec/protocol-traits.html#timestampformat-trait
func ParseTime(text string, form Time) (time.Time, bool) {
	var t time.Time
	var err error
	switch form {
	case DateTime:
		t, err = time.Parse(time.RFC3339Nano, text)
	case HTTPDate:
		if t, err = http.ParseTime(text); err != nil { // with a fraction, as Smithy allows
			t, err = time.Parse("Mon, 02 Jan 2006 15:04:05.999999999 GMT", text)
		}
	default:
		var f float64
		f, err = strconv.ParseFloat(text, 64)
		if err != nil || math.IsNaN(f) || f < -62167219200 || f > 253402300799.999 {
			return time.Time{}, false
		}
		t = time.UnixMilli(int64(math.Round(f * 1000)))
	}
	if err != nil || t.Year() > 9999 {
		return time.Time{}, false
	}
	return t.UTC().Round(time.Millisecond), true
}

// AppendTime writes a timestamp's text: whole seconds, or as many digits of the milliseconds as are needed; epoch seconds
// are never in exponent form.
func AppendTime(b []byte, t time.Time, form Time) []byte {
	switch form {
	case DateTime:
		return t.UTC().Round(time.Millisecond).AppendFormat(b, "2006-01-02T15:04:05.999Z")
	case HTTPDate:
		return t.UTC().AppendFormat(b, http.TimeFormat)
	}
	ms := t.UnixMilli()
	if ms < 0 {
		b, ms = append(b, '-'), -ms
	}
	b = strconv.AppendInt(b, ms/1000, 10)
	if rest := ms % 1000; rest != 0 {
		b = append(b, '.', byte('0'+rest/100), byte('0'+rest/10%10), byte('0'+rest%10))
		for b[len(b)-1] == '0' {
			b = b[:len(b)-1]
		}
	}
	return b
}
