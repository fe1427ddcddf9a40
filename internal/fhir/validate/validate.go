// SPDX-License-Identifier: Apache-2.0

package validate

import (
	"slices"
	"sync"

	"galen/internal/fault"
	"galen/internal/fhir"
	"galen/internal/fhir/def"
	"galen/internal/fhir/pack"
)

// MaxFindings is the most findings reported for one resource.
const MaxFindings = 100

// Level says how much is asked of a resource.
type Level uint8

// The levels.
const (
	// Strict asks for everything that the package checks. It is the default.
	Strict Level = iota
	// StructureOnly is Strict without the profiles that resources name.
	StructureOnly
	// Minimal asks for a known type and a right id. What keeps an element from being searched (JSON types, lists, formats,
	// choices) is a warning; unknown and missing elements, codes and target types are not looked at. A caller that stores a
	// resource with warnings marks it so.
	Minimal
)

var levels = [...]string{"strict", "structure-only", "minimal"}

// String is the level as it is written: "strict", "structure-only", "minimal".
func (l Level) String() string { return levels[l] }

// ParseLevel reads what String writes.
func ParseLevel(s string) (l Level, ok bool) {
	for i, name := range levels {
		if s == name {
			return Level(i), true
		}
	}
	return Strict, false
}

// The OperationOutcome issue types of findings.
//
// http://hl7.org/fhir/R4/valueset-issue-type.html
const (
	Structure    = "structure"     // not the elements, JSON types or lists that the definition asks for
	Required     = "required"      // an element is missing
	Value        = "value"         // a value has not the format or range of its type
	CodeInvalid  = "code-invalid"  // a code is not in the value set
	Invariant    = "invariant"     // a rule of the definition does not hold
	NotSupported = "not-supported" // a resource type that R4 does not have
)

// Finding is one thing wrong with a resource.
type Finding struct {
	Severity   fhir.Severity
	Code       string // one of the issue types above
	Expression string // FHIRPath, see V3
	Offset     int    // where in the source
	Text       string // what is wrong and what to do; holds no value of the resource
}

// Validator checks resources by one release's definitions. Any goroutine may use it.
type Validator struct {
	defs     *def.Definitions
	types    map[string]*shape
	walks    *sync.Pool
	profiles *Profiles // nil: none are checked
	choices  *choices
}

// New makes a validator. It costs milliseconds; keep it.
func New(d *def.Definitions) *Validator {
	own := sync.OnceValue(func() *Profiles { return NewProfiles(d, pack.NewSet(nil), nil) })
	return &Validator{defs: d, types: compile(d), walks: &sync.Pool{New: func() any { return &walk{path: make([]step, 0, 16)} }}, choices: &choices{defs: d, own: own}}
}

// NewWithProfiles makes a validator that at Strict also checks the profiles that resources name in meta.profile, and their
// extensions. One that is not installed is an error. A nil p is New.
func NewWithProfiles(d *def.Definitions, p *Profiles) *Validator {
	v := New(d)
	v.profiles, v.choices.all = p, p
	return v
}

// Resource checks the resource that n is the root object of. A right one gives nil.
func (v *Validator) Resource(n fhir.Node, level Level) []Finding { return v.ResourceIn(n, level, nil) }

// ResourceIn is Resource, but for the codes of profiles, which are those that member knows; a nil member is that of the profiles.
func (v *Validator) ResourceIn(n fhir.Node, level Level, member MemberOf) []Finding {
	w := v.walks.Get().(*walk)
	w.v, w.level = v, level
	w.evaluator.Allowance = maxRuleSteps
	w.root(n)
	found := w.findings
	w.reset()
	v.walks.Put(w)
	if v.profiles != nil && level == Strict && len(found) < MaxFindings {
		found = append(found, v.profiles.check(n, level, member)...)
	}
	return found
}

// ProfilesIn checks a resource against the profiles named and no others; one that is neither installed nor R4's own is an error. Codes are
// as for ResourceIn.
func (v *Validator) ProfilesIn(n fhir.Node, member MemberOf, profiles ...string) []Finding {
	if len(profiles) == 0 {
		return nil
	}
	p := v.profiles
	if p == nil {
		p = v.choices.own()
	}
	if v.profiles == nil && slices.ContainsFunc(profiles, func(c string) bool { return v.Lacks("StructureDefinition", c) }) {
		return []Finding{{Severity: fhir.Error, Code: NotSupported, Expression: fhir.Type(n), Offset: n.Offset(), Text: "no profiles are installed here: add the package that has this one with galen package add"}}
	}
	return p.check(n, StructureOnly, member, profiles...)
}

// Failed reports whether a finding is an error.
func Failed(findings []Finding) bool {
	for i := range findings {
		if s := findings[i].Severity; s == fhir.Error || s == fhir.Fatal {
			return true
		}
	}
	return false
}

// Faults gives the errors among the findings as faults of kind Unprocessable; nil if there is none.
func Faults(findings []Finding) fault.List {
	var list fault.List
	for _, f := range findings {
		if f.Severity == fhir.Error || f.Severity == fhir.Fatal {
			list = append(list, fault.New(fault.Unprocessable, "%s", f.Text).At(f.Expression).WithCode(f.Code))
		}
	}
	return list
}

// Issues gives all findings as issues of an OperationOutcome.
func Issues(findings []Finding) []fhir.Issue {
	issues := make([]fhir.Issue, len(findings))
	for i, f := range findings {
		issues[i] = fhir.Issue{Severity: f.Severity, Code: f.Code, Diagnostics: f.Text, Expression: f.Expression}
	}
	return issues
}
