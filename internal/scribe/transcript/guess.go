// SPDX-License-Identifier: Apache-2.0

package transcript

import (
	_ "embed"
	"math"
	"regexp"
	"strconv"
	"strings"
	"sync"
)

//go:generate go run galen/internal/scribe/transcript/train -out roles_gen.txt ../../../../shared/data/clinical/aci-bench/train.csv ../../../../shared/data/clinical/mts-dialog/MTS-Dialog-TrainingSet.csv

// roles has a line for each feature: its weight in thousandths, and its name. Weights over 0 speak for the clinician. They are those of a logistic
// regression over the training sets of ACI-Bench and MTS-Dialog (both CC BY 4.0).
//
//go:embed roles_gen.txt
var roles string

var weights = sync.OnceValue(func() map[string]float64 {
	m := map[string]float64{}
	for line := range strings.Lines(roles) {
		weight, name, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
		n, err := strconv.Atoi(weight)
		if err != nil {
			panic("transcript: the embedded weights: " + err.Error()) // a build that is broken
		}
		m[name] = float64(n) / 1000
	}
	return m
})

// Guess gives a role to each segment that has none, by what is said in it, before it and after it, and says that it is a guess. Segments
// must be in order of time.
func Guess(segments []Segment) {
	before, after := "", ""
	for i := range segments {
		s := &segments[i]
		if s.Role == Unknown {
			lean := 0.0
			if after = ""; i+1 < len(segments) {
				after = segments[i+1].Content
			}
			for _, f := range Features(before, s.Content, after) {
				lean += weights()[f]
			}
			s.Role, s.RoleBy = Clinician, ByText
			if lean < 0 {
				s.Role = Patient
			}
			s.RoleFor = math.Round(100/(1+math.Exp(-math.Abs(lean)))) / 100
		}
		before = s.Content
	}
}

var asks = regexp.MustCompile(`(?i)\?\s*$|\b(have you|do you|did you|are you|how long|any)\b[^.]*$`)
