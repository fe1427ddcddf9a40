// SPDX-License-Identifier: Apache-2.0

package chance_test

import (
	"math"
	"testing"

	"galen/internal/synth/chance"
)

func TestLog(t *testing.T) {
	for _, x := range []float64{1e-300, 1e-9, 0.5, 0.7, 0.71, 1, 1.5, 2, 10, 1e300} {
		got, want := chance.Log(x), math.Log(x)
		if math.Abs(got-want) > 1e-13*max(1, math.Abs(want)) {
			t.Errorf("Log(%v): got %v, want %v", x, got, want)
		}
	}
}

func TestMoments(t *testing.T) {
	s := chance.New(1, 2, 3)
	const n = 200_000
	var normal, square, exp, uniform float64
	for range n {
		x := s.Normal()
		normal += x
		square += x * x
		exp += s.Exponential()
		uniform += s.Float()
	}
	for _, c := range []struct {
		name      string
		got, want float64
	}{{"mean of Normal", normal / n, 0}, {"variance of Normal", square / n, 1}, {"mean of Exponential", exp / n, 1}, {"mean of Float", uniform / n, 0.5}} {
		if math.Abs(c.got-c.want) > 0.01 {
			t.Errorf("%s: got %v, want %v", c.name, c.got, c.want)
		}
	}
}

// TestFixed holds the stream to its numbers: others would change every population.
func TestFixed(t *testing.T) {
	s := chance.New(42, 1, 7)
	if got, want := s.Uint64(), uint64(12066322652065913845); got != want {
		t.Errorf("got %d, want %d", got, want)
	}
}
