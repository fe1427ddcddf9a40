// SPDX-License-Identifier: Apache-2.0

package match

import (
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"galen/internal/fhir"
)

// person is what a patient says of itself, in the form in which it is compared.
type person struct {
	identifiers       map[string][]string // values by system
	family, given     []string
	birth, gender     string
	phone, email      []string
	postcodes, cities []string
}

// maxValues bounds how many of a list are compared.
const maxValues = 20

func read(n fhir.Node) *person {
	p := &person{identifiers: map[string][]string{}, birth: strings.Clone(n.Field("birthDate").Text()), gender: strings.Clone(n.Field("gender").Text())}
	for i, id := range n.Field("identifier").Elements() {
		if value := fold(id.Field("value").Text()); value != "" && i < maxValues {
			system := strings.Clone(id.Field("system").Text())
			p.identifiers[system] = append(p.identifiers[system], value)
		}
	}
	for _, name := range n.Field("name").Elements() {
		add(&p.family, fold(name.Field("family").Text()))
		for _, given := range name.Field("given").Elements() {
			add(&p.given, fold(given.Text()))
		}
	}
	for _, t := range n.Field("telecom").Elements() {
		switch value := t.Field("value").Text(); t.Field("system").Text() {
		case "phone", "sms":
			if number := digits(value); len(number) >= 7 {
				add(&p.phone, number[max(0, len(number)-10):])
			}
		case "email":
			add(&p.email, strings.ToLower(strings.TrimSpace(value)))
		}
	}
	for _, a := range n.Field("address").Elements() {
		add(&p.postcodes, fold(a.Field("postalCode").Text()))
		add(&p.cities, fold(a.Field("city").Text()))
	}
	return p
}

func add(list *[]string, value string) {
	if value != "" && len(*list) < maxValues && !slices.Contains(*list, value) {
		*list = append(*list, value)
	}
}

// fold is text without case, accents, spaces and punctuation.
func fold(s string) string {
	var b strings.Builder
	for _, r := range norm.NFD.String(s) {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			b.WriteRune(unicode.ToLower(r))
		}
	}
	return b.String()
}

func digits(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' {
			return r
		}
		return -1
	}, s)
}

// fields are what is compared.
var fields = []struct {
	name    string
	compare func(a, b *person) float64
}{
	{"identifier", func(a, b *person) float64 { return identifiers(a.identifiers, b.identifiers) }},
	{"family", func(a, b *person) float64 { return best(a.family, b.family, alike) }},
	{"given", func(a, b *person) float64 { return best(a.given, b.given, given) }},
	{"birthDate", func(a, b *person) float64 { return birth(a.birth, b.birth) }},
	{"gender", func(a, b *person) float64 {
		if a.gender == "" || b.gender == "" || a.gender == "unknown" || b.gender == "unknown" {
			return -1
		}
		return same(a.gender, b.gender)
	}},
	{"phone", func(a, b *person) float64 { return best(a.phone, b.phone, same) }},
	{"email", func(a, b *person) float64 { return best(a.email, b.email, same) }},
	{"address", func(a, b *person) float64 {
		if len(a.postcodes) > 0 && len(b.postcodes) > 0 {
			return best(a.postcodes, b.postcodes, same)
		}
		return best(a.cities, b.cities, same) / 2 // a city is shared by many
	}},
}

// identifiers compares those whose system both have; one without a system says nothing.
func identifiers(a, b map[string][]string) float64 {
	share := -1.0
	for system, values := range a {
		if others := b[system]; system != "" && len(others) > 0 {
			share = max(share, best(values, others, same))
		}
	}
	return share
}

// best compares lists by their best pair.
func best(a, b []string, compare func(a, b string) float64) float64 {
	share := -1.0
	for _, x := range a {
		for _, y := range b {
			share = max(share, compare(x, y))
		}
	}
	return share
}

func same(a, b string) float64 {
	if a == b {
		return 1
	}
	return 0
}

// alike compares names: 1 if they are the same, less for each letter that is not.
func alike(a, b string) float64 {
	x, y := []rune(a), []rune(b)
	if a == b {
		return 1
	}
	longest := max(len(x), len(y))
	switch d := distance(x, y); {
	case longest >= 4 && d == 1:
		return 0.85
	case longest >= 8 && d == 2:
		return 0.7
	}
	return 0
}

// given compares given names; an initial, or the beginning of a longer one, agrees in part.
func given(a, b string) float64 {
	if share := alike(a, b); share > 0 {
		return share
	}
	if strings.HasPrefix(a, b) || strings.HasPrefix(b, a) {
		return 0.6
	}
	return 0
}

// birth compares birth dates: the same as far as both are known, or day and month, or one digit, mistaken.
func birth(a, b string) float64 {
	if a == "" || b == "" {
		return -1
	}
	n := min(len(a), len(b))
	if a[:n] == b[:n] {
		switch n {
		case len("2006-01-02"):
			return 1
		case len("2006-01"):
			return 0.8
		}
		return 0.6
	}
	if len(a) != 10 || len(b) != 10 {
		return 0
	}
	if a[:4] == b[:4] && a[5:7] == b[8:] && a[8:] == b[5:7] {
		return 0.7
	}
	different := 0
	for i := range n {
		if a[i] != b[i] {
			different++
		}
	}
	if different == 1 {
		return 0.6
	}
	return 0
}

// maxName bounds the letters of a name that are compared.
const maxName = 64

// distance is how many letters have to be put in, taken out, changed, or swapped with the next, to make one name of the other.
func distance(a, b []rune) int {
	a, b = a[:min(len(a), maxName)], b[:min(len(b), maxName)]
	var before, last []int
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := 1; i <= len(a); i++ {
		before, last = last, row
		row = make([]int, len(b)+1)
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			row[j] = min(last[j]+1, row[j-1]+1, last[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
	}
	return row[len(b)]
}
