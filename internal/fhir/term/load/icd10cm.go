// SPDX-License-Identifier: Apache-2.0

package load

import (
	"io"
	"strings"

	"galen/internal/fhir/term"
)

// ICD10CM reads the order file of ICD-10-CM (icd10cm-order-….txt): codes with their dot, each below the longest code that it
// begins with. The property billable says whether a code is valid for a claim; the short description is a designation.
//
// https://www.cms.gov/medicare/coding-billing/icd-10-codes (the layout is in the archive of each year)
func ICD10CM(order io.Reader, version string) (*term.System, error) {
	b := term.NewBuilder(term.Info{
		URL: "http://hl7.org/fhir/sid/icd-10-cm", Version: version, Name: "ICD10CM", CaseInsensitive: true,
		Title: "International Classification of Diseases, 10th Revision, Clinical Modification", Content: term.Complete, Hierarchy: "is-a",
		ValueSet: "http://hl7.org/fhir/sid/icd-10-cm/vs", Language: "en",
		PropertyDefinitions: []term.PropertyDefinition{{Code: "billable", Type: term.PropertyBoolean}},
	})
	const name = "the ICD-10-CM order file"
	t := newTable(name, order, '\n', 1)
	for t.next() {
		line := t.fields[0]
		if len(line) < 17 || line[5] != ' ' || line[13] != ' ' || line[14] != '0' && line[14] != '1' {
			t.fail("is not an order number, a code, 0 or 1, and the descriptions in their columns")
			break
		}
		code := strings.TrimSpace(line[6:13])
		if len(code) < 3 {
			t.fail("has a code of less than three characters")
			break
		}
		i := b.Concept(dotted(code))
		short, long := line[16:], ""
		if len(short) > 61 {
			short, long = short[:60], strings.TrimSpace(short[61:])
		}
		if short = strings.TrimSpace(short); long == "" {
			long = short
		}
		b.Display(i, long)
		if short != long {
			b.Designate(i, term.Designation{Language: "en", Value: short})
		}
		b.Property(i, "billable", map[byte]string{'0': "false", '1': "true"}[line[14]])
		for end := len(code) - 1; end >= 3; end-- {
			if parent, ok := b.Find(dotted(code[:end])); ok {
				b.Parent(i, parent)
				break
			}
		}
	}
	if err := t.err(); err != nil {
		return nil, err
	}
	return build(name, b)
}

func dotted(code string) string {
	if len(code) > 3 {
		return code[:3] + "." + code[3:]
	}
	return code
}
