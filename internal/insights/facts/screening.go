// SPDX-License-Identifier: Apache-2.0

package facts

import (
	"fmt"
	"strings"
)

// Screening is preventive care that a guideline asks for at the patient's age and sex, and how the record stands to it.
type Screening struct {
	Fact
	Name   string `json:"name"`
	Due    bool   `json:"due"`
	Last   Date   `json:"last"`   // the last time that counts; none if the record has none
	By     string `json:"by"`     // what was done then, in the record's words
	Source string `json:"source"` // the guideline
	Rule   string `json:"rule"`   // its words, short
	Kind   string `json:"kind"`   // screening, immunization, monitoring

	proof []Evidence // of the last time
}

// LastEvidence is the resource that tells of the last time.
func (s *Screening) LastEvidence() []Evidence { return s.proof }

// rule is one line of the table.
type rule struct {
	name, kind, source, text string
	sex                      string   // empty: any
	from, to                 int      // age in whole years, both ends included; to 0: no end
	within                   [2]int   // years, months: due when the last is older; zero: once in a life
	needs                    string   // a word of an active problem's name; empty: none needed
	but                      []string // words of problems or procedures that end the need
	procedures               []string // SNOMED CT codes that count
	observations             []string // LOINC codes that count
	vaccines                 []string // CVX codes that count
	words                    []string // words in the name of a procedure, report or document that count
}

const (
	uspstf = "USPSTF"
	acip   = "CDC adult immunization schedule"
)

// rules are what is asked of adults. Conditions that only a person can weigh (risk, frailty, wishes) are left to the reader.
var rules = []rule{
	{name: "Colorectal cancer screening (colonoscopy)", kind: "screening", source: uspstf + " 2021, A/B", text: "45 to 75 years: colonoscopy every 10 years, or stool test every year",
		from: 45, to: 75, within: [2]int{10, 0}, but: []string{"total colectomy", "malignant neoplasm of colon", "colorectal cancer"},
		procedures: []string{"73761001", "174158000", "446745002", "44441009"}, words: []string{"colonoscopy"}},
	{name: "Breast cancer screening (mammography)", kind: "screening", source: uspstf + " 2024, B", text: "women 40 to 74 years: every 2 years", sex: "female", from: 40, to: 74,
		within: [2]int{2, 0}, but: []string{"bilateral mastectomy"}, procedures: []string{"71651007", "24623002", "241055006", "12389009"},
		observations: []string{"24606-6", "24605-8", "26346-7"}, words: []string{"mammogra"}},
	{name: "Cervical cancer screening", kind: "screening", source: uspstf + " 2018, A", text: "women 21 to 65 years: cytology every 3 years; from 30 on HPV test every 5 years",
		sex: "female", from: 21, to: 65, within: [2]int{3, 0}, but: []string{"hysterectomy"}, procedures: []string{"90226004", "171149006", "440623000"},
		observations: []string{"10524-7", "47527-7", "21440-3", "59420-0"}, words: []string{"cervical cytology", "pap smear"}},
	{name: "Abdominal aortic aneurysm ultrasound (men who ever smoked)", kind: "screening", source: uspstf + " 2019, B", text: "men 65 to 75 years who ever smoked: once",
		sex: "male", from: 65, to: 75, procedures: []string{"408457004", "243998007"}, words: []string{"aortic aneurysm", "abdominal aorta"}, needs: "smoker"},
	{name: "Osteoporosis screening (bone density)", kind: "screening", source: uspstf + " 2025, B", text: "women from 65 years on", sex: "female", from: 65,
		but: []string{"osteoporosis"}, procedures: []string{"312681000", "300004007"}, observations: []string{"38263-0", "24701-5"}, words: []string{"bone density", "dxa"}},
	{name: "Hepatitis C screening", kind: "screening", source: uspstf + " 2020, B", text: "18 to 79 years: once", from: 18, to: 79, but: []string{"hepatitis c"},
		procedures: []string{"104375008", "413107006"}, observations: []string{"13955-0", "16128-1", "47365-2"}, words: []string{"hepatitis c"}},
	{name: "HIV screening", kind: "screening", source: uspstf + " 2019, A", text: "15 to 65 years: once", from: 15, to: 65, but: []string{"human immunodeficiency virus infection"},
		procedures: []string{"31676001", "171121004", "390786002"}, observations: []string{"75622-1", "56888-1", "7917-8", "55277-8"}},
	{name: "Blood pressure", kind: "screening", source: uspstf + " 2021, A", text: "from 18 years on: every year", from: 18, within: [2]int{1, 0}, observations: []string{bloodPressure, systolic, "55284-4"}},
	{name: "Influenza vaccine", kind: "immunization", source: acip, text: "every year", from: 18, within: [2]int{1, 0},
		vaccines: []string{"140", "141", "135", "144", "149", "150", "153", "155", "158", "161", "166", "168", "171", "185", "186", "197", "205", "88", "111"}},
	{name: "Tetanus and diphtheria vaccine", kind: "immunization", source: acip, text: "every 10 years", from: 19, within: [2]int{10, 0}, vaccines: []string{"09", "113", "115", "138", "139", "196"}},
	{name: "Zoster vaccine", kind: "immunization", source: acip, text: "from 50 years on: recombinant vaccine, 2 doses; an earlier live one does not count", from: 50, vaccines: []string{"187"}},
	{name: "Pneumococcal vaccine", kind: "immunization", source: acip, text: "from 50 years on: PCV20 or PCV21, or PCV15 and then PPSV23", from: 50, vaccines: []string{"33", "215", "216", "327"}},
	{name: "Hemoglobin A1c", kind: "monitoring", source: "ADA Standards of Care", text: "in diabetes: at least every 6 months", from: 18, within: [2]int{0, 6}, needs: "diabetes", observations: []string{"4548-4", "17856-6"}},
	{name: "Urine albumin", kind: "monitoring", source: "ADA Standards of Care", text: "in diabetes: every year", from: 18, within: [2]int{1, 0}, needs: "diabetes",
		observations: []string{"14959-1", "9318-7", "14957-5", "32294-1"}},
	{name: "Retinal examination", kind: "monitoring", source: "ADA Standards of Care", text: "in diabetes: every year", from: 18, within: [2]int{1, 0}, needs: "diabetes",
		procedures: []string{"252779009", "314971001", "308110009", "274795007"}, words: []string{"retin", "eye exam"}},
}

