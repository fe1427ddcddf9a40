// SPDX-License-Identifier: Apache-2.0

package search

import (
	"math"
	"strconv"

	"galen/internal/fault"
	"galen/internal/search/index"
)

// defaultNear is how far near goes if it does not say, in meters: the specification leaves it to the server.
const defaultNear = 50_000

// lengths are the units of near, in meters, by UCUM code.
var lengths = map[string]float64{"": 1000, "km": 1000, "m": 1, "cm": 0.01, "[mi_i]": 1609.344, "[mi_us]": 1609.347219, "[ft_i]": 0.3048, "[yd_i]": 0.9144, "[nmi_i]": 1852}

// near reads latitude|longitude, |distance and |unit of one or more circles.
//
// http://hl7.org/fhir/R4/location.html#search
func (p *parser) near(name, value string) (Clause, error) {
	var circles []index.Circle
	for _, one := range split(value, ',') {
		if p.left--; p.left < 0 {
			return Clause{}, fault.New(fault.TooCostly, "more than %d values in one search", p.opt.MaxValues)
		}
		parts := split(one, '|')
		if len(parts) < 2 || len(parts) > 4 {
			return Clause{}, errNear
		}
		n := index.Circle{Meters: defaultNear}
		unit := ""
		if len(parts) == 4 {
			unit = parts[3]
		}
		meters, known := lengths[unit]
		if !known {
			return Clause{}, fault.New(fault.Invalid, "the unit of a distance is a UCUM code of a length: km, m, [mi_i], [mi_us], [ft_i], [yd_i], [nmi_i] or cm").WithCode("value")
		}
		ok := degrees(parts[0], 90, &n.Latitude) && degrees(parts[1], 180, &n.Longitude)
		if len(parts) > 2 && parts[2] != "" {
			ok = ok && degrees(parts[2], math.MaxFloat64, &n.Meters) && n.Meters >= 0
			n.Meters *= meters
		}
		if !ok {
			return Clause{}, errNear
		}
		circles = append(circles, n)
	}
	return Clause{Name: name, Near: circles}, nil
}

var errNear = fault.New(fault.Invalid, "write near as latitude|longitude|distance|unit, such as 48.2|16.4|10|km").WithCode("value")

// degrees reads a number that lies between -most and most.
func degrees(text string, most float64, to *float64) bool {
	v, err := strconv.ParseFloat(text, 64)
	*to = v
	return err == nil && math.Abs(v) <= most // not of NaN
}
