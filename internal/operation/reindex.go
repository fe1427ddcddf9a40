// SPDX-License-Identifier: Apache-2.0

package operation

import (
	"context"
	"strconv"
	"time"

	"galen/internal/authz"
	"galen/internal/fhir"
	"galen/internal/interaction"
	"galen/internal/search/schema"
)

// reindexStatusOperation tells how far the terms are that searches are answered from.
func reindexStatusOperation() Operation {
	return Operation{Name: "reindex-status", Levels: OnSystem, serve: serveReindexStatus}
}

func serveReindexStatus(ctx context.Context, s *Service, c *Call) (interaction.Reply, error) {
	st, err := s.interactions.Open(ctx, c.Caller, authz.Capabilities, fhir.Key{})
	if err != nil {
		return interaction.Reply{}, err
	}
	of, pass := st.Indexing()
	var a answer
	a.text("state", "valueCode", reindexState(of, pass))
	a.raw("searchable", "valueBoolean", strconv.AppendBool(nil, of.Stands()))
	if pass.Generation > 0 {
		appendPass(&a, pass)
	}
	return a.reply(), nil
}

// reindexState is current, waiting or running.
func reindexState(of schema.Schema, pass schema.Pass) string {
	switch {
	case !of.Due():
		return "current"
	case pass.Running():
		return "running"
	}
	return "waiting"
}

// appendPass adds what there is to say of the last reindex, which may be running.
func appendPass(a *answer, pass schema.Pass) {
	count := func(name string, n uint64) { a.raw(name, "valueDecimal", strconv.AppendUint(nil, n, 10)) }
	count("done", pass.Done)
	count("total", pass.Total)
	count("failed", pass.Failed)
	instant := func(name string, millis int64) {
		a.text(name, "valueInstant", time.UnixMilli(millis).UTC().Format("2006-01-02T15:04:05.000Z07:00"))
	}
	instant("began", pass.Began)
	if pass.Ended > 0 {
		instant("ended", pass.Ended)
	}
}
