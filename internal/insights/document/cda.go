// SPDX-License-Identifier: Apache-2.0

package document

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"

	"galen/internal/fault"
)

// maxNesting bounds the depth of a C-CDA's elements.
const maxNesting = 200

// cdaText is the narrative of a C-CDA document: its title, then each section's title and text, at most limit bytes. The
// coded entries are left: the narrative is what the author attested.
//
// https://www.hl7.org/ccdasearch/
func cdaText(data []byte, limit int) (string, error) {
	var w writer
	dec := xml.NewDecoder(bytes.NewReader(data))
	var path []string
	shown := 0 // how many elements of path are narrative
	for w.b.Len() < limit {
		t, err := dec.Token()
		if errors.Is(err, io.EOF) {
			return w.text(limit), nil
		}
		if err != nil {
			return "", fault.New(fault.Unprocessable, "the C-CDA document is not well-formed XML")
		}
		switch t := t.(type) {
		case xml.StartElement:
			if len(path) >= maxNesting {
				return "", fault.New(fault.Unprocessable, "the C-CDA document is nested too deeply")
			}
			name := t.Name.Local
			if shown > 0 || isNarrative(path, name) {
				shown++
				w.open(name)
			}
			path = append(path, name)
		case xml.EndElement:
			path = path[:len(path)-1]
			if shown > 0 {
				w.close(t.Name.Local)
				shown--
				if shown == 0 {
					w.newline()
				}
			}
		case xml.CharData:
			if shown > 0 {
				w.write(string(t))
			}
		}
	}
	return w.text(limit), nil
}

// isNarrative tells the elements that a person reads: the document's title, and the title and text of a section.
func isNarrative(path []string, name string) bool {
	if len(path) == 0 {
		return false
	}
	switch parent := path[len(path)-1]; name {
	case "title":
		return parent == "ClinicalDocument" || parent == "section"
	case "text":
		return parent == "section"
	}
	return false
}
