// SPDX-License-Identifier: Apache-2.0

package plan_test

import (
	"cmp"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"time"

	"galen/internal/fhir/def"
)

// model is the resources as they are, by type.
type model struct {
	byType map[string][]*resource
	byKey  map[string]*resource
	born   map[string]time.Time // of Type/id: when it was first stored
	next   int
	memo   map[string]bool            // what the targets of chains said in this search
	has    map[string]map[string]bool // Type/id of what is referred to by what fulfils a clause, in this search
}

func newModel() *model {
	return &model{byType: map[string][]*resource{}, byKey: map[string]*resource{}, born: map[string]time.Time{}}
}

// put stores a resource, as the newest commit.
func (m *model) put(r *resource) {
	m.drop(r.typ, r.id)
	m.next++
	r.order = m.next
	m.byType[r.typ] = append(m.byType[r.typ], r)
	m.byKey[r.typ+"/"+r.id] = r
	if m.born[r.typ+"/"+r.id].IsZero() {
		m.born[r.typ+"/"+r.id] = r.time
	}
}

func (m *model) drop(typ, id string) {
	if m.byKey[typ+"/"+id] == nil {
		return
	}
	delete(m.byKey, typ+"/"+id)
	m.byType[typ] = slices.DeleteFunc(m.byType[typ], func(r *resource) bool { return r.id == id })
}

// clause is one condition: name=value, name with its modifier.
type clause struct{ name, value string }

// search gives the ids that fulfil all clauses, in the order of sort keys, then of commits.
func (m *model) search(typ string, clauses []clause, sort []string) []string {
	m.memo, m.has = map[string]bool{}, map[string]map[string]bool{}
	var hits []*resource
	for _, r := range m.byType[typ] {
		if !slices.ContainsFunc(clauses, func(c clause) bool { return !m.fulfils(r, c) }) {
			hits = append(hits, r)
		}
	}
	places := map[*resource][]place{}
	for _, r := range hits {
		for _, key := range sort {
			places[r] = append(places[r], placeOf(r, key))
		}
	}
	slices.SortFunc(hits, func(a, b *resource) int {
		for i, key := range sort {
			if c := places[a][i].compare(places[b][i], strings.HasPrefix(key, "-")); c != 0 {
				return c
			}
		}
		if len(sort) == 1 && sort[0] == "-_lastUpdated" { // those of one commit too stand backwards
			return cmp.Compare(b.order, a.order)
		}
		return cmp.Compare(a.order, b.order)
	})
	ids := make([]string, len(hits))
	for i, r := range hits {
		ids[i] = r.id
	}
	return ids
}

// place is where a resource stands by one key: by text that compares as the values do, or by numbers.
type place struct {
	none      bool
	text      string
	low, high *big.Rat // the same for one number
}

