// SPDX-License-Identifier: Apache-2.0

package ordkey_test

import (
	"bytes"
	"cmp"
	"testing"

	"galen/internal/ordkey"
)

// FuzzDecode gives every decoder any bytes: what it accepts must encode to the same bytes again.
func FuzzDecode(f *testing.F) {
	f.Add([]byte("a\x01\x01b\x00rest"))
	f.Add([]byte{0xC1, 20})
	f.Add([]byte{0xE0, 0x80, 0x40, 21, 20})
	f.Add([]byte{0x3E, 0xEB})
	f.Fuzz(func(t *testing.T, src []byte) {
		again := func(name string, key, rest []byte, err error) {
			if err == nil && !bytes.Equal(append(key, rest...), src) {
				t.Errorf("%s: %x became %x and %x", name, src, key, rest)
			}
		}
		s, rest, err := ordkey.TakeString(src)
		again("string", ordkey.AppendString(nil, s), rest, err)
		u16, rest, err := ordkey.TakeUint16(src)
		again("uint16", ordkey.AppendUint16(nil, u16), rest, err)
		u32, rest, err := ordkey.TakeUint32Desc(src)
		again("uint32", ordkey.AppendUint32Desc(nil, u32), rest, err)
		u64, rest, err := ordkey.TakeUint64Desc(src)
		again("uint64", ordkey.AppendUint64Desc(nil, u64), rest, err)
		i64, rest, err := ordkey.TakeInt64(src)
		again("int64", ordkey.AppendInt64(nil, i64), rest, err)
		d, rest, err := ordkey.TakeDecimal(src)
		if err == nil {
			key, err := ordkey.AppendDecimal(nil, d)
			if err != nil {
				t.Fatalf("%x decodes to %q: %v", src, d, err)
			}
			again("decimal", key, rest, nil)
		}
	})
}

// FuzzOrder makes keys of any values: they must sort as the values, and come back.
func FuzzOrder(f *testing.F) {
	f.Add("a", "a\x00", int64(1), int64(-1), "1.50", "1.5")
	f.Add("", "\x01", int64(0), int64(0), "-1e-7", "1e30")
	f.Add("x", "x", int64(5), int64(6), "-99.99", "-100")
	f.Fuzz(func(t *testing.T, s1, s2 string, n1, n2 int64, d1, d2 string) {
		key := func(s string, n int64) []byte { return ordkey.AppendInt64(ordkey.AppendString(nil, s), n) }
		want := cmp.Or(cmp.Compare(s1, s2), cmp.Compare(n1, n2))
		if got := bytes.Compare(key(s1, n1), key(s2, n2)); got != want {
			t.Errorf("%q %d and %q %d: got %d, want %d", s1, n1, s2, n2, got, want)
		}
		if s, rest, err := ordkey.TakeString(key(s1, n1)); s != s1 || len(rest) != 8 || err != nil {
			t.Errorf("%q came back as %q, %v", s1, s, err)
		}
		k1, err1 := ordkey.AppendDecimal(nil, d1)
		k2, err2 := ordkey.AppendDecimal(nil, d2)
		if err1 != nil || err2 != nil {
			return
		}
		if got, want := bytes.Compare(k1, k2), rat(d1).Cmp(rat(d2)); got != want {
			t.Errorf("%s and %s: got %d, want %d", d1, d2, got, want)
		}
		if text, rest, err := ordkey.TakeDecimal(k1); err != nil || len(rest) != 0 || rat(text).Cmp(rat(d1)) != 0 {
			t.Errorf("%s came back as %s, %v", d1, text, err)
		}
	})
}
