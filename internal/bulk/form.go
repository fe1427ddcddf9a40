// SPDX-License-Identifier: Apache-2.0

package bulk

import (
	"galen/internal/fault"
	"galen/internal/fhir"
	"galen/internal/interaction"
)

// form makes the lines of an export out of stored resources of one type. It belongs to one goroutine.
type form struct {
	sel      *Selection
	elements []string
	benefits bool // explanations of benefit are looked at
	tape     fhir.Tape
	buf      []byte
}

func (ex *exporter) newForm(typ string) *form {
	return &form{sel: ex.sel, elements: ex.sel.elementsOf(typ), benefits: typ == "ExplanationOfBenefit" && ex.sel != nil && ex.sel.Payer != ""}
}

// line is a resource as it is exported, nil if it is not; valid until the next call.
func (f *form) line(body []byte) ([]byte, error) {
	if len(f.elements) == 0 && !f.benefits {
		return body, nil
	}
	root, err := f.parse(body)
	if err != nil {
		return nil, err
	}
	if f.benefits {
		given, stripped := f.sel.benefit(root)
		switch {
		case !given:
			return nil, nil
		case stripped && len(f.elements) == 0:
			f.buf = appendStripped(f.buf[:0], root)
			return f.buf, nil
		case stripped:
			if root, err = f.parse(appendStripped(nil, root)); err != nil {
				return nil, err
			}
		}
	}
	if len(f.elements) == 0 {
		return body, nil
	}
	f.buf = interaction.AppendElements(f.buf[:0], root, f.elements)
	return f.buf, nil
}

func (f *form) parse(body []byte) (fhir.Node, error) {
	if err := f.tape.Parse(body, fhir.Limits{Size: fhir.MaxSize, Depth: fhir.MaxDepth}); err != nil {
		return fhir.Node{}, fault.Wrap(fault.Internal, err, "a stored resource cannot be read")
	}
	return f.tape.Root(), nil
}