// compare puts places without a value last in both directions.
func (p place) compare(q place, down bool) int {
	var c int
	switch {
	case p.none || q.none:
		return cmp.Compare(btoi(p.none), btoi(q.none))
	case p.low != nil:
		if c = p.low.Cmp(q.low); c == 0 {
			c = p.high.Cmp(q.high)
		}
	default:
		c = cmp.Compare(p.text, q.text)
	}
	if down {
		return -c
	}
	return c
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

// placeOf goes by the least value, or the greatest if the key begins with a minus.
func placeOf(r *resource, key string) place {
	name, down := strings.CutPrefix(key, "-")
	switch name {
	case "_id":
		return place{text: r.id}
	case "_lastUpdated":
		return place{text: r.time.UTC().Format(sortable)}
	}
	v, _ := valuesOf(r, name)
	var all []place
	for _, s := range v.strings {
		all = append(all, place{text: folded(s)})
	}
	for _, u := range v.uris {
		all = append(all, place{text: u})
	}
	for _, d := range v.dates {
		all = append(all, place{text: d.low.UTC().Format(sortable) + d.high.UTC().Format(sortable)})
	}
	for _, c := range v.codes {
		if !c.beside {
			if c.folds {
				c.code = strings.ToLower(c.code)
			}
			all = append(all, place{text: c.code})
		}
	}
	for _, to := range v.refs { // by the type's number, which is this server's own choice, then by id; first those that are not relative, then those to what is contained
		number, id := def.TypeID(0), ""
		if t := def.R4().Type(to.typ); t != nil {
			number = t.ID
		}
		switch {
		case strings.HasPrefix(to.address, "#"):
			id = "#"
		case to.key != "" && !to.byAddress:
			_, id, _ = strings.Cut(to.key, "/")
		}
		all = append(all, place{text: fmt.Sprintf("%05d %s", number, id)})
	}
	for _, a := range v.amounts {
		all = append(all, place{low: a.low, high: a.high})
	}
	if len(all) == 0 {
		return place{none: true}
	}
	return slices.MinFunc(all, func(p, q place) int { return p.compare(q, down) })
}

const sortable = "2006-01-02T15:04:05.000"

// fulfils reports whether a resource fulfils a clause.
func (m *model) fulfils(r *resource, c clause) bool {
	if own, _, _ := strings.Cut(c.name, ":"); r.container != nil && slices.Contains([]string{"_id", "_lastUpdated", "createdAt", "_has", "_list"}, own) {
		return false // nothing of this is about a contained resource
	}
	if rest, ok := strings.CutPrefix(c.name, "_has:"); ok {
		return m.referred(rest, c.value)[r.typ+"/"+r.id]
	}
	if head, rest, ok := strings.Cut(c.name, "."); ok {
		name, target, _ := strings.Cut(head, ":")
		v, _ := valuesOf(r, name)
		return slices.ContainsFunc(v.refs, func(ref ref) bool {
			to := m.byKey[ref.key]
			if inside, ok := strings.CutPrefix(ref.address, "#"); ok {
				to = containedIn(r, inside)
				return to != nil && (target == "" || to.typ == target) && knows(to.typ, rest) && m.fulfils(to, clause{rest, c.value})
			}
			return to != nil && (target == "" || to.typ == target) && knows(to.typ, rest) && m.remembered(to, clause{rest, c.value})
		})
	}
	name, modifier, _ := strings.Cut(c.name, ":")
	asked := splitBy(c.value, ',')
	switch name {
	case "_id":
		return slices.Contains(asked, r.id) != (modifier == "not")
	case "_lastUpdated":
		return slices.ContainsFunc(asked, span{r.time, r.time.Add(1e6)}.match)
	case "createdAt":
		born := m.born[r.typ+"/"+r.id]
		return slices.ContainsFunc(asked, span{born, born.Add(1e6)}.match)
	}
	switch name {
	case "_text":
		words := narrativeOf(r)
		return words != nil && holdWords(words, c.value)
	case "_content":
		if r.content == nil {
			r.content = contentOf(r.body)
		}
		return holdWords(r.content, c.value)
	case "near":
		return isNear(r, c.value)
	}
	v, known := valuesOf(r, name)
	if !known {
		panic(fmt.Sprintf("the table lacks %s.%s", r.typ, name))
	}
	if modifier == "missing" {
		return v.empty() == (c.value == "true")
	}
	if (modifier == "above" || modifier == "below") && def.R4().SearchParam(r.typ, strings.TrimPrefix(name, ownPrefix)).Type == def.ReferenceParam {
		return slices.ContainsFunc(v.refs, func(to ref) bool {
			return slices.ContainsFunc(asked, func(value string) bool { return m.isAround(modifier, to.key, value) })
		})
	}
	any := slices.ContainsFunc(asked, func(value string) bool { return v.match(modifier, value) })
	return any != (modifier == "not" || modifier == "not-in")
}

// isAround reports whether what is referred to, or for above what is asked for, is a part of the other, or the same.
func (m *model) isAround(modifier, key, asked string) bool {
	typ, _, _ := strings.Cut(key, "/")
	asked = strings.TrimPrefix(asked, base)
	if !strings.Contains(asked, "/") {
		asked = typ + "/" + asked
	}
	part, whole := key, asked
	if modifier == "above" {
		part, whole = asked, key
	}
	for range 100 {
		if part == whole {
			return part != ""
		}
		r := m.byKey[part]
		if r == nil {
			return false
		}
		v, _ := valuesOf(r, "partof")
		if len(v.refs) == 0 {
			return false
		}
		part = v.refs[0].key
	}
	return false
}

// containedIn finds a contained resource, which may stand beside the one that refers to it.
func containedIn(r *resource, id string) *resource {
	if r.container != nil {
		r = r.container
	}
	for _, c := range at(r.body, "contained") {
		if field(c, "id") == id {
			return &resource{typ: field(c, "resourceType"), body: c.(map[string]any), container: r}
		}
	}
	return nil
}

// remembered is fulfils for what many refer to.
func (m *model) remembered(r *resource, c clause) bool {
	key := r.typ + "/" + r.id + "?" + c.name + "=" + c.value
	answer, ok := m.memo[key]
	if !ok {
		answer = m.fulfils(r, c)
		m.memo[key] = answer
	}
	return answer
}

// referred gives what is referred to by the resources that Type:parameter:condition names.
func (m *model) referred(rest, value string) map[string]bool {
	key := rest + "=" + value
	if m.has[key] != nil {
		return m.has[key]
	}
	parts := strings.SplitN(rest, ":", 3)
	all := map[string]bool{}
	for _, s := range m.byType[parts[0]] {
		if !m.fulfils(s, clause{parts[2], value}) {
			continue
		}
		v, _ := valuesOf(s, parts[1])
		for _, r := range v.refs {
			all[r.key] = true
		}
	}
	m.has[key] = all
	return all
}

// knows reports whether a type has the parameter that a condition begins with.
func knows(typ, name string) bool {
	if strings.HasPrefix(name, "_") || name == "createdAt" {
		return true
	}
	name, _, _ = strings.Cut(name, ".")
	name, _, _ = strings.Cut(name, ":")
	return params[typ+"."+strings.TrimPrefix(name, ownPrefix)] != nil
}

// splitBy parts text at a separator that no backslash stands before.
func splitBy(s string, separator rune) []string {
	parts := []string{""}
	escaped := false
	for _, r := range s {
		last := &parts[len(parts)-1]
		switch {
		case r == separator && !escaped:
			parts = append(parts, "")
			continue
		case escaped:
			*last += `\`
		}
		if escaped = r == '\\' && !escaped; !escaped {
			*last += string(r)
		}
	}
	return parts
}

var plainText = strings.NewReplacer(`\,`, `,`, `\$`, `$`, `\|`, `|`, `\\`, `\`)

// match reports whether any of the values matches one value asked for.
func (v values) match(modifier, value string) bool {
	return slices.ContainsFunc(v.codes, func(c code) bool { return c.match(modifier, value) }) ||
		slices.ContainsFunc(v.strings, func(s string) bool { return matchString(s, modifier, plainText.Replace(value)) }) ||
		slices.ContainsFunc(v.uris, func(s string) bool { return matchURI(s, modifier, value) }) ||
		slices.ContainsFunc(v.dates, func(d span) bool { return d.match(value) }) ||
		slices.ContainsFunc(v.refs, func(r ref) bool { return r.match(modifier, value) }) ||
		slices.ContainsFunc(v.amounts, func(a amount) bool { return a.match(value) }) ||
		slices.ContainsFunc(v.pairs, func(p pair) bool {
			parts := splitBy(value, '$')
			return p.first.match("", parts[0]) && p.second.match("", parts[1])
		})
}
