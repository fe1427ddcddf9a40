// SPDX-License-Identifier: Apache-2.0

package interaction_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"galen/internal/authz"
	"galen/internal/engine"
	"galen/internal/engine/scripttest"
	"galen/internal/fault"
	"galen/internal/fhir"
	"galen/internal/fhir/def"
	"galen/internal/fhir/validate"
	"galen/internal/interaction"
	"galen/internal/search/index"
	"galen/internal/store"
)

var update = flag.Bool("update", false, "rewrite the expected output of the scripts")

var validator = validate.New(def.R4())

// A script is paragraphs: commands, a line of four dashes, and what they print. Commands are
//
//	put Type/id [if=version] body      post Type [key=uuid] body      delete Type/id [if=version]
//	read Type/id[?query]               vread Type/id/version          history Type/id[?query]
//	put Type?query [if=version] body   post Type unless=query body    delete Type?query [if=version]
//	history Type[?query]               history [?query]
//	search Type/id/Type[?query] (in a compartment)
//	patch Type/id [if=version] patch   patch Type?query [if=version] patch
//	batch entry ;; entry …             transaction entry ;; entry …   with entry: METHOD url [@fullUrl] [if=version] [unless=query] [body]
//	define id code type base[,base] status expression                 a SearchParameter
//	reindex                            step (of a reindex)            capable Type (its own search parameters)
//	store number                       erase Type/id                  restart
//	search Type[?query]                lenient Type[?query]           next (the page after the last search or history)
//
// {t} in a query is the time of the latest write. The clock of the store goes a second with each commit.
func TestScripts(t *testing.T) {
	scripttest.Run(t, *update, func(t *testing.T, e engine.Engine) func(string) []string { return newScript(t, e).run })
}

type script struct {
	service *interaction.Service
	caller  interaction.Caller
	seconds *atomic.Int64
	next    func() []string

	engine  engine.Engine
	index   *index.Index
	stores  *store.Stores
	options store.Options
	tenant  uint32
	t       *testing.T
}

func newScript(t *testing.T, e engine.Engine) *script {
	t.Helper()
	s := &script{seconds: new(atomic.Int64)}
	now := func() time.Time { return time.Unix(1_800_000_000+s.seconds.Add(1), 0) }
	s.engine, s.index, s.options, s.tenant, s.t = e, newIndex(t), store.Options{Now: now}, 1, t
	t.Cleanup(func() { s.stores.Close() })
	s.caller = newCaller()
	s.open()
	return s
}

func newCaller() interaction.Caller {
	return interaction.Caller{Who: authz.Principal{Kind: authz.Server}, DataStore: "ds", Base: "http://h"}
}

// run does one command and gives the lines it prints.
func (s *script) run(line string) []string {
	verb, rest, _ := strings.Cut(line, " ")
	target, rest, _ := strings.Cut(rest, " ")
	if verb == "batch" || verb == "transaction" {
		return s.entries(verb, line[len(verb)+1:])
	}
	option, body, unless := "", rest, ""
	if after, ok := strings.CutPrefix(rest, "unless="); ok {
		unless, body, _ = strings.Cut(after, " ")
	}
	if strings.HasPrefix(rest, "if=") || strings.HasPrefix(rest, "key=") {
		option, body, _ = strings.Cut(rest, " ")
	}
	_, option, _ = strings.Cut(option, "=")
	path, query, _ := strings.Cut(strings.ReplaceAll(target, "{t}", s.time()), "?")
	parts := strings.Split(path+"//", "/")
	key := fhir.Key{Type: parts[0], ID: parts[1]}
	ctx := context.Background()
	switch verb {
	case "define", "reindex", "step", "capable", "store", "erase", "restart":
		return s.parameter(verb, target, rest)
	case "put":
		in := interaction.Input{Body: []byte(fill(body, key))}
		if key.ID == "" {
			w, err := s.service.UpdateWhere(ctx, s.caller, key.Type, query, matchOf(option), in)
			return written(w, err)
		}
		w, err := s.service.Update(ctx, s.caller, key, matchOf(option), in)
		return written(w, err)
	case "post":
		in := interaction.Input{Body: []byte(fill(body, key)), Key: option, Unless: unless}
		w, err := s.service.Create(ctx, s.caller, key.Type, in)
		return written(w, err)
	case "patch":
		in := interaction.Input{Body: []byte(body)}
		if key.ID == "" {
			w, err := s.service.PatchWhere(ctx, s.caller, key.Type, query, matchOf(option), in)
			return written(w, err)
		}
		w, err := s.service.Patch(ctx, s.caller, key, matchOf(option), in)
		return written(w, err)
	case "delete":
		if key.ID == "" {
			w, err := s.service.DeleteWhere(ctx, s.caller, key.Type, query, matchOf(option))
			return written(w, err)
		}
		w, err := s.service.Delete(ctx, s.caller, key, matchOf(option))
		return written(w, err)
	case "read":
		v, err := s.service.Read(ctx, s.caller, key)
		if err == nil && query != "" {
			v.Body, err = s.service.Part(v, query)
		}
		return document(v.Body, err)
	case "vread":
		v, err := s.service.VRead(ctx, s.caller, key, parts[2])
		return document(v.Body, err)
	case "history":
		if key.ID == "" {
			return s.bundle(func(q string) ([]byte, error) { return s.service.HistoryOf(ctx, s.caller, key.Type, q) }, query)
		}
		return s.bundle(func(q string) ([]byte, error) { return s.service.History(ctx, s.caller, key, q) }, query)
	case "search", "lenient":
		if parts[2] != "" {
			return s.bundle(func(q string) ([]byte, error) {
				return s.service.Search(ctx, s.caller, interaction.Find{Type: strings.TrimSuffix(parts[2], "*"), In: key, Query: q})
			}, query)
		}
		return s.bundle(func(q string) ([]byte, error) {
			return s.service.Search(ctx, s.caller, interaction.Find{Type: key.Type, Query: q, Lenient: verb == "lenient"})
		}, query)
	case "next":
		if s.next == nil {
			return []string{"there is no next page"}
		}
		return s.next()
	}
	return []string{"unknown command " + verb}
}

