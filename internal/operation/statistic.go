// SPDX-License-Identifier: Apache-2.0

package operation

import "math"

// statistics are those of FHIR's code system that are computed, each with whether it has a value for the sample.
//
// http://terminology.hl7.org/CodeSystem/observation-statistics
var statistics = map[string]func(*sample) (float64, bool){
	"average":     func(s *sample) (float64, bool) { return s.mean(), len(s.values) > 0 },
	"maximum":     func(s *sample) (float64, bool) { return s.quantile(1) },
	"minimum":     func(s *sample) (float64, bool) { return s.quantile(0) },
	"count":       func(s *sample) (float64, bool) { return float64(len(s.values)), true },
	"total-count": func(s *sample) (float64, bool) { return float64(len(s.values) + s.others), true },
	"median":      func(s *sample) (float64, bool) { return s.quantile(0.5) },
	"std-dev":     func(s *sample) (float64, bool) { return math.Sqrt(s.variance()), len(s.values) > 1 },
	"variance":    func(s *sample) (float64, bool) { return s.variance(), len(s.values) > 1 },
	"sum":         func(s *sample) (float64, bool) { return s.sum(), len(s.values) > 0 },
	"20-percent":  func(s *sample) (float64, bool) { return s.quantile(0.2) },
	"80-percent":  func(s *sample) (float64, bool) { return s.quantile(0.8) },
	"4-lower":     func(s *sample) (float64, bool) { return s.quantile(0.25) },
	"4-upper":     func(s *sample) (float64, bool) { return s.quantile(0.75) },
	"4-dev":       (*sample).quartileDeviation,
	"5-1":         func(s *sample) (float64, bool) { return s.quantile(0.2) },
	"5-2":         func(s *sample) (float64, bool) { return s.quantile(0.4) },
	"5-3":         func(s *sample) (float64, bool) { return s.quantile(0.6) },
	"5-4":         func(s *sample) (float64, bool) { return s.quantile(0.8) },
	"skew":        func(s *sample) (float64, bool) { return s.moment(3), len(s.values) > 2 },
	"kurtosis":    func(s *sample) (float64, bool) { return s.moment(4), len(s.values) > 3 },
}

func (s *sample) sum() (total float64) {
	for _, v := range s.values {
		total += v
	}
	return total
}

func (s *sample) mean() float64 { return s.sum() / float64(len(s.values)) }

// variance is that of a sample: the sum of squares over one less than their number.
func (s *sample) variance() float64 {
	mean, total := s.mean(), 0.0
	for _, v := range s.values {
		total += (v - mean) * (v - mean)
	}
	return total / float64(len(s.values)-1)
}

// moment is the standardised moment of an order: 3 is the skew, 4 the kurtosis.
func (s *sample) moment(order float64) float64 {
	mean, n := s.mean(), float64(len(s.values))
	deviation := math.Sqrt(s.variance() * (n - 1) / n)
	total := 0.0
	for _, v := range s.values {
		total += math.Pow((v-mean)/deviation, order)
	}
	return total / n
}

// quantile interpolates between the two values next to a share of the sample.
func (s *sample) quantile(share float64) (float64, bool) {
	if len(s.values) == 0 {
		return 0, false
	}
	at := share * float64(len(s.values)-1)
	low, high := s.values[int(math.Floor(at))], s.values[int(math.Ceil(at))]
	return low + (high-low)*(at-math.Floor(at)), true
}

// quartileDeviation is half of what lies between the upper and the lower quartile.
func (s *sample) quartileDeviation() (float64, bool) {
	low, ok := s.quantile(0.25)
	high, _ := s.quantile(0.75)
	return (high - low) / 2, ok
}
