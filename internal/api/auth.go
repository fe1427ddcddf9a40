// SPDX-License-Identifier: Apache-2.0

package api

import (
	"errors"
	"io"
	"net/http"
	"slices"
	"time"

	"galen/internal/aws/sigv4"
)

// authenticate does what the API asks for. It answers the request itself and returns false if that fails.
func (s *Server) authenticate(x *exchange, a *API) bool {
	if a.Auth == Own {
		return true
	}
	r := x.request
	if a.Anonymous != nil && !claimsSignature(r) && a.Anonymous(r) {
		return a.Auth != Whole || s.readBody(x, a)
	}
	var identity sigv4.Identity
	var err error
	if a.Auth == Stream {
		identity, err = s.o.Verifier.VerifyStream(r, x.began)
	} else {
		var p sigv4.Pending
		if p, err = s.o.Verifier.Begin(r, x.began); err == nil {
			if !s.readBody(x, a) {
				return false
			}
			identity, err = p.Finish(x.body.data)
		}
	}
	if err == nil && !slices.Contains(a.Services, identity.Service) {
		err = &sigv4.Error{Code: sigv4.InvalidSignature, Message: "Credential should be scoped to correct service: '" + a.Services[0] + "'."}
	}
	if err != nil {
		refuse(x, a, err)
		return false
	}
	x.identity, x.authed = identity, true
	if s.o.WithIdentity != nil {
		x.Context = s.o.WithIdentity(x.Context, identity)
	}
	return true
}

func claimsSignature(r *http.Request) bool {
	_, ok := sigv4.ScopeOf(r)
	return ok || r.Header.Get("Authorization") != ""
}

// refuse answers an authentication that failed: 400 if the signature is malformed, else 403.
func refuse(x *exchange, a *API, err error) {
	var e *sigv4.Error
	if !errors.As(err, &e) {
		e = &sigv4.Error{Code: sigv4.InvalidSignature, Message: "The request could not be authenticated."}
	}
	status := http.StatusForbidden
	if e.Code == sigv4.IncompleteSignature {
		status = http.StatusBadRequest
	}
	a.WriteError(x, x.request, status, string(e.Code), e.Message)
}

// readBody brings the whole body into memory. It answers the request itself and returns false if it cannot.
func (s *Server) readBody(x *exchange, a *API) bool {
	r := x.request
	if r.Body == nil || r.Body == http.NoBody || r.ContentLength == 0 {
		x.setBody(nil)
		return true
	}
	if r.ContentLength > a.MaxBody {
		s.tooLarge(x, a)
		return false
	}
	control := http.NewResponseController(x.ResponseWriter)
	_ = control.SetReadDeadline(time.Now().Add(s.o.BodyTimeout)) // not all writers have one; then there is no connection to guard
	data, err := readAll(r.Body, r.ContentLength, a.MaxBody)
	_ = control.SetReadDeadline(time.Time{})
	switch {
	case err == errTooLarge:
		s.tooLarge(x, a)
	case err != nil:
		x.Header().Set("Connection", "close")
		a.WriteError(x, r, http.StatusRequestTimeout, "RequestTimeoutException", "The request body did not come to its end.")
	default:
		x.setBody(data)
		return true
	}
	return false
}

func (s *Server) tooLarge(x *exchange, a *API) {
	if x.request.ProtoMajor == 1 {
		x.Header().Set("Connection", "close")
	}
	a.WriteError(x, x.request, http.StatusRequestEntityTooLarge, "RequestEntityTooLargeException", "The request body is larger than this service accepts.")
}

var errTooLarge = errors.New("body too large")

// readAll reads a body of known or unknown (-1) length, at most limit bytes.
func readAll(body io.Reader, length, limit int64) ([]byte, error) {
	if length >= 0 {
		data := make([]byte, length)
		_, err := io.ReadFull(body, data)
		return data, err
	}
	data, err := io.ReadAll(io.LimitReader(body, limit+1))
	if err == nil && int64(len(data)) > limit {
		err = errTooLarge
	}
	return data, err
}

func (x *exchange) setBody(data []byte) {
	x.body.data = data
	x.body.Reset(data)
	x.request.Body = &x.body
}
