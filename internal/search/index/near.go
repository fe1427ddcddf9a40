// SPDX-License-Identifier: Apache-2.0

package index

import (
	"encoding/binary"
	"math"
	"strconv"

	"galen/internal/fhir"
)

// Circle is a circle on the Earth.
type Circle struct {
	Latitude, Longitude float64 // degrees, WGS 84
	Meters              float64 // from there
}

// earth is the mean radius in meters.
const earth = 6_371_008.8

func radians(degrees float64) float64 { return degrees * math.Pi / 180 }

// distance is how far a place is from the middle, in meters, along a great circle of a sphere (haversine).
func (c Circle) distance(latitude, longitude float64) float64 {
	dLat, dLong := math.Sin(radians(latitude-c.Latitude)/2), math.Sin(radians(longitude-c.Longitude)/2)
	h := dLat*dLat + math.Cos(radians(latitude))*math.Cos(radians(c.Latitude))*dLong*dLong
	return 2 * earth * math.Asin(math.Sqrt(min(h, 1)))
}

// Has reports whether the position of a Location, which may be absent, lies in the circle.
func (c Circle) Has(position fhir.Node) bool {
	latitude, longitude, ok := place(position)
	return ok && c.distance(latitude, longitude) <= c.Meters
}

// place reads Location.position. ok is false unless it is a place on the Earth.
func place(position fhir.Node) (latitude, longitude float64, ok bool) {
	latitude, err1 := strconv.ParseFloat(position.Field("latitude").Number(), 64)
	longitude, err2 := strconv.ParseFloat(position.Field("longitude").Number(), 64)
	return latitude, longitude, err1 == nil && err2 == nil && math.Abs(latitude) <= 90 && math.Abs(longitude) <= 180
}

// A place stands in terms as a cell of a grid of 2³² by 2³²: the bits of its latitude and its longitude by turns, those of the latitude
// first. So what lies in a square whose side is a power of two has one beginning. A cell is at most a centimeter wide.
type cell struct{ y, x uint32 }

const cells = 1 << 32

func cellOf(latitude, longitude float64) cell {
	scale := func(part float64) uint32 { return uint32(min(max(part*cells, 0), cells-1)) }
	return cell{scale((latitude + 90) / 180), scale((longitude + 180) / 360)}
}

// middle is the place in the middle of a cell.
func (c cell) middle() (latitude, longitude float64) {
	return (float64(c.y)+0.5)/cells*180 - 90, (float64(c.x)+0.5)/cells*360 - 180
}

func (c cell) bits() (b uint64) {
	for i := 31; i >= 0; i-- {
		b = b<<2 | uint64(c.y>>i&1)<<1 | uint64(c.x>>i&1)
	}
	return b
}

func cellFrom(b uint64) (c cell) {
	for i := 31; i >= 0; i-- {
		c.y, c.x = c.y<<1|uint32(b>>(2*i+1)&1), c.x<<1|uint32(b>>(2*i)&1)
	}
	return c
}

func (t *Terms) position(h *header, n fhir.Node) {
	latitude, longitude, ok := place(n)
	if !ok {
		return
	}
	t.open(h, PlaceClass)
	t.keys = binary.BigEndian.AppendUint64(t.keys, cellOf(latitude, longitude).bits())
	t.done()
}

// blur is how far a place may be from the middle of its cell, in meters, and what arithmetic may be wrong by.
const blur = 0.05

// Near gives the terms of the places in a circle. It fails with fault.Unsupported for a type that has no position.
func (x *Index) Near(typ string, c Circle) ([]Span, error) {
	s, err := x.special(typ, position)
	if err != nil {
		return nil, err
	}
	judge := func(term []byte) (Verdict, []byte) {
		if len(term) != HeaderLength+8 {
			return No, nil
		}
		switch d := c.distance(cellFrom(binary.BigEndian.Uint64(term[HeaderLength:])).middle()); {
		case d > c.Meters+blur:
			return No, nil
		case d > c.Meters-blur:
			return Maybe, nil
		}
		return Yes, nil
	}
	var spans []Span
	for _, b := range c.boxes() {
		for _, r := range b.squares() {
			low := binary.BigEndian.AppendUint64(s.header.key(PlaceClass), r[0])
			high := append(binary.BigEndian.AppendUint64(s.header.key(PlaceClass), r[1]), 0)
			spans = append(spans, Range{low, high}.judged(Maybe, judge))
		}
	}
	return spans, nil
}
