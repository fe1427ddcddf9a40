// SPDX-License-Identifier: Apache-2.0

package facts

import (
	"math/big"
	"strconv"
	"strings"

	"galen/internal/fhir"
	"galen/internal/fhir/ucum"
)

// unitWords are the codes of UCUM that people write otherwise.
var unitWords = map[string]string{"mm[Hg]": "mmHg", "Cel": "°C", "[degF]": "°F", "[in_i]": "in", "[lb_av]": "lb", "[ft_i]": "ft", "1": ""}

// ShownUnit is a unit as people write it: annotations in braces are left out, some codes have a usual form.
func ShownUnit(unit string) string {
	if w, ok := unitWords[unit]; ok {
		return w
	}
	for {
		open := strings.IndexByte(unit, '{')
		end := strings.IndexByte(unit, '}')
		if open < 0 || end < open {
			return strings.TrimSuffix(unit, "/")
		}
		inner := unit[open+1 : end]
		if open == 0 {
			inner = ""
		}
		unit = unit[:open] + strings.ReplaceAll(inner, "_", " ") + unit[end+1:]
	}
}

// ShownNumber is a number as it is shown: as written, or rounded to 2 decimals below 10, to 1 below 100, to none from 1000,
// where it is written with more.
func ShownNumber(text string) string {
	d, ok := fhir.ParseDecimal(text)
	if !ok {
		return text
	}
	places := 2
	switch exp := d.Exponent(); {
	case exp >= 3:
		places = 0
	case exp >= 1:
		places = 1
	}
	if d.Scale() <= places && !strings.ContainsAny(text, "eE") {
		return text
	}
	f, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return text
	}
	out := strconv.FormatFloat(f, 'f', places, 64)
	if strings.Contains(out, ".") {
		out = strings.TrimSuffix(strings.TrimRight(out, "0"), ".")
	}
	return out
}

// quantity is a Quantity in words: comparator, number, unit.
func quantity(q fhir.Node) string {
	n := q.Field("value").Number()
	if n == "" {
		return ""
	}
	return strings.TrimSpace(q.Field("comparator").Text() + ShownNumber(n) + " " + ShownUnit(unitOf(q)))
}

// unitOf is the unit of a Quantity as people read it, or else its code.
func unitOf(q fhir.Node) string {
	if u := q.Field("unit").Text(); u != "" {
		return u
	}
	return q.Field("code").Text()
}

// codeOf is the UCUM code of a Quantity, or else what stands in its place.
func codeOf(q fhir.Node) string {
	if c := q.Field("code").Text(); c != "" {
		return c
	}
	return q.Field("unit").Text()
}

// inUnit gives a number in another unit; ok is false if the two do not measure the same.
func inUnit(number float64, from, to string) (float64, bool) {
	if from == to {
		return number, true
	}
	u, err := ucum.Parse(from)
	if err != nil {
		return 0, false
	}
	v, err := ucum.Parse(to)
	if err != nil {
		return 0, false
	}
	x, err := ucum.Convert(new(big.Rat).SetFloat64(number), u, v)
	if err != nil {
		return 0, false
	}
	f, _ := x.Float64()
	return f, true
}
