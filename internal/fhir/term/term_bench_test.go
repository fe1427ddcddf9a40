// SPDX-License-Identifier: Apache-2.0

package term_test

import (
	"fmt"
	"testing"

	"galen/internal/fhir/term"
)

func bench(b *testing.B, concepts int) *term.Service {
	b.Helper()
	src := (&store{}).add(b,
		valueSet("http://x/below", `{"include":[{"system":"http://x/large","filter":[{"property":"concept","op":"is-a","value":"100000070"}]}]}`),
		valueSet("http://x/ten-thousand", `{"include":[{"system":"http://x/large","filter":[{"property":"code","op":"regex","value":"1000[0-6].*"}]}]}`))
	return term.New(term.Options{Systems: []*term.System{large(b, concepts)}, Source: src})
}

func BenchmarkValidateEnumerated(b *testing.B) {
	s := term.New(term.Options{})
	r := term.ValidateRequest{URL: "http://hl7.org/fhir/ValueSet/observation-status", Codings: []term.Coding{{System: "http://hl7.org/fhir/observation-status", Code: "final"}}}
	b.ReportAllocs()
	for b.Loop() {
		if v, err := s.ValidateCode(r); err != nil || !v.Result {
			b.Fatal(v, err)
		}
	}
}

func BenchmarkValidateFiltered(b *testing.B) {
	s := bench(b, 500_000)
	code := ""
	e, err := s.Expand(term.ExpandRequest{URL: "http://x/below", Count: 10, Offset: 3})
	if err != nil || len(e.Contains) == 0 {
		b.Fatal(err)
	}
	code = e.Contains[len(e.Contains)-1].Code
	r := term.ValidateRequest{URL: "http://x/below", Codings: []term.Coding{{System: "http://x/large", Code: code}}}
	b.ReportAllocs()
	for b.Loop() {
		if v, err := s.ValidateCode(r); err != nil || !v.Result {
			b.Fatal(v, err)
		}
	}
}

func BenchmarkMemberOf(b *testing.B) {
	s := term.New(term.Options{})
	c := term.Coding{Code: "final"}
	b.ReportAllocs()
	for b.Loop() {
		if ok, err := s.MemberOf("http://hl7.org/fhir/ValueSet/observation-status", c); !ok || err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkExpandTenThousand(b *testing.B) {
	s := bench(b, 500_000)
	r := term.ExpandRequest{URL: "http://x/ten-thousand"}
	e, err := s.Expand(r)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(float64(e.Total), "concepts")
	for _, flat := range []bool{false, true} {
		r.Flat = flat
		b.Run(fmt.Sprintf("flat=%v", flat), func(b *testing.B) {
			for b.Loop() {
				if _, err := s.Expand(r); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkExpandSearchAll(b *testing.B) {
	s := bench(b, 500_000)
	for b.Loop() {
		if _, err := s.Expand(term.ExpandRequest{URL: "http://x/large/vs", Filter: "acute neopl 41234", Count: 20}); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkSubsumes(b *testing.B) {
	s := bench(b, 500_000)
	top, low := term.Coding{System: "http://x/large", Code: "100000000"}, term.Coding{System: "http://x/large", Code: "103499300"}
	for b.Loop() {
		if _, err := s.Subsumes(top, low); err != nil {
			b.Fatal(err)
		}
	}
}