// screenings applies the rules. The patient's age and sex are evidence of each, what counts is evidence of when it was last.
func (b *builder) screenings() (out []Screening) {
	p := b.base.Patient
	if p.Deceased || p.Age < 0 {
		return nil
	}
	for _, r := range rules {
		why, asked := b.asks(r)
		if !asked {
			continue
		}
		s := Screening{Name: r.name, Source: r.source, Rule: r.text, Kind: r.kind}
		b.lastTime(r, &s)
		s.Due = !s.Last.Known()
		if s.Last.Known() && r.within != [2]int{} {
			s.Due = s.Last.Micros() < yearsBefore(b.now, r.within[0], r.within[1]).Micros()
		}
		s.Evidence = append(prove(b.Record.Patient(), "birthDate", "gender"), append(why, s.proof...)...)
		out = append(out, s)
	}
	return out
}

// asks reports whether a rule is for this patient, and by what besides age and sex.
func (b *builder) asks(r rule) (why []Evidence, ok bool) {
	p := b.base.Patient
	if r.sex != "" && p.Gender != r.sex || p.Age < r.from || r.to > 0 && p.Age > r.to {
		return nil, false
	}
	for i := range b.base.Problems {
		if q := &b.base.Problems[i]; contains(q.Text, r.but) {
			return nil, false
		} else if r.needs != "" && q.Active && b.isOf(q, r.needs) {
			why, ok = q.Evidence, true
		}
	}
	for i := range b.base.Procedures {
		if contains(b.base.Procedures[i].Text, r.but) {
			return nil, false
		}
	}
	if r.needs == "smoker" {
		return b.smoked()
	}
	return why, ok || r.needs == ""
}

// isOf reports whether a problem is one of those a rule needs: prediabetes is no diabetes.
func (b *builder) isOf(p *Problem, word string) bool {
	name := strings.ToLower(p.Text)
	return strings.Contains(name, word) && !strings.Contains(name, "pre"+word) && !strings.Contains(name, "history of") && !strings.Contains(name, "insipidus")
}

// smoked tells by the tobacco status whether the patient ever smoked.
func (b *builder) smoked() ([]Evidence, bool) {
	for i := range b.base.Series {
		s := &b.base.Series[i]
		if s.LOINC() != "72166-2" {
			continue
		}
		for _, v := range s.Values {
			t := strings.ToLower(v.Text)
			if strings.Contains(t, "smoker") && !strings.Contains(t, "never") && !strings.Contains(t, "unknown") && !strings.Contains(t, "non-smoker") {
				return []Evidence{v.Evidence}, true
			}
		}
	}
	return nil, false
}

// lastTime finds the last time that a rule counts.
func (b *builder) lastTime(r rule, s *Screening) {
	take := func(d Date, by string, proof Evidence) {
		if d.Known() && (!s.Last.Known() || d.Micros() > s.Last.Micros()) {
			s.Last, s.By, s.proof = d, by, []Evidence{proof}
		}
	}
	for i := range b.base.Procedures {
		if p := &b.base.Procedures[i]; p.Has(SNOMED, r.procedures...) || contains(p.Text, r.words) {
			take(p.Last(), p.Text, p.latest)
		}
	}
	for i := range b.base.Series {
		if q := &b.base.Series[i]; q.Has(LOINC, r.observations...) {
			take(q.Latest().Date, q.Text, q.Latest().Evidence)
		}
	}
	for i := range b.base.Immunizations {
		if m := &b.base.Immunizations[i]; m.Has(CVX, r.vaccines...) {
			take(m.Last(), m.Text, m.latest)
		}
	}
	for i := range b.base.Documents {
		if d := &b.base.Documents[i]; contains(d.Title, r.words) && len(d.Evidence) > 0 {
			take(d.Date, d.Title, d.Evidence[0])
		}
	}
}

func contains(text string, words []string) bool {
	text = strings.ToLower(text)
	for _, w := range words {
		if strings.Contains(text, w) {
			return true
		}
	}
	return false
}

// Rules lists the table for people: a line each.
func Rules() (out []string) {
	for _, r := range rules {
		out = append(out, fmt.Sprintf("%s: %s (%s)", r.name, r.text, r.source))
	}
	return out
}
