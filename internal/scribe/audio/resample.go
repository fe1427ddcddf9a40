// SPDX-License-Identifier: Apache-2.0

package audio

import "math"

// Resampler changes the rate of one channel to Rate: a windowed-sinc filter, one phase of it for each place that a sample can fall
// between those that came in. Delay is half the filter: under 4 ms.
type Resampler struct {
	up, down int         // Rate/in in lowest terms
	taps     int         // of each phase
	phases   [][]float32 // up of them; nil: nothing to change
	past     []float32   // the input from which the next sample is made, oldest first
	at       int         // place of the next sample after past's start, in 1/up of an input sample
}

// lobes is how many zero crossings the filter has on each side.
const lobes = 16

// NewResampler makes a resampler from a rate in Hz.
func NewResampler(from int) *Resampler {
	g := gcd(from, Rate)
	r := &Resampler{up: Rate / g, down: from / g}
	if r.up == r.down {
		return r
	}
	// The filter passes what both rates can carry.
	width := max(1, float64(from)/Rate) // of a lobe, in input samples
	half := int(math.Ceil(lobes * width))
	r.taps = 2 * half
	r.past = make([]float32, half-1) // silence before the beginning, so that the first sample is under the filter's middle
	r.phases = make([][]float32, r.up)
	for p := range r.phases {
		r.phases[p] = phase(r.taps, float64(p)/float64(r.up), width)
	}
	return r
}

// phase is the filter for a sample that falls offset after the middle.
func phase(taps int, offset, width float64) []float32 {
	weights, sum := make([]float64, taps), 0.0
	for i := range weights {
		x := (float64(i-taps/2+1) - offset) / width
		weights[i] = sinc(x) * hann(x/lobes)
		sum += weights[i]
	}
	out := make([]float32, taps)
	for i, w := range weights {
		out[i] = float32(w / sum) // silence stays silence, a constant stays itself
	}
	return out
}

func sinc(x float64) float64 {
	if x == 0 {
		return 1
	}
	return math.Sin(math.Pi*x) / (math.Pi * x)
}

// hann is a window over [-1, 1].
func hann(x float64) float64 {
	if x < -1 || x > 1 {
		return 0
	}
	return 0.5 + 0.5*math.Cos(math.Pi*x)
}

// Push takes samples and gives those at the new rate that are ready. It may give its input back.
func (r *Resampler) Push(in []int16) []int16 {
	if r.phases == nil {
		return in
	}
	for _, s := range in {
		r.past = append(r.past, float32(s))
	}
	out := make([]int16, 0, len(in)*r.up/r.down+1)
	for {
		first := r.at / r.up
		if first+r.taps > len(r.past) {
			keep := min(first, len(r.past))
			r.past = append(r.past[:0], r.past[keep:]...)
			r.at -= keep * r.up
			return out
		}
		var sum float32
		for i, w := range r.phases[r.at%r.up] {
			sum += w * r.past[first+i]
		}
		out = append(out, clip(sum))
		r.at += r.down
	}
}

// Flush gives the samples that are still to come, as if silence followed.
func (r *Resampler) Flush() []int16 {
	if r.phases == nil {
		return nil
	}
	return r.Push(make([]int16, r.taps/2))
}

func clip(x float32) int16 {
	return int16(math.RoundToEven(float64(min(max(x, math.MinInt16), math.MaxInt16))))
}

func gcd(a, b int) int {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}
