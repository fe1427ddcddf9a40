// SPDX-License-Identifier: Apache-2.0

package plan_test

import (
	"encoding/json"
	"fmt"
	"html"
	"maps"
	"math"
	"regexp"
	"slices"
	"strings"
	"unicode"
)

// The oracle of _text, _content and near.

var markup = regexp.MustCompile(`<[^>]*>`)

// spaced is the words of a text, each between spaces.
func spaced(s string) string {
	s = html.UnescapeString(markup.ReplaceAllString(s, " "))
	words := strings.FieldsFunc(folded(s), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
	return " " + strings.Join(words, " ") + " "
}

// narrativeOf is the words of a resource's narrative; contentOf those of each of its texts.
func narrativeOf(r *resource) []string {
	for _, div := range at(r.body, "text", "div") {
		if words := spaced(text(div)); strings.TrimSpace(words) != "" {
			return []string{words}
		}
	}
	return nil
}

func contentOf(v any) (all []string) {
	switch v := v.(type) {
	case string:
		return []string{spaced(v)}
	case []any:
		for _, e := range v {
			all = append(all, contentOf(e)...)
		}
	case map[string]any:
		for _, name := range slices.Sorted(maps.Keys(v)) {
			all = append(all, contentOf(v[name])...)
		}
	}
	return all
}

// holdWords reports whether texts fulfil words, "a phrase", NOT and OR.
func holdWords(texts []string, asked string) bool {
	for either := range strings.SplitSeq(asked, " OR ") {
		all, not := true, false
		for i, part := range strings.Split(either, `"`) {
			words := strings.Fields(part)
			if i%2 == 1 {
				words = []string{part}
			}
			for _, w := range words {
				if w == "NOT" {
					not = true
					continue
				}
				found := slices.ContainsFunc(texts, func(s string) bool { return strings.Contains(s, spaced(w)) })
				all, not = all && found != not, false
			}
		}
		if all {
			return true
		}
	}
	return false
}

// words draws a condition on words of some texts.
func (b *bench) words(texts []string) string {
	var some []string
	for range 3 {
		words := strings.Fields(texts[b.rand.IntN(len(texts))])
		words = slices.DeleteFunc(words, func(w string) bool { return len(w) < 3 || strings.ContainsFunc(w, unicode.IsDigit) || w == "not" })
		if len(words) == 0 {
			words = []string{"nothing"}
		}
		some = append(some, b.cased(words[b.rand.IntN(len(words))]))
	}
	phrase := strings.Fields(texts[b.rand.IntN(len(texts))])
	from := b.rand.IntN(max(len(phrase), 1))
	phrase = phrase[from:min(len(phrase), from+1+b.rand.IntN(3))]
	if len(phrase) == 0 || strings.ContainsFunc(strings.Join(phrase, ""), unicode.IsDigit) {
		phrase = some[:1]
	}
	return []string{some[0], some[0] + " " + some[1], some[0] + " OR " + some[1] + " " + some[2], "NOT " + some[0], some[0] + " NOT " + some[1],
		`"` + strings.Join(phrase, " ") + `"`, `NOT "` + strings.Join(phrase, " ") + `" ` + some[1]}[b.rand.IntN(7)]
}

// textClause draws _text or _content on a type.
func (b *bench) textClause(typ string) (clause, bool) {
	if b.rand.IntN(3) == 0 {
		return clause{"_content", b.words(contentOf(b.some(typ).body))}, true
	}
	for range 200 {
		if texts := narrativeOf(b.some(typ)); texts != nil {
			return clause{"_text", b.words(texts)}, true
		}
	}
	return clause{}, false
}

// places are where the Locations are: about cities, at the poles, and on both sides of the 180th meridian.
func places() (lines [][]byte) {
	for i, p := range [][2]float64{{48.2, 16.37}, {48.15, 17.11}, {-17, 179.9}, {-17.1, -179.95}, {89.9, 10}, {-89.95, -120}, {0, 0}, {52.52, 13.4}, {-33.87, 151.2}, {40.71, -74}} {
		for j := range 6 {
			lines = append(lines, fmt.Appendf(nil, `{"resourceType":"Location","id":"l%d-%d","name":"Place %d","position":{"latitude":%v,"longitude":%v}}`,
				i, j, i, p[0]+float64(j*j)*0.013, p[1]+float64(j)*0.0101))
		}
	}
	return append(lines, []byte(`{"resourceType":"Location","id":"nowhere","name":"Nowhere"}`))
}

func degreesOf(r *resource, name string) (float64, bool) {
	for _, v := range at(r.body, "position", name) {
		f, err := v.(json.Number).Float64()
		return f, err == nil
	}
	return 0, false
}

// isNear measures the angle between two places by their vectors.
func isNear(r *resource, asked string) bool {
	latitude, ok1 := degreesOf(r, "latitude")
	longitude, ok2 := degreesOf(r, "longitude")
	if !ok1 || !ok2 || math.Abs(latitude) > 90 {
		return false // no place on the Earth
	}
	var wantLatitude, wantLongitude, km float64
	if _, err := fmt.Sscanf(strings.ReplaceAll(asked, "|", " "), "%g %g %g km", &wantLatitude, &wantLongitude, &km); err != nil {
		panic(err)
	}
	vector := func(latitude, longitude float64) [3]float64 {
		a, o := latitude*math.Pi/180, longitude*math.Pi/180
		return [3]float64{math.Cos(a) * math.Cos(o), math.Cos(a) * math.Sin(o), math.Sin(a)}
	}
	v, w := vector(latitude, longitude), vector(wantLatitude, wantLongitude)
	gap := math.Sqrt((v[0]-w[0])*(v[0]-w[0]) + (v[1]-w[1])*(v[1]-w[1]) + (v[2]-w[2])*(v[2]-w[2]))
	return 2*math.Asin(min(gap/2, 1))*6371.0088 <= km
}

func (b *bench) nearClause() clause {
	r := b.some("Location")
	latitude, _ := degreesOf(r, "latitude")
	longitude, _ := degreesOf(r, "longitude")
	latitude, longitude = min(max(latitude+b.rand.NormFloat64()*0.02, -90), 90), min(max(longitude+b.rand.NormFloat64()*0.02, -180), 180)
	return clause{"near", fmt.Sprintf("%.5f|%.5f|%.3f|km", latitude, longitude, math.Pow(10, b.rand.Float64()*5-1))}
}
