// SPDX-License-Identifier: Apache-2.0

package def

import "slices"

// ParamID is the number of a search parameter (one per URL), from 1; an on-disk format (D2). 0 is no parameter. R4 uses
// numbers below FirstFreeParam; those from there on are for parameters that others define.
type ParamID uint16

// FirstFreeParam is the first number that no parameter of R4 will ever have.
const FirstFreeParam ParamID = 0x4000

// ParamType is the type of a search parameter.
//
// http://hl7.org/fhir/R4/search.html#ptypes
type ParamType uint8

// The types of search parameters.
const (
	NumberParam ParamType = iota + 1
	DateParam
	StringParam
	TokenParam
	ReferenceParam
	CompositeParam
	QuantityParam
	URIParam
	SpecialParam
)

// String is the type's code: "number", "date", ….
func (t ParamType) String() string { return paramTypes[t] }

var paramTypes = [...]string{"", "number", "date", "string", "token", "reference", "composite", "quantity", "uri", "special"}

func paramTypeOf(code string) ParamType { return ParamType(slices.Index(paramTypes[:], code)) }

// SearchParam is a search parameter.
type SearchParam struct {
	ID          ParamID
	URL         string
	Code        string // its name in a search: "birthdate"
	Type        ParamType
	Bases       []string // names of the types it is for; "Resource" and "DomainResource" stand for all that derive from them
	Expression  string   // FHIRPath over all bases; empty if the specification gives none (_text, _content, _query)
	Targets     []string // of a reference: names of the types it may point to; empty is any
	Components  []Component
	Comparators []string // prefixes; empty if the specification names none
	Modifiers   []string // empty if the specification names none
	MultipleOr  bool     // a,b allowed; true unless the specification denies it (it does for the context-type composites)
	MultipleAnd bool     // repeating allowed; true unless the specification denies it
	Pending     bool     // resources are still being indexed by it: it cannot be searched by yet

	expressions []string // of each base
}

// Component is one part of a composite.
type Component struct {
	Param      *SearchParam // what defines its type
	Expression string       // FHIRPath, on each result of the composite's own expression
}

// ExpressionFor gives the parts of the expression's union that apply to a resource type that the parameter is for: those
// that begin with the type's name, with Resource or DomainResource, or with no type at all. It is empty if none does.
// It is the same string at every call and costs a lookup.
func (p *SearchParam) ExpressionFor(typeName string) string {
	for _, name := range []string{typeName, "DomainResource", "Resource"} {
		if i := slices.Index(p.Bases, name); i >= 0 {
			return p.expressions[i]
		}
	}
	return ""
}

// SearchParam finds the parameter of that code for a resource type, those of Resource and DomainResource included; nil if there is none.
func (d *Definitions) SearchParam(typeName, code string) *SearchParam {
	if p := d.paramByCode[typeCode{typeName, code}]; p != nil {
		return p
	}
	return d.added.byCode[typeCode{typeName, code}]
}

// SearchParams lists the parameters of a resource type by code, those of Resource and DomainResource included.
func (d *Definitions) SearchParams(typeName string) []*SearchParam {
	if all, ok := d.added.of[typeName]; ok {
		return all
	}
	return d.paramsOf[typeName]
}

// ParamByID finds a parameter by number; nil if there is none.
func (d *Definitions) ParamByID(id ParamID) *SearchParam {
	if id == 0 || int(id) > len(d.params) {
		return d.added.byID[id]
	}
	return d.params[id-1]
}

// ParamByURL finds a parameter by canonical URL; nil if there is none.
func (d *Definitions) ParamByURL(url string) *SearchParam {
	if p := d.paramByURL[url]; p != nil {
		return p
	}
	return d.added.byURL[url]
}

// Params lists all parameters of R4 by number: Params()[i].ID == i+1.
func (d *Definitions) Params() []*SearchParam { return d.params }
