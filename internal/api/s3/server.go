// SPDX-License-Identifier: Apache-2.0

package s3

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httputil"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/gofiber/fiber/v3"
	"github.com/versity/versitygw/s3api"
	"github.com/versity/versitygw/s3api/middlewares"

	"galen/internal/blob/file"
)

const (
	// maxDocument bounds a request that is not the bytes of an object. CompleteMultipartUpload with 10,000 parts and
	// DeleteObjects with 1,000 keys of 1,024 bytes fit.
	maxDocument = 8 << 20

	connections = 1024 // to the socket, and requests at once
	idle        = 64   // connections kept for the next request
)

// Options are what a Server can do without. The zero Options work.
type Options struct {
	Region string       // of the credential scope that requests must have; us-east-1 if empty
	Log    *slog.Logger // failures of the server itself; slog.Default if nil
}

// Server is the S3 API of a file.Store, as an http.Handler. It verifies the signature of every request (header, query
// and aws-chunked) and does nothing for one that has none.
type Server struct {
	proxy *httputil.ReverseProxy
	api   *s3api.S3ApiServer
	dir   string // of the socket
	conns *http.Transport

	close  sync.Once
	closed error
	served chan error // what serving ended with
}

// New starts the S3 API of store. Secret is asked once a request for the secret of an access key, and says whether
// there is such a key: a caller that reloads its credentials changes what it answers. The caller closes the Server, and
// the store after it.
func New(store *file.Store, secret func(accessKey string) (string, bool), o Options) (*Server, error) {
	if o.Region == "" {
		o.Region = "us-east-1"
	}
	if o.Log == nil {
		o.Log = slog.Default()
	}
	dir, err := os.MkdirTemp("", "galen-s3-") // 0700, and short enough for the name of a socket
	if err != nil {
		return nil, fmt.Errorf("s3 api: %w", err)
	}
	s := &Server{dir: dir, served: make(chan error, 1)}
	socket := filepath.Join(dir, "s3")
	ready := make(chan struct{})
	// The library wants one account that is always there: nobody knows this one's secret.
	root := middlewares.RootUserConfig{Access: rand.Text(), Secret: rand.Text()}
	s.api, err = s3api.New(&gateway{store: store, log: o.Log}, root, o.Region, accounts{secret}, nil, nil, nil, nil,
		s3api.WithQuiet(), s3api.WithKeepAlive(), s3api.WithDisableACL(), s3api.WithMpMaxParts(file.MaxPart),
		s3api.WithConcurrencyLimiter(connections, connections), s3api.WithSocketPerm(0o600),
		s3api.WithMiddleware("/", drain), s3api.WithOnListen(func() { close(ready) }))
	if err != nil {
		return nil, errors.Join(fmt.Errorf("s3 api: %w", err), os.RemoveAll(dir))
	}
	go func() { s.served <- s.api.ServeMultiPort([]string{socket}) }()
	select {
	case <-ready:
	case err := <-s.served:
		return nil, errors.Join(fmt.Errorf("s3 api: %w", err), os.RemoveAll(dir))
	}
	s.connect(socket, o.Log)
	return s, nil
}

// drain reads what a handler has left of a body. Otherwise the socket would close upon a body that is still being sent,
// and the answer that refuses it would be lost.
func drain(c fiber.Ctx) error {
	err := c.Next()
	if body := c.Request().BodyStream(); body != nil && c.Request().Header.ContentLength() > 0 {
		_, _ = io.Copy(io.Discard, body) // it fails when the client is gone, who then needs no answer
	}
	return err
}

// connect makes the way from net/http to the socket.
func (s *Server) connect(socket string, log *slog.Logger) {
	var d net.Dialer
	s.conns = &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return d.DialContext(ctx, "unix", socket)
		},
		DisableCompression:  true, // what a client signed must arrive as it is
		MaxIdleConns:        idle,
		MaxIdleConnsPerHost: idle,
		MaxConnsPerHost:     connections,
		IdleConnTimeout:     time.Minute,
	}
	s.proxy = &httputil.ReverseProxy{
		Transport: s.conns,
		Rewrite: func(r *httputil.ProxyRequest) {
			r.Out.URL.Scheme, r.Out.URL.Host = "http", "s3" // Host stays what the client signed
			r.Out.Host = r.In.Host
			r.Out.Header.Del("Expect") // never signed, and net/http has answered it
		},
		ErrorHandler: func(w http.ResponseWriter, r *http.Request, err error) {
			var large *http.MaxBytesError
			switch {
			case errors.As(err, &large):
				refuse(w, http.StatusBadRequest, "MaxMessageLengthExceeded", "Your request was too big.")
			case r.Context().Err() != nil: // the client is gone
			default:
				log.Error("s3 api", "err", err)
				refuse(w, http.StatusServiceUnavailable, "ServiceUnavailable", "The object store does not answer.")
			}
		},
		ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelError),
	}
}

// ServeHTTP answers an S3 request in path style.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch r.Method {
	case http.MethodGet, http.MethodHead, http.MethodPut, http.MethodPost, http.MethodDelete:
	default: // the library's own administration has PATCH
		refuse(w, http.StatusMethodNotAllowed, "MethodNotAllowed", "The specified method is not allowed against this resource.")
		return
	}
	if r.ContentLength < 0 { // drain could not tell where such a body ends
		refuse(w, http.StatusLengthRequired, "MissingContentLength", "You must provide the Content-Length HTTP header.")
		return
	}
	if !carriesObject(r) {
		r.Body = http.MaxBytesReader(w, r.Body, maxDocument)
	}
	if r.ContentLength == 0 && strings.EqualFold(r.Header.Get("Expect"), "100-continue") {
		// net/http does not say it where nothing is to follow, but botocore misreads the next answer on the connection then.
		w.WriteHeader(http.StatusContinue)
	}
	s.proxy.ServeHTTP(w, r)
}

// carriesObject reports whether the body of r is the bytes of an object or of a part.
func carriesObject(r *http.Request) bool {
	_, key, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	if r.Method != http.MethodPut || key == "" {
		return false
	}
	q := r.URL.Query()
	for _, document := range [...]string{"acl", "tagging", "retention", "legal-hold"} {
		if q.Has(document) {
			return false
		}
	}
	return true
}

// refuse answers with an error of S3's form.
func refuse(w http.ResponseWriter, status int, code, text string) {
	w.Header().Set("Content-Type", "application/xml")
	w.WriteHeader(status)
	io.WriteString(w, `<?xml version="1.0" encoding="UTF-8"?>`+"\n<Error><Code>"+code+"</Code><Message>"+text+"</Message></Error>")
}

// Close waits for the requests under way, up to ten seconds, and ends the server. Later calls give the same error.
func (s *Server) Close() error {
	s.close.Do(func() {
		s.conns.CloseIdleConnections()
		err := s.api.ShutDown()
		<-s.served // that its listener was closed is all it says now
		s.closed = errors.Join(err, os.RemoveAll(s.dir))
	})
	return s.closed
}
