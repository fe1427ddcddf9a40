// SPDX-License-Identifier: Apache-2.0

package fhir

import (
	"net/http"
	"strings"

	core "galen/internal/fhir"
	"galen/internal/interaction"
)

// shape is the form of a path below the data store.
type shape uint8

const (
	systemShape      shape = iota // /
	metadataShape                 // /metadata
	typeShape                     // /Type
	searchShape                   // /_search, /Type/_search, /Type/id/_search and /Type/id/Type/_search
	changesShape                  // /_history
	typeChangesShape              // /Type/_history
	instanceShape                 // /Type/id
	historyShape                  // /Type/id/_history
	compartmentShape              // /Type/id/Type and /Type/id/*
	versionShape                  // /Type/id/_history/vid
	transactionShape              // /Transaction/id
	operationShape                // any of /, /Type, /Type/id and /Type/id/_history/vid, and then /$name
	followShape                   // /$name/rest, and /export/rest as HealthLake has it
)

// route is one interaction at one form of path. GET routes serve HEAD too.
type route struct {
	shape  shape
	method string
	code   interaction.Code // empty for those that are not about a type
	serve  func(*exchange)
}

var routes = [...]route{
	{instanceShape, http.MethodGet, interaction.ReadCode, (*exchange).read},
	{versionShape, http.MethodGet, interaction.VReadCode, (*exchange).vread},
	{instanceShape, http.MethodPut, interaction.UpdateCode, (*exchange).update},
	{instanceShape, http.MethodPatch, interaction.PatchCode, (*exchange).patch},
	{typeShape, http.MethodPatch, interaction.PatchCode, (*exchange).patchWhere},
	{instanceShape, http.MethodDelete, interaction.DeleteCode, (*exchange).delete},
	{historyShape, http.MethodGet, interaction.HistoryCode, (*exchange).history},
	{typeChangesShape, http.MethodGet, interaction.ChangesCode, (*exchange).changes},
	{changesShape, http.MethodGet, "", (*exchange).changes},
	{typeShape, http.MethodPost, interaction.CreateCode, (*exchange).create},
	{typeShape, http.MethodGet, interaction.SearchCode, (*exchange).search},
	{compartmentShape, http.MethodGet, interaction.SearchCode, (*exchange).searchCompartment},
	{searchShape, http.MethodPost, interaction.SearchCode, (*exchange).searchForm},
	{systemShape, http.MethodGet, "", (*exchange).search},
	{systemShape, http.MethodPost, "", (*exchange).bundle},
	{typeShape, http.MethodPut, interaction.UpdateCode, (*exchange).updateWhere},
	{typeShape, http.MethodDelete, interaction.DeleteCode, (*exchange).deleteWhere},
	{transactionShape, http.MethodGet, "", (*exchange).transaction},
	{transactionShape, http.MethodDelete, "", (*exchange).endTransaction},
	{metadataShape, http.MethodGet, "", (*exchange).metadata},
	{operationShape, http.MethodGet, "", (*exchange).operation},
	{operationShape, http.MethodPost, "", (*exchange).operation},
	{followShape, http.MethodGet, "", (*exchange).operation},
	{followShape, http.MethodDelete, "", (*exchange).operation},
}

// Codes lists the interactions with a type that have a route.
func Codes() []interaction.Code {
	var codes []interaction.Code
	for _, r := range routes {
		if r.code != "" {
			codes = append(codes, r.code)
		}
	}
	return codes
}

// allowed is the Allow header of a form of path.
func allowed(s shape) string {
	var methods []string
	for _, r := range routes {
		if r.shape != s {
			continue
		}
		methods = append(methods, r.method)
		if r.method == http.MethodGet {
			methods = append(methods, http.MethodHead)
		}
	}
	return strings.Join(methods, ", ")
}

// path is a parsed path.
type path struct {
	shape     shape
	dataStore string
	typ, id   string
	vid       string
	within    core.Key // the compartment
	operation string   // its name, without the dollar sign
	rest      string   // what stands after it
}

