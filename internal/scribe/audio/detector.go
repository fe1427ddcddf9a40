// SPDX-License-Identifier: Apache-2.0

package audio

import "math"

// Detector tells speech from silence by energy: a frame of 20 ms is speech if it stands out from the quietest of the last
// seconds, and stays so for a while after, so that words are not cut.
type Detector struct {
	rest  []int16           // less than one frame
	floor [floorFrames]int8 // energies of the last frames, dB below full scale, in a ring
	seen  int               // frames so far
	hang  int               // frames for which speech still goes on
}

const (
	frame       = Rate / 50 // samples of 20 ms
	floorFrames = 250       // 5 s
	standsOut   = 8         // dB over the floor
	quiet       = -55       // dB below full scale: under it nothing is speech
	loud        = -25       // over it everything is
	hangFrames  = 15        // 300 ms
)

// FrameSamples is how many samples one answer of Push stands for.
const FrameSamples = frame

// Push takes samples and says of each whole frame of 20 ms, in order, whether it is speech.
func (d *Detector) Push(samples []int16) []bool {
	d.rest = append(d.rest, samples...)
	var speech []bool
	for len(d.rest) >= frame {
		speech = append(speech, d.frame(d.rest[:frame]))
		d.rest = d.rest[frame:]
	}
	d.rest = append([]int16(nil), d.rest...)
	return speech
}

func (d *Detector) frame(samples []int16) bool {
	level := energy(samples)
	d.floor[d.seen%floorFrames] = level
	d.seen++
	lowest := d.lowest()
	if level > quiet && (level > loud || level > lowest+standsOut) {
		d.hang = hangFrames
		return true
	}
	if d.hang > 0 {
		d.hang--
		return true
	}
	return false
}

// lowest is the level that one frame in ten of the last seconds does not reach.
func (d *Detector) lowest() int8 {
	var count [128]int
	n := min(d.seen, floorFrames)
	for _, level := range d.floor[:n] {
		count[-int(level)]++
	}
	for level, left := 127, n/10; level >= 0; level-- {
		if left -= count[level]; left < 0 {
			return int8(-level)
		}
	}
	return 0
}

// energy is the level of a frame in dB below full scale, -127 at least.
func energy(samples []int16) int8 {
	sum := 0.0
	for _, s := range samples {
		sum += float64(s) * float64(s)
	}
	if sum == 0 {
		return -127
	}
	return int8(max(-127, min(0, 10*math.Log10(sum/float64(len(samples))/(32768*32768)))))
}
