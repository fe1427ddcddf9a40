// SPDX-License-Identifier: Apache-2.0

package awsjson

import (
	"context"
	"fmt"
	"net/http"
	"strings"

	"galen/internal/aws/shape"
	"galen/internal/fault"
)

// Options change what a Handler accepts. The zero value is ready to use.
type Options struct {
	MaxBody  int64 // bytes of a body, also after inflating; default 1 MiB
	MaxDepth int   // nesting of objects and arrays; default 64

	// Exception names the model's exception for a kind of fault of an operation. An empty name, or one that the
	// operation's contract does not allow, becomes InternalServerException for Internal and Unavailable, and
	// ValidationException for every other kind. It must be safe for concurrent use.
	Exception func(op *shape.Operation, kind fault.Kind) string

	// Failed is told of every error that is answered with status 500 or above, for the log. The error may hold what
	// callers must not see.
	Failed func(ctx context.Context, operation string, err error)
}

// Handler answers the operations of one service. It is safe for concurrent use.
type Handler struct {
	model      *shape.Model
	operations map[string]bound
	o          Options
}

// Operation is a function with typed input and output, made by Op.
type Operation struct {
	bind func(*shape.Operation) (bound, error)
}

// bound is an operation ready to be called with a checked input value of the package shape.
type bound struct {
	op   *shape.Operation
	call func(context.Context, map[string]any) ([]byte, error)
}

// New makes the handler of the operations in table, by the names of the model. It fails if a name is not the model's or
// a function's types do not fit. Operations of the model that the table lacks are answered as unknown.
func New(m *shape.Model, table map[string]Operation, o Options) (*Handler, error) {
	if o.MaxBody <= 0 {
		o.MaxBody = 1 << 20
	}
	if o.MaxDepth <= 0 {
		o.MaxDepth = 64
	}
	h := &Handler{model: m, operations: make(map[string]bound, len(table)), o: o}
	for name, f := range table {
		op := m.Operations[name]
		if op == nil {
			return nil, fmt.Errorf("operation %s: not in the model of %s", name, m.Service)
		}
		b, err := f.bind(op)
		if err != nil {
			return nil, fmt.Errorf("operation %s: %w", name, err)
		}
		h.operations[name] = b
	}
	return h, nil
}

// Target returns the operation that a request names with X-Amz-Target, empty if it names none of this service.
func (h *Handler) Target(r *http.Request) string {
	prefix, name, ok := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
	if !ok || prefix != h.model.TargetPrefix {
		return ""
	}
	return name
}

// ServeHTTP answers one call.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	name := h.Target(r)
	op, ok := h.operations[name]
	switch {
	case r.Method != http.MethodPost:
		WriteError(w, &Error{Code: "UnknownOperationException", Status: http.StatusNotFound, Message: "Only POST is answered here."})
		return
	case !ok:
		WriteError(w, &Error{Code: "UnknownOperationException", Message: "The operation is not known."})
		return
	}
	out, err := h.call(r, op)
	if err != nil {
		h.fail(r.Context(), w, op.op, err)
		return
	}
	writeBody(w, http.StatusOK, out)
}

func (h *Handler) call(r *http.Request, b bound) ([]byte, error) {
	data, err := h.readBody(r)
	if err != nil {
		return nil, err
	}
	in, err := h.decode(data, b.op.Input)
	if err != nil {
		return nil, err
	}
	return b.call(r.Context(), in)
}

// fail answers err with the exception that the operation's contract has for it.
func (h *Handler) fail(ctx context.Context, w http.ResponseWriter, op *shape.Operation, err error) {
	e := h.answer(op, err)
	if e.Status >= 500 && h.o.Failed != nil {
		h.o.Failed(ctx, op.Name, err)
	}
	WriteError(w, e)
}
