// SPDX-License-Identifier: Apache-2.0

package fhir

import (
	"context"
	"net/http"
	"strings"

	"galen/internal/authz"
	"galen/internal/deferred"
	core "galen/internal/fhir"
	"galen/internal/interaction"
)

// Options of a Handler; the zero value works.
type Options struct {
	Deferred  *deferred.Service            // carries out transactions whose callers do not wait; nil: all wait
	Operator  interaction.Operator         // carries out operations; nil: there are none
	PublicURL string                       // what absolute URLs in answers begin with, "https://host"; empty: from the request
	MaxBody   int64                        // bytes of a body that the edge did not read whole, and of one that was packed; 0: 64 MiB
	Failed    func(context.Context, error) // told of errors that were answered with status 5xx; nil: nobody
}

// Handler serves the FHIR API of all data stores.
type Handler struct {
	service *interaction.Service
	who     func(context.Context) authz.Principal
	opt     Options
}

// New makes a handler. who gives the principal of a request from its context, the zero Principal if there is none.
func New(service *interaction.Service, who func(context.Context) authz.Principal, opt Options) *Handler {
	if opt.MaxBody == 0 {
		opt.MaxBody = 64 << 20
	}
	opt.PublicURL = strings.TrimSuffix(opt.PublicURL, "/")
	return &Handler{service: service, who: who, opt: opt}
}

// exchange is one request and its answer.
type exchange struct {
	h      *Handler
	w      http.ResponseWriter
	r      *http.Request
	caller interaction.Caller
	key    core.Key // from the path, as far as it has them
	vid    string
	within core.Key // the compartment that is searched
	name   string   // of the operation
	rest   string   // what stands after it
	form   form     // of the answer
	pretty bool
}

// ServeHTTP answers one request.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	x := &exchange{h: h, w: w, r: r, form: jsonForm}
	p, ok := parsePath(r.URL.Path)
	if !ok {
		x.negotiateRefusal()
		x.refuse(http.StatusNotFound, errPath)
		return
	}
	x.key, x.vid, x.within, x.name, x.rest = core.Key{Type: p.typ, ID: p.id}, p.vid, p.within, p.operation, p.rest
	if p.shape == followShape { // what is answered may be a file
		x.negotiateRefusal()
	} else if !x.negotiate(r.URL.RawQuery) {
		return
	}
	x.caller = interaction.Caller{Who: h.who(r.Context()), DataStore: p.dataStore, Base: h.base(r, p.dataStore)}
	for i := range routes {
		if rt := &routes[i]; rt.shape == p.shape && (rt.method == r.Method || rt.method == http.MethodGet && r.Method == http.MethodHead) {
			if _, ok := encoding(r); !ok {
				w.Header()["Accept-Encoding"] = []string{"gzip"}
				x.refuse(http.StatusUnsupportedMediaType, errEncoding)
				return
			}
			rt.serve(x)
			return
		}
	}
	w.Header().Set("Allow", allowed(p.shape))
	x.refuse(http.StatusMethodNotAllowed, errMethod)
}

// negotiate finds out the form of the answer; if it is none of ours, it has answered.
func (x *exchange) negotiate(query string) bool {
	f := answerForm(x.r, query)
	if f == noForm {
		x.refuse(http.StatusNotAcceptable, errAccept)
		return false
	}
	x.form, x.pretty = f, wantsPretty(query)
	return true
}

// negotiateRefusal finds out the form of a refusal where the answer may be something else than a resource: JSON if the caller takes
// none of ours.
func (x *exchange) negotiateRefusal() {
	if f := answerForm(x.r, x.r.URL.RawQuery); f != noForm {
		x.form, x.pretty = f, wantsPretty(x.r.URL.RawQuery)
	}
}

// base is what absolute URLs of the data store begin with.
func (h *Handler) base(r *http.Request, dataStore string) string {
	if h.opt.PublicURL != "" {
		return h.opt.PublicURL + "/datastore/" + dataStore + "/r4"
	}
	scheme := "http://"
	if r.TLS != nil {
		scheme = "https://"
	}
	return scheme + r.Host + "/datastore/" + dataStore + "/r4"
}
