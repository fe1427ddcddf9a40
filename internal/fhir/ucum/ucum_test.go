// SPDX-License-Identifier: Apache-2.0

package ucum_test

import (
	"math/big"
	"testing"

	"galen/internal/fhir/ucum"
)

func TestConvert(t *testing.T) {
	tests := []struct{ x, from, to, want string }{
		{"1", "g", "mg", "1000"}, {"1", "wk", "d", "7"}, {"1", "[in_i]", "cm", "127/50"}, {"1", "[lb_av]", "g", "45359237/100000"},
		{"37", "Cel", "K", "6203/20"}, {"212", "[degF]", "Cel", "100"}, {"1", "mol", "mmol", "1000"}, {"1", "m/s", "km/h", "18/5"},
		{"1", "10*3/uL", "10*9/L", "1"}, {"5", "%", "1", "1/20"}, {"1", "cm2", "m2", "1/10000"}, {"1", "{beats}/min", "/h", "60"},
		{"1", "mm[Hg]", "Pa", "66661/500"}, {"1", "kg.m/s2", "N", "1"}, {"2", "[iU]/L", "[iU]/mL", "1/500"},
		{"1", "L", "dm3", "1"}, {"1", "m", "s", ""},
		{"7", "[pH]", "mol/l", "1/10000000"}, {"1", "umol/l", "[pH]", "6"}, {"7.4", "[pH]", "[pH]", "37/5"}, {"20", "dB", "1", "100"}, {"1000", "1", "B", "3"},
		{"3", "B[W]", "W", "1000"}, {"2", "B[V]", "mV", "10000"}, {"6", "B[mV]", "B[V]", "0"}, {"0", "Np", "1", "1"}, {"10", "bit_s", "1", "1024"}, {"2", "[hp'_C]", "1", "1/10000"},
		{"3", "[m/s2/Hz^(1/2)]", "m2/s4/Hz", "9"}, {"0", "%[slope]", "rad", "0"}, {"5", "[pH]/L", "[pH]/mL", "1/200"}, {"1", "[pH]", "1", ""}, {"-1", "mol/l", "[pH]", ""}, {"9999999", "B", "1", ""}, {"1", "[iU]", "1", ""},
	}
	for _, test := range tests {
		u, err := ucum.Parse(test.from)
		if err != nil {
			t.Errorf("%s: %v", test.from, err)
			continue
		}
		v, err := ucum.Parse(test.to)
		if err != nil {
			t.Errorf("%s: %v", test.to, err)
			continue
		}
		x, _ := new(big.Rat).SetString(test.x)
		y, err := ucum.Convert(x, u, v)
		got := ""
		if err == nil {
			got = y.RatString()
		}
		if got != test.want {
			t.Errorf("%s %s in %s: got %q, want %q", test.x, test.from, test.to, got, test.want)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"kg.m/s2", "{a}/[in_i]", "((m))", "10*-3", "//m"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if u, err := ucum.Parse(s); err == nil && !u.Comparable(u) {
			t.Error("a unit is not comparable to itself")
		}
	})
}
