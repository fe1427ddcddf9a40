// SPDX-License-Identifier: Apache-2.0

package term_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"galen/internal/fault"
	"galen/internal/fhir/term"
)

// TestADepthIsThatOfTheQuestion: a value set that is refused within others, for how deep it lies, may be asked itself.
func TestADepthIsThatOfTheQuestion(t *testing.T) {
	src := (&store{}).add(t, animals, valueSet("http://x/deep60", `{"include":[{"system":"http://x/animals"}]}`))
	for i := range 60 {
		src.add(t, valueSet(fmt.Sprint("http://x/deep", i), fmt.Sprintf(`{"include":[{"valueSet":["http://x/deep%d"]}]}`, i+1)))
	}
	s := term.New(term.Options{Source: src})
	if _, err := s.Members("http://x/deep0"); !errors.Is(err, fault.TooCostly) {
		t.Errorf("60 deep: %v", err)
	}
	if _, err := s.Members("http://x/deep40"); err != nil {
		t.Errorf("20 deep: %v", err)
	}
}

// TestWhatIsTooLargeToKeepIsStillAnswered: a cache of a few kilobytes.
func TestWhatIsTooLargeToKeepIsStillAnswered(t *testing.T) {
	var codes strings.Builder
	for i := range 20_000 {
		fmt.Fprintf(&codes, `,{"code":"c%d"}`, i)
	}
	src := (&store{}).add(t, animals)
	for i := range 20 {
		src.add(t, valueSet(fmt.Sprint("http://x/small", i), fmt.Sprintf(`{"include":[{"system":"http://x/listed","concept":[{"code":"s%d"}]}]}`, i)))
	}
	src.add(t, valueSet("http://x/large", `{"include":[{"system":"http://x/listed","concept":[`+codes.String()[1:]+`]}]}`))
	s := term.New(term.Options{Source: src, CacheBytes: 4000})
	for range 2 {
		for i := range 20 {
			if ok, err := s.MemberOf(fmt.Sprint("http://x/small", i), term.Coding{System: "http://x/listed", Code: fmt.Sprint("s", i)}); err != nil || !ok {
				t.Errorf("small%d: %v %v", i, ok, err)
			}
		}
		if ok, err := s.MemberOf("http://x/large", term.Coding{System: "http://x/listed", Code: "c19999"}); err != nil || !ok {
			t.Errorf("large: %v %v", ok, err)
		}
	}
}

// TestABaseAnswersForWhatTheSourceLacks: two services over one.
func TestABaseAnswersForWhatTheSourceLacks(t *testing.T) {
	b := term.NewBuilder(term.Info{URL: "http://x/imported", Content: term.Complete, ValueSet: "http://x/imported/all"})
	b.Concept("i")
	imported, err := b.Build()
	if err != nil {
		t.Fatal(err)
	}
	base := term.New(term.Options{Systems: []*term.System{imported}, Source: (&store{}).add(t, valueSet("http://x/v", `{"include":[{"system":"http://x/animals"}]}`))})
	with := term.New(term.Options{Base: base, Source: (&store{}).add(t, animals)})
	without := term.New(term.Options{Base: base, Source: &store{}})
	for _, c := range []struct {
		s                *term.Service
		set, system, one string
		want             string
	}{
		{with, "http://x/imported/all", "http://x/imported", "i", "true"},
		{with, "http://x/imported?fhir_vs", "http://x/imported", "i", "true"},
		{with, "http://x/v", "http://x/animals", "a", "true"},
		{without, "http://x/v", "http://x/animals", "a", "not found"},
		{without, "http://hl7.org/fhir/ValueSet/administrative-gender", "http://hl7.org/fhir/administrative-gender", "male", "true"},
		{without, "http://x/none", "http://x/animals", "a", "not found"},
	} {
		m, err := c.s.Members(c.set)
		got := ""
		if err != nil {
			got = string(fault.KindOf(err))
		} else {
			code := c.one
			if c.system == "http://x/animals" {
				for _, first := range m.All() {
					code = first
					break
				}
			}
			got = fmt.Sprint(m.Has(c.system, code))
		}
		if got != c.want {
			t.Errorf("%s: %s, want %s", c.set, got, c.want)
		}
	}
}
