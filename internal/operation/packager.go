// SPDX-License-Identifier: Apache-2.0

package operation

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"galen/internal/fault"
	"galen/internal/fhir"
	"galen/internal/fhir/pack"
	"galen/internal/fhir/term"
	"galen/internal/record"
	"galen/internal/search"
	"galen/internal/store"
)

// packager makes the packages of one call, all at one position.
type packager struct {
	*Service
	view   *record.View
	terms  *term.Service // nil: value sets are not expanded
	asked  asked
	issues []fhir.Issue
}

// packed is a resource of a package.
type packed struct {
	typ, url, number string // type, canonical URL, version
	version          record.Version
}

// read takes from the resource what names it.
func (f *packed) read(root fhir.Node) {
	f.url, f.number = strings.Clone(root.Field("url").Text()), strings.Clone(root.Field("version").Text())
}

// canonical names the resource in its version.
func (f *packed) canonical() string {
	if f.number == "" {
		return f.url
	}
	return f.url + "|" + f.number
}

func (p *packager) note(severity fhir.Severity, code, format string, args ...any) {
	issue := fhir.Issue{Severity: severity, Code: code, Diagnostics: fmt.Sprintf(format, args...)}
	if len(p.issues) < maxPackaged && !slices.Contains(p.issues, issue) {
		p.issues = append(p.issues, issue)
	}
}

// find gives the resource of a canonical: of several versions the one named, else the newest that is not retired. It notes when there is none.
func (p *packager) find(ctx context.Context, typ, canonical string) (best packed, ok bool, err error) {
	url, number, _ := strings.Cut(canonical, "|")
	number, _, _ = strings.Cut(number, "#")
	versions, err := p.findIn(ctx, p.view, typ, search.Pair{Name: "url", Value: escape(url)})
	if err != nil && !errors.Is(err, fault.Invalid) { // else no resource could have such a url
		return best, false, err
	}
	retired := false
	for _, v := range versions {
		root, done, err := p.parse(v.Body)
		if err != nil {
			return best, false, err
		}
		c := packed{typ: typ, version: v}
		c.read(root)
		old := root.Field("status").Is("retired")
		done()
		if c.url != url || number != "" && c.number != number {
			continue
		}
		if !ok || retired && !old || retired == old && pack.CompareVersions(c.number, best.number) >= 0 {
			best, ok, retired = c, true, old
		}
	}
	if !ok {
		p.note(fhir.Warning, "not-found", "Referenced %s '%s' could not be retrieved", typ, canonical)
	}
	return best, ok, nil
}

// pack makes the package of a questionnaire: it, what it depends on, and the answers there are, or none as yet. changed tells whether
// any of that was changed after the time asked about, if one was.
func (p *packager) pack(ctx context.Context, form packed) (body []byte, changed bool, err error) {
	list := []packed{form}
	there := map[string]bool{}
	for i := 0; i < len(list); i++ {
		changed = changed || p.asked.since.IsZero() || list[i].version.Time.After(p.asked.since)
		wanted, err := p.wants(&list[i])
		if err != nil {
			return nil, false, err
		}
		for _, w := range wanted {
			if there[w.typ+" "+w.url] {
				continue
			}
			there[w.typ+" "+w.url] = true
			found, ok, err := p.dependency(ctx, w)
			if err != nil {
				return nil, false, err
			}
			if ok && !slices.ContainsFunc(list, func(f packed) bool { return f.typ == found.typ && f.canonical() == found.canonical() }) {
				list = append(list, found)
			}
		}
		if len(list) > maxPackaged {
			return nil, false, fault.New(fault.TooCostly, "a package would have more than %d resources", maxPackaged)
		}
	}
	answers, since, err := p.answers(ctx, &list[0])
	if err != nil {
		return nil, false, err
	}
	changed = changed || since
	body, err = p.bundle(ctx, list, answers)
	if len(body) > maxPackageSize {
		err = fault.New(fault.TooCostly, "a package would have more than %d bytes", maxPackageSize)
	}
	return body, changed, err
}

