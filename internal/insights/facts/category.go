// SPDX-License-Identifier: Apache-2.0

package facts

import (
	"strings"

	"galen/internal/insights/hcc"
)

// Category is a condition category of risk adjustment that a coded condition maps to.
type Category struct {
	Fact
	Model    string `json:"model"` // CMS-HCC or HHS-HCC
	Version  string `json:"version"`
	Year     int    `json:"year"`
	Number   string `json:"number"`
	Name     string `json:"name"`
	Active   bool   `json:"active"`   // one of its conditions is active
	Assessed Date   `json:"assessed"` // when one of them was last recorded
	// Displaced says that the model's hierarchy counts another category of this patient in its place.
	Displaced bool     `json:"displaced"`
	Codes     []string `json:"codes"` // the ICD-10-CM codes
}

// icd10 are the systems under which ICD-10-CM codes come.
var icd10 = []string{ICD10, "urn:oid:2.16.840.1.113883.6.90", "http://hl7.org/fhir/sid/icd-10"}

// categories maps the ICD-10-CM codes of the problems. Diagnoses of a year are paid by Medicare in the next.
func (b *builder) categories() (out []Category) {
	year := b.now.Year()
	for _, m := range []*hcc.Model{hcc.CMS(year + 1), hcc.CMSV24(), hcc.HHS(year)} {
		out = append(out, b.categoriesOf(m)...)
	}
	return out
}

func (b *builder) categoriesOf(m *hcc.Model) (out []Category) {
	at := map[string]int{}
	var found []*hcc.Category
	for i := range b.base.Problems {
		p := &b.base.Problems[i]
		for _, code := range p.icd() {
			for _, c := range m.Lookup(code) {
				k, ok := at[c.Number]
				if !ok {
					k = len(out)
					at[c.Number], found = k, append(found, c)
					out = append(out, Category{Model: m.Name, Version: m.Version, Year: m.Year, Number: c.Number, Name: c.Name})
				}
				f := &out[k]
				f.Active = f.Active || p.Active
				f.Codes = dedupe(append(f.Codes, code))
				f.Evidence = append(f.Evidence, p.Evidence...)
				if p.Assessed.Micros() > f.Assessed.Micros() || !f.Assessed.Known() {
					f.Assessed = p.Assessed
				}
			}
		}
	}
	for i := range found {
		for j := range found {
			out[j].Displaced = out[j].Displaced || found[i].Displaces(found[j])
		}
	}
	return out
}

func (p *Problem) icd() (out []string) {
	for _, c := range p.Codes {
		for _, s := range icd10 {
			if c.System == s {
				out = append(out, strings.ToUpper(c.Code))
			}
		}
	}
	return dedupe(out)
}

// ICD reports whether any problem has an ICD-10-CM code.
func (b *Base) ICD() bool {
	for i := range b.Problems {
		if len(b.Problems[i].icd()) > 0 {
			return true
		}
	}
	return false
}
