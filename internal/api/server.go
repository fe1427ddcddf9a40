// SPDX-License-Identifier: Apache-2.0

package api

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"galen/internal/aws/sigv4"
	"galen/internal/telemetry"
)

// Auth is how the requests of an API are authenticated.
type Auth int

// The ways. All are AWS Signature Version 4.
const (
	Whole  Auth = iota // the edge reads the whole body, then checks the signature over it
	Stream             // the edge checks the head; the body checks itself as the handler reads it (sigv4.VerifyStream)
	Own                // the handler authenticates for itself
)

// ErrorWriter answers a request that did not reach an API's handler, in that API's form. code is AWS's name of the
// error: a sigv4.Code (status 403 or 400), RequestEntityTooLargeException (413), UnknownOperationException (404),
// ServiceUnavailableException (503), RequestTimeoutException (408) or InternalServerException (500).
type ErrorWriter func(w http.ResponseWriter, r *http.Request, status int, code, message string)

// API is one of the interfaces that share the address.
type API struct {
	Handler    http.Handler // nil: requests for this API are answered as unknown
	WriteError ErrorWriter  // nil: the form of awsJson1_0
	Auth       Auth
	Services   []string // that the credential scope may name; default healthlake, for Connect Health health-agent, for S3 s3 and s3express
	MaxBody    int64    // bytes, for Whole; default 5 MiB

	// Anonymous tells which requests need not be signed, when they are not. Nil: none.
	Anonymous func(*http.Request) bool
}

// Options are a server's parts and limits. The zero value of each limit is ready to use.
type Options struct {
	Listen      string // host:port; port 0 picks one; default 127.0.0.1:8080
	AllowRemote bool   // listen in clear on an address that is not loopback
	CertFile    string // PEM; with KeyFile, serve TLS
	KeyFile     string

	Verifier *sigv4.Verifier  // required unless every API is Own
	Now      func() time.Time // default time.Now

	HealthLake, ConnectHealth, Scribe, FHIR, S3, Notify API

	// WithIdentity returns the context that an authenticated request runs in, for what handlers need beyond
	// IdentityFrom, such as a principal. Nil: the context as it is.
	WithIdentity func(context.Context, sigv4.Identity) context.Context

	Ready       func(context.Context) error // nil error: can serve; nil function: always
	Log         *slog.Logger                // default: none
	AccessLevel slog.Level                  // of the line each request makes; 5xx answers are at least Warn
	Metrics     *telemetry.Registry         // default: none

	MaxInFlight   int           // requests at once; more are answered 503; default 1024
	MaxHeader     int           // bytes of a request's head; default 64 KiB
	HeaderTimeout time.Duration // to send the head; default 10 s
	BodyTimeout   time.Duration // to send a body that is read whole; default 60 s
	IdleTimeout   time.Duration // of a connection between requests; default 2 min
	DrainTimeout  time.Duration // for requests under way when Run ends; default 20 s
}

const defaultMaxBody = 5 << 20

func (o *Options) setDefaults() {
	if o.Listen == "" {
		o.Listen = "127.0.0.1:8080"
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.S3.Services == nil {
		o.S3.Services = []string{"s3", "s3express"}
	}
	if o.ConnectHealth.Services == nil {
		o.ConnectHealth.Services = []string{"health-agent"}
	}
	for _, a := range []*API{&o.HealthLake, &o.ConnectHealth, &o.Scribe, &o.FHIR, &o.S3, &o.Notify} {
		if a.MaxBody <= 0 {
			a.MaxBody = defaultMaxBody
		}
		if a.WriteError == nil {
			a.WriteError = writeJSON
		}
		if a.Services == nil {
			a.Services = []string{"healthlake"}
		}
	}
	orDefault(&o.MaxInFlight, 1024)
	orDefault(&o.MaxHeader, 64<<10)
	orDefault(&o.HeaderTimeout, 10*time.Second)
	orDefault(&o.BodyTimeout, time.Minute)
	orDefault(&o.IdleTimeout, 2*time.Minute)
	orDefault(&o.DrainTimeout, 20*time.Second)
}

func orDefault[T int | time.Duration](v *T, d T) {
	if *v <= 0 {
		*v = d
	}
}

// Server serves the APIs on one address. It is an http.Handler too, for tests without a listener.
type Server struct {
	o        Options
	http     *http.Server
	listener net.Listener
	metrics  metrics
	prom     http.Handler

	inFlight atomic.Int64
	draining atomic.Bool
}

// New makes a server. It fails if the options contradict each other. Nothing is opened before Listen.
func New(o Options) (*Server, error) {
	o.setDefaults()
	for _, a := range []API{o.HealthLake, o.ConnectHealth, o.Scribe, o.FHIR, o.S3, o.Notify} {
		if a.Handler != nil && a.Auth != Own && o.Verifier == nil {
			return nil, errors.New("api: a Verifier is required")
		}
	}
	if (o.CertFile == "") != (o.KeyFile == "") {
		return nil, errors.New("TLS needs both a certificate and a key file")
	}
	s := &Server{o: o, prom: o.Metrics.Handler()}
	s.metrics = newMetrics(o.Metrics, &s.inFlight)
	var protocols http.Protocols
	protocols.SetHTTP1(true)
	protocols.SetHTTP2(true)
	protocols.SetUnencryptedHTTP2(true)
	s.http = &http.Server{
		Handler: s, Protocols: &protocols, MaxHeaderBytes: o.MaxHeader,
		ReadHeaderTimeout: o.HeaderTimeout, IdleTimeout: o.IdleTimeout,
		ErrorLog: slog.NewLogLogger(o.Log.Handler(), slog.LevelDebug),
	}
	return s, nil
}
