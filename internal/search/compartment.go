// SPDX-License-Identifier: Apache-2.0

package search

import "galen/internal/fault"

// compartment adds the condition that resources are in Options.Compartment: one of the parameters that the compartment's
// definition names leads to it. It fails with fault.NotFound if there is no such compartment, or the type is never in it.
//
// http://hl7.org/fhir/R4/compartmentdefinition.html
func (p *parser) compartment() error {
	of := p.opt.Compartment
	c := p.defs.Compartment(of.Type)
	if c == nil {
		return fault.New(fault.NotFound, "there is no compartment of this type").WithCode("not-found")
	}
	any := Clause{Name: "compartment"}
	for _, code := range c.Params(p.q.Type) {
		value := of.String()
		if code == "{def}" {
			code, value = "_id", of.ID
		}
		clause, err := p.clause(p.q.Type, code, value, 0)
		if err != nil {
			return err
		}
		any.Any = append(any.Any, clause)
	}
	if len(any.Any) == 0 {
		return fault.New(fault.NotFound, "resources of this type are not in the compartment").WithCode("not-found")
	}
	p.q.within = of
	p.q.Where = append(p.q.Where, any)
	return nil
}
