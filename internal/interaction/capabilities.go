// SPDX-License-Identifier: Apache-2.0

package interaction

import (
	"bytes"
	"cmp"
	"context"
	"slices"
	"strings"

	"galen/internal/authz"
	"galen/internal/fhir"
	"galen/internal/fhir/def"
	"galen/internal/store"
)

// Code names an interaction as CapabilityStatement does.
//
// http://hl7.org/fhir/R4/valueset-type-restful-interaction.html
type Code string

// The interactions with the resources of a type that are served. What is not here is not advertised; api/fhir has a route
// for each.
const (
	ReadCode    Code = "read"
	VReadCode   Code = "vread"
	UpdateCode  Code = "update"
	PatchCode   Code = "patch"
	DeleteCode  Code = "delete"
	HistoryCode Code = "history-instance"
	ChangesCode Code = "history-type"
	CreateCode  Code = "create"
	SearchCode  Code = "search-type"
)

// Served lists the interactions with the resources of a type, in the order of FHIR's table.
func Served() []Code {
	return []Code{ReadCode, VReadCode, UpdateCode, PatchCode, DeleteCode, HistoryCode, ChangesCode, CreateCode, SearchCode}
}

// Capabilities gives the CapabilityStatement. It is made from the tables that serve the requests.
//
// http://hl7.org/fhir/R4/http.html#capabilities
func (s *Service) Capabilities(ctx context.Context, c Caller) ([]byte, error) {
	st, err := s.enter(ctx, c, authz.Capabilities, "", "")
	if err != nil {
		return nil, err
	}
	made := s.capabilitiesOf(st.Definitions())
	b := make([]byte, 0, len(made)+len(c.Base)+256)
	b = append(b, `{"resourceType":"CapabilityStatement","status":"active","date":"2026-11-21","kind":"instance",`...)
	b = append(b, `"software":{"name":"galen"`...)
	if s.opt.Software != "" {
		b = fhir.AppendString(append(b, `,"version":`...), s.opt.Software)
	}
	b = append(b, `},"implementation":{"description":"galen data store","url":`...)
	b = append(fhir.AppendString(b, c.Base), '}')
	base := fhir.AppendString(nil, c.Base)
	made = bytes.ReplaceAll(made, []byte(baseMark), base[1:len(base)-1])
	return append(b, bytes.Replace(made, []byte(socketMark), s.socketExtension(c.Base), 1)...), nil
}

// ownCapabilities is what makeCapabilities has made of some definitions.
type ownCapabilities struct {
	defs *def.Definitions
	made []byte
}

// capabilitiesOf gives what makeCapabilities makes.
func (s *Service) capabilitiesOf(defs *def.Definitions) []byte {
	if defs == def.R4() {
		return s.capabilities()
	}
	if last := s.lastMade.Load(); last != nil && last.defs == defs {
		return last.made
	}
	made := s.makeCapabilities(defs)
	s.lastMade.Store(&ownCapabilities{defs, made})
	return made
}

// makeCapabilities is the part of the CapabilityStatement that is the same for all data stores of the same definitions.
func (s *Service) makeCapabilities(defs *def.Definitions) []byte {
	b := appendList(nil, "instantiates", s.instantiated())
	b = append(b, `,"fhirVersion":"4.0.1","format":["application/fhir+json","json","application/fhir+xml","xml"],"patchFormat":["application/json-patch+json","application/fhir+json","application/fhir+xml"],"rest":[{"mode":"server"`+socketMark+`,"resource":[`...)
	first := true
	for _, t := range def.R4().Types() {
		if !store.Storable(t.Name) {
			continue
		}
		if !first {
			b = append(b, ',')
		}
		first = false
		b = append(b, `{"type":"`...)
		b = append(append(b, t.Name...), `","interaction":[`...)
		for i, code := range Served() {
			if i > 0 {
				b = append(b, ',')
			}
			b = append(append(append(b, `{"code":"`...), code...), `"}`...)
		}
		b = append(b, `],"versioning":"versioned","readHistory":true,"updateCreate":true,"conditionalCreate":true,`...)
		b = append(b, `"conditionalRead":"full-support","conditionalUpdate":true,"conditionalDelete":"multiple","referencePolicy":["literal","logical","local"]`...)
		b = append(b, s.opt.Resource[t.Name]...)
		b = s.appendSearch(b, defs, t)
		b = s.appendOperations(b, func(o OperationInfo) bool { return o.Types(t.Name) })
		b = append(b, '}')
	}
	b = append(b, `],"interaction":[{"code":"transaction"},{"code":"batch"},{"code":"history-system"},{"code":"search-system"}]`...)
	b = s.appendOperations(b, func(o OperationInfo) bool { return o.System })
	var compartments []string
	for _, c := range def.R4().Compartments() {
		compartments = append(compartments, string(fhir.AppendString(nil, c.URL)))
	}
	b = appendList(b, "compartment", compartments)
	return append(b, `}]}`...)
}

