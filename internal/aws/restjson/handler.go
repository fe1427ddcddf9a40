// SPDX-License-Identifier: Apache-2.0

package restjson

import (
	"crypto/rand"
	"fmt"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"galen/internal/aws/call"
	"galen/internal/aws/shape"
)

// ContentType is that of every answer with a body.
const ContentType = "application/json"

// Handler answers the operations of one service. It is safe for concurrent use.
type Handler struct {
	model  *shape.Model
	routes []route
	o      call.Options
}

// New makes the handler of the operations in table, by the names of the model. It fails if a name is not the model's, a
// function's types do not fit, or an operation needs what the package does not do. Operations of the model that the table
// lacks are answered as unknown.
func New(m *shape.Model, table map[string]call.Operation, o call.Options) (*Handler, error) {
	o.SetDefaults()
	operations, err := call.Bind(m, table)
	if err != nil {
		return nil, err
	}
	h := &Handler{model: m, o: o}
	for name, op := range operations {
		if err := check(op); err != nil {
			return nil, fmt.Errorf("operation %s: %w", name, err)
		}
		h.routes = append(h.routes, newRoute(op))
	}
	sortRoutes(h.routes)
	return h, nil
}

// check refuses what the package does not do.
func check(op call.Bound) error {
	in := op.In()
	if in.Payload != "" || op.Output != nil && op.Output.Payload != "" {
		return fmt.Errorf("a body that is one member")
	}
	for _, m := range in.Members {
		if m.Place == shape.Headers || m.Place == shape.Query && m.Shape.Kind == shape.Map {
			return fmt.Errorf("%s: not done for inputs", m.Name)
		}
	}
	if op.Output == nil {
		return nil
	}
	for _, m := range op.Output.Members {
		if m.Place != shape.Body {
			return fmt.Errorf("%s: not done for outputs", m.Name)
		}
	}
	return nil
}

// ServeHTTP answers one call.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		WriteError(w, call.Serialization("The query of the request is malformed."))
		return
	}
	op, labels, known := h.find(r, query)
	switch {
	case known && op.Operation == nil:
		WriteError(w, &call.Error{Code: "UnknownOperationException", Status: http.StatusMethodNotAllowed, Message: "The path does not take this method."})
		return
	case op.Operation == nil:
		WriteError(w, &call.Error{Code: "UnknownOperationException", Status: http.StatusNotFound, Message: "The operation is not known."})
		return
	}
	out, err := h.call(r, op, labels, query)
	if err != nil {
		e := h.o.Answer(h.model, op.Operation, err)
		if e.Status >= 500 && h.o.Failed != nil {
			h.o.Failed(r.Context(), op.Name, err)
		}
		WriteError(w, e)
		return
	}
	write(w, op.HTTP.Status, out)
}

// find returns the operation at the request's address with the path's labels. known tells that the path is one of some
// other method.
func (h *Handler) find(r *http.Request, query url.Values) (op call.Bound, labels map[string]string, known bool) {
	path := r.URL.EscapedPath()
	for i := range h.routes {
		labels, ok := h.routes[i].match(path, query)
		if !ok {
			continue
		}
		if h.routes[i].method == r.Method {
			return h.routes[i].op, labels, true
		}
		known = true
	}
	return call.Bound{}, nil, known
}

func (h *Handler) call(r *http.Request, op call.Bound, labels map[string]string, query url.Values) ([]byte, error) {
	data, err := h.o.ReadBody(r)
	if err != nil {
		return nil, err
	}
	if kind := r.Header.Get("Content-Type"); len(data) > 0 && kind != "" && hasBody(op.In()) {
		if media, _, err := mime.ParseMediaType(kind); err != nil || !strings.HasSuffix(media, "json") {
			return nil, &call.Error{Code: "UnsupportedMediaTypeException", Status: http.StatusUnsupportedMediaType,
				Message: "The body of this operation is " + ContentType + "."}
		}
	}
	if !hasBody(op.In()) {
		data = nil
	}
	in, err := h.o.Decode(data, op.In())
	if err != nil {
		return nil, err
	}
	if err := bind(in, op.In(), labels, query, r.Header); err != nil {
		return nil, err
	}
	if err := call.Check(op.In(), in); err != nil {
		return nil, err
	}
	return op.Call(r.Context(), in)
}

func hasBody(s *shape.Shape) bool {
	for _, m := range s.Members {
		if m.Place == shape.Body {
			return true
		}
	}
	return false
}

// WriteError answers with an exception: its name in X-Amzn-Errortype, its text as message in the body.
func WriteError(w http.ResponseWriter, e *call.Error) {
	b := append([]byte(nil), '{')
	if e.Message != "" {
		b = call.AppendString(append(b, `"message":`...), e.Message)
	}
	w.Header().Set("X-Amzn-Errortype", e.Code)
	write(w, e.HTTPStatus(), append(b, '}'))
}

func write(w http.ResponseWriter, status int, body []byte) {
	h := w.Header()
	if h.Get("X-Amzn-Requestid") == "" {
		h.Set("X-Amzn-Requestid", rand.Text())
	}
	if status == http.StatusNoContent {
		w.WriteHeader(status)
		return
	}
	h.Set("Content-Type", ContentType)
	h.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	_, _ = w.Write(body) // the caller has gone: nothing is left to do for it
}
