// SPDX-License-Identifier: Apache-2.0

package operation_test

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"maps"
	"regexp"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"galen/internal/authz"
	"galen/internal/blob/file"
	"galen/internal/bulk"
	"galen/internal/engine"
	"galen/internal/engine/scripttest"
	"galen/internal/fault"
	"galen/internal/fhir"
	"galen/internal/fhir/def"
	"galen/internal/fhir/validate"
	"galen/internal/interaction"
	"galen/internal/job"
	"galen/internal/many"
	"galen/internal/operation"
	"galen/internal/search/index"
	"galen/internal/search/plan"
	"galen/internal/store"
	"galen/internal/terminology"
)

var update = flag.Bool("update", false, "rewrite the expected output of the scripts")

var validator = validate.New(def.R4())

// A script is paragraphs: commands, a line of four dashes, and what they print. Commands are
//
//	put Type/id body          delete Type/id          read Type/id          find Type?query
//	get path/$name[?query]    post path/$name[?query] body
//	entries path/$name[?query]                   total, then the entries of the Bundle: a star before what was included
//	match body                                   $bulk-member-match: waits for the job and gives its status, then what it stored
//	masked path/$name[?query] body               post, without the ids that the server gave and the times of versions
//	job name path/$name [body]                   begins a job of the operation called name, waits for it, and gives its status
//	history Type/id                              the versions there are
//	types path/$name body                        the types of the resources in its answer
//	grades body                                  $match with that body: id, grade and score of each match
//	stored Type command                          the command's answer, cut to what is stored of it: the entries of a Bundle read again
//	export path/$name[?query] [body]             begins an export, waits for it, and gives its files with their lines
//	pages path/$name[?query] [command]           the same for each page to the last; the command is run after the first
//
// The clock of the store goes a second with each commit.
func TestScripts(t *testing.T) {
	scripttest.Run(t, *update, func(t *testing.T, e engine.Engine) func(string) []string {
		s := newScript(t, e)
		return func(line string) []string { return []string{s.run(line)} }
	})
}

type script struct {
	t       testing.TB
	home    string // of the objects
	service *interaction.Service
	operate *operation.Service
	jobs    *job.Queue
	bulk    *bulk.Service
	many    *many.Service
	caller  interaction.Caller
}

func newScript(t testing.TB, e engine.Engine) *script {
	t.Helper()
	s := newIdleScript(t, e)
	handlers := s.bulk.Handlers()
	maps.Copy(handlers, s.many.Handlers())
	maps.Copy(handlers, s.operate.Handlers())
	s.work(handlers)
	return s
}

// newIdleScript is a script whose jobs are not worked.
func newIdleScript(t testing.TB, e engine.Engine) *script {
	t.Helper()
	x, err := index.New(def.R4())
	if err != nil {
		t.Fatal(err)
	}
	codes, err := terminology.New(e, x, terminology.Options{})
	if err != nil {
		t.Fatal(err)
	}
	p, err := plan.New(def.R4(), x, plan.Options{PageKey: make([]byte, 32), Concepts: codes.Concepts})
	if err != nil {
		t.Fatal(err)
	}
	var seconds atomic.Int64
	now := func() time.Time { return time.Unix(1_800_000_000+seconds.Add(1), 0) }
	stores := store.New(e, x, store.Options{Now: now})
	t.Cleanup(func() { stores.Close() })
	open := func(context.Context, string, string) (*store.Store, error) { return stores.Store(1) }
	home := t.TempDir()
	blobs, err := file.Open(home)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { blobs.Close() })
	for _, bucket := range []string{bulk.KeptBucket, operation.MatchBucket, "out-put"} {
		if err := blobs.CreateBucket(t.Context(), bucket); err != nil {
			t.Fatal(err)
		}
	}
	s := &script{t: t, home: home, service: interaction.New(open, p, validator, interaction.Options{Operations: operation.Advertised(), Definition: codes.Definition})}
	s.jobs = job.New(e, job.Options{Exclusive: true})
	s.many = many.New(s.jobs, s.service, open, many.Options{Compact: stores.Compact})
	s.bulk = bulk.New(s.jobs, blobs, open, def.R4(), bulk.Options{Planner: p, Kept: blobs})
	s.operate = operation.New(s.service, operation.Options{Bulk: s.bulk, Many: s.many, Terminology: codes, Jobs: s.jobs, Kept: blobs,
		Now: func() time.Time { return time.Unix(1_800_000_000, 0) }})
	s.caller = interaction.Caller{Who: authz.Principal{Kind: authz.Signed, Account: "123456789012"}, DataStore: "ds", Base: "http://h"}
	return s
}

