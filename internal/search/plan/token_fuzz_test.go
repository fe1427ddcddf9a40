// SPDX-License-Identifier: Apache-2.0

package plan_test

import (
	"crypto/rand"
	"errors"
	"fmt"
	"testing"
	"time"

	"galen/internal/engine/mem"
	"galen/internal/fault"
	"galen/internal/fhir/def"
	"galen/internal/search/plan"
	"galen/internal/store"
)

// FuzzPageToken gives a search any token, or its own with one character changed: only its own is taken, and the others are
// refused as the caller's fault. The key is new in each process.
func FuzzPageToken(f *testing.F) {
	stores := store.New(mem.New(), terms(), store.Options{})
	f.Cleanup(func() { stores.Close() })
	st, err := stores.Store(1)
	if err != nil {
		f.Fatal(err)
	}
	for i := range 4 {
		putOne(f, st, fmt.Appendf(nil, `{"resourceType":"Patient","id":"p%d","gender":"male","name":[{"family":"F%d"}]}`, i, i))
	}
	key := make([]byte, 32)
	rand.Read(key)
	p, err := plan.New(def.R4(), terms(), plan.Options{PageKey: key})
	if err != nil {
		f.Fatal(err)
	}
	const target = "Patient?_count=2&_sort=family"
	first, err := answer(f, p, st, queryOf(f, target, time.Now()))
	if err != nil || first.Next == "" {
		f.Fatalf("the first page: %+v %v", first, err)
	}
	f.Add("", uint16(0), byte('A'))
	f.Add("", uint16(60), byte('_'))
	f.Add("AAAA", uint16(0), byte(0))
	f.Add(first.Next, uint16(0), byte(0))
	f.Fuzz(func(t *testing.T, token string, at uint16, char byte) {
		if token == "" {
			own := []byte(first.Next)
			own[int(at)%len(own)] = char
			token = string(own)
		}
		q := queryOf(t, target, time.Now())
		q.Page = token
		page, err := answer(t, p, st, q)
		switch {
		case token == first.Next:
			if err != nil {
				t.Errorf("a token that was given is refused: %v", err)
			}
		case err == nil:
			t.Errorf("a token that was not given leads to %v", idsOf(page))
		case !errors.Is(err, fault.Invalid):
			t.Errorf("a token that was not given: %v", err)
		}
	})
}
