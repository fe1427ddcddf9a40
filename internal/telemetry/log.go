// SPDX-License-Identifier: Apache-2.0

// Package telemetry makes the log and the metrics.
//
// A log is a *slog.Logger whose lines also carry the fields of their context (With) and never a secret: the values of
// fields named like one are replaced. Metrics live in a Registry of their own; nothing is global. A nil metric or a nil
// Registry takes and drops everything, so that parts of the program need not ask whether they are measured.
package telemetry

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"strings"
)

// Redacted stands in the log for a value that must not be there.
const Redacted = "[redacted]"

// secret are the words that make a field's name a secret's, in lower case.
var secret = []string{"authorization", "token", "secret", "password", "signature", "cookie", "credential"}

// NewLog makes a log that writes to w. level is debug, info, warn or error; format is text or json.
func NewLog(w io.Writer, level, format string) (*slog.Logger, error) {
	var l slog.Level
	if err := l.UnmarshalText([]byte(level)); err != nil {
		return nil, fmt.Errorf("log level %q is none of debug, info, warn, error", level)
	}
	o := &slog.HandlerOptions{Level: l, ReplaceAttr: redact}
	switch format {
	case "text":
		return slog.New(handler{slog.NewTextHandler(w, o)}), nil
	case "json":
		return slog.New(handler{slog.NewJSONHandler(w, o)}), nil
	}
	return nil, fmt.Errorf("log format %q is neither text nor json", format)
}

// redact replaces the value of a field whose name says that it is a secret.
func redact(_ []string, a slog.Attr) slog.Attr {
	name := strings.ToLower(a.Key)
	for _, word := range secret {
		if strings.Contains(name, word) {
			return slog.String(a.Key, Redacted)
		}
	}
	return a
}

type fieldsKey struct{}

// With returns a context whose log lines carry fields, after those that it has.
func With(ctx context.Context, fields ...slog.Attr) context.Context {
	old := Fields(ctx)
	return context.WithValue(ctx, fieldsKey{}, append(old[:len(old):len(old)], fields...))
}

// Fields returns the fields that With gave the context.
func Fields(ctx context.Context) []slog.Attr {
	fields, _ := ctx.Value(fieldsKey{}).([]slog.Attr)
	return fields
}

// handler adds a context's fields to its lines.
type handler struct{ slog.Handler }

func (h handler) Handle(ctx context.Context, r slog.Record) error {
	r.AddAttrs(Fields(ctx)...)
	return h.Handler.Handle(ctx, r)
}

func (h handler) WithAttrs(a []slog.Attr) slog.Handler { return handler{h.Handler.WithAttrs(a)} }
func (h handler) WithGroup(name string) slog.Handler   { return handler{h.Handler.WithGroup(name)} }
