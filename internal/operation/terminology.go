// SPDX-License-Identifier: Apache-2.0

package operation

import (
	"context"

	"galen/internal/authz"
	"galen/internal/fault"
	"galen/internal/fhir/term"
	"galen/internal/interaction"
	"galen/internal/record"
)

// terms gives the terminology of the caller's data store, the input as it reads it, and the time of its newest commit. At the level
// of an instance the resource must be there; it is then named by Call.Key.
func (s *Service) terms(ctx context.Context, c *Call) (*term.Service, term.Parameters, error) {
	if s.opt.Terminology == nil {
		return nil, term.Parameters{}, fault.New(fault.Unsupported, "there is no terminology service to ask here")
	}
	st, err := s.interactions.Open(ctx, c.Caller, authz.Read, c.Key)
	if err != nil {
		return nil, term.Parameters{}, err
	}
	v, err := st.View(ctx)
	if err != nil {
		return nil, term.Parameters{}, err
	}
	defer v.Close()
	if c.Key.ID != "" {
		if _, err := s.interactions.Read(ctx, c.Caller, c.Key); err != nil {
			return nil, term.Parameters{}, err
		}
	}
	p, err := term.ParseParameters(c.Parameters.Resource())
	return s.onView(v), p, err
}

func (s *Service) onView(v *record.View) *term.Service { return s.opt.Terminology.On(v) }

// named puts what a call at the level of an instance is about in place of url: there, url and a resource may not be given.
func named(c *Call, url *string, resource string) error {
	if c.Key.ID == "" {
		return nil
	}
	for _, name := range []string{"url", resource} {
		if c.Parameters.One(name).Ok() {
			return fault.New(fault.Invalid, "%s is already named by the address", c.Key).WithCode("invalid").At(name)
		}
	}
	*url = c.Key.String()
	return nil
}

// The parameters that name one code or several.
func codeParams(version string) []Param {
	return []Param{{Name: "code", Type: "code"}, {Name: "system", Type: "uri"}, {Name: version, Type: "string"},
		{Name: "display", Type: "string"}, {Name: "coding", Type: "Coding"}, {Name: "codeableConcept", Type: "CodeableConcept"}}
}

func body(b []byte) (interaction.Reply, error) { return interaction.Reply{Body: b}, nil }
