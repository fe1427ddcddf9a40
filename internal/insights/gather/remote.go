// SPDX-License-Identifier: Apache-2.0

package gather

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"galen/internal/dial"
	"galen/internal/fault"
)

const (
	maxTries     = 5                // of one request
	maxSlow      = 2                // of one that is not answered in time
	maxRetryWait = 30 * time.Second // however long a Retry-After asks for
)

// client talks to FHIR servers over HTTP.
type client struct {
	o    Options
	http *http.Client
}

func newClient(o Options) *client {
	return &client{o: o, http: &http.Client{
		Transport: &http.Transport{ // no proxy: a proxy would connect past the check of addresses
			DialContext: dial.Public(o.Private).DialContext, TLSHandshakeTimeout: 15 * time.Second,
			MaxIdleConnsPerHost: 4, MaxIdleConns: 64, IdleConnTimeout: time.Minute, ForceAttemptHTTP2: true,
		},
		CheckRedirect: func(r *http.Request, via []*http.Request) error {
			if len(via) >= 3 || r.URL.Host != via[0].URL.Host || r.URL.Scheme != via[0].URL.Scheme {
				return errRedirect
			}
			return nil
		},
	}}
}

var errRedirect = errors.New("redirected to another server")

// CheckEndpoint fails with fault.Invalid if a FHIR server cannot be at endpoint. A user name, a query or a fragment is
// refused: they would carry secrets past oauthToken.
func CheckEndpoint(endpoint string) error {
	_, err := parseEndpoint(endpoint)
	return err
}

func parseEndpoint(endpoint string) (*url.URL, error) {
	u, err := url.Parse(endpoint)
	switch {
	case err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https":
		return nil, fault.New(fault.Invalid, "fhirEndpoint is not the address of a FHIR server: http:// or https://, a host, and a path")
	case u.User != nil || u.RawQuery != "" || u.Fragment != "":
		return nil, fault.New(fault.Invalid, "fhirEndpoint may not hold a user name, a query or a fragment: give the access token as oauthToken")
	}
	u.Path = strings.TrimRight(u.Path, "/")
	u.RawPath = strings.TrimRight(u.RawPath, "/")
	return u, nil
}

// remote is a FHIR server at its base.
type remote struct {
	*client
	base  *url.URL
	token string
}

func (c *client) at(endpoint, token string) (*remote, error) {
	base, err := parseEndpoint(endpoint)
	return &remote{c, base, token}, err
}

// get answers a GET, trying again while the server says that it is busy or the connection fails.
func (s *remote) get(ctx context.Context, address string) ([]byte, error) {
	u, err := s.resolve(address)
	if err != nil {
		return nil, err
	}
	wait := s.o.Pause
	for try := 1; ; try++ {
		body, again, err := s.once(ctx, u)
		if err == nil || again < 0 || try == maxTries || errors.Is(err, errSlow) && try == maxSlow {
			return body, err
		}
		select {
		case <-ctx.Done():
			return nil, err
		case <-time.After(min(max(wait, again), maxRetryWait)):
			wait *= 2
		}
	}
}

// resolve makes the address of a path below the base, or checks that of a link: it must be on the same server.
func (s *remote) resolve(address string) (*url.URL, error) {
	u, err := url.Parse(address)
	if err != nil {
		return nil, fault.New(fault.Unprocessable, "the FHIR server's next link is not an address")
	}
	if !u.IsAbs() && u.Host == "" && !strings.HasPrefix(address, "/") {
		return url.Parse(s.base.String() + "/" + address)
	}
	u = s.base.ResolveReference(u)
	if u.Scheme != s.base.Scheme || u.Host != s.base.Host {
		return nil, fault.New(fault.Unprocessable, "a link of the FHIR server leads to another server; it is not followed")
	}
	return u, nil
}

