// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

// benchConcepts is how many concepts the code system has that codes are asked of.
const benchConcepts = 10_000

// codes measures $validate-code and $expand on a stored code system and a stored value set of it.
func (b *bench) codes(ctx context.Context, f floors) ([]row, error) {
	b.say("terminology")
	const system, set = "http://example.org/bench", "http://example.org/bench/vs"
	var concepts strings.Builder
	for i := range benchConcepts {
		fmt.Fprintf(&concepts, `,{"code":"c%d","display":"concept number %d"}`, i, i)
	}
	for path, body := range map[string]string{
		"CodeSystem/bench": fmt.Sprintf(`{"resourceType":"CodeSystem","id":"bench","url":%q,"status":"active","content":"complete","concept":[%s]}`, system, concepts.String()[1:]),
		"ValueSet/bench":   fmt.Sprintf(`{"resourceType":"ValueSet","id":"bench","url":%q,"status":"active","compose":{"include":[{"system":%q}]}}`, set, system),
	} {
		status, answer, err := b.child.fhir(ctx, http.MethodPut, b.store, path, []byte(body))
		if err != nil || status >= 300 {
			return nil, fmt.Errorf("PUT %s: status %d %.200s %w", path, status, answer, err)
		}
	}
	query := "url=" + url.QueryEscape(set)
	r, err := load{clients: benchClients, span: b.span, want: http.StatusOK, request: func(c, n int) (*http.Request, error) {
		return b.signed(http.MethodGet, fmt.Sprintf("ValueSet/$validate-code?%s&system=%s&code=c%d", query, url.QueryEscape(system), (c*31+n*7)%benchConcepts), nil)
	}}.run(ctx)
	if err != nil {
		return nil, err
	}
	all, err := load{clients: 1, span: b.span / 2, want: http.StatusOK, request: func(int, int) (*http.Request, error) {
		return b.signed(http.MethodGet, "ValueSet/$expand?"+query, nil)
	}}.run(ctx)
	return []row{
		{Work: "$validate-code over HTTP, signed, 32 clients", Value: r.rate, Unit: "requests/s", Goal: "≥ 20,000", Floor: f.get,
			Of: "empty net/http handler, same clients", Note: fmt.Sprintf("p50 %.2f ms, p99 %.2f ms", r.p50, r.p99)},
		{Work: "$expand of 10,000 concepts, p50", Value: all.p50, Unit: "ms", Goal: "< 50", Floor: f.lookup, Of: "empty round trip",
			Note: fmt.Sprintf("with HTTP and signature; p99 %.2f ms", all.p99)},
	}, err
}
