// SPDX-License-Identifier: Apache-2.0

// Package chance draws random numbers that are the same on every machine: integers by SplitMix64, and floating point
// arithmetic that no compiler may fuse and that calls no function whose last bit differs between processors.
//
// A Stream belongs to one goroutine.
package chance

import "math"

// Stream is a sequence of random numbers, determined by its seed.
type Stream struct{ state uint64 }

// New begins the stream of one thing (a person, a city) of a run.
func New(seed, kind, index uint64) Stream {
	return Stream{Mix(Mix(Mix(seed)+kind) + index)}
}

// Mix maps a number to another, one to one, so that near ones come out far apart.
func Mix(z uint64) uint64 {
	z += 0x9e3779b97f4a7c15
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// Uint64 is the next number.
func (s *Stream) Uint64() uint64 {
	z := Mix(s.state)
	s.state += 0x9e3779b97f4a7c15
	return z
}

// Float is uniform in [0, 1).
func (s *Stream) Float() float64 { return float64(s.Uint64()>>11) * (1.0 / (1 << 53)) }

// Int is uniform in [0, n); 0 if n is not positive.
func (s *Stream) Int(n int) int {
	if n <= 0 {
		return 0
	}
	return int(s.Float() * float64(n))
}

// Between is uniform in [low, high).
func (s *Stream) Between(low, high float64) float64 { return low + float64(s.Float()*(high-low)) }

// Hit is true with probability p.
func (s *Stream) Hit(p float64) bool { return s.Float() < p }

// Normal is near enough the standard normal distribution: the sum of twelve uniform numbers, within 6 of 0.
func (s *Stream) Normal() float64 {
	sum := -6.0
	for range 12 {
		sum += s.Float()
	}
	return sum
}

// Exponential has mean 1.
func (s *Stream) Exponential() float64 { return -Log(1 - s.Float()) }

// Weighted picks an index with a probability in proportion to its weight.
func (s *Stream) Weighted(weights []float64) int {
	total := 0.0
	for _, w := range weights {
		total += w
	}
	x := float64(s.Float() * total)
	for i, w := range weights {
		if x -= w; x < 0 {
			return i
		}
	}
	return len(weights) - 1
}

// Log is the natural logarithm of a positive number, the same bits everywhere.
func Log(x float64) float64 {
	f, e := math.Frexp(x) // x = f·2^e, f in [0.5, 1)
	if f < math.Sqrt2/2 {
		f, e = f*2, e-1
	}
	z := (f - 1) / (f + 1) // ln f = 2·atanh z, |z| < 0.172
	zz := float64(z * z)
	sum := 0.0
	for k := 21; k >= 1; k -= 2 {
		sum = float64(sum*zz) + 1/float64(k)
	}
	return float64(2*float64(z*sum)) + float64(float64(e)*math.Ln2)
}
