// SPDX-License-Identifier: Apache-2.0

package match

import (
	"math"

	"galen/internal/fhir"
)

// Grade says how good a match is.
//
// http://hl7.org/fhir/R4/valueset-match-grade.html
type Grade string

// The grades, best first.
const (
	Certain  Grade = "certain"
	Probable Grade = "probable"
	Possible Grade = "possible"
	Not      Grade = "certainly-not"
)

// Result is how likely two patients are one.
type Result struct {
	Score  float64 // 0 to 1
	Grade  Grade
	Fields []string // what agrees: identifier, family, given, birthDate, gender, phone, email, address
	ByID   bool     // an identifier agrees
}

// evidence is what agreement and difference of one thing add, in bits.
type evidence struct{ agrees, differs float64 }

// weights come from how often such things agree for one person (about 0.95 for names, 0.99 for birth dates) and for two people by
// chance (one in 500 family names, in 50 given names, in 20,000 birth dates, in 2 sexes, in 1,000,000 numbers).
var weights = map[string]evidence{
	"identifier": {20, -1},
	"family":     {8.9, -4},
	"given":      {5.6, -3},
	"birthDate":  {14.3, -6},
	"gender":     {1, -4},
	"phone":      {12, -0.5},
	"email":      {14, -0.5},
	"address":    {6, -1},
}

// prior is how unlikely a match is before anything is known, in bits: one patient in 32,768.
const prior = -15

// Bounds of the score for the grades.
const (
	certainFrom  = 0.999
	probableFrom = 0.9
	possibleFrom = 0.1
)

// Patients compares two patients.
func Patients(a, b fhir.Node) Result { return compare(read(a), read(b)) }

func compare(a, b *person) Result {
	var r Result
	bits, against := float64(prior), 0
	for _, field := range fields {
		share := field.compare(a, b) // 1 agrees, 0 differs, between them in part; below 0: one does not say
		if share < 0 {
			continue
		}
		w := weights[field.name]
		bits += w.differs + share*(w.agrees-w.differs)
		switch {
		case share >= 0.8:
			r.Fields = append(r.Fields, field.name)
			r.ByID = r.ByID || field.name == "identifier"
		case share < 0.5 && w.differs <= -3:
			against++
		}
	}
	r.Score = 1 / (1 + math.Exp2(-bits))
	switch {
	case r.ByID && against == 0:
		r.Score = max(r.Score, certainFrom)
		r.Grade = Certain
	case r.Score >= certainFrom && against == 0 && len(r.Fields) >= 3:
		r.Grade = Certain
	case r.Score >= probableFrom:
		r.Grade = Probable
	case r.Score >= possibleFrom:
		r.Grade = Possible
	default:
		r.Grade = Not
	}
	return r
}

// AtLeast reports whether a grade is as good as another or better.
func (g Grade) AtLeast(other Grade) bool { return rank[g] >= rank[other] }

var rank = map[Grade]int{Not: 0, Possible: 1, Probable: 2, Certain: 3}