func (s *script) time() string {
	return time.Unix(1_800_000_000+s.seconds.Load(), 0).UTC().Format("2006-01-02T15:04:05Z")
}

func matchOf(option string) interaction.Match {
	if option == "none" {
		return interaction.Match{None: true}
	}
	return interaction.Match{Version: option}
}

// fill adds resourceType and id to a body that lacks them.
func fill(body string, key fhir.Key) string {
	inner, ok := strings.CutPrefix(body, "{")
	if !ok || strings.Contains(body, "resourceType") {
		return body
	}
	head := fmt.Sprintf(`{"resourceType":%q`, key.Type)
	if key.ID != "" {
		head += fmt.Sprintf(`,"id":%q`, key.ID)
	}
	if inner != "}" {
		head += ","
	}
	return head + inner
}

var uuid = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f-]{27}`)

func written(w interaction.Written, err error) []string {
	if err != nil && w.Version.ID == "" {
		return failure(err)
	}
	what := "unchanged"
	switch {
	case err != nil:
		what = strings.Join(failure(err), " ")
	case w.Created:
		what = "created"
	case w.Changed:
		what = "changed"
	}
	return []string{fmt.Sprintf("%s %s v%d", what, uuid.ReplaceAllString(w.Version.ID, "<uuid>"), w.Version.VersionID)}
}

func failure(err error) []string {
	var lines []string
	for _, f := range fault.All(err) {
		line := fmt.Sprintf("%s: %s", f.Kind, f.Text)
		if f.Path != "" {
			line += " (" + f.Path + ")"
		}
		lines = append(lines, line)
	}
	if errors.Is(err, fault.Internal) {
		lines = append(lines, err.Error())
	}
	return lines
}

func document(body []byte, err error) []string {
	if err != nil {
		return failure(err)
	}
	return []string{string(body)}
}

// bundle prints a Bundle: its total, then a line for each entry.
func (s *script) bundle(ask func(query string) ([]byte, error), query string) []string {
	body, err := ask(query)
	s.next = nil
	if err != nil {
		return failure(err)
	}
	var tape fhir.Tape
	if err := tape.Parse(body, fhir.Limits{}); err != nil {
		return []string{err.Error()}
	}
	lines := []string{}
	for _, f := range validator.Resource(tape.Root(), validate.Strict) {
		if f.Severity == fhir.Warning {
			continue
		}
		lines = append(lines, fmt.Sprintf("invalid: %s at %s", f.Text, f.Expression))
	}
	var b struct {
		Total *int
		Link  []struct{ Relation, URL string }
		Entry []struct {
			Resource json.RawMessage
			Search   struct{ Mode string }
			Request  struct{ Method, URL string }
			Response struct{ Etag string }
		}
	}
	if err := json.Unmarshal(body, &b); err != nil {
		return []string{err.Error()}
	}
	if b.Total != nil {
		lines = append(lines, fmt.Sprintf("total %d", *b.Total))
	}
	for _, e := range b.Entry {
		line := entry(e.Resource, e.Search.Mode, e.Request.Method, e.Request.URL, e.Response.Etag)
		lines = append(lines, uuid.ReplaceAllString(line, "<uuid>"))
	}
	for _, l := range b.Link {
		if l.Relation == "next" {
			_, q, _ := strings.Cut(l.URL, "?")
			s.next = func() []string { return s.bundle(ask, q) }
			lines = append(lines, "more")
		}
	}
	return lines
}

func entry(resource json.RawMessage, mode, method, url, etag string) string {
	var r struct {
		ResourceType, ID string
		Meta             struct{ Tag []struct{ Code string } }
		Issue            []struct{ Diagnostics string }
	}
	if len(resource) > 0 {
		if err := json.Unmarshal(bytes.TrimSpace(resource), &r); err != nil {
			return err.Error()
		}
	}
	switch {
	case method != "":
		return fmt.Sprintf("%s %s %s", method, url, etag)
	case mode == "outcome":
		return fmt.Sprintf("outcome: %s", r.Issue[0].Diagnostics)
	}
	line := r.ResourceType + "/" + r.ID
	if mode != "match" {
		line += " " + mode
	}
	for _, tag := range r.Meta.Tag {
		if tag.Code == "SUBSETTED" {
			line += " subsetted: " + string(resource)
		}
	}
	return line
}
