// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"slices"
	"strings"

	"galen/internal/fhir"
	"galen/internal/fhir/def"
	"galen/internal/fhir/pack"
	"galen/internal/fhir/validate"
)

// canonicals gives the profiles of --profile by their canonical URLs. The end of one will do where a single profile that is installed, or that R4
// itself defines, has it. One that is not there is an error, as no file would be right then.
func canonicals(set *pack.Set, names []string) ([]string, error) {
	known := validate.NewWithProfiles(def.R4(), validate.NewProfiles(def.R4(), set, nil))
	urls := slices.Concat(set.URLs("StructureDefinition"), pack.R4().URLs("StructureDefinition"))
	slices.Sort(urls)
	urls = slices.Compact(urls)
	var list []string
	for _, name := range names {
		end, version, versioned := strings.Cut(name, "|")
		if !strings.Contains(end, "/") {
			var ending []string
			if s := def.R4().Structure(end); s != nil && s.URL != "" {
				ending = append(ending, s.URL)
			}
			for _, u := range urls {
				if strings.HasSuffix(u, "/"+end) {
					ending = append(ending, u)
				}
			}
			if len(ending) > 1 {
				return nil, usageError{fmt.Errorf("several profiles are named %s: write one of %s", end, strings.Join(ending, ", "))}
			}
			if len(ending) == 1 {
				if name = ending[0]; versioned {
					name += "|" + version
				}
			}
		}
		if known.Lacks("StructureDefinition", name) {
			return nil, notInstalled(set, name)
		}
		list = append(list, name)
	}
	return list, nil
}

// notInstalled says that a profile is not there, what is, and what comes near.
func notInstalled(set *pack.Set, name string) error {
	var packages []string
	for _, p := range set.Packages() {
		packages = append(packages, p.ID())
	}
	have := "no package is installed"
	if len(packages) > 0 {
		slices.Sort(packages)
		have = "installed: " + strings.Join(packages, ", ")
	}
	if r := set.Find("StructureDefinition", fhir.ParseCanonical(name).URL); r != nil {
		return fmt.Errorf("the profile %s is installed in version %s: name that, or add the package that has this one with galen package add", name, r.Version)
	}
	return fmt.Errorf("the profile %s is not installed: add the package that has it with galen package add (%s)", name, have)
}
