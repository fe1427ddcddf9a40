// SPDX-License-Identifier: Apache-2.0

package validate

import (
	"slices"
	"strings"

	"galen/internal/fhir"
	"galen/internal/fhir/pack"
	"galen/internal/fhir/term"
)

// Rules are what profiles check beyond themselves. The zero value is what a server asks of what it stores; `galen validate`
// and the official suite ask for more.
type Rules struct {
	// KnownExtensions makes an extension whose definition is not installed an error, unless its url begins as one of Domains
	// does. Extensions that HL7 defines for all of FHIR count as known.
	KnownExtensions bool
	Domains         []string

	// Displays makes a Coding's display that its code system does not give to the code, in any language, an error. Codes
	// that are not known pass.
	Displays bool

	// Global applies the profiles that an installed ImplementationGuide gives as global, each to all resources of its type, and
	// R4's vital signs to Observations by their LOINC codes.
	//
	// http://hl7.org/fhir/R4/implementationguide-definitions.html#ImplementationGuide.global
	Global bool
}

// With gives the same profiles with other rules.
func (p *Profiles) With(r Rules) *Profiles {
	q := &Profiles{defs: p.defs, packages: p.packages, member: p.member, own: p.own, missing: p.missing, rules: r, codes: p.codes,
		globals: globals(p.packages, r), done: map[string]*compiled{}}
	if r.Displays && q.codes.service == nil {
		q.codes = newCodes(p.packages)
	}
	return q
}

// mayUse reports whether an extension that is not installed may be used.
func (p *Profiles) mayUse(url string) bool {
	if !p.rules.KnownExtensions || !strings.Contains(url, ":") { // within an extension, names are its own
		return true
	}
	for _, domain := range [...]string{"http://hl7.org/fhir/StructureDefinition/", "http://hl7.org/fhir/3.0/", "http://hl7.org/fhir/4.3/", "http://hl7.org/fhir/5.0/"} {
		if strings.HasPrefix(url, domain) {
			return true
		}
	}
	return slices.ContainsFunc(p.rules.Domains, func(domain string) bool { return strings.HasPrefix(url, domain) })
}

// globals lists the profiles that guides give as global, by type.
func globals(packages *pack.Set, r Rules) map[string][]string {
	if !r.Global {
		return nil
	}
	found := map[string][]string{}
	for _, url := range packages.URLs("ImplementationGuide") {
		var tape fhir.Tape
		guide := packages.Find("ImplementationGuide", url)
		if guide == nil || tape.Parse(guide.JSON, fhir.Limits{Size: pack.MaxFile}) != nil {
			continue
		}
		for _, g := range tape.Root().Field("global").Elements() {
			typ, profile := strings.Clone(g.Field("type").Text()), strings.Clone(g.Field("profile").Text())
			if typ != "" && profile != "" && !slices.Contains(found[typ], profile) {
				found[typ] = append(found[typ], profile)
			}
		}
	}
	return found
}

// displays checks the display of each Coding below a node against its code system.
func (w *profileWalk) displays(n fhir.Node) {
	if w.full() {
		return
	}
	system, code, display := n.Field("system"), n.Field("code"), n.Field("display")
	if system.Kind() == fhir.String && code.Kind() == fhir.String && display.Kind() == fhir.String {
		w.display(term.Coding{System: system.Text(), Version: n.Field("version").Text(), Code: code.Text()}, display)
	}
	for m := n.First(); m.Ok(); m = m.Next() {
		switch m.Kind() {
		case fhir.Object:
			w.path = append(w.path, step{name: m.Name(), index: -1})
			w.displays(m)
			w.path = w.path[:len(w.path)-1]
		case fhir.Array:
			for i, e := range m.Elements() {
				if e.Kind() == fhir.Object {
					w.path = append(w.path, step{name: m.Name(), index: i})
					w.displays(e)
					w.path = w.path[:len(w.path)-1]
				}
			}
		}
	}
}

// display checks one display. What the system does not say is not known, and passes.
func (w *profileWalk) display(c term.Coding, display fhir.Node) {
	known, err := w.p.codes.service.Lookup(term.LookupRequest{Coding: c})
	if err != nil || known.Display == "" && len(known.Designations) == 0 || known.Display == known.Code {
		return
	}
	got := plainDisplay(display.Text())
	if got == plainDisplay(known.Display) {
		return
	}
	for _, d := range known.Designations {
		if got == plainDisplay(d.Value) {
			return
		}
	}
	w.fail(display, CodeInvalid, "display", "the code system has another display for this code: "+quoted(known.Display)+". Write that, or leave display out and put what is meant in text")
}

// plainDisplay makes displays comparable: case and white space do not count.
func plainDisplay(s string) string { return strings.ToLower(strings.Join(strings.Fields(s), " ")) }

// quoted shows a term of a code system within a text.
func quoted(s string) string {
	if r := []rune(s); len(r) > 100 {
		s = string(r[:100]) + "…"
	}
	return "'" + s + "'"
}
