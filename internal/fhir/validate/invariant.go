// SPDX-License-Identifier: Apache-2.0

package validate

import (
	"errors"
	"strings"
	"sync"

	"galen/internal/fault"
	"galen/internal/fhir"
	"galen/internal/fhir/def"
	"galen/internal/fhir/fhirpath"
)

// invariant is a constraint of a base definition on the values of one structure.
//
// Most constraints hold as long as the elements that they speak of are not there. reads is those elements and idle says that the
// constraint holds without them, so that it need not be evaluated.
type invariant struct {
	*def.Constraint
	compiled func() readyRule
}

// readyRule is an invariant compiled. The program is nil if it is not to be evaluated.
type readyRule struct {
	program *fhirpath.Program
	reads   set
	idle    bool
}

// native is the keys of constraints that the walk itself checks, and dom-6, which is good practice and not a rule.
var native = map[string]bool{"ele-1": true, "ext-1": true, "dom-2": true, "dom-3": true, "dom-6": true, "ref-1": true}

// invariantsOf gives the constraints of a structure and of what it specialises.
func invariantsOf(d *def.Definitions, s *def.Structure) []invariant {
	var list []invariant
	for on := s; on != nil; on = on.Base {
		list = append(list, invariantsFrom(d, s, on.Constraints)...)
	}
	return list
}

// invariantsFrom makes constraints ready for values of the structure s. They compile when first needed.
func invariantsFrom(d *def.Definitions, s *def.Structure, constraints []def.Constraint) []invariant {
	var list []invariant
	for i := range constraints {
		c := &constraints[i]
		if native[c.Key] || c.Expression == "" {
			continue
		}
		list = append(list, invariant{c, sync.OnceValue(func() readyRule { return prepare(d, s, c.Expression) })})
	}
	return list
}

func prepare(d *def.Definitions, s *def.Structure, expression string) (r readyRule) {
	var err error
	if r.program, err = fhirpath.CompileMode(fhirpath.Invariant, d, expression, s); err != nil {
		return readyRule{}
	}
	names, ok := mentions(expression)
	if !ok {
		return r
	}
	for _, e := range s.Elements {
		if names[e.Name] {
			r.reads.add(e.Index)
		}
	}
	var tape fhir.Tape
	if tape.Parse([]byte("{}"), fhir.Limits{}) != nil {
		return r
	}
	var e fhirpath.Evaluator
	focus := fhirpath.Value{Node: tape.Root(), Type: s}
	result, err := e.Evaluate(r.program, focus, focus)
	r.idle = err == nil && right(result)
	return r
}

// mentions lists the names in an expression, more rather than fewer. ok is false if it may look at more than the members named:
// at its focus as a whole, or at what is around it.
func mentions(expression string) (names map[string]bool, ok bool) {
	names = map[string]bool{}
	for i := 0; i < len(expression); i++ {
		switch c := expression[i]; {
		case c == '%' || c == '$' || c == '`':
			return nil, false
		case isLetter(c):
			from := i
			for i < len(expression) && (isLetter(expression[i]) || isDigit(expression[i])) {
				i++
			}
			names[expression[from:i]] = true
			called := i < len(expression) && expression[i] == '('
			if called && (from == 0 || expression[from-1] != '.') || wholes[expression[from:i]] {
				return nil, false
			}
			i--
		}
	}
	return names, true
}

func isLetter(c byte) bool { return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_' }

// wholes is functions whose result depends on members that are not named.
var wholes = map[string]bool{"children": true, "descendants": true, "extension": true, "htmlChecks": true, "hasValue": true, "getValue": true, "conformsTo": true}

// invariants evaluates the constraints on one value. seen is the elements that it has.
func (w *walk) invariants(list []invariant, v fhirpath.Value, seen *set) {
	for i := range list {
		if w.full() {
			return
		}
		c := &list[i]
		if strings.HasPrefix(c.Key, "dom-") && !v.Node.Field("contained").Ok() {
			continue
		}
		r := c.compiled()
		if r.program == nil || r.idle && !(seen[0]&r.reads[0] != 0 || seen[1]&r.reads[1] != 0) {
			continue
		}
		result, err := w.evaluator.Evaluate(r.program, v, fhirpath.Root(w.v.defs, w.outer))
		if w.evaluator.Allowance < 0 {
			w.costly(v.Node)
			return
		}
		if errors.Is(err, fault.TooCostly) {
			before := len(w.findings)
			if w.report(detail, v.Node, TooCostly, "", c.Key+textSkipped); len(w.findings) > before {
				w.findings[before].Severity = fhir.Warning
			}
			continue
		}
		if err != nil || right(result) {
			continue
		}
		w.broken(v, c)
	}
}

// maxRuleSteps bounds the FHIRPath steps that the rules of one resource take altogether.
const maxRuleSteps = 1 << 24

// TooCostly is the issue type of a resource that cannot be checked within the limits.
const TooCostly = "too-costly"

const textSkipped = ": this rule takes too long to evaluate here, and was not: make what it looks at smaller"

const textCostly = "the rules of this resource take too long to evaluate: make it smaller, or split it"

// costly reports once that the steps are used up.
func (w *walk) costly(n fhir.Node) {
	for i := range w.findings {
		if w.findings[i].Code == TooCostly {
			return
		}
	}
	w.report(detail, n, TooCostly, "", textCostly)
}

// right reports whether a result says that a constraint holds. R4's constraints count on an empty result as one that does: bdl-8
// negates a test of an element that may be missing.
func right(result []fhirpath.Value) bool {
	return len(result) == 0 || len(result) == 1 && holds(&result[0])
}

func (w *walk) broken(v fhirpath.Value, c *invariant) {
	expression := c.Expression
	if len(expression) > 300 {
		expression = expression[:300] + "…"
	}
	at := v.Node
	if !at.Ok() {
		at = v.Sibling
	}
	before := len(w.findings)
	w.report(detail, at, Invariant, "", c.Key+": this rule of FHIR R4 must hold here: "+expression)
	if c.Warning && len(w.findings) > before {
		w.findings[before].Severity = fhir.Warning
	}
}