// dependency finds what another resource depends on. A value set that is not stored may be one that the terminology has.
func (p *packager) dependency(ctx context.Context, w packed) (packed, bool, error) {
	noted := slices.Clone(p.issues)
	found, ok, err := p.find(ctx, w.typ, w.url)
	if ok || err != nil || w.typ != "ValueSet" || p.terms == nil {
		return found, ok, err
	}
	if expanded := p.expand(w.url); expanded != nil {
		p.issues = noted
		url, number, _ := strings.Cut(w.url, "|")
		return packed{typ: "ValueSet", url: url, number: number, version: record.Version{Body: expanded}}, true, nil
	}
	return found, false, nil
}

// expand gives a value set with its expansion; nil if it is too large for that, or cannot be expanded.
func (p *packager) expand(canonical string) []byte {
	if p.terms == nil {
		return nil
	}
	e, err := p.terms.Expand(term.ExpandRequest{URL: canonical, Count: maxExpanded + 1})
	if err != nil || e.Total > maxExpanded || len(e.Contains) > maxExpanded {
		return nil
	}
	return e.AppendValueSet(nil, "urn:uuid:"+store.NewID(), p.opt.Now())
}

// wants lists what a resource depends on: libraries, and value sets that are not its own.
func (p *packager) wants(f *packed) (wanted []packed, err error) {
	root, done, err := p.parse(f.version.Body)
	if err != nil {
		return nil, err
	}
	defer done()
	want := func(typ, canonical string) {
		if canonical != "" && !strings.HasPrefix(canonical, "#") {
			wanted = append(wanted, packed{typ: typ, url: strings.Clone(canonical)})
		}
	}
	switch f.typ {
	case "Questionnaire":
		eachObject(root, func(n fhir.Node) {
			if n.Field("url").Is("http://hl7.org/fhir/StructureDefinition/cqf-library") {
				want("Library", n.Field("valueCanonical").Text())
			}
			want("ValueSet", n.Field("answerValueSet").Text())
		})
	case "Library":
		for _, r := range root.Field("relatedArtifact").Elements() {
			if resource := r.Field("resource").Text(); r.Field("type").Is("depends-on") {
				want(kindOf(resource), resource)
			}
		}
		for _, requirement := range root.Field("dataRequirement").Elements() {
			for _, filter := range requirement.Field("codeFilter").Elements() {
				want("ValueSet", filter.Field("valueSet").Text())
			}
		}
	}
	return wanted, nil
}

// kindOf guesses by its URL what a library depends on: a Library, unless the URL says ValueSet. Other types are no part of a package.
func kindOf(canonical string) string {
	if strings.Contains(canonical, "/ValueSet/") {
		return "ValueSet"
	}
	return "Library"
}

// eachObject calls do with every object within n, and n.
func eachObject(n fhir.Node, do func(fhir.Node)) {
	if n.Kind() == fhir.Object {
		do(n)
	}
	for _, child := range n.Members() {
		eachObject(child, do)
	}
	for _, child := range n.Elements() {
		eachObject(child, do)
	}
}

// bundle is the package: the questionnaire first.
func (p *packager) bundle(ctx context.Context, list []packed, answers []byte) ([]byte, error) {
	b := fhir.AppendString([]byte(`{"resourceType":"Bundle","id":`), list[0].version.ID)
	b = append(b, `,"meta":{"profile":["http://hl7.org/fhir/us/davinci-dtr/StructureDefinition/DTR-QPackageBundle"]},"type":"collection","timestamp":"`...)
	b = append(fhir.AppendInstant(b, p.opt.Now()), `","entry":[`...)
	for _, f := range list {
		body := f.version.Body
		if f.typ == "ValueSet" && f.version.ID != "" {
			with, err := p.withExpansion(&f)
			if err != nil {
				return nil, err
			}
			body = with
		}
		full := p.asked.base + "/" + f.typ + "/" + f.version.ID
		if f.version.ID == "" { // it is not stored
			full = "urn:uuid:" + store.NewID()
		}
		b = fhir.AppendString(append(b, `{"fullUrl":`...), full)
		b = append(append(append(b, `,"resource":`...), body...), "},"...)
	}
	return append(append(b, answers...), "]}"...), nil
}