// work has the jobs worked until the test ends.
func (s *script) work(handlers map[string]job.Handler) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); _ = s.jobs.Run(ctx, handlers) }()
	s.t.Cleanup(func() { cancel(); <-done })
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
	case "read":
		v, err := s.service.Read(ctx, s.caller, key)
		if err != nil {
			return failure(err)
		}
		return updated.ReplaceAllString(string(v.Body), "")
	case "find":
		text, err := s.service.Search(ctx, s.caller, interaction.Find{Type: path, Query: query})
		if err != nil {
			return failure(err)
		}
		return "found " + ids.ReplaceAllString(strings.Join(entry.FindAllString(string(text), -1), " "), "(id)")
	case "types":
		return strings.Join(resourceTypes.FindAllString(s.call("POST", path, query, body), -1), " ")
	case "postentries":
		return ids.ReplaceAllString(strings.Join(entry.FindAllString(s.call("POST", path, query, body), -1), " "), "(id)")
	case "removed":
		return today.ReplaceAllString(s.call("POST", path+"/$member-remove", query, body), "(today)")
	case "get", "post":
		return s.call(strings.ToUpper(verb), path, query, body)
	case "masked":
		return updated.ReplaceAllString(ids.ReplaceAllString(s.call("POST", path, query, body), "(id)"), "")
	case "job":
		path, body, _ := strings.Cut(body, " ")
		return s.job(target, path, body)
	case "match":
		return s.match(rest)
	case "history":
		text, err := s.service.History(ctx, s.caller, key, "")
		if err != nil {
			return failure(err)
		}
		return strings.Join(versions.FindAllString(string(text), -1), " ")
	case "grades":
		return s.grades(rest)
	case "stored":
		return s.stored(strings.TrimPrefix(line, "stored "))
	case "export":
		return s.export(path, query, body)
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
			if f.Severity == fhir.Warning {
				continue
			}
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

// job begins a job, waits for it, and gives its status.
func (s *script) job(name, path, body string) string {
	reply, err := s.invoke("POST", path, "", "", body)
	if err != nil {
		return failure(err)
	}
	id := jobIDs.FindString(string(reply.Body))
	if _, err := s.jobs.Wait(s.t.Context(), "change/ds", id); err != nil {
		return failure(err)
	}
	if reply, err = s.invoke("GET", "$"+name, id, "", ""); err != nil {
		return failure(err)
	}
	return times.ReplaceAllString(jobIDs.ReplaceAllString(string(reply.Body), "(id)"), "")
}

// match begins a $bulk-member-match, waits for it, and gives its status, then the group and the consents that it stored.
func (s *script) match(body string) string {
	reply, err := s.invoke("POST", "Group/$bulk-member-match", "", "", body)
	if err != nil {
		return failure(err)
	}
	id := jobIDs.FindString(string(reply.Body))
	if got, want := reply.Header["Content-Location"], "http://h/$bulk-member-match-status/"+id; got != want || reply.Status != 202 {
		return fmt.Sprintf("%d, Content-Location %s, want %s", reply.Status, got, want)
	}
	if _, err := s.jobs.Wait(s.t.Context(), "match/ds", id); err != nil {
		return failure(err)
	}
	if reply, err = s.invoke("GET", "$bulk-member-match-status", id, "", ""); err != nil {
		return failure(err)
	}
	var status struct{ Output json.RawMessage }
	if err := json.Unmarshal(reply.Body, &status); err != nil {
		return err.Error()
	}
	var tape fhir.Tape
	if err := tape.Parse(status.Output, fhir.Limits{}); err != nil {
		return err.Error()
	}
	lines := []string{string(reply.Body)}
	for _, f := range validator.Resource(tape.Root(), validate.Strict) {
		lines = append(lines, fmt.Sprintf("%s: %s at %s", f.Severity, f.Text, f.Expression))
	}
	lines = append(lines, s.run("read Group/"+id), s.run("find Consent"))
	return times.ReplaceAllString(jobIDs.ReplaceAllString(strings.Join(lines, "\n"), "(id)"), "")
}

