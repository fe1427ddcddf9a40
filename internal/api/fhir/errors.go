// SPDX-License-Identifier: Apache-2.0

package fhir

import (
	"errors"
	"net/http"

	"galen/internal/fault"
	core "galen/internal/fhir"
)

// answer is how one kind of fault is told.
type answer struct {
	status int
	code   string // OperationOutcome issue type; that of the fault itself goes before it
}

// answers has one answer for each of fault.Kinds.
//
// http://hl7.org/fhir/R4/http.html#Status-Codes
var answers = map[fault.Kind]answer{
	fault.Invalid:         {http.StatusBadRequest, "invalid"},
	fault.Unprocessable:   {http.StatusUnprocessableEntity, "processing"},
	fault.NotFound:        {http.StatusNotFound, "not-found"},
	fault.Gone:            {http.StatusGone, "deleted"},
	fault.Conflict:        {http.StatusConflict, "conflict"},
	fault.Precondition:    {http.StatusPreconditionFailed, "conflict"},
	fault.Unauthenticated: {http.StatusUnauthorized, "login"},
	fault.Forbidden:       {http.StatusForbidden, "forbidden"},
	fault.Throttled:       {http.StatusTooManyRequests, "throttled"},
	fault.TooLarge:        {http.StatusRequestEntityTooLarge, "too-long"},
	fault.TooCostly:       {http.StatusUnprocessableEntity, "too-costly"},
	fault.Unsupported:     {http.StatusBadRequest, "not-supported"},
	fault.Unavailable:     {http.StatusServiceUnavailable, "transient"},
	fault.Internal:        {http.StatusInternalServerError, "exception"},
}

// Faults that HTTP itself knows and HealthLake has texts for.
var (
	errMediaType = core.Issue{Code: "value", Diagnostics: "Incorrect MIME-type. Update request Content-Type header."}
	errEncoding  = core.Issue{Code: "not-supported", Diagnostics: "The Content-Encoding of a body is gzip, or there is none."}
	errAccept    = core.Issue{Code: "not-supported", Diagnostics: "The forms of an answer are application/fhir+json and application/fhir+xml."}
	errMethod    = core.Issue{Code: "not-supported", Diagnostics: "Interaction not supported."}
	errPath      = core.Issue{Code: "not-found", Diagnostics: "There is nothing at this address."}
	errThrottled = core.Issue{Code: "throttled", Diagnostics: "Rate limit exceeded. Please retry after some time."}
	errIdentity  = core.Issue{Code: "forbidden", Diagnostics: "Invalid authorization header"}
	errSyntax    = "The provided payload was invalid and could not be parsed correctly."
)

// fail answers with the OperationOutcome of err.
func (x *exchange) fail(err error) {
	status, issues := x.explain(err)
	switch fault.KindOf(err) {
	case fault.Throttled, fault.Unavailable:
		x.w.Header().Set("Retry-After", "1")
	}
	x.refuse(status, issues...)
}

// explain gives the status and the issues that tell of err, and tells Options.Failed of our own failures.
func (x *exchange) explain(err error) (status int, issues []core.Issue) {
	status, issues = explain(err)
	if status >= 500 && x.h.opt.Failed != nil {
		x.h.opt.Failed(x.r.Context(), err)
	}
	return status, issues
}

// Refusal gives the status and the OperationOutcome that tell of an error.
func Refusal(err error) (status int, outcome []byte) {
	status, issues := explain(err)
	return status, core.AppendOutcome(nil, issues...)
}

func explain(err error) (status int, issues []core.Issue) {
	faults := fault.All(err)
	kind := faults[0].Kind
	a, ok := answers[kind]
	if !ok {
		a = answers[fault.Internal]
	}
	issues = make([]core.Issue, len(faults))
	for i, f := range faults {
		issues[i] = core.IssueOf(f)
		if f.Code == "" {
			issues[i].Code = answers[f.Kind].code
		}
	}
	var syntax *core.SyntaxError
	if errors.As(err, &syntax) && kind == fault.Invalid {
		issues[0].Diagnostics = errSyntax + " " + issues[0].Diagnostics
	}
	switch kind {
	case fault.Unauthenticated:
		issues = []core.Issue{errIdentity}
	case fault.Throttled:
		issues = []core.Issue{errThrottled}
	}
	return a.status, issues
}

// refuse answers with an OperationOutcome.
func (x *exchange) refuse(status int, issues ...core.Issue) {
	x.write(status, core.AppendOutcome(nil, issues...))
}

// edgeCodes are the issue types of what the HTTP edge refuses before a request reaches the handler, by status.
var edgeCodes = map[int]string{
	http.StatusBadRequest:            "invalid",
	http.StatusUnauthorized:          "forbidden",
	http.StatusForbidden:             "forbidden",
	http.StatusNotFound:              "not-found",
	http.StatusRequestTimeout:        "timeout",
	http.StatusRequestEntityTooLarge: "too-long",
	http.StatusTooManyRequests:       "throttled",
	http.StatusServiceUnavailable:    "transient",
}

// WriteError answers a request that the HTTP edge refused, in this API's form: it is an api.ErrorWriter.
func WriteError(w http.ResponseWriter, r *http.Request, status int, _, message string) {
	code, ok := edgeCodes[status]
	if !ok {
		code = "exception"
	}
	f := max(answerForm(r, r.URL.RawQuery), jsonForm)
	body, err := encode(core.AppendOutcome(nil, core.Issue{Code: code, Diagnostics: message}), f, false)
	if err != nil {
		body, f = nil, jsonForm
	}
	h := w.Header()
	h["Content-Type"] = contentTypes[f]
	h["Content-Length"] = []string{itoa(len(body))}
	w.WriteHeader(status)
	_, _ = w.Write(body) // the connection may be gone
}
