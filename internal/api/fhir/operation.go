// SPDX-License-Identifier: Apache-2.0

package fhir

import (
	"errors"
	"io"
	"net/http"
	"strconv"

	"galen/internal/interaction"
)

// operation serves GET and POST of …/$name, and GET and DELETE of $name/rest.
func (x *exchange) operation() {
	if x.h.opt.Operator == nil {
		x.refuse(http.StatusNotFound, errPath)
		return
	}
	in := interaction.Invocation{Name: x.name, Key: x.key, VersionID: x.vid, Method: x.r.Method, Query: x.r.URL.RawQuery, Rest: x.rest,
		Header: x.r.Header.Get}
	if in.Method == http.MethodHead {
		in.Method = http.MethodGet
	}
	if in.Method == http.MethodPost {
		body, err := x.body()
		if err != nil {
			x.fail(err)
			return
		}
		if in.Body, err = decode(x.r, body, x.h.opt.MaxBody); err != nil {
			x.fail(err)
			return
		}
		if !sendsResource(x.r) {
			in.ContentType = x.r.Header.Get("Content-Type")
		}
	}
	reply, err := x.h.opt.Operator.Invoke(x.r.Context(), x.caller, in)
	if errors.Is(err, interaction.ErrPostOnly) {
		_, issues := x.explain(err)
		x.w.Header().Set("Allow", http.MethodPost)
		x.refuse(http.StatusMethodNotAllowed, issues...)
		return
	}
	if err != nil {
		x.fail(err)
		return
	}
	x.reply(reply)
}

// reply answers with what an operation gave.
func (x *exchange) reply(reply interaction.Reply) {
	for name, value := range reply.Header {
		x.w.Header()[name] = []string{value}
	}
	status := reply.Status
	if status == 0 {
		status = http.StatusOK
	}
	switch {
	case reply.Content != nil:
		x.send(status, reply)
	case len(reply.Body) == 0:
		x.w.WriteHeader(status)
	case reply.ContentType == "":
		x.write(status, reply.Body)
	default:
		h := x.w.Header()
		h["Content-Type"] = []string{reply.ContentType}
		h["Content-Length"] = []string{itoa(len(reply.Body))}
		x.w.WriteHeader(status)
		_, _ = x.w.Write(reply.Body) // the connection may be gone
	}
}

// send answers with content that is read while it is sent.
func (x *exchange) send(status int, reply interaction.Reply) {
	defer reply.Content.Close()
	h := x.w.Header()
	h["Content-Type"] = []string{reply.ContentType}
	h["Content-Length"] = []string{strconv.FormatInt(reply.Length, 10)}
	x.w.WriteHeader(status)
	if x.r.Method == http.MethodHead {
		return
	}
	if _, err := io.CopyN(x.w, reply.Content, reply.Length); err != nil {
		panic(http.ErrAbortHandler) // half an answer must not look whole
	}
}
