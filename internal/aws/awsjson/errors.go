// SPDX-License-Identifier: Apache-2.0

package awsjson

import (
	"crypto/rand"
	"errors"
	"net/http"
	"strconv"
	"strings"

	"galen/internal/aws/shape"
	"galen/internal/fault"
)

// ContentType is that of every answer.
const ContentType = "application/x-amz-json-1.0"

// Error is an exception as it goes over the wire. Its message is for the caller.
type Error struct {
	Code    string // such as ValidationException
	Status  int    // 0 means 400
	Message string
}

// Error gives the code and the message.
func (e *Error) Error() string { return e.Code + ": " + e.Message }

// WriteError answers with an exception: x-amzn-ErrorType, and __type and Message in the body.
func WriteError(w http.ResponseWriter, e *Error) {
	status := e.Status
	if status == 0 {
		status = http.StatusBadRequest
	}
	b := append([]byte(nil), `{"__type":`...)
	b = appendString(b, e.Code)
	if e.Message != "" {
		b = append(b, `,"Message":`...)
		b = appendString(b, e.Message)
	}
	b = append(b, '}')
	w.Header().Set("X-Amzn-Errortype", e.Code)
	writeBody(w, status, b)
}

func writeBody(w http.ResponseWriter, status int, body []byte) {
	h := w.Header()
	if h.Get("X-Amzn-Requestid") == "" {
		h.Set("X-Amzn-Requestid", rand.Text())
	}
	h.Set("Content-Type", ContentType)
	h.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	_, _ = w.Write(body) // the caller has gone: nothing is left to do for it
}

// answer turns any error of an operation into an exception of its contract.
func (h *Handler) answer(op *shape.Operation, err error) *Error {
	var e *Error
	if errors.As(err, &e) {
		if e.Status == 0 {
			c := *e
			c.Status = http.StatusBadRequest
			e = &c
		}
		return e
	}
	kind := fault.KindOf(err)
	name := ""
	if h.o.Exception != nil {
		name = h.o.Exception(op, kind)
	}
	if !op.Allows(name) {
		name = "ValidationException"
		if kind == fault.Internal || kind == fault.Unavailable {
			name = "InternalServerException"
		}
	}
	return &Error{Code: name, Status: h.status(name), Message: message(err)}
}

// status is the model's for the exception; those that it lacks are 500 if they are the server's.
func (h *Handler) status(exception string) int {
	if s := h.model.Shapes[exception]; s != nil && s.Status != 0 {
		return s.Status
	}
	if exception == "InternalServerException" {
		return http.StatusInternalServerError
	}
	return http.StatusBadRequest
}

// message joins the texts of the faults in err; an error without one is not for callers.
func message(err error) string {
	var texts []string
	for _, f := range fault.All(err) {
		text := f.Text
		if f.Path != "" {
			text += " (at " + f.Path + ")"
		}
		texts = append(texts, text)
	}
	return strings.Join(texts, "; ")
}
