// SPDX-License-Identifier: Apache-2.0

package icd10

import (
	"slices"
	"strings"
)

// combination is a code that stands for two conditions that the classification takes for one another's cause unless the note says otherwise
// (the guidelines' "with").
type combination struct {
	first, second string   // prefixes of what is named
	late          []string // second, where it is that far
	code, lateFor string   // the code; the code if it is that far
	keeps         bool     // the first stays beside the combination
}

// combinations are tried in this order: three conditions before two.
//
// https://www.cms.gov/files/document/fy-2021-icd-10-cm-guidelines.pdf, I.C.9.a and I.A.15
var combinations = []combination{
	{first: "I11.0", second: "N18", late: []string{"N18.5", "N18.6"}, code: "I13.0", lateFor: "I13.2"},
	{first: "I10", second: "I50", code: "I11.0"},
	{first: "I11.0", second: "N18", late: []string{"N18.5", "N18.6"}, code: "I13.0", lateFor: "I13.2"},
	{first: "I10", second: "N18", late: []string{"N18.5", "N18.6"}, code: "I12.9", lateFor: "I12.0"},
	{first: "E11.9", second: "N18", code: "E11.22"},
	{first: "E11.65", second: "N18", code: "E11.22", keeps: true},
}

// combine puts combinations in the place of what they stand for; the second condition's own code stays, as the classification asks.
func (x *Index) combine(list []Code) []Code {
	for _, c := range combinations {
		i := slices.IndexFunc(list, func(o Code) bool { return o.Code == c.first })
		j := slices.IndexFunc(list, func(o Code) bool { return strings.HasPrefix(o.Code, c.second) })
		if i < 0 || j < 0 {
			continue
		}
		code := c.code
		if slices.ContainsFunc(list, func(o Code) bool { return slices.Contains(c.late, o.Code) }) {
			code = c.lateFor
		}
		concept, ok := x.system.Find(code)
		if !ok {
			continue
		}
		made := Code{Code: code, Title: x.system.Display(concept), Confidence: min(list[i].Confidence, list[j].Confidence),
			Evidence: slices.Concat(list[i].Evidence, list[j].Evidence)}
		made.Evidence = made.Evidence[:min(len(made.Evidence), maxEvidence)]
		if c.keeps {
			list = slices.Insert(list, min(i, j), made)
			continue
		}
		list = slices.Delete(list, i, i+1)
		if j > i {
			j--
		}
		list = slices.Insert(list, min(i, j), made) // "code first"
	}
	return list
}
