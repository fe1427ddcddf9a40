// SPDX-License-Identifier: Apache-2.0

package fhir

import (
	"errors"
	"net/http"

	"galen/internal/fault"
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
	if x.h.opt.Deferred != nil && parsePrefer(x.r.Header).async && x.submitted(in.Body, opt) {
		return
	}
	opt.Warned = func() { x.w.Header()[issuesHeader] = []string{"true"} }
	body, err := x.h.service.Bundle(x.r.Context(), x.caller, in.Body, opt)
	x.document(body, err)
}

// bundling is how answers in a Bundle are told.
func (x *exchange) bundling() interaction.Bundling {
	return interaction.Bundling{
		Return:   parsePrefer(x.r.Header).back,
		Operator: x.h.opt.Operator,
		Refuse: func(err error) (int, []byte) {
			status, issues := x.explain(err)
			return status, core.AppendOutcome(nil, issues...)
		},
	}
}

// submitted hands a transaction over to be carried out later, and has answered; false for a batch, whose caller waits.
func (x *exchange) submitted(body []byte, opt interaction.Bundling) bool {
	id, err := x.h.opt.Deferred.Submit(x.r.Context(), x.caller, body, opt)
	switch {
	case errors.Is(err, fault.Unsupported):
		return false
	case err != nil:
		x.fail(err)
		return true
	}
	url := x.caller.Base + "/Transaction/" + id
	x.w.Header()["Content-Location"] = []string{url}
	x.write(http.StatusAccepted, transactionOutcome("", "Submitted Asynchronous Bundle Transaction", url))
	return true
}

// transaction serves GET /Transaction/id: how a transaction stands, and in the end its answer.
func (x *exchange) transaction() {
	if x.h.opt.Deferred == nil {
		x.refuse(http.StatusNotFound, errPath)
		return
	}
	answer, err := x.h.opt.Deferred.Find(x.r.Context(), x.caller, x.key.ID)
	switch {
	case err != nil:
		x.fail(err)
	case answer.Ended:
		x.write(answer.Status, answer.Body)
	default:
		progress := "SUBMITTED"
		if answer.Started {
			progress = "IN_PROGRESS"
		}
		h := x.w.Header()
		h["X-Progress"], h["Retry-After"] = []string{progress}, []string{"1"}
		x.write(http.StatusAccepted, transactionOutcome(x.key.ID, progress, ""))
	}
}

// endTransaction serves DELETE /Transaction/id.
func (x *exchange) endTransaction() {
	if x.h.opt.Deferred == nil {
		x.refuse(http.StatusNotFound, errPath)
		return
	}
	if err := x.h.opt.Deferred.End(x.r.Context(), x.caller, x.key.ID); err != nil {
		x.fail(err)
		return
	}
	x.w.WriteHeader(http.StatusAccepted)
}

// transactionOutcome is the OperationOutcome that tells how a transaction stands.
func transactionOutcome(id, diagnostics, location string) []byte {
	b := []byte(`{"resourceType":"OperationOutcome"`)
	if id != "" {
		b = core.AppendString(append(b, `,"id":`...), id)
	}
	b = append(b, `,"issue":[{"severity":"information","code":"informational","diagnostics":`...)
	b = core.AppendString(b, diagnostics)
	if location != "" {
		b = append(core.AppendString(append(b, `,"location":[`...), location), ']')
	}
	return append(b, `}]}`...)
}
