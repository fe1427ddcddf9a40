// SPDX-License-Identifier: Apache-2.0

package index_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"galen/internal/fault"
	"galen/internal/fhir"
	"galen/internal/search/index"
)

// verdictOf is the strongest that spans give for the terms of a resource.
func verdictOf(spans []index.Span, terms [][]byte) (best index.Verdict) {
	for _, s := range spans {
		for _, key := range terms {
			if string(key) < string(s.Low) || string(key) >= string(s.High) {
				continue
			}
			v := s.Verdict
			if s.Judge != nil {
				v, _ = s.Judge(key)
			}
			if v == index.Yes || best == index.No {
				best = v
			}
		}
	}
	return best
}

func sampleOf(t testing.TB, x *index.Index, doc string) (fhir.Node, [][]byte) {
	t.Helper()
	s := sample{nodes: map[string][]fhir.Node{}, terms: map[string][][][]byte{}}
	s.add(t, x, []byte(doc))
	for typ, nodes := range s.nodes {
		return nodes[0], s.terms[typ][0]
	}
	return fhir.Node{}, nil
}

// TestNear holds the terms of places to the great circle, for places and circles everywhere: over the poles, over the 180th meridian,
// from nothing to the whole Earth.
func TestNear(t *testing.T) {
	x := newIndex(t)
	r := rand.New(rand.NewPCG(3, 4))
	in, doubts, most := 0, 0, 0
	for i := range 3000 {
		c := index.Circle{Latitude: r.Float64()*180 - 90, Longitude: r.Float64()*360 - 180, Meters: math.Pow(10, r.Float64()*8-0.7)}
		switch i % 6 {
		case 0:
			c.Latitude = math.Copysign(90-r.Float64()*r.Float64(), c.Latitude)
		case 1:
			c.Longitude = math.Copysign(180-r.Float64()*r.Float64(), c.Longitude)
		}
		reach := c.Meters / 111_000 * 1.5 // degrees; places about there
		latitude := min(max(c.Latitude+reach*(r.Float64()*2-1), -90), 90)
		longitude := math.Remainder(c.Longitude+reach*(r.Float64()*2-1)/max(math.Cos(c.Latitude*math.Pi/180), 0.01), 360)
		n, terms := sampleOf(t, x, fmt.Sprintf(`{"resourceType":"Location","position":{"latitude":%.9f,"longitude":%.9f}}`, latitude, longitude))
		spans, err := x.Near("Location", c)
		if err != nil {
			t.Fatal(err)
		}
		most = max(most, len(spans))
		want := c.Has(n.Field("position"))
		switch got := verdictOf(spans, terms); {
		case got == index.Maybe:
			doubts++
		case (got == index.Yes) != want:
			t.Errorf("%v, %v in %+v: got %v, want %v", latitude, longitude, c, got, want)
		}
		if want {
			in++
		}
	}
	t.Logf("%d places of 3000 inside, %d in doubt, %d spans at most", in, doubts, most)
	if in < 500 || doubts > 300 || most > 72 {
		t.Errorf("%d inside, %d in doubt, %d spans", in, doubts, most)
	}
	for _, position := range []string{`{}`, `{"latitude":91,"longitude":0}`, `{"latitude":0,"longitude":-180.5}`, `{"latitude":"1","longitude":2}`} {
		n, terms := sampleOf(t, x, `{"resourceType":"Location","position":`+position+`}`)
		whole := index.Circle{Meters: 1e9}
		spans, _ := x.Near("Location", whole)
		if verdictOf(spans, terms) != index.No || whole.Has(n.Field("position")) {
			t.Errorf("%s is somewhere", position)
		}
	}
	if _, err := x.Near("Patient", index.Circle{}); !isKind(err, fault.Unsupported) {
		t.Errorf("near of a Patient: %v", err)
	}
}

func TestNarrativeTerms(t *testing.T) {
	x := newIndex(t)
	w, err := x.Narrative("Patient")
	if err != nil {
		t.Fatal(err)
	}
	doc := func(div string) string {
		return `{"resourceType":"Patient","text":{"status":"generated","div":"` + div + `"}}`
	}
	var many strings.Builder
	for i := range index.MaxWords + 5 {
		fmt.Fprintf(&many, "w%d w0 ", i)
	}
	long := strings.Repeat("x", 400)
	for _, c := range []struct {
		doc, yes, no string
		any, more    bool
	}{
		{doc("<div>Severe <b>chest</b> p&amp;ain, MÜLLER " + long + "</div>"), "severe chest p ain muller " + long, "div b amp " + long[:256] + " x", true, false},
		{doc("<div><br/> - </div>"), "", "br", false, false},
		{doc(many.String()), "w0 w4999", "w5000", true, true},
		{`{"resourceType":"Patient","name":[{"text":"chest"}]}`, "", "chest", false, false},
	} {
		_, terms := sampleOf(t, x, c.doc)
		has := func(s index.Span) bool { return verdictOf([]index.Span{s}, terms) == index.Yes }
		for _, word := range strings.Fields(c.yes) {
			if !has(w.Of(word)) {
				t.Errorf("%.60s has no %.30q", c.doc, word)
			}
		}
		for _, word := range strings.Fields(c.no) {
			if has(w.Of(word)) {
				t.Errorf("%.60s has %.30q", c.doc, word)
			}
		}
		if has(w.Any()) != c.any || has(w.More()) != c.more {
			t.Errorf("%.60s: any %v, more %v", c.doc, has(w.Any()), has(w.More()))
		}
	}
	if _, err := x.Narrative("Bundle"); !isKind(err, fault.Unsupported) {
		t.Errorf("the narrative of a Bundle: %v", err)
	}
}
