// SPDX-License-Identifier: Apache-2.0

package render

import (
	"slices"
	"strings"

	"galen/internal/insights/facts"
)

// topic says what bears on a reason for a visit. Words are beginnings of words, in lower case.
type topic struct {
	reason     []string // in the reason
	problems   []string // in the names of problems, procedures and documents
	drugs      []string // in the names of medicines
	series     []string // LOINC codes
	care       string   // kind of preventive care: screening, immunization, monitoring
	procedures bool     // what was done lately bears on it, whatever it is
}

const (
	a1c, weight, bmi, pressure, creatinine, egfr, ldl = "4548-4", "29463-7", "39156-5", "85354-9", "38483-4", "33914-3", "18262-6"
)

var topics = []topic{
	{reason: []string{"wellness", "annual", "physical", "preventive", "check", "routine", "screening", "medicare wellness"}, care: "screening",
		series: []string{pressure, bmi, "72166-2"}},
	{reason: []string{"vaccin", "immuni", "flu shot", "shot"}, care: "immunization"},
	{reason: []string{"diabet", "blood sugar", "glucose", "a1c", "metabolic"}, problems: []string{"diabet", "prediabet", "hyperglyc", "neuropathy", "retinopathy", "obes"},
		drugs:  []string{"metformin", "insulin", "glipizide", "glyburide", "glimepiride", "sitagliptin", "gliflozin", "glutide", "gliptin", "pioglitazone"},
		series: []string{a1c, "2339-0", "2345-7", egfr, "62238-1", "14959-1", weight, pressure}, care: "monitoring"},
	{reason: []string{"hypertens", "blood pressure", "htn"}, problems: []string{"hypertens"},
		drugs:  []string{"pril", "sartan", "olol", "dipine", "thiazide", "chlorthalidone", "spironolactone", "clonidine", "hydralazine"},
		series: []string{pressure, "8867-4", creatinine, "2160-0", egfr, "6298-4", "2823-3", bmi}},
	{reason: []string{"cholesterol", "lipid", "hyperlipid"}, problems: []string{"hyperlipid", "hypercholest", "coronary", "dyslipid"}, drugs: []string{"statin", "ezetimibe", "fibrate"},
		series: []string{"2093-3", ldl, "2085-9", "2571-8"}},
	{reason: []string{"chest pain", "heart", "cardi", "palpit", "afib", "fibrillation", "syncope"},
		problems: []string{"coronary", "cardiac", "heart", "fibrillation", "myocard", "stroke", "angina", "hypertens", "hyperlipid"},
		drugs:    []string{"olol", "statin", "warfarin", "aspirin", "clopidogrel", "digoxin", "nitroglycerin", "apixaban", "verapamil", "amiodarone", "furosemide"},
		series:   []string{pressure, "8867-4", ldl, weight, "6298-4"}},
	{reason: []string{"kidney", "renal", "ckd"}, problems: []string{"kidney", "renal", "nephro"}, series: []string{creatinine, "2160-0", egfr, "62238-1", "6298-4", "14959-1", "6299-2", pressure}},
	{reason: []string{"asthma", "cough", "breath", "copd", "wheez", "dyspnea", "lung", "respirat"}, problems: []string{"asthma", "bronch", "emphysema", "copd", "pulmon", "pneumon", "sinus", "rhinitis"},
		drugs: []string{"albuterol", "fluticasone", "salmeterol", "montelukast", "prednis", "tiotropium", "budesonide"}, series: []string{"9279-1", "2708-6", "59408-5", "19926-5", "72166-2"}},
	{reason: []string{"weight", "obes", "nutrition"}, problems: []string{"obes", "body mass", "prediabet"}, series: []string{weight, bmi, a1c, pressure}},
	{reason: []string{"anemia", "fatigue", "tired"}, problems: []string{"anemia", "thyroid"}, drugs: []string{"ferrous", "iron", "levothyroxine", "cyanocobalamin"}, series: []string{"718-7", "4544-3", "787-2", "3016-3"}},
	{reason: []string{"thyroid"}, problems: []string{"thyroid"}, drugs: []string{"levothyroxine", "methimazole"}, series: []string{"3016-3", weight, "8867-4"}},
	{reason: []string{"pregnan", "prenatal", "antenatal", "postpartum", "obstetric"}, problems: []string{"pregnan", "miscarriage", "preeclampsia", "eclampsia", "fetus"}, series: []string{pressure, weight, "718-7"}, procedures: true},
	{reason: []string{"surg", "post-op", "postop", "operat", "procedure", "wound", "fracture", "injur"}, problems: []string{"fracture", "laceration", "sprain", "injury", "tear", "burn", "append", "whiplash", "concussion"},
		drugs: []string{"codone", "ibuprofen", "acetaminophen", "naproxen", "tramadol", "morphine"}, series: []string{"72514-3", "8310-5"}, procedures: true},
	{reason: []string{"pain", "arthr", "knee", "back", "hip", "joint", "shoulder"}, problems: []string{"pain", "arthr", "fibromyalgia", "migraine", "meniscus"},
		drugs: []string{"naproxen", "ibuprofen", "acetaminophen", "codone", "tramadol", "meperidine", "milnacipran", "pregabalin"}, series: []string{"72514-3"}},
	{reason: []string{"depress", "anxi", "mental", "mood", "behavior"}, problems: []string{"depress", "anxi", "alcohol", "overdose", "suicid", "stress"},
		drugs: []string{"traline", "oxetine", "citalopram", "bupropion", "venlafaxine", "zodone", "zepam", "zolam"}, series: []string{"44261-6", "55758-7", "70274-6"}},
	{reason: []string{"headache", "migraine", "seizure", "epilep", "neuro", "memory", "dementia"}, problems: []string{"migraine", "seizure", "epilep", "stroke", "alzheimer", "dementia", "concussion"},
		drugs: []string{"topiramate", "carbamazepine", "diazepam", "donepezil", "galantamine", "memantine"}, series: []string{pressure}},
	{reason: []string{"cancer", "oncolog", "chemo", "tumor"}, problems: []string{"neoplasm", "cancer", "carcinoma", "polyp"}, series: []string{weight, "718-7", "6690-2", "777-3", "2857-1"}, procedures: true},
	{reason: []string{"allerg", "hay fever", "rash"}, problems: []string{"rhinitis", "allerg", "dermatitis", "asthma", "eczema"}, drugs: []string{"loratadine", "cetirizine", "fexofenadine", "epinephrine", "diphenhydramine", "astemizole"}},
	{reason: []string{"refill", "medication", "prescription"}},
}

