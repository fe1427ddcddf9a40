// SPDX-License-Identifier: Apache-2.0

package awsjson

import (
	"net/http"
	"strings"

	"galen/internal/aws/call"
	"galen/internal/aws/shape"
)

// Handler answers the operations of one service. It is safe for concurrent use.
type Handler struct {
	model      *shape.Model
	operations map[string]call.Bound
	o          call.Options
}

// New makes the handler of the operations in table, by the names of the model. It fails if a name is not the model's or
// a function's types do not fit. Operations of the model that the table lacks are answered as unknown.
func New(m *shape.Model, table map[string]call.Operation, o call.Options) (*Handler, error) {
	o.SetDefaults()
	operations, err := call.Bind(m, table)
	return &Handler{model: m, operations: operations, o: o}, err
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
		WriteError(w, &call.Error{Code: "UnknownOperationException", Status: http.StatusNotFound, Message: "Only POST is answered here."})
		return
	case !ok:
		WriteError(w, &call.Error{Code: "UnknownOperationException", Message: "The operation is not known."})
		return
	}
	out, err := h.call(r, op)
	if err != nil {
		e := h.o.Answer(h.model, op.Operation, err)
		if e.Status >= 500 && h.o.Failed != nil {
			h.o.Failed(r.Context(), name, err)
		}
		WriteError(w, e)
		return
	}
	writeBody(w, http.StatusOK, out)
}

func (h *Handler) call(r *http.Request, op call.Bound) ([]byte, error) {
	data, err := h.o.ReadBody(r)
	if err != nil {
		return nil, err
	}
	in, err := h.o.Decode(data, op.In())
	if err != nil {
		return nil, err
	}
	if err := call.Check(op.In(), in); err != nil {
		return nil, err
	}
	return op.Call(r.Context(), in)
}
