// SPDX-License-Identifier: Apache-2.0

package bulk

import (
	"context"
	"net/url"
	"slices"
	"strings"
	"time"

	"galen/internal/compartment"
	"galen/internal/docset"
	"galen/internal/fault"
	"galen/internal/fhir"
	"galen/internal/fhir/def"
	"galen/internal/search"
)

// maxMembers bounds the patients of one export of a group.
const maxMembers = 1_000_000

// Selection narrows an export. The zero Selection takes all current resources.
//
// https://hl7.org/fhir/uv/bulkdata/export.html#query-parameters
type Selection struct {
	About    string    `json:"about,omitempty"`    // Patient: only what is about any patient; Group/id: about its members; empty: all
	Patients []string  `json:"patients,omitempty"` // ids: of those that About names only these; empty: all of them
	Types    []string  `json:"types,omitempty"`    // empty: all
	Since    time.Time `json:"since,omitzero"`     // changed then or later
	Until    time.Time `json:"until,omitzero"`     // changed before
	Filters  []string  `json:"filters,omitempty"`  // Type?query: of that type only what one of its queries finds
	Tags     []string  `json:"tags,omitempty"`     // all of them, each as _tag has it
	Security []string  `json:"security,omitempty"` // all of them, each as _security has it
	Elements []string  `json:"elements,omitempty"` // element or Type.element: of each resource only these
	Payer    string    `json:"payer,omitempty"`    // exportType of $davinci-data-export; empty: none
	Stripped bool      `json:"stripped,omitempty"` // of a Payer: also CARIN's financial explanations of benefit, without their sums
}

// wants reports whether resources of the type are asked for.
func (s *Selection) wants(typ string) bool {
	if s == nil {
		return true
	}
	return (len(s.Types) == 0 || slices.Contains(s.Types, typ)) && payerTypes(s.Payer, typ)
}

// Check fails with fault.Invalid for a selection that asks for what there is not in a data store of these definitions.
func (s *Selection) Check(defs *def.Definitions) error {
	for _, typ := range s.Types {
		if t := def.R4().Type(typ); t == nil || t.Abstract {
			return fault.New(fault.Invalid, "there is no such resource type").WithCode("value").At("_type")
		}
	}
	for _, text := range s.Filters {
		if _, err := filterQuery(defs, text); err != nil {
			return err
		}
	}
	for _, e := range s.Elements {
		if typ, _, found := strings.Cut(e, "."); found && def.R4().Type(typ) == nil {
			return fault.New(fault.Invalid, "there is no such resource type").WithCode("value").At("_elements")
		}
	}
	for name, values := range map[string][]string{"_tag": s.Tags, "_security": s.Security} {
		for _, v := range values {
			if v == "" || strings.Contains(v, ",") {
				return fault.New(fault.Invalid, "the parameter is system|code").WithCode("value").At(name)
			}
		}
	}
	return checkPayer(s)
}

// filterQuery reads one _typeFilter.
func filterQuery(defs *def.Definitions, text string) (*search.Query, error) {
	typ, query, ok := strings.Cut(text, "?")
	if t := def.R4().Type(typ); !ok || t == nil || t.Abstract {
		return nil, fault.New(fault.Invalid, "a filter is Type?query").WithCode("value").At("_typeFilter")
	}
	var pairs []search.Pair
	for part := range strings.SplitSeq(query, "&") {
		name, value, _ := strings.Cut(part, "=")
		n, err1 := url.QueryUnescape(name)
		v, err2 := url.QueryUnescape(value)
		if err1 != nil || err2 != nil || n == "" {
			return nil, fault.New(fault.Invalid, "the query of the filter is not well formed").WithCode("value").At("_typeFilter")
		}
		pairs = append(pairs, search.Pair{Name: n, Value: v})
	}
	q, err := search.Parse(defs, typ, pairs, search.Options{})
	if err == nil && len(q.Where) != len(pairs) {
		err = fault.New(fault.Invalid, "a filter has search parameters only, not how the answer looks").WithCode("value").At("_typeFilter")
	}
	return q, err
}

// elementsOf lists the elements that are wanted of a type; nil: all.
func (s *Selection) elementsOf(typ string) []string {
	if s == nil {
		return nil
	}
	var names []string
	for _, e := range s.Elements {
		of, name, found := strings.Cut(e, ".")
		switch {
		case !found:
			names = append(names, of)
		case of == typ:
			names = append(names, name)
		}
	}
	return names
}

// choose finds what the selection takes of each type at the position; nil: everything. It finds the same when it is asked again.
func (ex *exporter) choose(ctx context.Context) (compartment.Set, error) {
	sel := ex.sel
	if sel == nil {
		return nil, nil
	}
	set, err := ex.about(ctx, sel)
	if err != nil {
		return nil, err
	}
	for typ, docs := range set {
		name := def.R4().TypeByID(def.TypeID(typ)).Name
		if !sel.wants(name) {
			delete(set, typ)
			continue
		}
		if docs, err = ex.narrow(ctx, sel, typ, name, docs); err != nil {
			return nil, err
		}
		set[typ] = docs
	}
	return set, nil
}

