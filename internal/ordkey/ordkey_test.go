// SPDX-License-Identifier: Apache-2.0

package ordkey_test

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"math"
	"math/big"
	"strings"
	"testing"

	"galen/internal/ordkey"
)

// ordered checks that keys are as ascending as the values they are made of.
func ordered[T any](t *testing.T, values []T, appendTo func([]byte, T) []byte, compare func(a, b T) int) {
	t.Helper()
	for _, a := range values {
		for _, b := range values {
			ka, kb := appendTo(nil, a), appendTo(nil, b)
			if got, want := bytes.Compare(ka, kb), compare(a, b); got != want {
				t.Errorf("%v and %v: got %d (%x, %x), want %d", a, b, got, ka, kb, want)
			}
		}
	}
}

func TestIntegers(t *testing.T) {
	ordered(t, []uint16{0, 1, 255, 256, math.MaxUint16}, ordkey.AppendUint16, cmp.Compare[uint16])
	u32 := []uint32{0, 1, 255, 256, 1 << 31, math.MaxUint32}
	ordered(t, u32, ordkey.AppendUint32, cmp.Compare[uint32])
	ordered(t, u32, ordkey.AppendUint32Desc, func(a, b uint32) int { return cmp.Compare(b, a) })
	u64 := []uint64{0, 1, 255, 256, 1 << 63, math.MaxUint64}
	ordered(t, u64, ordkey.AppendUint64, cmp.Compare[uint64])
	ordered(t, u64, ordkey.AppendUint64Desc, func(a, b uint64) int { return cmp.Compare(b, a) })
	i64 := []int64{math.MinInt64, -256, -1, 0, 1, 255, math.MaxInt64}
	ordered(t, i64, ordkey.AppendInt64, cmp.Compare[int64])
	ordered(t, i64, ordkey.AppendInstant, cmp.Compare[int64])
}

func TestStringsNest(t *testing.T) {
	parts := []string{"", "\x00", "\x00\x00", "\x00\xff", "\x01", "\x01\x01", "\x01\x02", "\x02", "a", "a\x00", "a\x00b", "a\x01", "ab", "\xff"}
	type pair struct{ a, b string }
	var pairs []pair
	for _, a := range parts {
		for _, b := range parts {
			pairs = append(pairs, pair{a, b})
		}
	}
	ordered(t, pairs, func(dst []byte, p pair) []byte {
		return ordkey.AppendString(ordkey.AppendString(dst, p.a), []byte(p.b))
	}, func(p, q pair) int { return cmp.Or(cmp.Compare(p.a, q.a), cmp.Compare(p.b, q.b)) })
	for _, a := range parts {
		for _, b := range parts {
			if got, want := bytes.HasPrefix(ordkey.AppendString(nil, a), ordkey.AppendPrefix(nil, b)), strings.HasPrefix(a, b); got != want {
				t.Errorf("%q begins with %q: got %v, want %v", a, b, got, want)
			}
		}
	}
}

func TestTuplesComeBack(t *testing.T) {
	key := ordkey.AppendUint16([]byte{}, 7)
	key = ordkey.AppendString(key, "a\x00\x01b")
	key = ordkey.AppendUint32Desc(key, 9)
	key = ordkey.AppendUint64(key, 1<<40)
	key = ordkey.AppendUint64Desc(key, 5)
	key = ordkey.AppendInstant(key, -3)
	key, err := ordkey.AppendDecimal(key, "-12.50")
	if err != nil {
		t.Fatal(err)
	}
	key = ordkey.AppendUint32(key, 8)
	key = ordkey.AppendBytes(key, []byte{0, 1, 2})

	a, rest, e1 := ordkey.TakeUint16(key)
	b, rest, e2 := ordkey.TakeString(rest)
	c, rest, e3 := ordkey.TakeUint32Desc(rest)
	d, rest, e4 := ordkey.TakeUint64(rest)
	e, rest, e5 := ordkey.TakeUint64Desc(rest)
	f, rest, e6 := ordkey.TakeInstant(rest)
	g, rest, e7 := ordkey.TakeDecimal(rest)
	h, rest, e8 := ordkey.TakeUint32(rest)
	i, rest, e9 := ordkey.TakeBytes(rest, 3)
	if err := errors.Join(e1, e2, e3, e4, e5, e6, e7, e8, e9); err != nil || len(rest) != 0 {
		t.Fatalf("%v, %d bytes left", err, len(rest))
	}
	got := fmt.Sprint(a, []byte(b), c, d, e, f, g, h, i)
	want := fmt.Sprint(7, []byte("a\x00\x01b"), 9, 1<<40, 5, -3, "-12.5", 8, []byte{0, 1, 2})
	if got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	for n := range key { // a cut key never panics
		_, _, _ = ordkey.TakeString(key[n:])
		_, _, _ = ordkey.TakeDecimal(key[:n])
		_, _, _ = ordkey.TakeBytes(key[n:], 5)
	}
}

