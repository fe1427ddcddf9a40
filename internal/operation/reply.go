// SPDX-License-Identifier: Apache-2.0

package operation

import (
	"bytes"

	"galen/internal/fhir"
	"galen/internal/interaction"
)

// answer makes a Parameters resource, parameter by parameter.
type answer struct{ buf []byte }

func (a *answer) begin(name string) {
	if a.buf == nil {
		a.buf = append(a.buf, `{"resourceType":"Parameters","parameter":[`...)
	} else if a.buf[len(a.buf)-1] != '[' {
		a.buf = append(a.buf, ',')
	}
	a.buf = fhir.AppendString(append(a.buf, `{"name":`...), name)
}

// raw adds a parameter with a member: its name (valueReference, resource) and its JSON.
func (a *answer) raw(name, member string, value []byte) {
	a.begin(name)
	a.buf = append(append(a.buf, `,"`...), member...)
	a.buf = append(append(append(a.buf, `":`...), value...), '}')
}

// text adds a parameter whose value is a JSON string.
func (a *answer) text(name, member, value string) { a.raw(name, member, fhir.AppendString(nil, value)) }

// reply ends the resource.
func (a *answer) reply() interaction.Reply { return interaction.Reply{Body: a.bytes()} }

// list gives the parameters alone, as the parts of another.
func (a *answer) list() []byte {
	_, list, _ := bytes.Cut(a.bytes(), []byte(`"parameter":`))
	return bytes.TrimSuffix(list, []byte(`}`))
}

func (a *answer) bytes() []byte {
	if a.buf == nil {
		return []byte(`{"resourceType":"Parameters"}`)
	}
	return append(a.buf, `]}`...)
}

// outcome answers with an OperationOutcome of one issue.
func outcome(severity fhir.Severity, code, text string) interaction.Reply {
	return interaction.Reply{Body: fhir.AppendOutcome(nil, fhir.Issue{Severity: severity, Code: code, Diagnostics: text})}
}

// appendWith adds an object with one member set, in its place or at the end; value nil leaves the member out.
func appendWith(dst []byte, object fhir.Node, name string, value []byte) []byte {
	dst = append(dst, '{')
	member := func(name string, value []byte) {
		if value == nil {
			return
		}
		if dst[len(dst)-1] != '{' {
			dst = append(dst, ',')
		}
		dst = append(append(fhir.AppendString(dst, name), ':'), value...)
	}
	there := false
	for n, m := range object.Members() {
		if n == name {
			there = true
			member(n, value)
		} else {
			member(n, m.Raw())
		}
	}
	if !there {
		member(name, value)
	}
	return append(dst, '}')
}
