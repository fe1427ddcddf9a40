// SPDX-License-Identifier: Apache-2.0

package term

import (
	"cmp"
	"slices"

	"galen/internal/fault"
)

// Lookup gives what is known of a code. It fails with fault.NotFound if the system is not here or does not have the code.
func (s *Service) Lookup(r LookupRequest) (*Concept, error) {
	if r.System == "" || r.Code == "" {
		return nil, fault.New(fault.Invalid, "say which code of which system: code and system, or coding")
	}
	sys, i, err := s.concept(r.Coding)
	if err != nil {
		return nil, err
	}
	c := &Concept{Name: sys.Name, Coding: Coding{System: sys.URL, Version: sys.Version, Code: r.Code}}
	if c.Name == "" {
		c.Name = sys.URL
	}
	if sys.IsGrammar() {
		c.Display = r.Code
		return c, nil
	}
	c.Code, c.Display = sys.Code(i), sys.displayIn(i, r.DisplayLanguage)
	c.Abstract, c.Inactive = sys.Abstract(i), sys.Inactive(i)
	want := func(property string) bool { return len(r.Properties) == 0 || slices.Contains(r.Properties, property) }
	if want("designation") {
		c.Designations = sys.Designations(nil, i)
	}
	for _, p := range sys.Properties(nil, i) {
		if want(p.Code) && p.Code != "inactive" {
			c.Properties = append(c.Properties, p)
		}
	}
	if want("inactive") {
		c.Properties = append(c.Properties, Property{Code: "inactive", Type: PropertyBoolean, Value: boolText(c.Inactive)})
	}
	for _, line := range []struct {
		name string
		next func([]uint32, uint32) []uint32
	}{{"parent", sys.Parents}, {"child", sys.Children}} {
		if !want(line.name) {
			continue
		}
		for _, other := range line.next(nil, i) {
			c.Properties = append(c.Properties, Property{Code: line.name, Type: PropertyCode, Value: sys.Code(other), Description: sys.Display(other)})
		}
	}
	return c, nil
}

func boolText(b bool) string {
	if b {
		return "true"
	}
	return "false"
}

// concept finds the system of a coding, and its code there.
func (s *Service) concept(c Coding) (*System, uint32, error) {
	sys, err := s.system(c.System, c.Version)
	if err != nil {
		return nil, 0, err
	}
	i, ok := sys.has(c.Code)
	if !ok {
		return nil, 0, fault.New(fault.NotFound, "the system %s has no code %s", c.System, show(c.Code)).WithCode("code-invalid")
	}
	return sys, i, nil
}

// Subsumes tells how a stands to b: both codes of one system. It fails with fault.NotFound for codes that are not there and
// with fault.Invalid for two systems.
//
// http://hl7.org/fhir/R4/codesystem-operation-subsumes.html
func (s *Service) Subsumes(a, b Coding) (Subsumption, error) {
	switch {
	case a.Code == "" || b.Code == "":
		return "", fault.New(fault.Invalid, "say which two codes to compare: codeA and codeB with their system, or codingA and codingB")
	case a.Version != "" && b.Version != "" && a.Version != b.Version:
		return "", fault.New(fault.Invalid, "codes can be compared within one version of a system only, not %s with %s", a.Version, b.Version)
	}
	a.Version = cmp.Or(a.Version, b.Version)
	if a.System != b.System {
		return "", fault.New(fault.Invalid, "codes can be compared within one system only, not %s with %s", a.System, b.System)
	}
	sys, i, err := s.concept(a)
	if err != nil {
		return "", err
	}
	_, k, err := s.concept(Coding{System: a.System, Version: a.Version, Code: b.Code})
	switch {
	case err != nil:
		return "", err
	case sys.IsGrammar() && a.Code == b.Code || !sys.IsGrammar() && i == k:
		return Equivalent, nil
	case sys.IsGrammar():
		return NotSubsumed, nil
	case sys.Subsumes(i, k):
		return Subsumer, nil
	case sys.Subsumes(k, i):
		return SubsumedBy, nil
	}
	return NotSubsumed, nil
}
