// SPDX-License-Identifier: Apache-2.0

package plan_test

import (
	"encoding/json"
	"fmt"
	"math/big"
	"regexp"
	"strings"
	"time"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"galen/internal/fhir/def"
)

// The oracle: searches answered by looking at every resource, decoded into maps, by these files' own reading of the
// specification. It shares no code with the index, the planner or the parser of searches.

// resource is one resource of the model.
type resource struct {
	typ, id   string
	body      map[string]any
	order     int // of its commit
	time      time.Time
	container *resource // of a contained one
	content   []string  // contentOf(body), once it was asked for
}

// span is a time from low up to but not including high.
type span struct{ low, high time.Time }

// The ends of time, for periods that are open.
var (
	always = time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC)
	ever   = time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC)
)

// code is a token value; implied is the system of a code that does not carry it, beside says that it is the text of a concept
// that has codings too.
type code struct {
	system, code, text, implied string
	beside                      bool
	types                       []code // of an identifier
	folds                       bool   // case does not count in the code
}

// folds reports whether case does not count in the codes of a system: it is not known that it does.
func folds(system string) bool {
	c := def.R4().CodeSystem(system)
	return system != "http://unitsofmeasure.org" && (c == nil || !c.CaseSensitive)
}

// found gives the codes that there is something to find by.
func found(codes ...code) (v values) {
	for _, c := range codes {
		if c.code != "" || c.system != "" || c.text != "" {
			v.codes = append(v.codes, c)
		}
	}
	return v
}

// amount is a number or quantity, or a range of them from low to high, which are the same for what is none.
type amount struct {
	low, high          *big.Rat
	unit, system, code string
}

// beyond is more than any number that there is, for ranges that are open.
var beyond = new(big.Rat).SetInt(new(big.Int).Exp(big.NewInt(10), big.NewInt(40), nil))

// ref is a reference: Type/id if it is relative, else an address, and a version; what type it says it is of, and its identifier.
type ref struct {
	key, address, typ string
	version           string
	byAddress         bool // key came by the address of the server
	identifier        *code
}

// pair is the values of a composite parameter on one element.
type pair struct{ first, second values }

// values of one parameter of a resource; only those of its type are set.
type values struct {
	codes   []code
	strings []string
	uris    []string
	dates   []span
	refs    []ref
	amounts []amount
	pairs   []pair
}

func (v values) empty() bool {
	return len(v.codes)+len(v.strings)+len(v.uris)+len(v.dates)+len(v.refs)+len(v.amounts)+len(v.pairs) == 0
}

func (v *values) add(w values) {
	v.codes = append(v.codes, w.codes...)
	v.strings = append(v.strings, w.strings...)
	v.uris = append(v.uris, w.uris...)
	v.dates = append(v.dates, w.dates...)
	v.refs = append(v.refs, w.refs...)
	v.amounts = append(v.amounts, w.amounts...)
	v.pairs = append(v.pairs, w.pairs...)
}

// at follows a path of member names and gives all it leads to, lists spread out.
func at(v any, path ...string) []any {
	switch v := v.(type) {
	case nil:
		return nil
	case []any:
		var all []any
		for _, e := range v {
			all = append(all, at(e, path...)...)
		}
		return all
	case map[string]any:
		if len(path) > 0 {
			return at(v[path[0]], path[1:]...)
		}
		return []any{v}
	}
	if len(path) > 0 {
		return nil
	}
	return []any{v}
}

func text(v any) string {
	s, _ := v.(string)
	return s
}

func field(v any, name string) string {
	m, _ := v.(map[string]any)
	return text(m[name])
}

// readers read the elements of one kind; arg is what stands after the colon in the table.
var readers = map[string]func(element any, arg string) values{
	"code":       func(e any, arg string) values { return found(code{code: fmt.Sprint(e), implied: arg}) },
	"coding":     coding,
	"concept":    concept,
	"identifier": func(e any, _ string) values { return found(identifierOf(e)) },
	"contact":    contact,
	"string":     func(e any, _ string) values { return values{strings: []string{text(e)}} },
	"uri":        func(e any, _ string) values { return values{uris: []string{text(e)}} },
	"date":       date,
	"period":     period,
	"reference":  reference,
	"quantity":   quantity,
	"range":      rangeOf,
}

func coding(e any, _ string) values {
	return found(code{system: field(e, "system"), code: field(e, "code"), text: field(e, "display"), folds: folds(field(e, "system"))})
}

func concept(e any, _ string) (v values) {
	for _, c := range at(e, "coding") {
		v.add(coding(c, ""))
	}
	v.add(found(code{text: field(e, "text"), beside: !v.empty()}))
	return v
}

func identifierOf(e any) code {
	m, _ := e.(map[string]any)
	c := code{system: field(e, "system"), code: field(e, "value"), text: field(m["type"], "text")}
	c.types = concept(m["type"], "").codes
	return c
}