// about finds what is about the patients that are asked for, and what that refers to.
func (ex *exporter) about(ctx context.Context, sel *Selection) (compartment.Set, error) {
	set := compartment.Set{}
	var err error
	switch {
	case sel.About == "Patient" && len(sel.Patients) > 0:
		set, err = compartment.Of(ctx, ex.opt.Planner, ex.view, keys(sel.Patients)...)
	case sel.About == "Patient":
		set, err = compartment.All(ctx, ex.opt.Planner, ex.view, "Patient")
	case sel.About != "":
		set, err = ex.members(ctx, sel)
	default:
		for _, typ := range ex.view.Types() {
			live, err := ex.view.Live(ctx, typ)
			if err != nil {
				return nil, err
			}
			set[typ] = live.Clone()
		}
		return set, nil
	}
	if err != nil || !sel.wantsReferenced() {
		return set, err
	}
	more, err := compartment.Referenced(ctx, ex.view, set, nil, nil)
	for typ, docs := range more {
		all := set[typ]
		set[typ] = docset.Or(all, docs)
	}
	return set, err
}

// members finds what is about the members of a group, or those of them that are named, and the group itself, but no other group
// that a member is in.
func (ex *exporter) members(ctx context.Context, sel *Selection) (compartment.Set, error) {
	key, _ := fhir.ParseKey(sel.About)
	typ := uint16(def.R4().Type("Group").ID)
	found, err := ex.view.Find(ctx, typ, key.ID)
	if err != nil {
		return nil, err
	}
	if !found[0].Live() {
		return nil, fault.New(fault.NotFound, "there is no such group any more")
	}
	versions, err := ex.view.Bodies(ctx, typ, found[0].Number)
	if err != nil {
		return nil, err
	}
	var tape fhir.Tape
	if err := tape.Parse(versions[0].Body, fhir.Limits{Size: fhir.MaxSize, Depth: fhir.MaxDepth}); err != nil {
		return nil, fault.Wrap(fault.Internal, err, "a stored resource cannot be read")
	}
	of, err := compartment.Members(tape.Root(), maxMembers)
	if err != nil {
		return nil, err
	}
	if len(sel.Patients) > 0 {
		of = slices.DeleteFunc(of, func(k fhir.Key) bool { return !slices.Contains(sel.Patients, k.ID) })
	}
	set, err := compartment.Of(ctx, ex.opt.Planner, ex.view, of...)
	if err == nil {
		set[typ] = docset.Of(found[0].Number)
	}
	return set, err
}

// wantsReferenced reports whether a type is asked for that is not in a patient's compartment.
func (s *Selection) wantsReferenced() bool {
	for _, t := range def.R4().Types() {
		if !t.Abstract && s.wants(t.Name) && len(def.R4().Compartment("Patient").Params(t.Name)) == 0 && t.Name != "Patient" {
			return true
		}
	}
	return false
}

// narrow leaves of a type what was changed in time and what the filters find.
func (ex *exporter) narrow(ctx context.Context, sel *Selection, typ uint16, name string, docs docset.Set) (docset.Set, error) {
	since := sel.Since
	if from := payerSince(sel.Payer, name, ex.progress.Time); from.After(since) {
		since = from
	}
	if !since.IsZero() {
		first, err := ex.view.Since(ctx, typ, since)
		if err != nil {
			return docs, err
		}
		docs.RemoveBelow(first)
	}
	if !sel.Until.IsZero() {
		end, err := ex.view.Since(ctx, typ, sel.Until)
		if err != nil {
			return docs, err
		}
		docs.KeepBelow(end)
	}
	var found docset.Set
	filtered := false
	for _, text := range sel.Filters {
		if !strings.HasPrefix(text, name+"?") {
			continue
		}
		filtered = true
		defs, err := ex.opt.Planner.Definitions(ctx, ex.view)
		if err != nil {
			return docs, err
		}
		q, err := filterQuery(defs, text)
		if err != nil {
			return docs, err
		}
		some, err := ex.opt.Planner.Numbers(ctx, ex.view, q)
		if err != nil {
			return docs, err
		}
		found.Or(some)
	}
	if filtered {
		docs.And(found)
	}
	return ex.labelled(ctx, sel, name, docs)
}

// labelled leaves what has all the tags and security labels.
func (ex *exporter) labelled(ctx context.Context, sel *Selection, name string, docs docset.Set) (docset.Set, error) {
	var pairs []search.Pair
	for _, v := range sel.Tags {
		pairs = append(pairs, search.Pair{Name: "_tag", Value: v})
	}
	for _, v := range sel.Security {
		pairs = append(pairs, search.Pair{Name: "_security", Value: v})
	}
	if len(pairs) == 0 {
		return docs, nil
	}
	q, err := search.Parse(def.R4(), name, pairs, search.Options{})
	if err != nil {
		return docs, err
	}
	some, err := ex.opt.Planner.Numbers(ctx, ex.view, q)
	docs.And(some)
	return docs, err
}

func keys(ids []string) []fhir.Key {
	list := make([]fhir.Key, len(ids))
	for i, id := range ids {
		list[i] = fhir.Key{Type: "Patient", ID: id}
	}
	return list
}
