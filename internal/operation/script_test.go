// SPDX-License-Identifier: Apache-2.0

package operation_test

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"galen/internal/authz"
	"galen/internal/engine"
	"galen/internal/engine/lsm"
	"galen/internal/engine/mem"
	"galen/internal/fault"
	"galen/internal/fhir"
	"galen/internal/fhir/def"
	"galen/internal/fhir/validate"
	"galen/internal/interaction"
	"galen/internal/operation"
	"galen/internal/search/index"
	"galen/internal/search/plan"
	"galen/internal/store"
)

var update = flag.Bool("update", false, "rewrite the expected output of the scripts")

var validator = validate.New(def.R4())

// A script is paragraphs: commands, a line of four dashes, and what they print. Commands are
//
//	put Type/id body          delete Type/id
//	get path/$name[?query]    post path/$name[?query] body
//	entries path/$name[?query]                   total, then the entries of the Bundle: a star before what was included
//	pages path/$name[?query] [command]           the same for each page to the last; the command is run after the first
//
// The clock of the store goes a second with each commit.
func TestScripts(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatal("there are no scripts", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			t.Run("mem", func(t *testing.T) { runScript(t, file, mem.New()) })
			t.Run("lsm", func(t *testing.T) {
				e, err := lsm.Open(t.TempDir(), lsm.Options{})
				if err != nil {
					t.Fatal(err)
				}
				runScript(t, file, e)
			})
		})
	}
}

func runScript(t *testing.T, file string, e engine.Engine) {
	t.Helper()
	defer e.Close()
	s := newScript(t, e)
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for i, paragraph := range strings.Split(strings.TrimRight(string(text), "\n"), "\n\n") {
		commands, want, _ := strings.Cut(paragraph, "----")
		var got []string
		for line := range strings.SplitSeq(strings.TrimSpace(commands), "\n") {
			if line != "" && !strings.HasPrefix(line, "#") {
				got = append(got, s.run(line))
			}
		}
		result := strings.Join(got, "\n")
		if result != strings.TrimSpace(want) && !*update {
			t.Errorf("%s, paragraph %d:\n%s\ngot:\n%s\nwant:\n%s", file, i+1, commands, result, want)
		}
		out = append(out, strings.TrimSpace(commands)+"\n----\n"+result)
	}
	if *update {
		if err := os.WriteFile(file, []byte(strings.Join(out, "\n\n")+"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

type script struct {
	service *interaction.Service
	operate *operation.Service
	caller  interaction.Caller
}

func newScript(t testing.TB, e engine.Engine) *script {
	t.Helper()
	x, err := index.New(def.R4())
	if err != nil {
		t.Fatal(err)
	}
	p, err := plan.New(def.R4(), x, plan.Options{PageKey: make([]byte, 32)})
	if err != nil {
		t.Fatal(err)
	}
	var seconds atomic.Int64
	now := func() time.Time { return time.Unix(1_800_000_000+seconds.Add(1), 0) }
	stores := store.New(e, x, store.Options{Now: now})
	t.Cleanup(func() { stores.Close() })
	open := func(context.Context, string, string) (*store.Store, error) { return stores.Store(1) }
	s := &script{service: interaction.New(open, p, validator, interaction.Options{})}
	s.operate = operation.New(s.service, operation.Options{})
	s.caller = interaction.Caller{Who: authz.Principal{Kind: authz.Server}, DataStore: "ds", Base: "http://h"}
	return s
}

// run does one command and gives what it prints.
func (s *script) run(line string) string {
	verb, rest, _ := strings.Cut(line, " ")
	target, body, _ := strings.Cut(rest, " ")
	path, query, _ := strings.Cut(target, "?")
	parts := strings.Split(path+"////", "/")
	key := fhir.Key{Type: parts[0], ID: parts[1]}
	ctx := context.Background()
	switch verb {
	case "put":
		w, err := s.service.Update(ctx, s.caller, key, interaction.Match{}, interaction.Input{Body: []byte(fill(body, key))})
		if err != nil {
			return failure(err)
		}
		return fmt.Sprintf("%s v%d", key, w.Version.VersionID)
	case "delete":
		if _, err := s.service.Delete(ctx, s.caller, key, interaction.Match{}); err != nil {
			return failure(err)
		}
		return "deleted " + key.String()
	case "get", "post":
		return s.call(strings.ToUpper(verb), path, query, body)
	case "entries":
		line, _ := s.entries(path, query)
		return line
	case "pages":
		return s.pages(path, query, body)
	}
	return "unknown command " + verb
}

// call calls an operation.
func (s *script) call(method, path, query, body string) string {
	place, name, _ := strings.Cut(path, "$")
	parts := strings.Split(place+"////", "/")
	reply, err := s.operate.Invoke(context.Background(), s.caller, interaction.Invocation{Name: name,
		Key: fhir.Key{Type: parts[0], ID: parts[1]}, VersionID: parts[3], Method: method, Query: query, Body: []byte(body)})
	if err != nil {
		return failure(err)
	}
	var tape fhir.Tape
	if reply.ContentType == "" && len(reply.Body) > 0 {
		if err := tape.Parse(reply.Body, fhir.Limits{}); err != nil {
			return "invalid JSON: " + err.Error()
		}
		for _, f := range validator.Resource(tape.Root(), validate.Strict) {
			return fmt.Sprintf("invalid: %s at %s in %s", f.Text, f.Expression, reply.Body)
		}
	}
	if reply.Status != 0 {
		return fmt.Sprintf("%d %s", reply.Status, reply.Body)
	}
	return string(reply.Body)
}

// entries calls an operation and gives the entries of its Bundle, and the query of its next link.
func (s *script) entries(path, query string) (line, next string) {
	text := s.call("GET", path, query, "")
	var bundle struct {
		Total int
		Link  []struct{ Relation, URL string }
		Entry []struct {
			FullURL string
			Search  struct{ Mode string }
		}
	}
	if json.Unmarshal([]byte(text), &bundle) != nil {
		return text, ""
	}
	line = fmt.Sprintf("%d:", bundle.Total)
	for _, e := range bundle.Entry {
		name := strings.TrimPrefix(e.FullURL, s.caller.Base+"/")
		if e.Search.Mode == "include" {
			name = "*" + name
		}
		line += " " + name
	}
	for _, l := range bundle.Link {
		if l.Relation == "next" {
			_, next, _ = strings.Cut(l.URL, "?")
		}
	}
	return line, next
}

// pages follows the next links.
func (s *script) pages(path, query, command string) string {
	line, next := s.entries(path, query)
	lines := []string{line}
	if command != "" {
		lines = append(lines, s.run(command))
	}
	for next != "" && len(lines) < 50 {
		line, next = s.entries(path, next)
		lines = append(lines, line)
	}
	return strings.Join(lines, "\n")
}

// fill adds resourceType and id to a body that lacks them.
func fill(body string, key fhir.Key) string {
	inner, ok := strings.CutPrefix(body, "{")
	if !ok || strings.Contains(body, "resourceType") {
		return body
	}
	if inner != "}" {
		inner = "," + inner
	}
	return fmt.Sprintf(`{"resourceType":%q,"id":%q%s`, key.Type, key.ID, inner)
}

func failure(err error) string {
	var lines []string
	for _, f := range fault.All(err) {
		line := fmt.Sprintf("%s: %s", f.Kind, f.Text)
		if f.Path != "" {
			line += " (" + f.Path + ")"
		}
		lines = append(lines, line)
	}
	return strings.Join(lines, "\n")
}
