// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
)

// transactionSize is how many resources a transaction of the benchmark has.
const transactionSize = 100

// transactions measures transaction Bundles of creates, validated and durable.
func (b *bench) transactions(ctx context.Context, f floors) ([]row, error) {
	b.say("transactions")
	_, entries, err := b.child.search(ctx, b.store, fmt.Sprintf("Observation?_count=%d", transactionSize))
	if err != nil || len(entries) == 0 {
		return nil, errors.Join(err, errors.New("the input has no Observation"))
	}
	var list []string
	for i := range transactionSize {
		e := entries[i%len(entries)]
		delete(e, "id")
		delete(e, "meta")
		resource, err := json.Marshal(e)
		if err != nil {
			return nil, err
		}
		list = append(list, fmt.Sprintf(`{"resource":%s,"request":{"method":"POST","url":"Observation"}}`, resource))
	}
	body := []byte(`{"resourceType":"Bundle","type":"transaction","entry":[` + strings.Join(list, ",") + `]}`)
	r, err := load{clients: 4, span: b.span, want: http.StatusOK, request: func(int, int) (*http.Request, error) {
		return b.signed(http.MethodPost, "", body)
	}}.run(ctx)
	return []row{{Work: "transactions of 100 creates, 4 clients", Value: r.rate * transactionSize, Unit: "resources/s", Goal: "≥ 5,000", Floor: f.parse,
		Of: "parsing alone", Note: fmt.Sprintf("p50 %.1f ms, p99 %.1f ms each", r.p50, r.p99)}}, err
}

// everything measures the whole record of the patient, of some, whose record is nearest to a thousand resources.
func (b *bench) everything(ctx context.Context, f floors) ([]row, error) {
	b.say("$everything")
	_, patients, err := b.child.search(ctx, b.store, "Patient?_count=300&_elements=id")
	if err != nil {
		return nil, err
	}
	best, size := "", 0
	for _, p := range patients {
		id, _ := p["id"].(string)
		n, err := b.recordSize(id)
		if err != nil {
			return nil, err
		}
		if best == "" || distance(n) < distance(size) {
			best, size = id, n
		}
	}
	if best == "" {
		return nil, errors.New("the input has no patient")
	}
	r, err := load{clients: 1, span: b.span / 2, want: http.StatusOK, request: func(int, int) (*http.Request, error) {
		return b.signed(http.MethodGet, "Patient/"+best+"/$everything?_count=1000", nil)
	}}.run(ctx)
	return []row{{Work: "$everything of a patient, p50", Value: r.p50, Unit: "ms", Goal: "< 5 ms for 1,000", Floor: f.lookup, Of: "empty round trip",
		Note: fmt.Sprintf("%d resources, with HTTP and signature; p99 %.2f ms", min(size, 1000), r.p99)}}, err
}

// distance is how far a record is from a thousand resources.
func distance(n int) int { return max(n-1000, 1000-n) }

// recordSize is how many resources the record of a patient has.
func (b *bench) recordSize(id string) (int, error) {
	r, err := b.signed(http.MethodGet, "Patient/"+id+"/$everything?_count=0", nil)
	if err != nil {
		return 0, err
	}
	resp, err := b.child.http.Do(r)
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	if err != nil {
		return 0, err
	}
	var bundle struct{ Total int }
	if err := json.Unmarshal(text, &bundle); err != nil || resp.StatusCode != http.StatusOK {
		return 0, fmt.Errorf("$everything: %s: %w", resp.Status, err)
	}
	return bundle.Total, nil
}
