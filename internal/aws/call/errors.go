// SPDX-License-Identifier: Apache-2.0

package call

import (
	"errors"
	"net/http"
	"slices"
	"strings"

	"galen/internal/aws/shape"
	"galen/internal/fault"
)

// Error is an exception as it goes over the wire. Its message is for the caller.
type Error struct {
	Code    string // such as ValidationException
	Status  int    // 0 means 400
	Message string
}

// Error gives the code and the message.
func (e *Error) Error() string { return e.Code + ": " + e.Message }

// HTTPStatus is the status to answer with.
func (e *Error) HTTPStatus() int {
	if e.Status == 0 {
		return http.StatusBadRequest
	}
	return e.Status
}

// Serialization is the exception for input that cannot be read.
func Serialization(message string) *Error {
	return &Error{Code: "SerializationException", Message: message}
}

// Answer turns any error of an operation into an exception of its contract.
func (o *Options) Answer(m *shape.Model, op *shape.Operation, err error) *Error {
	var e *Error
	if errors.As(err, &e) {
		return e
	}
	kind := fault.KindOf(err)
	name := ""
	if o.Exception != nil {
		name = o.Exception(op, kind)
	}
	if !op.Allows(name) && !slices.Contains(o.Common, name) {
		name = "ValidationException"
		if kind == fault.Internal || kind == fault.Unavailable {
			name = "InternalServerException"
		}
	}
	return &Error{Code: name, Status: status(m, name), Message: message(err)}
}

// status is the model's for the exception; those that it lacks are 500 if they are the server's.
func status(m *shape.Model, exception string) int {
	if s := m.Shapes[exception]; s != nil && s.Status != 0 {
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
