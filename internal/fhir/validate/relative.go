// SPDX-License-Identifier: Apache-2.0

package validate

import (
	"math"
	"strconv"
	"time"

	"galen/internal/fhir"
)

// Bounds of a duration in a profile: what years and hours a time can be away.
const (
	maxYears = 2000
	maxHours = 2_000_000
)

// relative is the limit that a duration sets for a date: so long before now if side is -1, after it if 1.
//
// http://hl7.org/fhir/R4/elementdefinition-definitions.html#ElementDefinition.minValue_x_
func relative(duration fhir.Node, side int, now time.Time) (fhir.DateTime, bool) {
	n, err := strconv.ParseFloat(string(duration.Field("value").Raw()), 64)
	n *= float64(side)
	code := duration.Field("code").Text()
	years := n * map[string]float64{"a": 1, "mo": 1. / 12}[code]
	hours := n * map[string]float64{"wk": 7 * 24, "d": 24, "h": 1, "min": 1. / 60, "s": 1. / 3600}[code]
	switch {
	case err != nil || math.Abs(years) > maxYears || math.Abs(hours) > maxHours || years == 0 && hours == 0:
		return fhir.DateTime{}, false
	case years != 0:
		now = now.AddDate(0, int(math.Round(years*12)), 0)
	default:
		now = now.Add(time.Duration(hours * float64(time.Hour)))
	}
	return fhir.ParsePartial(now.UTC().Format(time.RFC3339))
}