// instantiated lists the published CapabilityStatements that the operations make up.
//
// https://hl7.org/fhir/uv/bulkdata/CapabilityStatement-bulk-data.html
func (s *Service) instantiated() []string {
	const bulk = "http://hl7.org/fhir/uv/bulkdata/"
	if slices.ContainsFunc(s.opt.Operations, func(o OperationInfo) bool { return o.Definition == bulk+"OperationDefinition/export" }) {
		return []string{`"` + bulk + `CapabilityStatement/bulk-data"`}
	}
	return nil
}

// baseMark stands for the base of the data store in what is made once for all.
const baseMark = "\x00"

// socketMark stands for where it is said where the websocket is.
const socketMark = "\x01"

// socketExtension says where the websocket is, if there is one.
//
// http://hl7.org/fhir/R4/extension-capabilitystatement-websocket.html
func (s *Service) socketExtension(base string) []byte {
	if s.opt.Socket == nil {
		return nil
	}
	b := []byte(`,"extension":[{"url":"http://hl7.org/fhir/StructureDefinition/capabilitystatement-websocket","valueUri":`)
	return append(fhir.AppendString(b, s.opt.Socket(base)), `}]`...)
}

// appendOperations appends the operations that are served at one place.
func (s *Service) appendOperations(b []byte, here func(OperationInfo) bool) []byte {
	var list []string
	for _, o := range s.opt.Operations {
		if here(o) {
			own := baseMark + "/OperationDefinition/" + o.ID
			list = append(list, `{"name":"`+o.Name+`","definition":"`+cmp.Or(o.Definition, own)+`","documentation":"`+own+`"}`)
		}
	}
	return appendList(b, "operation", list)
}

// appendSearch appends what can be searched in a type, and what of it can be included.
func (s *Service) appendSearch(b []byte, defs *def.Definitions, t *def.Type) []byte {
	var params, includes []string
	for _, p := range defs.SearchParams(t.Name) {
		if !searchable(p) {
			continue
		}
		params = append(params, `{"name":"`+p.Code+`","definition":`+string(fhir.AppendString(nil, p.URL))+`,"type":"`+p.Type.String()+`"}`)
		if p.Type == def.ReferenceParam {
			includes = append(includes, `"`+t.Name+":"+p.Code+`"`)
		}
	}
	if len(includes) > 0 {
		b = appendList(b, "searchInclude", append([]string{`"*"`}, includes...))
	}
	b = appendList(b, "searchRevInclude", s.referrers(defs, t.Name))
	return appendList(b, "searchParam", params)
}

// referrers lists the reference parameters of all types that can lead to one, as _revinclude has them.
func (s *Service) referrers(defs *def.Definitions, target string) []string {
	var list []string
	for _, t := range def.R4().Types() {
		if !store.Storable(t.Name) {
			continue
		}
		for _, p := range defs.SearchParams(t.Name) {
			if p.Type == def.ReferenceParam && searchable(p) && (len(p.Targets) == 0 || slices.Contains(p.Targets, target)) {
				list = append(list, `"`+t.Name+":"+p.Code+`"`)
			}
		}
	}
	return list
}

func appendList(b []byte, name string, items []string) []byte {
	if len(items) == 0 {
		return b
	}
	b = append(append(append(b, `,"`...), name...), `":[`...)
	return append(append(b, strings.Join(items, ",")...), ']')
}

// searchable reports whether a search may use the parameter.
func searchable(p *def.SearchParam) bool {
	return !p.Pending && p.Code != "_query" && (p.Type != def.SpecialParam || p.Code == "near")
}
