// SPDX-License-Identifier: Apache-2.0

package scribe

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"os"

	"galen/internal/aws/eventstream"
	"galen/internal/aws/sigv4"
	"galen/internal/fault"
)

// answer is the name and the status of a kind of fault.
type answer struct {
	status int
	code   string
}

var answers = map[fault.Kind]answer{
	fault.Invalid:         {http.StatusBadRequest, "ValidationException"},
	fault.Unprocessable:   {http.StatusBadRequest, "ValidationException"},
	fault.NotFound:        {http.StatusNotFound, "ResourceNotFoundException"},
	fault.Gone:            {http.StatusNotFound, "ResourceNotFoundException"},
	fault.Conflict:        {http.StatusBadRequest, "ValidationException"}, // the operation has no ConflictException
	fault.Precondition:    {http.StatusBadRequest, "ValidationException"},
	fault.Unauthenticated: {http.StatusUnauthorized, "AccessDeniedException"},
	fault.Forbidden:       {http.StatusUnauthorized, "AccessDeniedException"},
	fault.Throttled:       {http.StatusTooManyRequests, "ThrottlingException"},
	fault.TooLarge:        {http.StatusBadRequest, "ValidationException"},
	fault.TooCostly:       {http.StatusPaymentRequired, "ServiceQuotaExceededException"},
	fault.Unsupported:     {http.StatusBadRequest, "ValidationException"},
	fault.Unavailable:     {http.StatusInternalServerError, "InternalServerException"},
	fault.Internal:        {http.StatusInternalServerError, "InternalServerException"},
}

// refuse answers a request that does not become a stream.
func (h *Handler) refuse(ctx context.Context, w http.ResponseWriter, err error) {
	a, ok := answers[fault.KindOf(err)]
	if !ok {
		a = answers[fault.Internal]
	}
	writeError(w, a.status, a.code, h.message(ctx, err, a.status >= 500))
}

// message is what a client is told. What is ours is logged, not told.
func (h *Handler) message(ctx context.Context, err error, ours bool) string {
	if ours {
		h.o.Log.ErrorContext(ctx, "scribe", "error", err)
		if fault.KindOf(err) != fault.Unavailable {
			return "An internal error occurred."
		}
	}
	return fault.All(err)[0].Text
}

func refuseSignature(w http.ResponseWriter, err error) {
	var e *sigv4.Error
	if !errors.As(err, &e) {
		e = &sigv4.Error{Code: sigv4.InvalidSignature, Message: "The request could not be authenticated."}
	}
	status, code := http.StatusForbidden, string(e.Code)
	switch e.Code {
	case sigv4.IncompleteSignature:
		status = http.StatusBadRequest
	case sigv4.MissingAuthenticationToken, sigv4.UnrecognizedClient:
		status, code = http.StatusUnauthorized, "AccessDeniedException"
	}
	writeError(w, status, code, e.Message)
}

func writeError(w http.ResponseWriter, status int, code, message string) {
	body, _ := json.Marshal(map[string]string{"message": message}) // strings cannot fail
	w.Header().Set("X-Amzn-Errortype", code)
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(body) // the client may be gone
}

// last is the event that ends a stream which cannot go on for err; false if nobody is there to be told.
func (h *Handler) last(ctx context.Context, err error) (eventstream.Event, bool) {
	var bad *sigv4.Error
	switch {
	case errors.As(err, &bad):
		return eventstream.Event{Kind: eventstream.KindError, Type: string(bad.Code), Message: bad.Message}, true
	case errors.Is(err, os.ErrDeadlineExceeded):
		return exception("validationException", "The client sent nothing for "+h.o.Idle.String()+". Resume the session to go on."), true
	case errors.Is(err, errStopping):
		return exception("internalFailureException", fault.All(errStopping)[0].Text), true
	case errors.Is(err, io.ErrUnexpectedEOF), ctx.Err() != nil:
		return eventstream.Event{}, false
	}
	switch answers[fault.KindOf(err)].status {
	case http.StatusBadRequest:
		return exception("validationException", h.message(ctx, err, false)), true
	}
	return exception("internalFailureException", h.message(ctx, err, true)), true
}

func exception(name, message string) eventstream.Event {
	body, _ := json.Marshal(map[string]string{"message": message}) // strings cannot fail
	return eventstream.Event{Kind: eventstream.KindException, Type: name, ContentType: "application/json", Payload: body}
}
