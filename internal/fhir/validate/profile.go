// SPDX-License-Identifier: Apache-2.0

package validate

import (
	"strings"
	"sync"

	"galen/internal/fault"
	"galen/internal/fhir"
	"galen/internal/fhir/def"
	"galen/internal/fhir/fhirpath"
	"galen/internal/fhir/pack"
)

// Answer is what is known of a code and a value set.
type Answer uint8

// The answers.
const (
	Unknown Answer = iota // the value set, or a system that it draws on, is not here
	Yes
	No
)

// MemberOf says whether a code is in a value set (a canonical, |version may follow). An empty system stands for any: elements
// of type code have none. Any goroutine may call it.
type MemberOf func(system, code, valueSet string) Answer

// Profiles is the profiles of a set of packages, compiled as they are needed and kept. Any goroutine may use it.
type Profiles struct {
	defs     *def.Definitions
	packages *pack.Set
	member   MemberOf
	own      bool     // member asks the packages
	missing  []string // packages chosen that are not installed

	rules   Rules
	codes   codes               // of R4 and the packages, for Rules.Displays
	globals map[string][]string // profiles by type, for Rules.Global

	mu   sync.Mutex
	done map[string]*compiled // by canonical URL with version; bounded by what the packages hold
}

// compiled is a profile, or why there is none.
type compiled struct {
	profile *profile
	err     error
}

// NewProfiles makes the profiles of packages usable. A nil member asks the value sets of R4 and of the packages that list
// their codes.
func NewProfiles(d *def.Definitions, packages *pack.Set, member MemberOf) *Profiles {
	p := &Profiles{defs: d, packages: packages, member: member, done: map[string]*compiled{}}
	if member == nil {
		p.codes = newCodes(packages)
		p.member, p.own = p.codes.memberOf, true
	}
	return p
}

// profile finds a profile by canonical. It fails with fault.NotFound if no package has it and fault.Unprocessable if it
// cannot be used. The profile is nil for a definition of R4 itself: the base check does all that it says.
func (p *Profiles) profile(canonical string) (*profile, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.compile(canonical, 0)
}

// part finds what a profile says of its root, or of the element whose id follows a # in the canonical; nil if there is none.
func (p *Profiles) part(canonical string) *node {
	url, id, _ := strings.Cut(canonical, "#")
	pr, err := p.profile(url)
	if err != nil || pr == nil {
		return nil
	}
	if id == "" {
		return pr.root
	}
	return pr.root.find(id)
}

// find finds the node of an id at or below n; nil if nothing is said of that element.
func (n *node) find(id string) *node {
	if n.id == id {
		return n
	}
	for _, list := range [...][]*node{n.slices, n.children} {
		for _, c := range list {
			if found := c.find(id); found != nil {
				return found
			}
		}
	}
	return nil
}

// maxBases bounds the chain of baseDefinitions.
const maxBases = 32

func (p *Profiles) compile(canonical string, depth int) (*profile, error) {
	r := p.definition(canonical)
	if r == nil {
		if p.core(canonical) {
			return nil, nil
		}
		return nil, fault.New(fault.NotFound, "no installed package has it")
	}
	key := r.URL + "|" + r.Version
	if c := p.done[key]; c != nil {
		return c.profile, c.err
	}
	if depth > maxBases {
		return nil, fault.New(fault.Unprocessable, "its baseDefinitions go round in a circle")
	}
	pr, err := p.read(r, depth)
	p.done[key] = &compiled{pr, err}
	return pr, err
}

// definition finds a profile in the packages, or among R4's own.
func (p *Profiles) definition(canonical string) *pack.Resource {
	if r := p.packages.Find("StructureDefinition", canonical); r != nil {
		return r
	}
	return pack.R4().Find("StructureDefinition", canonical)
}

// core reports whether a canonical is that of a structure of R4.
func (p *Profiles) core(canonical string) bool {
	s := p.defs.Structure(lastSegment(fhir.ParseCanonical(canonical).URL))
	return s != nil && s.URL == fhir.ParseCanonical(canonical).URL
}

// Check checks a resource against the profiles named, and at Strict against those that its meta.profile and those of the
// resources within it name. It expects a resource that passes the base check, but does not fail on others. A right one gives nil.
// A profile that is not installed is an error.
func (p *Profiles) Check(n fhir.Node, level Level, profiles ...string) []Finding {
	return p.check(n, level, nil, profiles...)
}

// walk begins a check of a resource.
func (p *Profiles) walk(n fhir.Node, member MemberOf) *profileWalk {
	if member == nil {
		member = p.member
	}
	w := &profileWalk{p: p, member: member, root: n, container: n, path: []step{{name: fhir.Type(n), index: -1}}}
	w.evaluator.Allowance = maxRuleSteps
	w.evaluator.Env = fhirpath.Environment{Terminology: asked{w.member}, Profiles: environment{w}, Resolver: environment{w}}
	return w
}

func (p *Profiles) check(n fhir.Node, level Level, member MemberOf, profiles ...string) []Finding {
	w := p.walk(n, member)
	typ := p.defs.Structure(fhir.Type(n))
	if typ == nil || typ.Kind != def.Resource {
		return nil
	}
	it := item{node: n, typ: typ}
	for _, canonical := range profiles {
		w.against(it, canonical, n.Offset(), "")
	}
	if level == Strict {
		if p.rules.Displays && typ.Name != "ValueSet" {
			w.displays(n)
		}
		w.claims(it)
		w.extensions(n, owner{node: n, types: [2]*def.Structure{typ}})
	}
	if w.work > maxProfileWork || w.evaluator.Allowance < 0 {
		w.path = w.path[:1]
		w.fail(n, TooCostly, "", textCostly)
	}
	if len(w.findings) == 0 {
		return nil
	}
	return w.findings
}
