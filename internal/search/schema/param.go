// SPDX-License-Identifier: Apache-2.0

package schema

import (
	"encoding/json"
	"slices"

	"galen/internal/fault"
	"galen/internal/fhir/def"
)

// MaxParams is how many search parameters a data store may have of its own.
const MaxParams = 500

// Param is an active search parameter of a data store's own.
type Param struct {
	Number     def.ParamID `json:"number"` // under which its terms are posted; never used again in the data store
	ID         string      `json:"id"`     // of the SearchParameter resource
	URL        string      `json:"url"`
	Code       string      `json:"code"`
	Type       string      `json:"type"`
	Bases      []string    `json:"bases"`
	Expression string      `json:"expression"`
	Targets    []string    `json:"targets,omitempty"`
	NoOr       bool        `json:"noOr,omitempty"`
	NoAnd      bool        `json:"noAnd,omitempty"`
	Since      uint64      `json:"since"`              // the generation that it came with
	Complete   bool        `json:"complete,omitempty"` // all resources are indexed by it
}

// same reports whether q asks for what p does.
func (p *Param) same(q *Param) bool {
	return p.URL == q.URL && p.Code == q.Code && p.Type == q.Type && p.Expression == q.Expression && p.NoOr == q.NoOr && p.NoAnd == q.NoAnd &&
		slices.Equal(p.Bases, q.Bases) && slices.Equal(p.Targets, q.Targets)
}

// Definition is the parameter as the definitions have it; of them alone.
func (p *Param) Definition() *def.SearchParam {
	return &def.SearchParam{ID: p.Number, URL: p.URL, Code: p.Code, Type: kindOf(p.Type), Bases: p.Bases, Expression: p.Expression,
		Targets: p.Targets, MultipleOr: !p.NoOr, MultipleAnd: !p.NoAnd, Pending: !p.Complete}
}

// kindOf is the type of that code; 0 for those that own parameters cannot have.
func kindOf(code string) def.ParamType {
	for _, kind := range []def.ParamType{def.NumberParam, def.DateParam, def.StringParam, def.TokenParam, def.ReferenceParam, def.QuantityParam, def.URIParam} {
		if kind.String() == code {
			return kind
		}
	}
	return 0
}

// Types lists the resource types that a parameter with these bases is for; those that are not abstract.
func Types(bases []string) (types []*def.Type) {
	for _, t := range def.R4().Types() {
		if !t.Abstract && slices.ContainsFunc(bases, t.Structure.Is) {
			types = append(types, t)
		}
	}
	return types
}

// Put makes a parameter, whose number, generation and completeness do not count, that of the resource with its ID; instead of the one it had, unless that
// asks for the same. It fails with fault.Unprocessable if another resource's has its URL, or its code on one of its types, or if there are too many.
func (s Schema) Put(p Param) (Schema, error) {
	i := slices.IndexFunc(s.Params, func(q Param) bool { return q.ID == p.ID })
	if i >= 0 && s.Params[i].same(&p) {
		return s, nil
	}
	s = s.Remove(p.ID)
	for _, q := range s.Params {
		if q.URL == p.URL {
			return s, fault.New(fault.Unprocessable, "SearchParameter/%s has this url already, and is active", q.ID).WithCode("duplicate").At("SearchParameter.url")
		}
		if q.Code == p.Code && meet(q.Bases, p.Bases) {
			return s, fault.New(fault.Unprocessable, "SearchParameter/%s has this code already for one of the base types, and is active", q.ID).
				WithCode("duplicate").At("SearchParameter.code")
		}
	}
	next := max(s.Next, def.FirstFreeParam)
	if len(s.Params) >= MaxParams || next == 0xFFFF {
		return s, fault.New(fault.Unprocessable, "the data store has as many search parameters of its own as it can").WithCode("too-costly").At("SearchParameter")
	}
	s.Generation++
	p.Number, p.Since, p.Complete = next, s.Generation, false
	s.Next = next + 1
	s.Params = append(slices.Clone(s.Params), p)
	return s, nil
}

// meet reports whether there is a type that both have as base.
func meet(a, b []string) bool {
	types := Types(a)
	return slices.ContainsFunc(Types(b), func(t *def.Type) bool { return slices.Contains(types, t) })
}

// Remove takes the parameter of a resource away, if it has one.
func (s Schema) Remove(id string) Schema {
	i := slices.IndexFunc(s.Params, func(q Param) bool { return q.ID == id })
	if i < 0 {
		return s
	}
	s.Generation++
	s.Params = slices.Delete(slices.Clone(s.Params), i, i+1)
	return s
}

// Removed lists the parameters of s that later no longer has: what is posted for them can go.
func (s *Schema) Removed(later *Schema) (list []Param) {
	for _, p := range s.Params {
		if !slices.ContainsFunc(later.Params, func(q Param) bool { return q.Number == p.Number }) {
			list = append(list, p)
		}
	}
	return list
}

// Definitions are the parameters as the definitions have them.
func (s *Schema) Definitions() []*def.SearchParam {
	list := make([]*def.SearchParam, len(s.Params))
	for i := range s.Params {
		list[i] = s.Params[i].Definition()
	}
	return list
}

// pending reports whether a parameter waits for a pass of the generation.
func (p *Param) pending(generation uint64) bool { return !p.Complete && p.Since <= generation }

// Pending lists the parameters that a pass posts for.
func (s *Schema) Pending(pass Pass) (list []def.ParamID) {
	for i := range s.Params {
		if s.Params[i].pending(pass.Generation) {
			list = append(list, s.Params[i].Number)
		}
	}
	return list
}

// Covers reports whether a pass has to go over the versions of a type.
func (s *Schema) Covers(pass Pass, typ def.TypeID) bool {
	if pass.Full {
		return true
	}
	t := def.R4().TypeByID(typ)
	return t != nil && slices.ContainsFunc(s.Params, func(p Param) bool {
		return p.pending(pass.Generation) && slices.ContainsFunc(p.Bases, t.Structure.Is)
	})
}

// parseParams reads the row of the parameters.
func parseParams(row []byte) (list []Param, err error) {
	if row == nil {
		return nil, nil
	}
	if err := json.Unmarshal(row, &list); err != nil {
		return nil, fault.Wrap(fault.Internal, err, "the search parameters of a data store cannot be read")
	}
	return list, nil
}

// ParamsRow is what Parse takes as params; nil if there are none.
func (s *Schema) ParamsRow() []byte {
	if len(s.Params) == 0 {
		return nil
	}
	return encode(s.Params)
}