// plain are words of a reason that name nothing.
var plain = []string{"visit", "follow", "followup", "with", "from", "about", "pain", "patient", "management", "review", "consult", "consultation", "discuss", "concern",
	"concerns", "evaluation", "new", "established", "office", "after", "symptoms", "chronic", "acute", "disease", "disorder", "history", "care", "results", "test", "tests", "month", "week", "year"}

// focus is what bears on the reason for a visit.
type focus struct {
	topics []topic
	words  []string // words of the reason that may name something, cut to their beginnings
}

func newFocus(reason string) (f focus) {
	reason = strings.ToLower(reason)
	words := strings.FieldsFunc(reason, func(r rune) bool { return r == ' ' || r == ',' || r == '.' })
	for _, t := range topics {
		for _, w := range t.reason {
			if strings.Contains(w, " ") && strings.Contains(reason, w) || slices.ContainsFunc(words, func(x string) bool { return strings.HasPrefix(x, w) }) {
				f.topics = append(f.topics, t)
				break
			}
		}
	}
	for _, w := range words {
		if len(w) >= 4 && !slices.Contains(plain, w) {
			f.words = append(f.words, w[:max(4, len(w)-2)])
		}
	}
	return f
}

// is reports whether a name bears on the reason, by a word of it or by the lists of its topics.
func (f focus) is(name string, list func(topic) []string) bool {
	name = strings.ToLower(name)
	for _, w := range f.words {
		if i := strings.Index(name, w); i == 0 || i > 0 && !letter(name[i-1]) {
			return true
		}
	}
	for _, t := range f.topics {
		if slices.ContainsFunc(list(t), func(w string) bool { return strings.Contains(name, w) }) {
			return true
		}
	}
	return false
}

func letter(c byte) bool { return c >= 'a' && c <= 'z' }

func (f focus) problem(p *facts.Problem) bool {
	return f.is(p.Text, func(t topic) []string { return t.problems })
}

func (f focus) medication(m *facts.Medication) bool {
	if f.is(m.Text, func(t topic) []string { return t.drugs }) {
		return true
	}
	return slices.ContainsFunc(m.Reasons, func(r string) bool { return f.is(r, func(t topic) []string { return t.problems }) })
}

func (f focus) procedure(p *facts.Procedure) bool {
	return f.is(p.Text, func(t topic) []string { return t.problems }) ||
		slices.ContainsFunc(f.topics, func(t topic) bool { return t.procedures })
}

// series lists the series that bear on the reason, in the order in which its topics name them.
func (f focus) series(b *facts.Base) (out []*facts.Series) {
	take := func(s *facts.Series) {
		if !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	for _, t := range f.topics {
		for _, code := range t.series {
			for i := range b.Series {
				if b.Series[i].Has(facts.LOINC, code) {
					take(&b.Series[i])
					break
				}
			}
		}
	}
	for i := range b.Series {
		if f.is(b.Series[i].Text, func(topic) []string { return nil }) {
			take(&b.Series[i])
		}
	}
	return out
}

// care reports whether a kind of preventive care bears on the reason: a check-up asks for all of it.
func (f focus) care(kind string) bool {
	return slices.ContainsFunc(f.topics, func(t topic) bool { return t.care == kind || t.care == "screening" })
}
