// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/klauspost/compress/gzip"

	"galen/internal/aws/sigv4"
	"galen/internal/fhir"
)

// floors are what this machine can do at best, whatever the server is like.
type floors struct {
	parse  float64 // resources/s: the tape over the input's lines, all cores, nothing else
	fsync  float64 // ms: median of writing 4 KiB and syncing
	write  float64 // MB/s: writing a file and syncing it once
	get    float64 // requests/s: an empty net/http handler that answers 2 KB, 32 clients
	post   float64 // requests/s: an empty handler that reads 2 KB and answers 201, 32 clients
	lookup float64 // ms: median round trip to the empty handler, one client
	gzip   float64 // bytes a resource of the input, gzipped
}

// floorBytes is how much of the input the floors are measured on.
const floorBytes = 64 << 20

func measureFloors(files fs.FS, dir string, span time.Duration) (f floors, err error) {
	lines, err := someLines(files)
	if err != nil {
		return f, err
	}
	if f.parse, err = parseFloor(lines, span/2); err != nil {
		return f, err
	}
	if f.fsync, err = fsyncFloor(dir); err != nil {
		return f, err
	}
	if f.write, err = writeFloor(dir); err != nil {
		return f, err
	}
	f.gzip = gzipFloor(lines)
	return f, f.httpFloors(span / 2)
}

// someLines reads lines of all input files in turn, up to floorBytes.
func someLines(files fs.FS) (lines [][]byte, err error) {
	left := floorBytes
	err = fs.WalkDir(files, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.Contains(path, ".ndjson") {
			return err
		}
		text, err := readNDJSON(files, path)
		for line := range bytes.Lines(text) {
			if left -= len(line); left < 0 {
				return fs.SkipAll
			}
			lines = append(lines, bytes.TrimSpace(line))
		}
		return err
	})
	if len(lines) == 0 && err == nil {
		err = fmt.Errorf("the input has no resources")
	}
	return lines, err
}

func parseFloor(lines [][]byte, span time.Duration) (float64, error) {
	var wg sync.WaitGroup
	counts := make([]int, runtime.GOMAXPROCS(0))
	errs := make([]error, len(counts))
	began := time.Now()
	for w := range counts {
		wg.Go(func() {
			var tape fhir.Tape
			for time.Since(began) < span {
				for i := w; i < len(lines); i += len(counts) {
					if errs[w] = tape.Parse(lines[i], fhir.Limits{}); errs[w] != nil {
						return
					}
					counts[w]++
				}
			}
		})
	}
	wg.Wait()
	n := 0
	for w, c := range counts {
		if errs[w] != nil {
			return 0, errs[w]
		}
		n += c
	}
	return float64(n) / time.Since(began).Seconds(), nil
}

func fsyncFloor(dir string) (float64, error) {
	f, err := os.CreateTemp(dir, "floor-")
	if err != nil {
		return 0, err
	}
	defer os.Remove(f.Name())
	defer f.Close()
	page := make([]byte, 4<<10)
	times := make([]float64, 500)
	for i := range times {
		began := time.Now()
		if _, err := f.WriteAt(page, int64(i)*int64(len(page))); err != nil {
			return 0, err
		}
		if err := f.Sync(); err != nil {
			return 0, err
		}
		times[i] = float64(time.Since(began).Microseconds()) / 1000
	}
	return median(times), nil
}

func median(times []float64) float64 {
	if len(times) == 0 {
		return 0
	}
	slices.Sort(times)
	return times[len(times)/2]
}

func writeFloor(dir string) (float64, error) {
	f, err := os.CreateTemp(dir, "floor-")
	if err != nil {
		return 0, err
	}
	defer os.Remove(f.Name())
	defer f.Close()
	block := make([]byte, 1<<20)
	const blocks = 256
	began := time.Now()
	for range blocks {
		if _, err := f.Write(block); err != nil {
			return 0, err
		}
	}
	if err := f.Sync(); err != nil {
		return 0, err
	}
	return float64(blocks*len(block)) / 1e6 / time.Since(began).Seconds(), nil
}

func gzipFloor(lines [][]byte) float64 {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	n := min(len(lines), 20_000)
	for i := range n {
		_, _ = z.Write(lines[i*len(lines)/n]) // to memory
	}
	_ = z.Close()
	return float64(b.Len()) / float64(n)
}

// httpFloors measures a server that does nothing, with the clients that measure galen, in a process of its own as galen is.
// Its clients sign their requests too: that is work of the load, not of the server.
func (f *floors) httpFloors(span time.Duration) error {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	answer := bytes.Repeat([]byte("x"), 2<<10)
	s := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost {
			var b [4 << 10]byte
			for {
				if _, err := r.Body.Read(b[:]); err != nil {
					break
				}
			}
			w.WriteHeader(http.StatusCreated)
			return
		}
		_, _ = w.Write(answer)
	})}
	go func() { _ = s.Serve(l) }()
	defer s.Shutdown(context.Background())
	url := "http://" + l.Addr().String() + "/"
	signer := sigv4.Signer{Credential: sigv4.Credential{AccessKey: "AKIAFLOOR", Secret: "secret"}, Region: childRegion, Service: "healthlake"}
	signed := func(method string, body []byte) func(int, int) (*http.Request, error) {
		return func(int, int) (*http.Request, error) {
			r, err := http.NewRequest(method, url, bytes.NewReader(body))
			if err == nil {
				signer.Sign(r, sigv4.HashPayload(body), time.Now())
			}
			return r, err
		}
	}
	get := load{clients: benchClients, span: span, request: signed(http.MethodGet, nil)}
	post := load{clients: benchClients, span: span, request: signed(http.MethodPost, answer)}
	one := get
	one.clients = 1
	for dst, l := range map[*float64]load{&f.get: get, &f.post: post} {
		r, err := l.run(context.Background())
		if err != nil {
			return err
		}
		*dst = r.rate
	}
	r, err := one.run(context.Background())
	f.lookup = r.p50
	return err
}
