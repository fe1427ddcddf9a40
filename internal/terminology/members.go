// SPDX-License-Identifier: Apache-2.0

package terminology

import (
	"context"

	"galen/internal/fhir/term"
	"galen/internal/fhir/validate"
	"galen/internal/store"
)

// Members says what a data store knows of codes, for the validation of one resource: as of the first question. It belongs to one
// goroutine.
func (s *Service) Members(st *store.Store) validate.MemberOf {
	var terms *term.Service
	return func(system, code, valueSet string) validate.Answer {
		if terms == nil {
			v, err := st.View(context.Background()) // a question has no request of its own
			if err != nil {
				return validate.Unknown
			}
			terms = s.On(v)
			v.Close()
		}
		ok, err := terms.MemberOf(valueSet, term.Coding{System: system, Code: code})
		switch {
		case err != nil:
			return validate.Unknown
		case ok:
			return validate.Yes
		}
		return validate.No
	}
}
