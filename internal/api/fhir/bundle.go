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
	body, err := x.h.service.Bundle(x.r.Context(), x.caller, in.Body, interaction.Bundling{
		Level:  in.Level,
		Return: parsePrefer(x.r.Header).back,
		Refuse: func(err error) (int, []byte) {
			status, issues := x.explain(err)
			return status, core.AppendOutcome(nil, issues...)
		},
	})
	x.document(body, err)
}
