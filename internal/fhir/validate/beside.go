// SPDX-License-Identifier: Apache-2.0

package validate

import (
	"slices"

	"galen/internal/fhir/pack"
)

// Lacks reports whether neither R4 nor an installed package has the definition that a canonical names.
func (v *Validator) Lacks(typ, canonical string) bool {
	p := v.profiles
	if p == nil {
		p = &Profiles{defs: v.defs, packages: pack.NewSet(nil)}
	}
	return p.packages.Find(typ, canonical) == nil && pack.R4().Find(typ, canonical) == nil && !p.core(canonical)
}

// Beside gives a validator that has more definitions (StructureDefinition, Questionnaire, Measure) beside those of its packages. It
// compiles them as it needs them; keep it no longer than what they were read for. Without definitions it is v.
func (v *Validator) Beside(definitions []pack.Resource) *Validator {
	if len(definitions) == 0 {
		return v
	}
	packages := []*pack.Package{{Name: "datastore", Version: "0", Resources: definitions}}
	more := *v
	if v.profiles != nil {
		packages = slices.Concat(packages, v.profiles.packages.Packages())
	}
	more.profiles = NewProfiles(v.defs, pack.NewSet(packages), nil)
	if p := v.profiles; p != nil {
		if !p.own {
			more.profiles.member, more.profiles.own = p.member, false
		}
		more.profiles.missing = p.missing
		more.profiles = more.profiles.With(p.rules)
	}
	return &more
}
