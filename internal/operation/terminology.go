// SPDX-License-Identifier: Apache-2.0

package operation

import (
	"context"
	"strings"

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
	v, err := c.Caller.View(ctx, st)
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

// onlyOne fails unless the call gives one of some parameters that stand for each other.
func onlyOne(c *Call, names ...string) error {
	given := 0
	for _, name := range names {
		if c.Parameters.One(name).Ok() {
			given++
		}
	}
	if given != 1 {
		return fault.New(fault.Invalid, "give one of %s", strings.Join(names, ", ")).WithCode("required").At(names[0])
	}
	return nil
}

// contextParam is a parameter that names a value set by the element that it is bound to.
func contextParam(name, typ string) Param {
	return Param{Name: name, Type: typ, Refused: "name the value set by url"}
}

// dateParam is a parameter that asks for an answer as it was at another time.
func dateParam() Param {
	return Param{Name: "date", Type: "dateTime", Refused: "answers are those of now; name versions of value sets and code systems to go back"}
}

func body(b []byte) (interaction.Reply, error) { return interaction.Reply{Body: b}, nil }
