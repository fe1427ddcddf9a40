// SPDX-License-Identifier: Apache-2.0

package deliver

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"time"

	"galen/internal/fault"
)

// Client is the OAuth credentials of a subscriber.
type Client struct {
	URL    string // of the token endpoint
	ID     string
	Secret string
}

// token is an access token, and when it is no longer used.
type token struct {
	text  string
	until time.Time
}

// early is how long before its end a token is no longer used.
const early = 10 * time.Second

// bearer gives the access token of a client: the one of before, or a new one.
//
// https://www.rfc-editor.org/rfc/rfc6749#section-4.4
func (p *Poster) bearer(ctx context.Context, c Client) (string, error) {
	p.mu.Lock()
	t, ok := p.tokens[c]
	p.mu.Unlock()
	if ok && p.opt.Now().Before(t.until) {
		return t.text, nil
	}
	t, err := p.fetch(ctx, c)
	if err != nil {
		return "", err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.tokens) >= maxTokens {
		clear(p.tokens)
	}
	p.tokens[c] = t
	return t.text, nil
}

// forget drops the access token of a client, which its subscriber refused.
func (p *Poster) forget(c Client) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.tokens, c)
}

func (p *Poster) fetch(ctx context.Context, c Client) (token, error) {
	form := url.Values{"grant_type": {"client_credentials"}}
	q, err := http.NewRequestWithContext(ctx, http.MethodPost, c.URL, strings.NewReader(form.Encode()))
	if err != nil {
		return token{}, fault.New(fault.Unavailable, "the OAuth endpoint is not a URL that can be called")
	}
	q.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	q.Header.Set("Accept", "application/json")
	q.SetBasicAuth(url.QueryEscape(c.ID), url.QueryEscape(c.Secret))
	var body bytes.Buffer
	status, err := p.send(q, &body)
	if err != nil {
		return token{}, explain("the OAuth endpoint", err)
	}
	if status != http.StatusOK {
		return token{}, fault.New(fault.Unavailable, "the OAuth endpoint answers with status %d", status)
	}
	return parseToken(body.Bytes(), p.opt.Now())
}

// parseToken reads the answer of a token endpoint.
//
// https://www.rfc-editor.org/rfc/rfc6749#section-5.1
func parseToken(text []byte, now time.Time) (token, error) {
	var a struct {
		Token   string  `json:"access_token"`
		Type    string  `json:"token_type"`
		Expires float64 `json:"expires_in"`
	}
	if err := json.Unmarshal(text, &a); err != nil || a.Token == "" || !strings.EqualFold(a.Type, "bearer") ||
		strings.ContainsFunc(a.Token, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return token{}, fault.New(fault.Unavailable, "the OAuth endpoint does not answer with a bearer token")
	}
	lasts := time.Duration(min(max(a.Expires, 0), 24*3600)) * time.Second
	return token{a.Token, now.Add(max(lasts-early, 0))}, nil
}
