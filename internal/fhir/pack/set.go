// SPDX-License-Identifier: Apache-2.0

package pack

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"galen/internal/fhir"
)

// Set is the packages in use.
type Set struct {
	packages []*Package
	byURL    map[string][]*Resource // newest first
}

// NewSet puts packages together. preferred names packages (name#version) whose resources come first where a canonical has no
// version; else the newest version does.
func NewSet(packages []*Package, preferred ...string) *Set {
	s := &Set{packages: slices.Clone(packages), byURL: map[string][]*Resource{}}
	slices.SortFunc(s.packages, func(a, b *Package) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), CompareVersions(b.Version, a.Version))
	})
	for _, p := range s.packages {
		for i := range p.Resources {
			r := &p.Resources[i]
			s.byURL[r.URL] = append(s.byURL[r.URL], r)
		}
	}
	for _, list := range s.byURL {
		slices.SortStableFunc(list, func(a, b *Resource) int {
			return cmp.Or(-cmp.Compare(rank(a, preferred), rank(b, preferred)), CompareVersions(b.Version, a.Version))
		})
	}
	return s
}

func rank(r *Resource, preferred []string) int {
	if slices.Contains(preferred, r.Package) {
		return 1
	}
	return 0
}

// Packages lists the packages by name, newest version first.
func (s *Set) Packages() []*Package { return s.packages }

// URLs lists the canonical URLs of all resources of a type, sorted.
func (s *Set) URLs(typ string) []string {
	var list []string
	for _, url := range slices.Sorted(maps.Keys(s.byURL)) {
		if s.byURL[url][0].Type == typ {
			list = append(list, url)
		}
	}
	return list
}

// Find finds a resource of a type by canonical, with or without |version; nil if no package has it. A version that leaves
// parts out (6 or 6.1) finds the newest that begins so.
func (s *Set) Find(typ, canonical string) *Resource {
	c := fhir.ParseCanonical(canonical)
	for _, r := range s.byURL[c.URL] {
		if r.Type == typ && (c.Version == "" || r.Version == c.Version || strings.HasPrefix(r.Version, c.Version+".")) {
			return r
		}
	}
	return nil
}

// Missing lists the dependencies that are not in the set: a sentence for each package that needs some, sorted. It tells of the packages
// named (name#version), without a name of all.
func (s *Set) Missing(of ...string) []string {
	var list []string
	for _, p := range s.packages {
		if len(of) > 0 && !slices.Contains(of, p.ID()) {
			continue
		}
		var names []string
		for name, version := range p.Dependencies {
			if name != Core && !s.has(name, version) {
				names = append(names, plain(name)+"#"+plain(version))
			}
		}
		if len(names) > 0 {
			slices.Sort(names)
			list = append(list, fmt.Sprintf("%s names packages that are not installed: %s. Add with galen package add those whose profiles or codes are used",
				p.ID(), strings.Join(names, ", ")))
		}
	}
	slices.Sort(list)
	return list
}

// has reports whether a package is there in that version, or in one that it stands for: 5.0.x, current, latest.
func (s *Set) has(name, version string) bool {
	version = strings.TrimSuffix(version, ".x")
	return slices.ContainsFunc(s.packages, func(p *Package) bool {
		return p.Name == name && (p.Version == version || strings.HasPrefix(p.Version, version+".") || version == "current" || version == "latest" || version == "dev")
	})
}

// CompareVersions orders versions by their numbers: 6.1.0 is before 10.0.0, and 1.0.0-ballot before 1.0.0.
func CompareVersions(a, b string) int {
	a, labelA, _ := strings.Cut(a, "-")
	b, labelB, _ := strings.Cut(b, "-")
	x, y := strings.Split(a, "."), strings.Split(b, ".")
	for i := range max(len(x), len(y)) {
		if c := comparePart(part(x, i), part(y, i)); c != 0 {
			return c
		}
	}
	switch {
	case labelA == "" && labelB != "":
		return 1
	case labelA != "" && labelB == "":
		return -1
	}
	return cmp.Compare(labelA, labelB)
}

func part(parts []string, i int) string {
	if i < len(parts) {
		return parts[i]
	}
	return ""
}

func comparePart(a, b string) int {
	x, errX := strconv.ParseUint(a, 10, 64)
	y, errY := strconv.ParseUint(b, 10, 64)
	if errX == nil && errY == nil {
		return cmp.Compare(x, y)
	}
	return cmp.Compare(a, b)
}
