// SPDX-License-Identifier: Apache-2.0

package interaction

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"galen/internal/authz"
	"galen/internal/fault"
	"galen/internal/fhir"
	"galen/internal/fhir/validate"
	"galen/internal/record"
	"galen/internal/search"
	"galen/internal/store"
)

// entry is one request of a Bundle and what became of it.
type entry struct {
	index    int
	method   string // POST, PUT, PATCH, DELETE, GET or HEAD
	path     string // of the URL, relative to the data store
	query    string
	fullURL  string
	resource fhir.Node // absent if there is none
	match    Match
	seen     string // If-None-Match of a read: the version the caller has
	unless   string // If-None-Exist
	patch    []byte // of a PATCH

	operation string        // the name of the one that is called; empty: it is none
	vid       string        // of the version that it is called on
	key       fhir.Key      // of the request; for a write, what it is about as soon as that is known
	condition *search.Query // what a conditional write has to find
	put       store.Put
	found     *record.Version // what a conditional create found
	patched   []byte          // what a PATCH makes of the resource, before links are resolved
	change    *store.Change

	made     Written
	document []byte // what a read gave
	replied  int    // the status that an operation gave; 0: 200
	err      error
}

// conditional reports whether a PUT, PATCH or DELETE names its resource by a search.
func (e *entry) conditional() bool { return e.key.ID == "" && e.method != "POST" && e.writes() }

func (e *entry) writes() bool {
	return e.operation == "" && (e.method == "POST" || e.method == "PUT" || e.method == "PATCH" || e.method == "DELETE")
}

// rank orders the entries as they are processed.
//
// http://hl7.org/fhir/R4/http.html#trules
func (e *entry) rank() int {
	switch e.method {
	case "DELETE":
		return 0
	case "POST":
		return 1
	case "PUT", "PATCH":
		return 2
	}
	return 3
}

// action is what the caller must be allowed to do.
func (e *entry) action() authz.Action {
	switch e.method {
	case "DELETE":
		return authz.Delete
	case "POST":
		return authz.Create
	case "PUT", "PATCH":
		return authz.Update
	}
	return authz.Read
}

// refused is an error with the place of the entry in its Bundle.
func (e *entry) refused(err error) error {
	if err == nil || errors.Is(err, errMoved) || fault.KindOf(err) == fault.Internal {
		return err
	}
	where := fmt.Sprintf("Bundle.entry[%d]", e.index)
	var all fault.List
	for _, f := range fault.All(err) {
		path := where
		if rest, ok := strings.CutPrefix(f.Path, e.key.Type+"."); ok {
			path += ".resource." + rest
		}
		all = append(all, f.At(path))
	}
	if len(all) == 1 {
		return all[0]
	}
	return all
}

// parseEntry reads an entry of a batch or a transaction. The entry is of use for its index even if that fails.
func (s *Service) parseEntry(c Caller, st *store.Store, n fhir.Node, index int) (*entry, error) {
	e := &entry{index: index, fullURL: n.Field("fullUrl").Text(), resource: n.Field("resource")}
	req := n.Field("request")
	if req.Kind() != fhir.Object {
		return e, fault.New(fault.Invalid, "the entry has no request").WithCode("required")
	}
	e.method = req.Field("method").Text()
	url := strings.TrimPrefix(req.Field("url").Text(), c.Base)
	e.path, e.query, _ = strings.Cut(strings.TrimPrefix(url, "/"), "?")
	if err := e.takeSearch(); err != nil {
		return e, err
	}
	parts := strings.Split(e.path, "/")
	if name, ok := strings.CutPrefix(parts[len(parts)-1], "$"); ok {
		return e, e.parseOperation(name, parts[:len(parts)-1])
	}
	e.key.Type = parts[0]
	if len(parts) > 1 {
		e.key.ID = parts[1]
	}
	e.unless = strings.TrimPrefix(req.Field("ifNoneExist").Text(), "?")
	if err := e.parseMatch(req); err != nil {
		return e, err
	}
	if !e.writes() {
		if e.method != "GET" && e.method != "HEAD" {
			return e, fault.New(fault.Unsupported, "the method of the request is GET, HEAD, POST, PUT, PATCH or DELETE")
		}
		return e, nil
	}
	return e, s.parseWrite(c, st, e, len(parts))
}

