// SPDX-License-Identifier: Apache-2.0

package fhir

import (
	core "galen/internal/fhir"
	"galen/internal/interaction"
)

// bundle serves POST / of a data store: a batch or a transaction.
func (x *exchange) bundle() {
	in, ok := x.input()
	if !ok {
		return
	}
	opt := x.bundling()
	opt.Level = in.Level
	body, err := x.h.service.Bundle(x.r.Context(), x.caller, in.Body, opt)
	x.document(body, err)
}

// bundling is how answers in a Bundle are told.
func (x *exchange) bundling() interaction.Bundling {
	return interaction.Bundling{
		Return: parsePrefer(x.r.Header).back,
		Refuse: func(err error) (int, []byte) {
			status, issues := x.explain(err)
			return status, core.AppendOutcome(nil, issues...)
		},
	}
}
