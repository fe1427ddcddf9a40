// SPDX-License-Identifier: Apache-2.0

package fhir_test

import (
	"encoding/json"
	"math/big"
	"strings"
	"testing"

	"galen/internal/fhir"
)

var decimals = []string{
	"0", "-0", "0.0", "0.00", "0e5", "1", "-1", "10", "100", "1.5", "1.50", "0.5", "-0.005", "0.00500", "123.456", "1e2", "1E+2",
	"1.0e2", "1.5e-3", "99999999999999999999.99999999999999999999", "9223372036854775807", "9223372036854775808",
	"-9223372036854775808", "-9223372036854775809", "1e18", "1e19", "1e9999", "1e-9999", "1e10000", "01", "1.", ".5", "+1", "",
	"-", "1e", "1e+", "1.e1", "--1", "1.2.3", "0x1", "1 ", "00", "-01.5", "120e-1", "0.1e1", "10e1",
}

func TestDecimals(t *testing.T) {
	for _, a := range decimals {
		for _, b := range decimals {
			checkDecimals(t, a, b)
		}
	}
	if _, ok := fhir.ParseDecimal(strings.Repeat("9", fhir.MaxDecimal)); !ok {
		t.Errorf("%d digits are refused", fhir.MaxDecimal)
	}
	if _, ok := fhir.ParseDecimal(strings.Repeat("9", fhir.MaxDecimal+1)); ok {
		t.Errorf("%d digits are accepted", fhir.MaxDecimal+1)
	}
}

func isNumber(s string) bool {
	return s != "" && json.Valid([]byte(s)) && (s[0] == '-' || s[0]-'0' <= 9) && s[len(s)-1]-'0' <= 9
}

// checkDecimals holds two decimals to math/big.
func checkDecimals(t *testing.T, s, other string) {
	t.Helper()
	d, ok := fhir.ParseDecimal(s)
	if !ok {
		if _, exponent, _ := strings.Cut(strings.ToLower(s), "e"); isNumber(s) && len(exponent) < 5 && len(s) <= fhir.MaxDecimal {
			t.Errorf("%q is refused", s)
		}
		return
	}
	if !isNumber(s) {
		t.Fatalf("%q is accepted", s)
	}
	value, _ := new(big.Rat).SetString(s)
	if d.String() != s || d.Sign() != value.Sign() {
		t.Errorf("%q: text %q, sign %d", s, d, d.Sign())
	}
	digits := string(d.AppendDigits(nil))
	if strings.HasPrefix(digits, "0") || strings.HasSuffix(digits, "0") || (digits == "") != (d.Sign() == 0) {
		t.Errorf("%q: digits %q", s, digits)
	}
	if d.Sign() != 0 {
		back, _ := new(big.Rat).SetString(digits[:1] + "." + digits[1:] + "0e" + big.NewInt(int64(d.Exponent())).String())
		if back.Cmp(new(big.Rat).Abs(value)) != 0 {
			t.Errorf("%q: digits %q, exponent %d", s, digits, d.Exponent())
		}
	}
	if v, ok := d.Int64(); ok != (value.IsInt() && value.Num().IsInt64()) || ok && v != value.Num().Int64() {
		t.Errorf("%q: Int64 %d, %v", s, v, ok)
	}
	checkRange(t, d, value)
	if e, ok := fhir.ParseDecimal(other); ok {
		otherValue, _ := new(big.Rat).SetString(other)
		if got, want := d.Compare(e), value.Cmp(otherValue); got != want {
			t.Errorf("%q with %q: %d, want %d", s, other, got, want)
		}
	}
}

// checkRange holds a range to its definition: half a unit of the last written place either way.
func checkRange(t *testing.T, d fhir.Decimal, value *big.Rat) {
	t.Helper()
	low, high := d.Range()
	places := d.Scale() + 1
	if mantissa, _, exponent := strings.Cut(strings.ToLower(d.String()), "e"); exponent && len(strings.TrimLeft(mantissa, "-")) == 1 {
		places++
	}
	half, _ := new(big.Rat).SetString("5e" + big.NewInt(int64(-places)).String())
	for _, c := range []struct {
		got  fhir.Decimal
		want *big.Rat
	}{{low, new(big.Rat).Sub(value, half)}, {high, new(big.Rat).Add(value, half)}} {
		if got, _ := new(big.Rat).SetString(c.got.String()); got == nil || got.Cmp(c.want) != 0 || c.got.Sign() != c.want.Sign() {
			t.Errorf("%q: a bound of its range is %q, want %s", d, c.got, c.want.FloatString(12))
		}
	}
}

func TestDecimalRangeAndPrecision(t *testing.T) {
	for _, c := range []struct {
		text, low, high  string
		precision, scale int
	}{
		{"100", "99.5", "100.5", 3, 0}, {"5.40", "5.395", "5.405", 3, 2}, {"1e2", "95", "105", 1, -2}, {"1.50", "1.495", "1.505", 3, 2},
		{"0", "-0.5", "0.5", 1, 0}, {"0.0", "-0.05", "0.05", 1, 1}, {"-1.5", "-1.55", "-1.45", 2, 1}, {"1000", "999.5", "1000.5", 4, 0},
		{"1.5e2", "145", "155", 2, -1}, {"0.001", "0.0005", "0.0015", 1, 3}, {"1", "0.5", "1.5", 1, 0},
	} {
		d, ok := fhir.ParseDecimal(c.text)
		low, high := d.Range()
		if !ok || low.String() != c.low || high.String() != c.high {
			t.Errorf("range of %s: %s, %s; want %s, %s", c.text, low, high, c.low, c.high)
		}
		if d.Precision() != c.precision || d.Scale() != c.scale {
			t.Errorf("%s: precision %d, scale %d; want %d, %d", c.text, d.Precision(), d.Scale(), c.precision, c.scale)
		}
	}
	if d := fhir.DecimalFromInt(-120); d.String() != "-120" || string(d.AppendDigits(nil)) != "12" || d.Exponent() != 2 {
		t.Errorf("DecimalFromInt(-120) = %s", d)
	}
}

func FuzzDecimal(f *testing.F) {
	for i, s := range decimals {
		f.Add(s, decimals[len(decimals)-1-i])
	}
	f.Fuzz(func(t *testing.T, s, other string) {
		if len(s) < 100 && len(other) < 100 {
			checkDecimals(t, s, other)
		}
	})
}

func BenchmarkParseDecimal(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		fhir.ParseDecimal("176.35499866729558")
	}
}
