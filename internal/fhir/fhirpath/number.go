// SPDX-License-Identifier: Apache-2.0

package fhirpath

import (
	"math"
	"math/big"
	"strconv"
	"strings"
)

// dec is an exact decimal: n / 10^scale.
type dec struct {
	n     *big.Int
	scale int
}

// The bounds of computed decimals: digits after the point that a division gives, and digits at all.
const (
	divisionDigits = 28
	maxDigits      = 1000
)

func pow10(n int) *big.Int { return new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(n)), nil) }

// parseDec reads a number, with an exponent if it has one.
func parseDec(s string) (dec, bool) {
	exponent := 0
	if at := strings.IndexAny(s, "eE"); at >= 0 {
		x, err := strconv.Atoi(s[at+1:])
		if err != nil || x > maxDigits || x < -maxDigits {
			return dec{}, false
		}
		s, exponent = s[:at], x
	}
	if len(s) > maxDigits {
		return dec{}, false
	}
	whole, fraction, point := strings.Cut(s, ".")
	if point && fraction == "" || strings.Trim(whole, "+-") == "" {
		return dec{}, false
	}
	n, ok := new(big.Int).SetString(whole+fraction, 10)
	if !ok || strings.Contains(s, "_") {
		return dec{}, false
	}
	d := dec{n, len(fraction) - exponent}
	if d.scale < 0 {
		d = dec{n.Mul(n, pow10(-d.scale)), 0}
	}
	return d, true
}

func (d dec) String() string {
	s := new(big.Int).Abs(d.n).String()
	if d.scale > 0 {
		if len(s) <= d.scale {
			s = strings.Repeat("0", d.scale-len(s)+1) + s
		}
		s = s[:len(s)-d.scale] + "." + s[len(s)-d.scale:]
	}
	if d.n.Sign() < 0 {
		return "-" + s
	}
	return s
}

// at is d with scale digits after the point, cut toward negative infinity (-1), zero (0), or rounded half away (1).
func (d dec) at(scale, how int) dec {
	if scale >= d.scale {
		return dec{new(big.Int).Mul(d.n, pow10(scale-d.scale)), scale}
	}
	unit := pow10(d.scale - scale)
	switch how {
	case 0:
		return dec{new(big.Int).Quo(d.n, unit), scale}
	case 1:
		twice := new(big.Int).Mul(new(big.Int).Abs(d.n), big.NewInt(2))
		q := twice.Add(twice, unit)
		q.Quo(q, unit.Mul(unit, big.NewInt(2)))
		if d.n.Sign() < 0 {
			q.Neg(q)
		}
		return dec{q, scale}
	}
	return dec{new(big.Int).Div(d.n, unit), scale}
}

func (d dec) neg() dec { return dec{new(big.Int).Neg(d.n), d.scale} }

func align(a, b dec) (dec, dec) {
	s := max(a.scale, b.scale)
	return a.at(s, 0), b.at(s, 0)
}

func (d dec) cmp(o dec) int { a, b := align(d, o); return a.n.Cmp(b.n) }
func (d dec) add(o dec) dec { a, b := align(d, o); return dec{new(big.Int).Add(a.n, b.n), a.scale} }
func (d dec) mul(o dec) dec { return dec{new(big.Int).Mul(d.n, o.n), d.scale + o.scale} }

// trim drops zeros at the end of the fraction.
func (d dec) trim() dec {
	n, ten, r := new(big.Int).Set(d.n), big.NewInt(10), new(big.Int)
	for d.scale > 0 {
		q, m := new(big.Int).QuoRem(n, ten, r)
		if m.Sign() != 0 {
			break
		}
		n, d.scale = q, d.scale-1
	}
	return dec{n, d.scale}
}

// quo divides; o is not zero.
func (d dec) quo(o dec) dec {
	n := new(big.Int).Mul(d.n, pow10(divisionDigits+o.scale))
	return dec{n.Quo(n, o.n), divisionDigits + d.scale}.at(divisionDigits, 0).trim()
}

func (d dec) float() float64 { f, _ := strconv.ParseFloat(d.String(), 64); return f }

func (d dec) rat() *big.Rat { return new(big.Rat).SetFrac(d.n, pow10(d.scale)) }

// decOfRat is r, cut to divisionDigits digits where it has no end.
func decOfRat(r *big.Rat) dec {
	return dec{r.Num(), 0}.quo(dec{r.Denom(), 0})
}

func decOfFloat(f float64) (dec, bool) {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return dec{}, false
	}
	return parseDec(strconv.FormatFloat(f, 'f', -1, 64))
}

func (d dec) fits() bool { return d.n.BitLen() < maxDigits*3 && d.scale < maxDigits }

// value is d as a Decimal, or as an Integer.
func (d dec) value(integer bool) Value {
	if integer {
		return Value{System: Integer, Text: d.at(0, 0).String()}
	}
	return Value{System: Decimal, Text: d.String()}
}
