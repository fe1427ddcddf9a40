// SPDX-License-Identifier: Apache-2.0

package terminology

import (
	"context"

	"galen/internal/fault"
	"galen/internal/fhir/term"
	"galen/internal/record"
	"galen/internal/search/index"
)

// Concepts says which codes a value of :in, :not-in, :above or :below stands for: it is a plan.Concepts. A value set is named by
// canonical, with |version or without, or as ValueSet/id.
//
// http://hl7.org/fhir/R4/search.html#modifiers
func (s *Service) Concepts(_ context.Context, v *record.View, m index.Modifier, value index.Value) (*index.Concepts, error) {
	terms := s.On(v)
	var members *term.Members
	var err error
	switch {
	case m == index.In || m == index.NotIn:
		members, err = terms.Members(value.Text)
	case value.System == "" || value.Text == "":
		return nil, fault.New(fault.Invalid, "say which code of which system, as in http://snomed.info/sct|73211009").WithCode("value")
	default:
		members, err = terms.Kin(term.Coding{System: value.System, Code: value.Text}, m == index.Above)
	}
	if err != nil {
		return nil, err
	}
	c := &index.Concepts{Systems: members.Systems(), Has: members.Has}
	if n, ok := members.Listed(); ok && n <= index.MaxListed {
		c.Listed = true
		for system, code := range members.All() {
			c.List = append(c.List, index.Coded{System: system, Code: code})
		}
	}
	return c, nil
}