// parsePath reads /datastore/{id}/r4/…; a slash at the end makes no difference.
func parsePath(s string) (p path, ok bool) {
	s, ok = strings.CutPrefix(s, "/datastore/")
	if !ok {
		return p, false
	}
	var rest string
	p.dataStore, rest, _ = strings.Cut(s, "/")
	version, rest, _ := strings.Cut(rest, "/")
	if p.dataStore == "" || version != "r4" {
		return p, false
	}
	var parts [5]string
	n := 0
	for rest = strings.TrimSuffix(rest, "/"); rest != ""; n++ {
		if n == len(parts) {
			return p, false
		}
		parts[n], rest, _ = strings.Cut(rest, "/")
		if parts[n] == "" {
			return p, false
		}
	}
	if p.takeOperation(parts, n) {
		return p, p.operation != "" && (p.shape == followShape || n <= 3 || n == 5 && parts[2] == "_history")
	}
	p.typ, p.id, p.vid = parts[0], parts[1], parts[3]
	switch {
	case n == 0:
		p.shape = systemShape
	case n == 1 && p.typ == "metadata":
		p.shape = metadataShape
	case n == 1 && p.typ == "_history":
		p.shape, p.typ = changesShape, ""
	case n > 0 && parts[n-1] == "_search":
		return p, p.takeSearch(parts, n)
	case n == 1:
		p.shape = typeShape
	case n == 2 && p.typ == "Transaction":
		p.shape = transactionShape
	case n == 2 && p.id == "_history":
		p.shape = typeChangesShape
	case n == 2 && !strings.HasPrefix(p.id, "_") && !strings.HasPrefix(p.id, "$"):
		p.shape = instanceShape
	case n == 3 && parts[2] == "_history":
		p.shape = historyShape
	case n == 3 && (core.ValidTypeName(parts[2]) || parts[2] == "*"):
		p.shape, p.within = compartmentShape, core.Key{Type: p.typ, ID: p.id}
		p.typ, p.id = strings.TrimSuffix(parts[2], "*"), ""
	case n == 4 && parts[2] == "_history":
		p.shape = versionShape
	default:
		return p, false
	}
	return p, true
}

// takeSearch reads the n parts of a path that ends in _search.
func (p *path) takeSearch(parts [5]string, n int) bool {
	p.shape = searchShape
	p.typ, p.id, p.vid = "", "", ""
	switch n {
	case 2:
		p.typ = parts[0]
	case 3, 4:
		p.within = core.Key{Type: parts[0], ID: parts[1]}
		if n == 4 {
			p.typ = parts[2]
		}
	}
	return n < 5
}

// takeOperation reads the n parts of a path that names an operation; false if it names none.
func (p *path) takeOperation(parts [5]string, n int) bool {
	first, found := strings.CutPrefix(parts[0], "$")
	if (n == 2 || n == 3) && (found || first == "export") && !strings.HasPrefix(parts[1], "$") {
		p.shape, p.operation = followShape, first
		p.rest = strings.TrimSuffix(parts[1]+"/"+parts[2], "/")
		return true
	}
	if n == 0 {
		return false
	}
	name, found := strings.CutPrefix(parts[n-1], "$")
	if !found {
		return false
	}
	p.shape, p.operation, parts[n-1] = operationShape, name, ""
	p.typ, p.id, p.vid = parts[0], parts[1], parts[3]
	return true
}

// Route is one interaction, for the table of them (docs/wire/table.md).
type Route struct {
	Path   string // below the data store
	Method string
	Code   interaction.Code // empty for those that are not about a type
}

// Routes lists what is served, in the order of the table.
func Routes() []Route {
	list := make([]Route, len(routes))
	for i, r := range routes {
		list[i] = Route{r.shape.String(), r.method, r.code}
	}
	return list
}

// String is the form of path, with what stands for a name in brackets.
func (s shape) String() string {
	return [...]string{
		systemShape: "/", metadataShape: "/metadata", typeShape: "/[type]",
		searchShape:  "/_search, /[type]/_search, /[type]/[id]/_search, /[type]/[id]/[type]/_search",
		changesShape: "/_history", typeChangesShape: "/[type]/_history", instanceShape: "/[type]/[id]",
		historyShape: "/[type]/[id]/_history", compartmentShape: "/[type]/[id]/[type], /[type]/[id]/*",
		versionShape: "/[type]/[id]/_history/[vid]", transactionShape: "/Transaction/[id]",
		operationShape: "/$[name], /[type]/$[name], /[type]/[id]/$[name], /[type]/[id]/_history/[vid]/$[name]",
		followShape:    "/$[name]/[job], /export/[job]",
	}[s]
}