// once asks one time. again says after how long at least it makes sense to ask again; below 0: never.
func (s *remote) once(ctx context.Context, u *url.URL) (body []byte, again time.Duration, err error) {
	ctx, cancel := context.WithTimeoutCause(ctx, s.o.Timeout, errSlow)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return nil, -1, fault.New(fault.Unprocessable, "the FHIR server's next link is not an address")
	}
	r.Header.Set("Accept", "application/fhir+json, application/json;q=0.9")
	r.Header.Set("User-Agent", "galen")
	if s.token != "" {
		r.Header.Set("Authorization", "Bearer "+s.token)
	}
	answer, err := s.http.Do(r)
	if err != nil {
		return nil, s.retry(err), s.failed(ctx, err)
	}
	defer answer.Body.Close()
	body, err = s.read(answer)
	if answer.StatusCode != http.StatusOK {
		return nil, busy(answer), refused(answer.StatusCode)
	}
	if errors.Is(err, errTooLarge) {
		return nil, -1, fault.New(fault.Unprocessable, "one answer of the FHIR server is larger than %d MiB", s.o.MaxAnswer>>20)
	}
	if err != nil {
		return nil, s.retry(err), s.failed(ctx, err)
	}
	return body, 0, nil
}

var (
	errTooLarge = errors.New("too large")
	errSlow     = errors.New("slow")
)

// read reads the body of an answer into memory of its size.
func (s *remote) read(answer *http.Response) ([]byte, error) {
	if answer.ContentLength > int64(s.o.MaxAnswer) {
		return nil, errTooLarge
	}
	var b bytes.Buffer
	n, err := b.ReadFrom(io.LimitReader(answer.Body, int64(s.o.MaxAnswer)+1))
	if err == nil && n > int64(s.o.MaxAnswer) {
		err = errTooLarge
	}
	return b.Bytes(), err
}

// retry says whether a request that failed so is worth another try.
func (s *remote) retry(err error) time.Duration {
	if errors.Is(err, errRedirect) || errors.Is(err, dial.ErrPrivate) || errors.Is(err, context.Canceled) {
		return -1
	}
	return 0
}

// failed says why a request had no answer. The cause is kept for the log without the address, which may hold a patient's id.
func (s *remote) failed(ctx context.Context, err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		err = u.Err
	}
	switch cause := context.Cause(ctx); {
	case errors.Is(err, dial.ErrPrivate):
		return fault.New(fault.Forbidden, "fhirEndpoint has a private address, or one of this machine; the server's configuration does not allow it")
	case errors.Is(err, errRedirect):
		return fault.New(fault.Unprocessable, "the FHIR server redirects to another server; that is not followed")
	case errors.Is(cause, errSlow):
		return fault.Wrap(fault.Unavailable, errSlow, "the FHIR server did not answer within %v", s.o.Timeout)
	}
	return fault.Wrap(fault.Unavailable, fmt.Errorf("%T", err), "the FHIR server could not be reached, or broke off the connection")
}

// busy says after how long a server that answered so may be asked again; below 0: never.
func busy(answer *http.Response) time.Duration {
	switch answer.StatusCode {
	case http.StatusTooManyRequests, http.StatusServiceUnavailable, http.StatusBadGateway, http.StatusGatewayTimeout:
	default:
		return -1
	}
	after := answer.Header.Get("Retry-After")
	if seconds, err := strconv.Atoi(after); err == nil && seconds >= 0 {
		return time.Duration(min(seconds, 3600)) * time.Second
	}
	if at, err := http.ParseTime(after); err == nil {
		return max(0, time.Until(at))
	}
	return 0
}

// refused says what a status means.
func refused(status int) error {
	switch {
	case status == http.StatusUnauthorized:
		return fault.New(fault.Forbidden, "the FHIR server answered 401: oauthToken is missing, wrong or too old")
	case status == http.StatusForbidden:
		return fault.New(fault.Forbidden, "the FHIR server answered 403: oauthToken does not allow to read this patient")
	case status == http.StatusNotFound || status == http.StatusGone:
		return errNoPatient
	case status == http.StatusTooManyRequests:
		return fault.New(fault.Unavailable, "the FHIR server answered 429: too many requests, also after %d tries", maxTries)
	case status >= 500 && status != http.StatusNotImplemented:
		return fault.New(fault.Unavailable, "the FHIR server answered %d", status)
	}
	return fault.New(fault.Unsupported, "the FHIR server answered %d", status)
}
