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
	"galen/internal/store"
)

// reindexOperation makes all terms of the data store again, while those that there are go on being used.
func reindexOperation() Operation {
	return Operation{Name: "reindex", Levels: OnSystem, Changes: true, serve: serveReindex}
}

// reindexStatusOperation tells how far the terms are that searches are answered from.
func reindexStatusOperation() Operation {
	return Operation{Name: "reindex-status", Levels: OnSystem, serve: serveReindexStatus}
}

func serveReindex(ctx context.Context, s *Service, c *Call) (interaction.Reply, error) {
	st, err := s.interactions.Open(ctx, c.Caller, authz.Manage, fhir.Key{})
	if err != nil {
		return interaction.Reply{}, err
	}
	if err := st.ReindexAll(ctx); err != nil {
		return interaction.Reply{}, err
	}
	return interaction.Reply{Status: 202, Body: reindexStatus(st)}, nil
}

func serveReindexStatus(ctx context.Context, s *Service, c *Call) (interaction.Reply, error) {
	st, err := s.interactions.Open(ctx, c.Caller, authz.Capabilities, fhir.Key{})
	if err != nil {
		return interaction.Reply{}, err
	}
	return interaction.Reply{Body: reindexStatus(st)}, nil
}

func reindexStatus(st *store.Store) []byte {
	of, pass := st.Indexing()
	var a answer
	a.text("state", "valueCode", reindexState(of, pass))
	a.raw("searchable", "valueBoolean", strconv.AppendBool(nil, of.Stands()))
	if pass.Generation > 0 {
		appendPass(&a, pass)
	}
	for i := range of.Params {
		p := &of.Params[i]
		var parts answer
		parts.text("resource", "valueUri", "SearchParameter/"+p.ID)
		parts.text("url", "valueUri", p.URL)
		parts.text("code", "valueCode", p.Code)
		parts.raw("complete", "valueBoolean", strconv.AppendBool(nil, p.Complete && of.Stands()))
		a.raw("parameter", "part", parts.list())
	}
	return a.bytes()
}

// reindexState is current, waiting or running.
func reindexState(of schema.Schema, pass schema.Pass) string {
	switch {
	case pass.Running():
		return "running"
	case of.Due():
		return "waiting"
	}
	return "current"
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