func TestDecimals(t *testing.T) {
	texts := []string{"0", "-0", "0.000", "0e99999999999", "1", "1.0", "1e0", "10e-1", "-12.50", "-12.5", "1e-7", "0.0000001", "12", "1200", "12e2",
		"1234", "123", "99", "100", "101", "0.1", "0.01", "-0.1", "1e31", "1e32", "1e33", "-1e32", "1e-32", "1e-33", "1e-34", "1e19999", "1e-20001",
		"-1e19999", "123456789012345678901234567890.123456789", "123456789012345678901234567890.12345678", "+5", "5", "00012", "3.14159", "-3.14159",
		"3.1415", strings.Repeat("9", ordkey.MaxDecimalDigits), "0." + strings.Repeat("0", 500) + "1", "1E+2", "1e+2"}
	ordered(t, texts, func(dst []byte, s string) []byte {
		key, err := ordkey.AppendDecimal(dst, s)
		if err != nil {
			t.Fatalf("%s: %v", s, err)
		}
		return key
	}, func(a, b string) int { return rat(a).Cmp(rat(b)) })
	for text, want := range map[string]string{"-12.50": "-12.5", "1e-7": "0.0000001", "1e3": "1000", "-0.0": "0",
		"1.5e40": "1.5e40", "7e-40": "7e-40", "100000000000000000000": "100000000000000000000"} {
		key, _ := ordkey.AppendDecimal(nil, text)
		if got, _, err := ordkey.TakeDecimal(key); got != want || err != nil {
			t.Errorf("%s: got %s, %v; want %s", text, got, err, want)
		}
	}
	for text, want := range map[string]error{"": ordkey.ErrNotDecimal, "-": ordkey.ErrNotDecimal, ".": ordkey.ErrNotDecimal, "1.": ordkey.ErrNotDecimal,
		".5": ordkey.ErrNotDecimal, "1..2": ordkey.ErrNotDecimal, "1e": ordkey.ErrNotDecimal, "1e+": ordkey.ErrNotDecimal, "1x": ordkey.ErrNotDecimal,
		"e5": ordkey.ErrNotDecimal, "1e5x": ordkey.ErrNotDecimal, "NaN": ordkey.ErrNotDecimal, "0x10": ordkey.ErrNotDecimal, " 1": ordkey.ErrNotDecimal,
		"1e20000": ordkey.ErrDecimalRange, "1e-20002": ordkey.ErrDecimalRange, "1e999999999999999999999": ordkey.ErrDecimalRange,
		"1" + strings.Repeat("0", ordkey.MaxDecimalDigits-1) + "1": ordkey.ErrDecimalRange} {
		if key, err := ordkey.AppendDecimal([]byte("k"), text); !errors.Is(err, want) || string(key) != "k" {
			t.Errorf("%.20q: got %v, want %v", text, err, want)
		}
	}
}

// rat is the exact value of a text, without an exponent where the value is zero, which big.Rat would expand.
func rat(s string) *big.Rat {
	if mantissa, _, _ := strings.Cut(strings.ToLower(s), "e"); strings.Trim(mantissa, "-+0.") == "" {
		return new(big.Rat)
	}
	r, ok := new(big.Rat).SetString(s)
	if !ok {
		panic(s)
	}
	return r
}

func TestPrefixEnd(t *testing.T) {
	for _, c := range []struct{ prefix, want []byte }{
		{nil, nil}, {[]byte{0xFF}, nil}, {[]byte{0xFF, 0xFF}, nil}, {[]byte("a"), []byte("b")},
		{[]byte{'a', 0xFF}, []byte("b")}, {[]byte{'a', 0}, []byte{'a', 1}}, {[]byte{0}, []byte{1}},
	} {
		if got := ordkey.PrefixEnd(c.prefix); !bytes.Equal(got, c.want) || (got == nil) != (c.want == nil) {
			t.Errorf("%x: got %x, want %x", c.prefix, got, c.want)
		}
	}
}
