// SPDX-License-Identifier: Apache-2.0

package bulk

import (
	"strings"

	"galen/internal/fault"
	"galen/internal/fhir"
	"galen/internal/fhir/validate"
	"galen/internal/store"
)

// outcome is what became of one line before the commit.
type outcome struct {
	line   int64
	change int          // in the task's changes; -1 if the line was refused
	issues []fhir.Issue // why it was refused, or what level minimal found in what it accepted
}

// preparer turns lines into changes. One belongs to one goroutine.
type preparer struct {
	im   *importer
	tape fhir.Tape
}

func (im *importer) newPreparer() *preparer { return &preparer{im: im} }

// prepare fills in t's changes and outcomes.
func (p *preparer) prepare(t *task) {
	t.changes = make([]*store.Change, 0, len(t.chunk.lines))
	t.outcomes = make([]outcome, 0, len(t.chunk.lines))
	for _, l := range t.chunk.lines {
		change, issues := p.line(t.chunk.bytes[l.start:l.end], l.tooLong)
		o := outcome{line: l.number, change: -1, issues: issues}
		if change != nil {
			o.change = len(t.changes)
			t.changes = append(t.changes, change)
			t.bytes += int64(l.end - l.start)
		}
		t.outcomes = append(t.outcomes, o)
	}
}

// line checks and prepares one line. A nil change means that it is refused.
func (p *preparer) line(text []byte, tooLong bool) (*store.Change, []fhir.Issue) {
	if tooLong {
		return nil, refuse("too-long", "", "the line is longer than %d bytes", p.im.opt.MaxLine)
	}
	if err := p.tape.Parse(text, fhir.Limits{Size: p.im.opt.MaxLine}); err != nil {
		return nil, refuse("processing", "", "Invalid JSON found in input file: %s", fault.All(err)[0].Text)
	}
	root := p.tape.Root()
	if root.Kind() != fhir.Object {
		return nil, refuse("processing", "", "Invalid JSON found in input file: a line holds one resource, a JSON object")
	}
	if issues := checkNames(root); issues != nil {
		return nil, issues
	}
	var member validate.MemberOf
	if p.im.opt.Members != nil {
		member = p.im.opt.Members(p.im.store)
	}
	findings := p.im.check.Choosing(p.im.store.Profiles()).ResourceIn(root, p.im.level, member)
	if validate.Failed(findings) {
		return nil, validate.Issues(findings)
	}
	if len(findings) > 0 && p.im.level == validate.Minimal {
		return p.marked(root, findings)
	}
	change, err := p.im.store.Prepare(&p.tape, store.Put{})
	return change, issuesOf(err)
}

// marked prepares a resource that level minimal accepts with findings: it is stored with an extension that says so.
func (p *preparer) marked(root fhir.Node, findings []validate.Finding) (*store.Change, []fhir.Issue) {
	text := validate.Mark(nil, root, findings)
	var tape fhir.Tape
	if err := tape.Parse(text, fhir.Limits{Size: fhir.MaxSize}); err != nil {
		return nil, issuesOf(err)
	}
	change, err := p.im.store.Prepare(&tape, store.Put{})
	if err != nil {
		return nil, issuesOf(err)
	}
	return change, validate.Issues(findings)
}

// issuesOf gives the issues of an error; nil of none.
func issuesOf(err error) []fhir.Issue {
	if err == nil {
		return nil
	}
	var issues []fhir.Issue
	for _, f := range fault.All(err) {
		issues = append(issues, fhir.IssueOf(f))
	}
	return issues
}

// checkNames checks what every line must carry, in the words that HealthLake uses.
func checkNames(root fhir.Node) []fhir.Issue {
	typ, id := root.Field("resourceType"), root.Field("id")
	switch {
	case !typ.Ok():
		return refuse("processing", "resourceType", "Missing required resourceType field in resource json")
	case typ.Kind() != fhir.String || !isLetters(typ.Text()):
		return refuse("processing", "resourceType", "1 validation error detected: Value at 'resourceType' failed to satisfy "+
			"constraint: Member must satisfy regular expression pattern: [A-Za-z]{1,256}")
	case !id.Ok():
		return refuse("processing", "id", "Missing required id field in resource json")
	case id.Kind() != fhir.String || !fhir.ValidID(id.Text()):
		return refuse("processing", "id", "1 validation error detected: Value at 'id' failed to satisfy constraint: "+
			"Member must satisfy regular expression pattern: [A-Za-z0-9-.]{1,64}")
	}
	return nil
}

func isLetters(s string) bool {
	return len(s) >= 1 && len(s) <= 256 && strings.IndexFunc(s, func(r rune) bool {
		return (r < 'A' || r > 'Z') && (r < 'a' || r > 'z')
	}) < 0
}

func refuse(code, expression, format string, args ...any) []fhir.Issue {
	f := fault.New(fault.Invalid, format, args...)
	return []fhir.Issue{{Severity: fhir.Error, Code: code, Diagnostics: f.Text, Expression: expression}}
}
