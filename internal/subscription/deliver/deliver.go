// SPDX-License-Identifier: Apache-2.0

package deliver

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"io"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"time"

	"galen/internal/dial"
	"galen/internal/fault"
)

// Options of a Poster; the zero value works.
type Options struct {
	Private []netip.Prefix   // networks that may be connected to though they are not public
	Timeout time.Duration    // of an attempt that names none; 0: 30 s
	Now     func() time.Time // nil: time.Now
}

// Poster posts.
type Poster struct {
	opt  Options
	http *http.Client

	mu     sync.Mutex
	tokens map[Client]token // guarded by mu
}

// Bounds of what an answer may make the server hold.
const (
	maxHeader = 32 << 10
	maxDrain  = 16 << 10
	maxToken  = 64 << 10
	maxTokens = 1000
)

// New makes a poster. It opens nothing.
func New(o Options) *Poster {
	o.Timeout = cmp.Or(o.Timeout, 30*time.Second)
	if o.Now == nil {
		o.Now = time.Now
	}
	return &Poster{opt: o, tokens: map[Client]token{}, http: &http.Client{
		Transport: &http.Transport{ // no proxy: a proxy would connect past the check of addresses
			DialContext: dial.Public(o.Private).DialContext, TLSHandshakeTimeout: 10 * time.Second, MaxResponseHeaderBytes: maxHeader,
			MaxIdleConnsPerHost: 2, MaxIdleConns: 128, IdleConnTimeout: 90 * time.Second, ForceAttemptHTTP2: true, DisableCompression: true,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// Close gives idle connections back.
func (p *Poster) Close() { p.http.CloseIdleConnections() }

// Request is one notification.
type Request struct {
	URL         string
	Headers     []string // "Name: value"
	ContentType string
	Body        []byte
	Timeout     time.Duration // 0: Options.Timeout
	Client      Client        // zero: no access token is sent
}

// Post sends a notification once. A nil error says that the subscriber took it: an answer of 200 to 299. The error is of kind
// fault.Unavailable, and its text tells the subscription's owner what went wrong.
func (p *Poster) Post(ctx context.Context, r Request) error {
	ctx, cancel := context.WithTimeout(ctx, cmp.Or(r.Timeout, p.opt.Timeout))
	defer cancel()
	q, err := http.NewRequestWithContext(ctx, http.MethodPost, r.URL, bytes.NewReader(r.Body))
	if err != nil {
		return fault.New(fault.Unavailable, "the endpoint is not a URL that can be called")
	}
	for _, h := range r.Headers {
		name, value, _ := strings.Cut(h, ":")
		q.Header.Add(strings.TrimSpace(name), strings.TrimSpace(value))
	}
	q.Header.Set("Content-Type", r.ContentType)
	q.Header.Set("User-Agent", "galen")
	if r.Client.URL != "" {
		bearer, err := p.bearer(ctx, r.Client)
		if err != nil {
			return err
		}
		q.Header.Set("Authorization", "Bearer "+bearer)
	}
	status, err := p.send(q, nil)
	switch {
	case err != nil:
		return explain("the endpoint", err)
	case status == http.StatusUnauthorized && r.Client.URL != "":
		p.forget(r.Client)
	}
	if status < 200 || status > 299 {
		return fault.New(fault.Unavailable, "the endpoint answers with status %d", status)
	}
	return nil
}

// send makes a request and reads at most as much of the answer as into can take; nil: what is thrown away.
func (p *Poster) send(q *http.Request, into *bytes.Buffer) (status int, err error) {
	a, err := p.http.Do(q)
	if err != nil {
		return 0, err
	}
	defer a.Body.Close()
	if into == nil {
		_, _ = io.CopyN(io.Discard, a.Body, maxDrain) // so that the connection can be used again; more is cut off with it
		return a.StatusCode, nil
	}
	n, err := io.Copy(into, io.LimitReader(a.Body, maxToken+1))
	if err == nil && n > maxToken {
		err = errors.New("the answer is too long")
	}
	return a.StatusCode, err
}

// explain says why there was no answer, without what may be secret.
func explain(who string, err error) error {
	text := "cannot be reached"
	var timeout interface{ Timeout() bool }
	switch {
	case errors.Is(err, dial.ErrPrivate):
		text = "is at an address that is not public, and the server's configuration does not allow it"
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		text = "does not answer in time"
	}
	return fault.Wrap(fault.Unavailable, err, "%s %s", who, text)
}

// CheckEndpoint fails with fault.Unprocessable if notifications cannot be posted to an address: it is no http: or https: URL, has a user or
// a fragment, or is a literal address that may not be connected to.
func (p *Poster) CheckEndpoint(text string) error {
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Hostname() == "" || u.User != nil || u.Fragment != "" {
		return fault.New(fault.Unprocessable, "an endpoint is an https: or http: URL without user and fragment").WithCode("business-rule")
	}
	if ip, err := netip.ParseAddr(u.Hostname()); err == nil && !dial.IsPublic(ip.Unmap().WithZone(""), p.opt.Private) {
		return fault.New(fault.Unprocessable, "the endpoint is at an address that is not public, and the server's configuration does not allow it").
			WithCode("business-rule")
	}
	return nil
}

// own are the headers that a subscription may not set.
var own = []string{"Content-Type", "Content-Length", "Host", "Connection", "Transfer-Encoding", "Upgrade", "Te", "Trailer", "Keep-Alive",
	"Proxy-Connection", "Expect", "Content-Encoding"}

// CheckHeaders fails with fault.Unprocessable for headers that cannot be sent.
func CheckHeaders(list []string) error {
	size := 0
	for _, h := range list {
		name, value, ok := strings.Cut(h, ":")
		name, value = strings.TrimSpace(name), strings.TrimSpace(value)
		if size += len(h); !ok || !isToken(name) || strings.ContainsFunc(value, func(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f }) {
			return fault.New(fault.Unprocessable, "a header of the channel is Name: value").WithCode("business-rule").At("Subscription.channel.header")
		}
		for _, o := range own {
			if strings.EqualFold(o, name) {
				return fault.New(fault.Unprocessable, "the header %s is not the channel's to set", o).WithCode("business-rule").At("Subscription.channel.header")
			}
		}
	}
	if len(list) > 20 || size > 8<<10 {
		return fault.New(fault.Unprocessable, "a channel has at most 20 headers of 8 KiB together").WithCode("business-rule").At("Subscription.channel.header")
	}
	return nil
}

// isToken reports whether a header can have that name.
func isToken(s string) bool {
	return s != "" && strings.Trim(s, "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ") == ""
}
