// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"slices"
	"sync"
	"time"
)

// benchClients is how many clients send requests at a time, as in the published figures of other servers.
const benchClients = 32

// load is requests sent by some clients, each one after the other, for a while.
type load struct {
	clients int
	span    time.Duration
	request func(client, n int) (*http.Request, error) // the nth request of a client
	want    int                                        // status; 0: any below 400
}

// loaded is what a load measured.
type loaded struct {
	count int
	rate  float64 // requests/s
	p50   float64 // ms
	p99   float64 // ms
}

func (l load) run(ctx context.Context) (loaded, error) {
	transport := &http.Transport{MaxIdleConnsPerHost: l.clients, MaxConnsPerHost: l.clients, DisableCompression: true}
	defer transport.CloseIdleConnections()
	times := make([][]float64, l.clients)
	errs := make([]error, l.clients)
	began := time.Now()
	var wg sync.WaitGroup
	for c := range l.clients {
		wg.Go(func() {
			for n := 0; time.Since(began) < l.span && ctx.Err() == nil; n++ {
				sent := time.Now()
				if errs[c] = l.one(transport, c, n); errs[c] != nil {
					return
				}
				times[c] = append(times[c], float64(time.Since(sent).Nanoseconds())/1e6)
			}
		})
	}
	wg.Wait()
	took := time.Since(began)
	for _, err := range errs {
		if err != nil {
			return loaded{}, err
		}
	}
	all := slices.Concat(times...)
	slices.Sort(all)
	if len(all) == 0 {
		return loaded{}, ctx.Err()
	}
	return loaded{len(all), float64(len(all)) / took.Seconds(), all[len(all)/2], all[len(all)*99/100]}, nil
}

func (l load) one(transport *http.Transport, c, n int) error {
	r, err := l.request(c, n)
	if err != nil {
		return err
	}
	resp, err := transport.RoundTrip(r)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if l.want != 0 && resp.StatusCode != l.want || l.want == 0 && resp.StatusCode >= 400 {
		text, _ := io.ReadAll(io.LimitReader(resp.Body, 1000))
		return fmt.Errorf("%s %s: %s: %s", r.Method, r.URL.Path, resp.Status, text)
	}
	_, err = io.Copy(io.Discard, resp.Body)
	return err
}