// withExpansion is a stored value set, with its expansion if it is small.
func (p *packager) withExpansion(f *packed) ([]byte, error) {
	expanded := p.expand(f.canonical())
	if expanded == nil {
		return f.version.Body, nil
	}
	with, done, err := p.parse(expanded)
	if err != nil {
		return nil, err
	}
	defer done()
	root, done, err := p.parse(f.version.Body)
	if err != nil {
		return nil, err
	}
	defer done()
	return appendWith(nil, root, "expansion", with.Field("expansion").Raw()), nil
}

// answers is the entry of the answers to a questionnaire: those that are stored, for the orders if there are any, or else a draft. changed
// tells whether they were changed after the time asked about.
func (p *packager) answers(ctx context.Context, form *packed) (entry []byte, changed bool, err error) {
	patient := p.asked.patient()
	if form.url == "" || patient == "" {
		return p.draft(form), false, nil
	}
	pairs := []search.Pair{{Name: "questionnaire", Value: escape(form.url)}, {Name: "subject", Value: escape(patient)},
		{Name: "status", Value: "in-progress,completed,amended"}}
	var orders []string
	for _, order := range p.asked.orders {
		if id := fhir.ID(order); id != "" {
			orders = append(orders, escape(fhir.Type(order)+"/"+id))
		}
	}
	if len(orders) > 0 {
		pairs = append(pairs, search.Pair{Name: "based-on", Value: strings.Join(orders, ",")})
	}
	found, err := p.findIn(ctx, p.view, "QuestionnaireResponse", pairs...)
	if err != nil && !errors.Is(err, fault.Invalid) { // else the references are to nothing here
		return nil, false, err
	}
	if len(found) == 0 {
		return p.draft(form), false, nil
	}
	newest := slices.MaxFunc(found, func(a, b record.Version) int { return a.Time.Compare(b.Time) })
	entry = fhir.AppendString([]byte(`{"fullUrl":`), p.asked.base+"/QuestionnaireResponse/"+newest.ID)
	entry = append(append(append(entry, `,"resource":`...), newest.Body...), '}')
	return entry, newest.Time.After(p.asked.since), nil
}

// draft is the entry of answers that nobody has given yet.
func (p *packager) draft(form *packed) []byte {
	id := store.NewID()
	b := fhir.AppendString([]byte(`{"fullUrl":`), "urn:uuid:"+id)
	b = fhir.AppendString(append(b, `,"resource":{"resourceType":"QuestionnaireResponse","id":`...), id)
	var about [][]byte
	for _, n := range slices.Concat(p.asked.coverages, p.asked.orders) {
		if id := fhir.ID(n); id != "" {
			ref := append(fhir.AppendString([]byte(`{"reference":`), fhir.Type(n)+"/"+id), '}')
			about = append(about, append(append([]byte(`{"url":"http://hl7.org/fhir/us/davinci-dtr/StructureDefinition/qr-context","valueReference":`), ref...), '}'))
		}
	}
	if len(about) > 0 {
		b = append(append(append(b, `,"extension":[`...), bytes.Join(about, []byte{','})...), ']')
	}
	if canonical := form.canonical(); canonical != "" {
		b = fhir.AppendString(append(b, `,"questionnaire":`...), canonical)
	}
	b = append(b, `,"status":"in-progress"`...)
	if patient := p.asked.patient(); patient != "" {
		b = append(fhir.AppendString(append(b, `,"subject":{"reference":`...), patient), '}')
	}
	return append(fhir.AppendInstant(append(b, `,"authored":"`...), p.opt.Now()), `"}}`...)
}
