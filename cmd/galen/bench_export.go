// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

// bulkExport measures bulk data over REST: from the call of $export to the last byte of its files, one after the other.
func (b *bench) bulkExport(ctx context.Context, f floors) ([]row, error) {
	b.say("$export over REST")
	began := time.Now()
	resp, err := b.send(ctx, http.MethodGet, "$export")
	if err != nil {
		return nil, err
	}
	resp.Body.Close()
	files, err := b.exportFiles(ctx, b.path(resp.Header.Get("Content-Location")))
	if err != nil {
		return nil, err
	}
	made := time.Since(began)
	size, lines := int64(0), 0
	for _, url := range files {
		n, of, err := b.fetch(ctx, b.path(url))
		if err != nil {
			return nil, err
		}
		size, lines = size+n, lines+of
	}
	took := time.Since(began)
	if float64(lines) != b.resources {
		return nil, fmt.Errorf("%d resources exported, %.0f imported", lines, b.resources)
	}
	return []row{{Work: "$export over REST, files fetched", Value: float64(size) / 1e6 / took.Seconds(), Unit: "MB/s", Goal: "≥ 100", Floor: f.write,
		Of: "writing and syncing a file", Note: fmt.Sprintf("%.0f MB; %s until the manifest, %s for the files", float64(size)/1e6, short(made), short(took-made))}}, nil
}

// exportFiles waits for an export and gives the addresses of its files.
func (b *bench) exportFiles(ctx context.Context, status string) ([]string, error) {
	for {
		resp, err := b.send(ctx, http.MethodGet, status)
		if err != nil {
			return nil, err
		}
		text, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		if err != nil {
			return nil, err
		}
		if resp.StatusCode == http.StatusAccepted {
			time.Sleep(pollDelay)
			continue
		}
		var manifest struct{ Output []struct{ URL string } }
		if err := json.Unmarshal(text, &manifest); err != nil {
			return nil, fmt.Errorf("the manifest of the export: %w", err)
		}
		var urls []string
		for _, o := range manifest.Output {
			urls = append(urls, o.URL)
		}
		return urls, nil
	}
}

// fetch reads a file, and gives its bytes and lines.
func (b *bench) fetch(ctx context.Context, path string) (size int64, lines int, err error) {
	resp, err := b.send(ctx, http.MethodGet, path)
	if err != nil {
		return 0, 0, err
	}
	defer resp.Body.Close()
	buf := make([]byte, 256<<10)
	for {
		n, err := resp.Body.Read(buf)
		size, lines = size+int64(n), lines+bytes.Count(buf[:n], []byte{'\n'})
		if err == io.EOF {
			return size, lines, nil
		}
		if err != nil {
			return size, lines, err
		}
	}
}

// send sends a signed request that may be answered later. The caller closes the body.
func (b *bench) send(ctx context.Context, method, path string) (*http.Response, error) {
	r, err := b.signed(method, path, nil)
	if err != nil {
		return nil, err
	}
	r.Header.Set("Prefer", "respond-async")
	resp, err := b.child.http.Do(r.WithContext(ctx))
	if err != nil {
		return nil, err
	}
	if resp.StatusCode >= 300 {
		defer resp.Body.Close()
		text, _ := io.ReadAll(io.LimitReader(resp.Body, 1000))
		return nil, fmt.Errorf("%s %s: %s: %s", method, path, resp.Status, text)
	}
	return resp, nil
}

// path is an address of the data store as signed takes it.
func (b *bench) path(url string) string {
	return strings.TrimPrefix(url, b.child.url+"/datastore/"+b.store+"/r4/")
}
