// SPDX-License-Identifier: Apache-2.0

package pack

import "strings"

// Named finds a package by name-version, as HealthLake names its profiles: us-core-6.1.0. The name may leave out the first parts of the
// package's own, and has hyphens for its dots: us-core and core stand for hl7.fhir.us.core. Of several the shortest name counts. Nil if
// there is none.
func (s *Set) Named(name string) *Package {
	var found *Package
	for _, p := range s.packages {
		full := strings.ReplaceAll(p.Name, ".", "-") + "-" + p.Version
		if (full == name || strings.HasSuffix(full, "-"+name)) && len(name) > len(p.Version)+1 && (found == nil || len(p.Name) < len(found.Name)) {
			found = p
		}
	}
	return found
}

// Choose gives the set with the packages of those names (see Named) preferred, and the names that no package has.
func (s *Set) Choose(names ...string) (chosen *Set, missing []string) {
	var ids []string
	for _, name := range names {
		if p := s.Named(name); p != nil {
			ids = append(ids, p.ID())
		} else {
			missing = append(missing, name)
		}
	}
	return NewSet(s.packages, ids...), missing
}

// From finds as Find does what a resource of a package means by a canonical: without a version, what that package itself has.
func (s *Set) From(id, typ, canonical string) *Resource {
	if !strings.Contains(canonical, "|") {
		for _, r := range s.byURL[canonical] {
			if r.Type == typ && r.Package == id {
				return r
			}
		}
	}
	return s.Find(typ, canonical)
}
