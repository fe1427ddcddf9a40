// SPDX-License-Identifier: Apache-2.0

package validate

import (
	"encoding/xml"
	"io"
	"slices"
	"strings"

	"galen/internal/fhir"
)

// languages checks the language sections of a narrative by what a profile says in the extension narrative-language-control: none
// (_no), some (_yes), one in the language of the resource (_resource), or one in the language named. A narrative that names no
// sections is in the language of its resource.
//
// http://hl7.org/fhir/extensions/StructureDefinition-narrative-language-control.html
func (w *profileWalk) languages(it item, n *node) {
	div := it.node.Field("div")
	if div.Kind() != fhir.String {
		return
	}
	have, ok := sectionLanguages(div.Text())
	if !ok {
		return
	}
	for _, rule := range n.languages {
		wrong := ""
		switch want := rule; {
		case want == "_no" && len(have) > 0:
			wrong = "the profile allows no language sections in this narrative: write it in one language"
		case want == "_yes" && len(have) == 0:
			wrong = "the profile asks for language sections in this narrative: a div with xml:lang and lang for each language"
		case want == "_resource":
			if l := w.container.Field("language"); l.Kind() == fhir.String && len(have) > 0 && !slices.Contains(have, l.Text()) {
				wrong = "the profile asks for a language section in the language of the resource: add one"
			} else if l.Kind() != fhir.String && len(have) > 0 {
				wrong = "the profile asks for a language section in the language of the resource, and that names none: add Resource.language"
			}
		case !strings.HasPrefix(want, "_") && !slices.Contains(have, want):
			wrong = "the profile asks for a language section in " + plain(want) + ": add one"
		}
		if wrong != "" {
			w.fail(div, Invariant, "div", wrong+" ("+n.id+")")
		}
	}
}

// sectionLanguages lists the languages of the divs right below a narrative's own. ok is false if it cannot be read.
func sectionLanguages(text string) (list []string, ok bool) {
	d := xml.NewDecoder(strings.NewReader(text))
	d.Entity = xml.HTMLEntity
	for depth := 0; ; {
		token, err := d.Token()
		if err != nil {
			return list, err == io.EOF
		}
		switch t := token.(type) {
		case xml.StartElement:
			if depth++; depth != 2 || t.Name.Local != "div" {
				continue
			}
			for _, a := range t.Attr {
				if a.Name.Local == "lang" && !slices.Contains(list, a.Value) {
					list = append(list, a.Value)
				}
			}
		case xml.EndElement:
			depth--
		}
	}
}
