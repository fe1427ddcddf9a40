// SPDX-License-Identifier: Apache-2.0

package api

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
)

// Listen opens the address. It fails if that is not a loopback address and neither TLS nor AllowRemote is given. Call
// it once, before Run.
func (s *Server) Listen(ctx context.Context) error {
	if err := s.checkAddress(); err != nil {
		return err
	}
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", s.o.Listen)
	if err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	if s.o.CertFile != "" {
		cert, err := tls.LoadX509KeyPair(s.o.CertFile, s.o.KeyFile)
		if err != nil {
			return errors.Join(fmt.Errorf("TLS: %w", err), l.Close())
		}
		s.http.TLSConfig = &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12}
	}
	s.listener = l
	return nil
}

// ErrRemote is why Listen refuses an address that other machines can reach, in clear, unless AllowRemote is set.
var ErrRemote = errors.New("what other machines can reach must not be served in clear")

// checkAddress refuses to serve patient data in clear to other machines unless told to.
func (s *Server) checkAddress() error {
	if s.o.AllowRemote || s.o.CertFile != "" {
		return nil
	}
	addr, err := net.ResolveTCPAddr("tcp", s.o.Listen)
	if err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	if !addr.IP.IsLoopback() {
		return fmt.Errorf("listen on %s: %w", s.o.Listen, ErrRemote)
	}
	return nil
}

// URL is where the server listens, such as http://127.0.0.1:8080. Valid after Listen.
func (s *Server) URL() string {
	scheme := "http"
	if s.o.CertFile != "" {
		scheme = "https"
	}
	return scheme + "://" + s.listener.Addr().String()
}

// Run serves until ctx ends, then lets the requests under way finish within DrainTimeout and returns nil. It returns
// early only with the error that stopped it. Requests do not end with ctx.
func (s *Server) Run(ctx context.Context) error {
	if s.listener == nil {
		return errors.New("api: Run before Listen")
	}
	served := make(chan error, 1)
	go func() {
		if s.o.CertFile != "" {
			served <- s.http.ServeTLS(s.listener, "", "")
		} else {
			served <- s.http.Serve(s.listener)
		}
	}()
	select {
	case err := <-served:
		return err
	case <-ctx.Done():
	}
	s.draining.Store(true)
	drain, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.o.DrainTimeout)
	defer cancel()
	err := s.http.Shutdown(drain)
	if err != nil { // out of time: cut the rest off
		err = errors.Join(fmt.Errorf("shut down: %w", err), s.http.Close())
	}
	if e := <-served; !errors.Is(e, http.ErrServerClosed) {
		err = errors.Join(err, e)
	}
	return err
}
