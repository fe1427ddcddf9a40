// SPDX-License-Identifier: Apache-2.0

package subscription_test

import (
	"net/http"
	"net/http/httptest"
	"strconv"
	"testing"

	"galen/internal/engine/mem"
)

// BenchmarkWrite is one write, by itself and with subscriptions whose filters do not match, and one that does.
func BenchmarkWrite(b *testing.B) {
	s := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	defer s.Close()
	for _, n := range []int{0, 1, 50} {
		b.Run(strconv.Itoa(n), func(b *testing.B) {
			h := newHouse(b, mem.New(), nil)
			for i := range n {
				filter := "Patient?birthdate=1970"
				if i == 0 {
					filter = ""
				}
				h.subscribe("s"+strconv.Itoa(i), "urn:galen:topic:Patient", s.URL, "id-only", filter)
			}
			for b.Loop() {
				h.mustPut(`{"resourceType":"Patient","id":"p","active":true}`)
			}
		})
	}
}