// contact reads a ContactPoint, of one system if there is an argument.
func contact(e any, arg string) (v values) {
	if arg == "" || field(e, "system") == arg {
		v = found(code{code: field(e, "value"), folds: true})
	}
	return v
}

func date(e any, _ string) (v values) {
	if s, ok := spanOf(text(e)); ok {
		v.dates = []span{s}
	}
	return v
}

func period(e any, _ string) (v values) {
	s := span{always, ever}
	start, ok1 := spanOf(field(e, "start"))
	end, ok2 := spanOf(field(e, "end"))
	if ok1 {
		s.low = start.low
	}
	if ok2 {
		s.high = end.high
	}
	if (ok1 || ok2) && s.low.Before(s.high) {
		v.dates = []span{s}
	}
	return v
}

var (
	relative = regexp.MustCompile(`^([A-Z][A-Za-z]+)/([A-Za-z0-9.-]+)(/_history/[A-Za-z0-9.-]+)?$`)
	absolute = regexp.MustCompile(`^(https?://.*/([A-Z][A-Za-z]+)/[A-Za-z0-9.-]+)(/_history/[A-Za-z0-9.-]+)?$`)
)

// reference reads a Reference, only those to one type if there is an argument.
func reference(e any, arg string) (v values) {
	r := ref{typ: field(e, "type")}
	if m := relative.FindStringSubmatch(strings.TrimPrefix(field(e, "reference"), base)); m != nil {
		r.key, r.typ, r.version = m[1]+"/"+m[2], m[1], strings.TrimPrefix(m[3], "/_history/")
		r.byAddress = strings.HasPrefix(field(e, "reference"), base)
	} else if m := absolute.FindStringSubmatch(field(e, "reference")); m != nil {
		r.address, r.typ, r.version = m[1], m[2], strings.TrimPrefix(m[3], "/_history/")
	} else {
		r.address = field(e, "reference")
	}
	for _, i := range at(e, "identifier") {
		c := identifierOf(i)
		r.identifier = &c
	}
	if arg == "" || arg == r.typ {
		v.refs = []ref{r}
	}
	return v
}

func quantity(e any, _ string) (v values) {
	m, isObject := e.(map[string]any)
	if e == nil {
		return v
	}
	if !isObject {
		m = map[string]any{"value": e}
	}
	if n, ok := m["value"].(json.Number); ok {
		r, _ := new(big.Rat).SetString(n.String())
		v.amounts = []amount{{r, r, text(m["unit"]), text(m["system"]), text(m["code"])}}
	}
	return v
}

// rangeOf reads a Range, whose ends are of one unit if both are there.
func rangeOf(e any, _ string) (v values) {
	m := e.(map[string]any)
	low, high := quantity(m["low"], "").amounts, quantity(m["high"], "").amounts
	switch {
	case len(low) > 0 && len(high) > 0:
		low[0].high = high[0].low
		if low[0].low.Cmp(low[0].high) <= 0 {
			v.amounts = low
		}
	case len(low) > 0:
		low[0].high = beyond
		v.amounts = low
	case len(high) > 0:
		high[0].low = new(big.Rat).Neg(beyond)
		v.amounts = high
	}
	return v
}

// spanOf reads a date or dateTime of any precision. Without a zone it is in UTC.
func spanOf(s string) (span, bool) {
	for _, l := range []struct {
		layout string
		y, m   int
		d      time.Duration
	}{
		{"2006", 1, 0, 0}, {"2006-01", 0, 1, 0}, {"2006-01-02", 0, 0, 24 * time.Hour},
		{"2006-01-02T15:04Z07:00", 0, 0, time.Minute}, {"2006-01-02T15:04", 0, 0, time.Minute},
		{"2006-01-02T15:04:05Z07:00", 0, 0, time.Second}, {"2006-01-02T15:04:05", 0, 0, time.Second},
		{"2006-01-02T15:04:05.0Z07:00", 0, 0, time.Second / 10}, {"2006-01-02T15:04:05.000Z07:00", 0, 0, time.Millisecond},
	} {
		if len(l.layout) < 11 && len(l.layout) != len(s) || strings.Contains(s, ".") != strings.Contains(l.layout, ".") {
			continue
		}
		if t, err := time.Parse(l.layout, s); err == nil {
			return span{t, t.AddDate(l.y, l.m, 0).Add(l.d)}, true
		}
	}
	return span{}, false
}

// folded is text as strings are compared: without case and accents, white space as single spaces.
func folded(s string) string {
	var b strings.Builder
	for _, r := range norm.NFD.String(strings.Join(strings.Fields(s), " ")) {
		if !unicode.Is(unicode.Mn, r) {
			b.WriteRune(unicode.ToLower(r))
		}
	}
	return b.String()
}
