// SPDX-License-Identifier: Apache-2.0

package validate

import (
	"strings"
	"sync"

	"galen/internal/fhir/def"
	"galen/internal/fhir/pack"
)

// choices is the validators made for choices of packages.
type choices struct {
	defs *def.Definitions
	all  *Profiles        // nil: there are no packages
	own  func() *Profiles // R4's own, where there are no packages

	mu   sync.Mutex
	made map[string]*Validator
}

// maxChoices bounds the choices whose compiled profiles are kept.
const maxChoices = 32

// Choosing gives the validator of a data store that has chosen default profiles: packages by names as pack.Set.Named takes them. A
// profile named without a version is then that of the package chosen, where several versions are installed. Resources that name profiles
// are refused at Strict as long as a package chosen is not installed, also where v checks no profiles. Without names it is v.
// It costs a look-up once the choice was made before.
func (v *Validator) Choosing(names []string) *Validator {
	if len(names) == 0 {
		return v
	}
	key := strings.Join(names, "\n")
	c := v.choices
	c.mu.Lock()
	defer c.mu.Unlock()
	if made := c.made[key]; made != nil {
		return made
	}
	if c.made == nil || len(c.made) >= maxChoices {
		c.made = map[string]*Validator{}
	}
	chosen := *v
	chosen.profiles = c.all.choosing(c.defs, names)
	c.made[key] = &chosen
	return &chosen
}

func (p *Profiles) choosing(d *def.Definitions, names []string) *Profiles {
	set := pack.NewSet(nil)
	if p != nil {
		set = p.packages
	}
	set, missing := set.Choose(names...)
	chosen := NewProfiles(d, set, nil)
	chosen.missing = missing
	if p != nil && !p.own {
		chosen.member = p.member
	}
	return chosen
}