// grades calls $match.
func (s *script) grades(body string) string {
	text := s.call("POST", "Patient/$match", "", body)
	var bundle struct {
		Entry []struct {
			Resource struct{ ID string }
			Search   struct {
				Score     float64
				Extension []struct{ ValueCode string }
			}
		}
	}
	if err := json.Unmarshal([]byte(text), &bundle); err != nil {
		return text
	}
	line := strconv.Itoa(len(bundle.Entry)) + ":"
	for _, e := range bundle.Entry {
		line += fmt.Sprintf(" %s %s %.3f", e.Resource.ID, e.Search.Extension[0].ValueCode, e.Search.Score)
	}
	return line
}

// stored runs a command whose answer is a resource that it stored, and gives the entries of what is stored.
func (s *script) stored(line string) string {
	typ, command, _ := strings.Cut(line, " ")
	var made struct{ ID string }
	text := s.run(command)
	if json.Unmarshal([]byte(text), &made) != nil || made.ID == "" {
		return text
	}
	v, err := s.service.Read(s.t.Context(), s.caller, fhir.Key{Type: typ, ID: made.ID})
	if err != nil {
		return failure(err)
	}
	var bundle struct {
		Type  string
		Entry []struct{ FullURL string }
	}
	if err := json.Unmarshal(v.Body, &bundle); err != nil {
		return err.Error()
	}
	line = bundle.Type + ":"
	for _, e := range bundle.Entry {
		line += " " + strings.TrimPrefix(e.FullURL, s.caller.Base+"/")
	}
	return line
}

// invoke calls an operation, asking for an answer later.
func (s *script) invoke(method, path, rest, query, body string) (interaction.Reply, error) {
	place, name, _ := strings.Cut(path, "$")
	parts := strings.Split(place+"////", "/")
	return s.operate.Invoke(context.Background(), s.caller, interaction.Invocation{Name: name, Rest: rest,
		Key: fhir.Key{Type: parts[0], ID: parts[1]}, VersionID: parts[3], Method: method, Query: query, Body: []byte(body),
		Header: func(name string) string {
			if name == "Prefer" {
				return "respond-async"
			}
			return ""
		}})
}

// exported is a file of an export's manifest.
type exported struct {
	Type, URL string
	Count     int
}

// export begins an export, waits for it, and gives its files with their lines, in which the times are cut out.
func (s *script) export(path, query, body string) string {
	method := "GET"
	if body != "" {
		method = "POST"
	}
	reply, err := s.invoke(method, path, "", query, body)
	if err != nil {
		return failure(err)
	}
	id := strings.TrimPrefix(reply.Header["Content-Location"], "http://h/export/")
	if _, err := s.jobs.Wait(context.Background(), "export/ds", id); err != nil {
		return failure(err)
	}
	if reply, err = s.invoke("GET", "$export", id, "", ""); err != nil {
		return failure(err)
	}
	var manifest struct {
		Request string
		Output  []exported
		Deleted []exported
	}
	if err := json.Unmarshal(reply.Body, &manifest); err != nil {
		return err.Error()
	}
	if len(manifest.Output)+len(manifest.Deleted) == 0 {
		return "no files"
	}
	var lines []string
	for i, o := range append(manifest.Output, manifest.Deleted...) {
		kind := ""
		if i >= len(manifest.Output) {
			kind = "deleted "
		}
		lines = append(lines, fmt.Sprintf("%s%s %d", kind, o.Type, o.Count))
		if strings.HasPrefix(o.URL, "s3:") {
			continue
		}
		content, err := s.invoke("GET", "$export", strings.TrimPrefix(o.URL, "http://h/export/"), "", "")
		if err != nil {
			lines = append(lines, failure(err))
			continue
		}
		text, _ := io.ReadAll(content.Content)
		content.Content.Close()
		for line := range strings.SplitSeq(strings.TrimSpace(string(text)), "\n") {
			lines = append(lines, "  "+updated.ReplaceAllString(line, ""))
		}
	}
	return strings.Join(lines, "\n")
}

// Cut out of answers: ids that the server gave, and today; entry finds the address of an entry.
var (
	ids           = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f-]{27}`)
	today         = regexp.MustCompile(`20\d\d-\d\d-\d\d`)
	versions      = regexp.MustCompile(`W/\\"[0-9]+`)
	resourceTypes = regexp.MustCompile(`"resourceType":"[A-Za-z]+"`)
	jobIDs        = regexp.MustCompile(`[0-9a-f]{32}`)
	times         = regexp.MustCompile(`"(submittedTime|endTime)":"[^"]*",?`)
	entry         = regexp.MustCompile(`"fullUrl":"[^"]*"`)
)

var updated = regexp.MustCompile(`"meta":{"versionId":"[0-9]+","lastUpdated":"[^"]*"},?`)

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
