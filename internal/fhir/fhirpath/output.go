// SPDX-License-Identifier: Apache-2.0

package fhirpath

import "galen/internal/fhir"

// AppendJSON appends items as a JSON array: elements as they stand, dates, times and quantities as text.
func AppendJSON(dst []byte, items []Value) []byte {
	dst = append(dst, '[')
	for i, v := range items {
		if i > 0 {
			dst = append(dst, ',')
		}
		switch v.System {
		case Element:
			if raw := v.Node.Raw(); raw != nil {
				dst = fhir.Compact(dst, raw)
			} else if raw := v.Sibling.Raw(); raw != nil {
				dst = fhir.Compact(dst, raw)
			} else {
				dst = append(dst, "null"...)
			}
		case Target:
			dst = append(fhir.AppendString(append(dst, `{"resourceType":`...), v.TypeName()), '}')
		case Boolean, Integer, Decimal:
			dst = append(dst, TextOf(v)...)
		default:
			dst = fhir.AppendString(dst, v.Text)
		}
	}
	return append(dst, ']')
}

// explainOp tells the Evaluator's Explain what an operation gave.
type explainOp struct {
	operation
	at   int
	name string
}

func (o *explainOp) eval(e *Evaluator, s scope) (window, error) {
	w, err := o.operation.eval(e, s)
	if err == nil && e.Explain != nil {
		e.Explain(o.at+1, o.name, e.stack[w.from:w.to])
	}
	return w, err
}
