// SPDX-License-Identifier: Apache-2.0

package term

import (
	"fmt"
	"slices"
	"strings"

	"galen/internal/fault"
)

// MemberOf reports whether a coding is in a value set (canonical, |version may follow); its display is not looked at. Without
// a system any system's code counts, as elements of type code need. It fails if the value set is not known (fault.NotFound)
// or if what it draws on is not here.
func (s *Service) MemberOf(valueSet string, c Coding) (bool, error) {
	v, err := compiler{s: s}.set(valueSet, "")
	if err != nil {
		return false, err
	}
	if c.System == "" {
		_, _, err := v.infer(c.Code)
		if err == nil {
			return true, nil
		}
		return false, v.blocked("")
	}
	if _, _, ok := v.find(c.System, c.Version, c.Code); ok {
		return true, nil
	}
	return false, v.blocked(c.System)
}

// infer gives the one part that has a code.
func (v *set) infer(code string) (found *part, i uint32, err error) {
	for k := range v.parts {
		p := &v.parts[k]
		if p.missing != nil {
			continue
		}
		n, ok := p.find(code)
		switch {
		case !ok || v.activeOnly && !p.whole && p.sys.Inactive(n):
		case found != nil && found.sys.URL != p.sys.URL:
			return nil, 0, fault.New(fault.Unprocessable, "the code %s is of several systems in the value set: say which", show(code))
		default:
			found, i = p, n
		}
	}
	if found == nil {
		return nil, 0, fault.New(fault.NotFound, "no system of the value set has the code %s", show(code))
	}
	return found, i, nil
}

// show is a code for a message: short, and what it is not is left out.
func show(code string) string {
	if len(code) > 80 {
		code = code[:80] + "…"
	}
	return fmt.Sprintf("%q", code)
}

// ValidateCode tells whether one of the codings is in a value set, or in its system if no value set is given, and whether its
// display is one of the concept's. It fails only if that cannot be told.
func (s *Service) ValidateCode(r ValidateRequest) (Validation, error) {
	if len(r.Codings) == 0 {
		return Validation{}, fault.New(fault.Invalid, "say which code: code with system, coding or codeableConcept")
	}
	v, err := s.asked(r)
	if err != nil {
		return Validation{}, err
	}
	var first Validation
	var unknown error
	for i, c := range r.Codings {
		one, err := s.validateIn(v, c, r)
		if err != nil {
			unknown = err
			continue
		}
		if one.Result {
			return one, nil
		}
		if i == 0 || first.Message == "" {
			first = one
		} else {
			first.Message += "; " + one.Message
			first.UnknownSystem = first.UnknownSystem && one.UnknownSystem
		}
	}
	return first, unknown
}

// asked is the value set of a request; nil if it asks about systems only.
func (s *Service) asked(r ValidateRequest) (*set, error) {
	switch {
	case r.ValueSet.Ok():
		return compiler{s: s}.resource(r.ValueSet)
	case r.URL != "":
		return compiler{s: s}.set(r.URL, r.Version)
	}
	return nil, nil
}

func (s *Service) validateIn(v *set, c Coding, r ValidateRequest) (Validation, error) {
	if v == nil {
		return s.validateSystem(c, r)
	}
	bad := Validation{Coding: c}
	var p *part
	var i uint32
	switch {
	case c.System == "" && !r.InferSystem:
		bad.Message = "The code " + show(c.Code) + " has no system, so it cannot be told whether it is in the value set"
		return bad, nil
	case c.System == "":
		var err error
		if p, i, err = v.infer(c.Code); err != nil {
			if blocked := v.blocked(""); blocked != nil {
				return bad, blocked
			}
			bad.Message = fault.All(err)[0].Text
			return bad, nil
		}
	default:
		var ok bool
		if p, i, ok = v.find(c.System, c.Version, c.Code); !ok {
			return s.notIn(v, c)
		}
	}
	return p.validation(i, c, r), nil
}

// notIn says why a coding is not in a value set.
func (s *Service) notIn(v *set, c Coding) (Validation, error) {
	bad := Validation{Coding: c}
	if err := v.blocked(c.System); err != nil {
		return bad, err
	}
	bad.Message = "The code " + show(c.Code) + " of the system " + c.System + " is not in the value set " + v.url
	sys, err := s.system(c.System, c.Version)
	if err != nil {
		bad.UnknownSystem = true
		return bad, nil
	}
	if _, known := sys.has(c.Code); !known {
		bad.Message = "The code " + show(c.Code) + " is not in the system " + c.System + ", nor in the value set " + v.url
	}
	return bad, nil
}

// has tells whether a system, a grammar too, has a code.
func (s *System) has(code string) (i uint32, ok bool) {
	if s.grammar != nil {
		return 0, s.grammar(code)
	}
	return s.Find(code)
}

func (s *Service) validateSystem(c Coding, r ValidateRequest) (Validation, error) {
	if c.System == "" {
		return Validation{}, fault.New(fault.Invalid, "say which system the code is of, or which value set to look in")
	}
	sys, err := s.system(c.System, c.Version)
	if err != nil {
		return Validation{Coding: c, UnknownSystem: true}, err
	}
	i, ok := sys.has(c.Code)
	if !ok {
		bad := Validation{Coding: c, Message: "The code " + show(c.Code) + " is not in the system " + c.System}
		if sys.Content != Complete {
			bad.Message += ", of which only a part is here"
		}
		return bad, nil
	}
	p := part{sys: sys, whole: sys.IsGrammar()}
	return p.validation(i, c, r), nil
}

// validation is the answer for a code that is in p, but for its display.
func (p *part) validation(i uint32, c Coding, r ValidateRequest) Validation {
	v := Validation{Result: true, Coding: Coding{System: p.sys.URL, Version: p.sys.Version, Code: c.Code, Display: c.Display}}
	if p.whole {
		return v
	}
	v.Code, v.Inactive = p.sys.Code(i), p.sys.Inactive(i)
	v.Display = p.display(i, r.DisplayLanguage)
	switch {
	case r.NoAbstract && p.sys.Abstract(i):
		v.Result = false
		v.Message = "The code " + show(c.Code) + " is abstract: it groups others and may not be chosen"
	case c.Display != "" && v.Display != "" && !p.hasDisplay(i, c.Display):
		v.Result, v.DisplayInvalid = false, true
		v.Message = fmt.Sprintf("The display of the code %s is %q", show(v.Code), v.Display)
	}
	return v
}

// hasDisplay reports whether text is the display or a designation of a concept, but for case and white space.
func (p *part) hasDisplay(i uint32, text string) bool {
	is := func(known string) bool { return sameText(known, text) }
	if own, ok := p.over[i]; ok {
		if is(own.display) || slices.ContainsFunc(own.designations, func(d Designation) bool { return is(d.Value) }) {
			return true
		}
	}
	return p.sys.hasWording(i, is)
}

func sameText(a, b string) bool {
	if len(a) == len(b) && equalFold(a, b) {
		return true
	}
	return strings.EqualFold(strings.Join(strings.Fields(a), " "), strings.Join(strings.Fields(b), " "))
}
