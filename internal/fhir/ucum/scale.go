// SPDX-License-Identifier: Apache-2.0

package ucum

import (
	"math"
	"math/big"
	"strconv"
)

// scale is the measure of a special unit that is no straight line: how many of a unit to is x on it, and back.
//
// https://ucum.org/ucum#section-Special-Units-on-non-ratio-Scales
type scale struct {
	of       string // the unit
	to, from func(x float64) float64
}

// power is the scale on which a step is a factor: n is base^(x/step) of a unit.
func power(of string, base, step float64) *scale {
	return &scale{of, func(x float64) float64 { return math.Pow(base, x/step) },
		func(n float64) float64 { return step * math.Log(n) / math.Log(base) }}
}

// decade is power of ten, whose logarithms are exact at whole powers.
func decade(of string, step float64) *scale {
	return &scale{of, func(x float64) float64 { return math.Pow(10, x/step) }, func(n float64) float64 { return step * math.Log10(n) }}
}

// angle is a slope in hundredths: a hundred times the tangent.
func angle() *scale {
	return &scale{"rad", func(x float64) float64 { return math.Atan(x / 100) }, func(n float64) float64 { return 100 * math.Tan(n) }}
}

// scaleOf is the scale of a special unit; nil if it is none of these.
func scaleOf(code string) *scale {
	switch code {
	case "[pH]":
		return decade("mol/l", -1)
	case "B", "B[W]", "B[kW]":
		return decade(map[string]string{"B": "1", "B[W]": "W", "B[kW]": "kW"}[code], 1)
	case "B[V]", "B[mV]", "B[uV]":
		return decade(code[2:len(code)-1], 2)
	case "B[10.nV]":
		return decade("10.nV", 2)
	case "B[SPL]":
		return decade("20.uPa", 2)
	case "Np":
		return power("1", math.E, 1)
	case "bit_s":
		return power("1", 2, 1)
	case "[hp'_X]":
		return decade("1", -1)
	case "[hp'_C]":
		return power("1", 100, -1)
	case "[hp'_M]":
		return power("1", 1000, -1)
	case "[hp'_Q]":
		return power("1", 50_000, -1)
	case "%[slope]", "[p'diop]":
		return angle()
	case "[m/s2/Hz^(1/2)]":
		return &scale{"m2/s4/Hz", func(x float64) float64 { return x * x }, math.Sqrt}
	}
	return nil
}

// digits is how exact the values of scales are.
const digits = 14

// bent takes x through a function of a scale; false if there is no such value.
func bent(x *big.Rat, f func(float64) float64) (*big.Rat, bool) {
	at, _ := x.Float64()
	y := f(at)
	if math.IsNaN(y) || math.IsInf(y, 0) {
		return nil, false
	}
	return new(big.Rat).SetString(strconv.FormatFloat(y, 'g', digits, 64))
}
