// SPDX-License-Identifier: Apache-2.0

// Package people draws persons as the United States have them: age and sex, race, names, places, insurance, and how long
// they live. It is pure: the same stream gives the same person.
package people

import (
	"strconv"
	"time"

	"galen/internal/synth/chance"
)

// Year is the length of a year in seconds. Recent is how long before now people may have died.
const (
	Year   = 31557600
	Recent = 10 * Year
)

// Person is what does not change about somebody.
type Person struct {
	Female           bool
	Birth            int64 // Unix seconds
	Given, Middle    string
	Family           string
	Maiden           string // of the mother
	Race             Race
	Hispanic         bool
	City             int // index into Cities
	Line             string
	Phone            string
	SSN              string // of the range 999, which is never issued
	Married          bool
	Spanish          bool // the language
	Insurance        Insurance
	Income           string // Low, Middle or High
	Smoker           bool
	Alcohol          bool
	HeightZ, WeightZ float64 // in standard deviations from the median
	PressureZ        float64
	Death            int64 // by the life table; 0 if they live at the end
}

// Race is an OMB category.
type Race uint8

// The categories.
const (
	White Race = iota
	Black
	Asian
	Native
	Islander
	Other
)

// Insurance is who pays.
type Insurance uint8

// The payers. Medicare is everybody's from 65 on.
const (
	Private Insurance = iota
	Medicaid
	Uninsured
)

// pyramid is the share of each five years of age: Census Bureau, Vintage 2022 estimates.
var pyramid = []float64{5.6, 6.0, 6.3, 6.6, 6.6, 6.6, 7.0, 6.7, 6.4, 5.9, 6.2, 6.3, 6.4, 5.5, 4.4, 3.0, 1.9, 1.9}

// races are shares in the 2020 census, of those that gave one.
var races = []float64{68, 13.5, 6.3, 1.1, 0.2, 10.9}

// byModules is the share of deaths that modules bring about, of what the life table has from 35 on.
const byModules = 0.4

// deaths are the yearly chances of death of men and women: NCHS, Deaths: Final Data for 2021, rates by age group.
var deaths = []struct {
	until      float64
	man, woman float64
}{
	{1, .0059, .0049}, {5, .0003, .00025}, {15, .00015, .00012}, {25, .0013, .0005}, {35, .0024, .0010}, {45, .0033, .0017},
	{55, .0058, .0034}, {65, .0122, .0074}, {75, .0236, .0153}, {85, .0559, .0417}, {130, .158, .138},
}

// Draw draws a person of today's population, living in one of the first cities given. Those who die by the life table
// do so within the ten years before now.
func Draw(s *chance.Stream, now int64, cities []int) Person {
	p := Person{Female: s.Hit(0.505), Race: Race(s.Weighted(races)), Hispanic: s.Hit(0.19)}
	bin := s.Weighted(pyramid)
	age := float64(bin)*5 + s.Between(0, 5)
	if bin == len(pyramid)-1 {
		age = 85 + min(float64(s.Exponential()*4.5), 20)
	}
	if bin >= 13 { // women live longer
		p.Female = s.Hit(0.5 + float64(0.012*float64(bin-12)))
	}
	p.Birth = now - int64(float64(age*Year))
	weights := make([]float64, len(cities))
	for i, c := range cities {
		weights[i] = Cities[c].Population
	}
	p.City = cities[s.Weighted(weights)]
	p.name(s)
	p.Line = strconv.Itoa(1+s.Int(999)) + " " + streets[s.Int(len(streets))] + " " + suffixes[s.Int(len(suffixes))]
	p.Phone = Phone(s, Cities[p.City].Area)
	p.SSN = "999-" + digits(s, 2) + "-" + digits(s, 4)
	p.Married = age > 22 && s.Hit(0.5)
	p.Spanish = p.Hispanic && s.Hit(0.4)
	p.Insurance = Insurance(s.Weighted([]float64{66, 26, 8}))
	p.Income = []string{"Low", "Middle", "High"}[s.Weighted([]float64{29, 50, 21})]
	p.Smoker, p.Alcohol = s.Hit(0.15), s.Hit(0.11)
	p.HeightZ, p.WeightZ, p.PressureZ = s.Normal(), s.Normal(), s.Normal()
	p.Death = p.death(s, now)
	return p
}

// name draws names that go with sex, year of birth and origin.
func (p *Person) name(s *chance.Stream) {
	p.Given, p.Middle = GivenName(s, p.Female, p.Birth), GivenName(s, p.Female, p.Birth)
	if p.Middle == p.Given {
		p.Middle = ""
	}
	list := surnames
	switch {
	case p.Hispanic:
		list = surnamesHispanic
	case p.Race == Asian:
		list = surnamesAsian
	}
	p.Family = list[common(s, len(list))]
	p.Maiden = list[common(s, len(list))]
}

// Surname draws one of all.
func Surname(s *chance.Stream) string {
	switch s.Weighted([]float64{70, 15, 15}) {
	case 1:
		return surnamesHispanic[common(s, len(surnamesHispanic))]
	case 2:
		return surnamesAsian[common(s, len(surnamesAsian))]
	}
	return surnames[common(s, len(surnames))]
}

// GivenName draws a name that was common when somebody was born.
func GivenName(s *chance.Stream, female bool, birth int64) string {
	decade := (time.Unix(birth, 0).UTC().Year() - 1910) / 10
	list := &givenMale
	if female {
		list = &givenFemale
	}
	names := list[min(max(decade, 0), len(list)-1)]
	return names[common(s, len(names))]
}

// common draws an index, lower ones more often.
func common(s *chance.Stream, n int) int {
	a, b := s.Float(), s.Float()
	return int(float64(min(a, float64(b+0.35)) * float64(n)))
}

// Phone draws a number of the exchange 555, which nobody has.
func Phone(s *chance.Stream, area string) string { return area + "-555-" + digits(s, 4) }

// Street draws a street and number.
func Street(s *chance.Stream) string {
	return strconv.Itoa(100+s.Int(4900)) + " " + streets[s.Int(len(streets))] + " " + suffixes[s.Int(3)]
}

func digits(s *chance.Stream, n int) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte('0' + s.Int(10))
	}
	return string(b)
}

// death is when the person dies by the life table within the ten years before now, or 0.
func (p *Person) death(s *chance.Stream, now int64) int64 {
	for back := int64(10); back > 0; back-- {
		from := max(now-back*Year, p.Birth)
		if from > now-(back-1)*Year {
			continue
		}
		age := float64(from-p.Birth) / Year
		for _, d := range deaths {
			if age >= d.until {
				continue
			}
			risk := d.man
			if p.Female {
				risk = d.woman
			}
			if age >= 35 {
				risk *= 1 - byModules
			}
			if s.Hit(risk) {
				return from + int64(float64(s.Float()*float64(now-(back-1)*Year-from)))
			}
			break
		}
	}
	return 0
}
