// SPDX-License-Identifier: Apache-2.0

package life

import "galen/internal/synth/module"

// point is a value at an age in years.
type point struct{ age, value float64 }

// Medians by age, from the CDC's growth charts (2000) and, for adults, NHANES 2015-2018 (Fryar CD et al., 2021).
var (
	heightMan = []point{{0, 50}, {0.5, 67}, {1, 76}, {2, 87}, {4, 103}, {6, 116}, {8, 128}, {10, 139}, {12, 149}, {14, 164},
		{16, 173}, {18, 176}, {60, 175}, {90, 172}}
	heightWoman = []point{{0, 49.5}, {0.5, 65}, {1, 74}, {2, 86}, {4, 101}, {6, 115}, {8, 128}, {10, 138}, {12, 152}, {14, 160},
		{16, 162}, {60, 161}, {90, 157}}
	bodyMass = []point{{0, 13.6}, {0.25, 16.5}, {1, 17}, {2, 16.5}, {5, 15.4}, {8, 15.9}, {11, 17.4}, {14, 19.5}, {17, 21.8},
		{20, 24.3}, {30, 27.4}, {40, 28.6}, {60, 29}, {75, 28}, {90, 25}}
	systolic = []point{{0, 72}, {1, 88}, {5, 95}, {10, 102}, {15, 111}, {20, 114}, {40, 118}, {60, 125}, {90, 132}}
	pulse    = []point{{0, 140}, {1, 115}, {3, 105}, {6, 92}, {10, 84}, {16, 75}, {90, 71}}
	breaths  = []point{{0, 42}, {1, 30}, {3, 26}, {6, 22}, {12, 19}, {18, 15}, {90, 16}}
	head     = []point{{0, 35}, {0.25, 40.5}, {0.5, 43.5}, {1, 46.3}, {2, 48.5}, {3, 49.5}}
)

// at interpolates.
func at(points []point, age float64) float64 {
	for i := 1; i < len(points); i++ {
		if a, b := points[i-1], points[i]; age < b.age {
			return a.value + float64((b.value-a.value)*float64((age-a.age)/(b.age-a.age)))
		}
	}
	return points[len(points)-1].value
}

// has reports whether an attribute holds something that is not false.
func (r *Runner) has(attribute int) bool {
	return attribute != module.None && r.attributes[attribute].kind != 0 && r.attributes[attribute].number != 0
}

// vitalAttribute is the attribute that a VitalSign state sets, or None.
func (r *Runner) vitalAttribute(name string) int {
	for i, n := range r.set.Attributes {
		if len(n) == len("vital ")+len(name) && n[len("vital "):] == name && n[:len("vital ")] == "vital " {
			return i
		}
	}
	return module.None
}

// vital is a vital sign as it is measured at a time: what a module set, or what the body has.
func (r *Runner) vital(name string, attribute int, when int64) (float64, bool) {
	if attribute != module.None && r.attributes[attribute].kind == 'n' {
		return r.attributes[attribute].number, true
	}
	p, age := &r.life.Person, r.life.Age(when)
	switch name {
	case "Height":
		return r.height(age), true
	case "Weight":
		h := r.height(age) / 100
		return float64(r.mass(age) * float64(h*h)), true
	case "BMI":
		return r.mass(age), true
	case "Head Circumference":
		return at(head, age) + float64(1.2*p.HeightZ), true
	case "Systolic Blood Pressure":
		return r.pressure(age), true
	case "Diastolic Blood Pressure":
		return float64(r.pressure(age)*0.64) + float64(3*r.random.Normal()), true
	case "Heart Rate":
		return at(pulse, age) + float64(8*r.random.Normal()), true
	case "Respiration Rate", "Respiratory Rate":
		return at(breaths, age) + float64(1.2*r.random.Normal()), true
	case "Body Temperature":
		return 36.8 + float64(0.2*r.random.Normal()), true
	case "Oxygen Saturation":
		return min(97.5+float64(1*r.random.Normal()), 100), true
	}
	return r.blood(name, age)
}

func (r *Runner) height(age float64) float64 {
	m := at(heightMan, age)
	if r.life.Person.Female {
		m = at(heightWoman, age)
	}
	return float64(m * (1 + float64(0.04*r.life.Person.HeightZ)))
}

// mass is the body mass index. It spreads as people grow up, more to the right.
func (r *Runner) mass(age float64) float64 {
	spread := 0.08 + float64(0.11*min(age/25, 1))
	z := r.life.Person.WeightZ
	if z < 0 {
		z *= 0.7
	}
	return float64(at(bodyMass, age) * (1 + float64(spread*z)))
}

// pressure is the systolic blood pressure of one measurement.
func (r *Runner) pressure(age float64) float64 {
	base := at(systolic, age) + float64(5*r.life.Person.PressureZ) + float64(4*r.random.Normal())
	if !r.has(r.named.hypertension) {
		return min(base, 136)
	}
	if r.has(r.named.treated) {
		return base + 8
	}
	return base + 24
}

// blood is a value of the blood.
func (r *Runner) blood(name string, age float64) (float64, bool) {
	n := r.random.Normal()
	stage := 0.0
	if r.has(r.named.kidney) {
		stage = r.attributes[r.named.kidney].number
	}
	fat := r.has(r.named.hyperlipidemia) && !r.has(r.named.controlled)
	switch name {
	case "LDL":
		if fat {
			return max(165+float64(18*n), 131), true
		}
		return min(max(100+float64(18*n), 45), 145), true
	case "HDL":
		return max(53+float64(10*n), 25), true
	case "Triglycerides":
		if fat {
			return max(200+float64(40*n), 110), true
		}
		return max(115+float64(25*n), 45), true
	case "Total Cholesterol":
		if fat {
			return 255 + float64(18*n), true
		}
		return 178 + float64(18*n), true
	case "Blood Glucose", "Glucose":
		if r.has(r.named.diabetes) {
			return max(152+float64(24*n), 80), true
		}
		return max(88+float64(6*n), 68), true
	case "A1C", "HbA1c":
		if r.has(r.named.diabetes) {
			return max(7.4+float64(0.9*n), 5.8), true
		}
		return min(5.3+float64(0.2*n), 5.6), true
	case "EGFR":
		return [...]float64{max(105-float64(0.45*age), 64), 95, 74, 45, 22, 10}[int(min(max(stage, 0), 5))] + float64(4*n), true
	case "Creatinine":
		return [...]float64{0.85, 0.9, 1.1, 1.6, 3.0, 6.0}[int(min(max(stage, 0), 5))] + float64(0.07*n), true
	}
	return 0, false
}