// takeSearch makes a search whose URL ends in _search, by GET or by POST, one without.
//
// http://hl7.org/fhir/R4/http.html#search
func (e *entry) takeSearch() error {
	within, ok := strings.CutSuffix("/"+e.path, "/_search")
	if !ok || e.method != "GET" && e.method != "HEAD" && e.method != "POST" {
		return nil
	}
	if e.resource.Ok() {
		return fault.New(fault.Unsupported, "the parameters of a search are in the URL of the request").WithCode("not-supported")
	}
	if e.method == "POST" {
		e.method = "GET"
	}
	if e.path = strings.TrimPrefix(within, "/"); strings.Count(e.path, "/") == 1 { // of all that is in a compartment
		e.path += "/*"
	}
	return nil
}

// parseOperation reads the call of an operation; parts are what comes before its name.
func (e *entry) parseOperation(name string, parts []string) error {
	e.operation = name
	switch len(parts) {
	case 4:
		if e.vid = parts[3]; parts[2] != "_history" {
			return errNowhere
		}
		fallthrough
	case 2:
		e.key.ID = parts[1]
		fallthrough
	case 1:
		e.key.Type = parts[0]
	case 0:
	default:
		return errNowhere
	}
	if e.method != "GET" && e.method != "POST" {
		return fault.New(fault.Unsupported, "operations are called with GET or POST")
	}
	return nil
}

var errNowhere = fault.New(fault.NotFound, "there is nothing at the URL of the request")

// parseMatch reads the conditions on versions.
func (e *entry) parseMatch(req fhir.Node) error {
	if tag := req.Field("ifMatch").Text(); tag != "" {
		e.match.Version = untag(tag)
	}
	switch tag := req.Field("ifNoneMatch").Text(); {
	case tag == "":
	case !e.writes():
		e.seen = untag(tag)
	case tag == "*":
		e.match.None = true
	default:
		return fault.New(fault.Invalid, "ifNoneMatch of a write can only be *").WithCode("value")
	}
	return nil
}

// untag is the version id of an entity tag.
func untag(tag string) string { return strings.Trim(strings.TrimPrefix(tag, "W/"), `"`) }

// parseWrite checks the URL of a write, and reads its condition.
func (s *Service) parseWrite(c Caller, st *store.Store, e *entry, parts int) (err error) {
	if _, err := typeID(e.key.Type); err != nil {
		return err
	}
	switch {
	case parts > 2 || e.method == "POST" && (parts != 1 || e.query != ""):
		return fault.New(fault.Unsupported, "no write has such a URL").WithCode("not-supported")
	case parts == 2 && (!fhir.ValidID(e.key.ID) || e.query != ""):
		return fault.New(fault.Invalid, "the URL of the request has no well-formed id").WithCode("value")
	case e.method == "DELETE":
	case e.resource.Kind() != fhir.Object:
		return fault.New(fault.Invalid, "the entry has no resource").WithCode("required")
	case e.method == "PATCH":
		if e.patch, err = patchOf(e.resource); err != nil {
			return err
		}
	case fhir.Type(e.resource) != e.key.Type:
		return fault.New(fault.Invalid, "the resource is not of the type that the URL of the request names").WithCode("value")
	}
	switch {
	case e.conditional():
		e.condition, err = s.condition(c, st, e.key.Type, e.query)
	case e.method == "POST" && e.unless != "":
		e.condition, err = s.condition(c, st, e.key.Type, e.unless)
	}
	return err
}

// change makes the change of a write whose resource's body is final.
func (s *Service) change(ctx context.Context, st *store.Store, e *entry, body []byte, level validate.Level) (err error) {
	switch {
	case e.found != nil || e.method == "DELETE" && e.key.ID == "":
		return nil
	case e.method == "DELETE":
		e.change, err = st.Delete(e.key.Type, e.key.ID, e.put.If)
	default:
		e.change, e.made.Warnings, err = s.prepare(ctx, st, Input{Body: body, Level: level}, e.put)
	}
	return err
}
