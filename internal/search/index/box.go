// SPDX-License-Identifier: Apache-2.0

package index

import (
	"cmp"
	"math"
	"math/bits"
	"slices"
)

// box is the cells from low to high, both in it, in both directions.
type box struct{ low, high cell }

// boxes gives boxes that hold the whole circle: two if it goes over the 180th meridian, all longitudes if it goes over a pole.
func (c Circle) boxes() []box {
	reach := (c.Meters + 1) / earth // as an angle
	up := reach * 180 / math.Pi
	south, north := c.Latitude-up, c.Latitude+up
	if south <= -90 || north >= 90 {
		return []box{{cellOf(max(south, -90), -180), cellOf(min(north, 90), 180)}}
	}
	aside := math.Asin(min(math.Sin(min(reach, math.Pi/2))/math.Cos(radians(c.Latitude)), 1)) * 180 / math.Pi
	west, east := c.Longitude-aside, c.Longitude+aside
	switch {
	case east-west >= 360:
		west, east = -180, 180
	case west < -180:
		return []box{{cellOf(south, -180), cellOf(north, east)}, {cellOf(south, west+360), cellOf(north, 180)}}
	case east > 180:
		return []box{{cellOf(south, west), cellOf(north, 180)}, {cellOf(south, -180), cellOf(north, east-360)}}
	}
	return []box{{cellOf(south, west), cellOf(north, east)}}
}

// squares covers a box by at most 36 squares of one size, each the bits of its first and its last cell; those that follow each other
// are made one.
func (b box) squares() (list [][2]uint64) {
	side := max(b.high.y-b.low.y, b.high.x-b.low.x)
	size := max(bits.Len32(side)-2, 0) // of a square's side, as a power of two: at most five of them cover the box
	for y := uint64(b.low.y >> size); y <= uint64(b.high.y>>size); y++ {
		for x := uint64(b.low.x >> size); x <= uint64(b.high.x>>size); x++ {
			first := cell{uint32(y << size), uint32(x << size)}.bits()
			list = append(list, [2]uint64{first, first + (1<<(2*size) - 1)})
		}
	}
	slices.SortFunc(list, func(a, b [2]uint64) int { return cmp.Compare(a[0], b[0]) })
	out := list[:1]
	for _, next := range list[1:] {
		if last := &out[len(out)-1]; next[0] == last[1]+1 {
			last[1] = next[1]
		} else {
			out = append(out, next)
		}
	}
	return out
}
