// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"galen/internal/aws/sigv4"
)

// signed makes a signed FHIR request.
func (b *bench) signed(method, path string, body []byte) (*http.Request, error) {
	r, err := http.NewRequest(method, b.child.url+"/datastore/"+b.store+"/r4/"+path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	if body != nil {
		r.Header.Set("Content-Type", "application/fhir+json")
	}
	b.child.signer().Sign(r, sigv4.HashPayload(body), time.Now())
	return r, nil
}

// writes measures creates of an average Observation.
func (b *bench) writes(ctx context.Context, f floors) ([]row, error) {
	b.say("create")
	_, entries, err := b.child.search(ctx, b.store, "Observation?_count=1")
	if err != nil || len(entries) == 0 {
		return nil, errors.Join(err, errors.New("the input has no Observation"))
	}
	delete(entries[0], "id")
	delete(entries[0], "meta")
	body, err := json.Marshal(entries[0])
	if err != nil {
		return nil, err
	}
	l := load{clients: benchClients, span: b.span, want: http.StatusCreated, request: func(int, int) (*http.Request, error) {
		return b.signed(http.MethodPost, "Observation", body)
	}}
	r, err := l.run(ctx)
	if err != nil {
		return nil, err
	}
	l.clients = 1
	one, err := l.run(ctx)
	return []row{
		{Work: "create over HTTP, durable, 32 clients", Value: r.rate, Unit: "requests/s", Goal: "≥ 8,000", Floor: f.post,
			Of: "empty net/http handler, same clients", Note: fmt.Sprintf("p50 %.1f ms, p99 %.1f ms", r.p50, r.p99)},
		{Work: "create, 1 client, p50", Value: one.p50, Unit: "ms", Goal: "–", Floor: f.fsync + f.lookup, Of: "one fsync and an empty round trip"},
	}, err
}

// reads measures reads by id, over many resources.
func (b *bench) reads(ctx context.Context, f floors) ([]row, error) {
	b.say("read")
	_, entries, err := b.child.search(ctx, b.store, "Observation?_count=1000")
	if err != nil {
		return nil, err
	}
	ids := make([]string, len(entries))
	for i, e := range entries {
		ids[i], _ = e["id"].(string)
	}
	r, err := load{clients: benchClients, span: b.span, want: http.StatusOK, request: func(c, n int) (*http.Request, error) {
		return b.signed(http.MethodGet, "Observation/"+ids[(c*31+n*7)%len(ids)], nil)
	}}.run(ctx)
	return []row{{Work: "read by id over HTTP, signed, 32 clients", Value: r.rate, Unit: "requests/s", Goal: "≥ half", Floor: f.get,
		Of: "empty net/http handler, same clients", Note: fmt.Sprintf("p50 %.2f ms, p99 %.2f ms", r.p50, r.p99)}}, err
}

// searches measures searches one after the other, as the server sees them: the empty round trip is shown beside.
func (b *bench) searches(ctx context.Context, f floors) ([]row, error) {
	system, code, err := b.commonCode(ctx)
	if err != nil {
		return nil, err
	}
	token := url.QueryEscape(system + "|" + code)
	var rows []row
	for _, s := range []struct{ work, query, goal string }{
		{"search by code and date, first page", "Observation?code=" + token + "&date=ge2015-01-01&_count=20", "< 1 ms"},
		{"the same, newest first", "Observation?code=" + token + "&date=ge2015-01-01&_sort=-date&_count=20", "< 1 ms"},
		{"count of one code", "Observation?code=" + token + "&_summary=count", "< 5 ms"},
		{"chained: observations of women", "Observation?code=" + token + "&subject:Patient.gender=female&_count=20", "< 5 ms"},
		{"reverse: patients who have it", "Patient?_has:Observation:patient:code=" + token + "&_count=20", "< 5 ms"},
	} {
		b.say(s.work)
		r, err := load{clients: 1, span: b.span / 2, want: http.StatusOK, request: func(int, int) (*http.Request, error) {
			return b.signed(http.MethodGet, s.query, nil)
		}}.run(ctx)
		if err != nil {
			return nil, err
		}
		rows = append(rows, row{Work: s.work + ", p50", Value: r.p50, Unit: "ms", Goal: s.goal, Floor: f.lookup, Of: "empty round trip",
			Note: fmt.Sprintf("with HTTP and signature; p99 %.2f ms", r.p99)})
	}
	return rows, nil
}

// commonCode is a coding that many observations have.
func (b *bench) commonCode(ctx context.Context) (system, code string, err error) {
	_, entries, err := b.child.search(ctx, b.store, "Observation?_count=500")
	if err != nil {
		return "", "", err
	}
	counts, best := map[[2]string]int{}, 0
	for _, e := range entries {
		text, _ := json.Marshal(e["code"]) // it was JSON a moment ago
		var c struct {
			Coding []struct{ System, Code string }
		}
		if json.Unmarshal(text, &c) != nil || len(c.Coding) == 0 {
			continue
		}
		key := [2]string{c.Coding[0].System, c.Coding[0].Code}
		if counts[key]++; counts[key] > best {
			best, system, code = counts[key], key[0], key[1]
		}
	}
	if best == 0 {
		return "", "", errors.New("no observation has a code")
	}
	return system, code, nil
}
