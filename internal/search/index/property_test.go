// SPDX-License-Identifier: Apache-2.0

package index_test

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"galen/internal/fault"
	"galen/internal/fhir"
	"galen/internal/fhir/def"
	"galen/internal/fhir/fhirtest"
	"galen/internal/search/index"
)

const now = 1_700_000_000_000_000 // November 2023

// sample is resources by type, with their terms, and what values to ask for.
type sample struct {
	nodes map[string][]fhir.Node
	terms map[string][][][]byte
	pool  pool
}

// pool is values found in resources, so that searches hit.
type pool struct {
	texts   []string
	numbers []string
	pairs   [][2]string // system, code
}

func (p *pool) gather(n fhir.Node) {
	switch n.Kind() {
	case fhir.String:
		if text := n.Text(); len(text) < 2000 && text != "" {
			p.texts = append(p.texts, text)
		}
	case fhir.Number:
		p.numbers = append(p.numbers, n.Number())
	}
	if system := n.Field("system").Text(); system != "" {
		for _, name := range []string{"code", "value"} {
			if text := n.Field(name).Text(); text != "" {
				p.pairs = append(p.pairs, [2]string{system, text})
			}
		}
	}
	for m := n.First(); m.Ok(); m = m.Next() {
		p.gather(m)
	}
}

func newSample(t testing.TB, x *index.Index, sets ...map[string][][]byte) *sample {
	s := &sample{nodes: map[string][]fhir.Node{}, terms: map[string][][][]byte{}}
	for _, set := range sets {
		for _, list := range set {
			for _, doc := range list[:min(len(list), 25)] {
				s.add(t, x, doc)
			}
		}
	}
	return s
}

func (s *sample) add(t testing.TB, x *index.Index, doc []byte) {
	n := fhirtest.Parse(t, doc)
	name := fhir.Type(n)
	var terms index.Terms
	if err := x.AppendTerms(&terms, n); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	var keys [][]byte
	for i := range terms.Len() {
		keys = append(keys, terms.Key(i))
	}
	slices.SortFunc(keys, bytes.Compare)
	s.nodes[name] = append(s.nodes[name], n)
	s.terms[name] = append(s.terms[name], keys)
	s.pool.gather(n)
}

func pick[T any](r *rand.Rand, list []T) T { return list[r.IntN(len(list))] }

// value makes one to ask a parameter for; what the resource itself holds is the likelier the smaller the pool is.
func (p *pool) value(r *rand.Rand, param *def.SearchParam, m index.Modifier) (v index.Value) {
	pair, text := pick(r, p.pairs), pick(r, p.texts)
	switch param.Type {
	case def.TokenParam:
		v = index.Value{Text: text}
		if r.IntN(2) == 0 {
			v.Text = pair[1]
		}
		switch r.IntN(4) {
		case 0:
			v.HasSystem, v.System = true, pair[0]
		case 1:
			v.HasSystem = true
		case 2:
			v = index.Value{HasSystem: true, System: pair[0]}
		}
		if r.IntN(8) == 0 {
			v = index.Value{HasSystem: true, System: "http://hl7.org/fhir/administrative-gender", Text: "male"}
		}
		if m == index.Text && v.Text == "" {
			v.Text = text
		}
		if m == index.OfType {
			v = index.Value{System: pair[0], HasSystem: true, Text: text, Of: pair[1]}
		}
	case def.DateParam:
		v.Prefix, v.Date = index.Prefix(r.IntN(9)), p.date(r)
	case def.NumberParam, def.QuantityParam:
		v.Prefix = index.Prefix(r.IntN(9))
		v.Number, _ = fhir.ParseDecimal(pick(r, p.numbers))
		if param.Type == def.QuantityParam && r.IntN(2) == 0 {
			v.HasSystem, v.Text = true, pick(r, []string{"mg", "kg", "cm", "mmHg", "mm[Hg]", "a", "USD", "mmol/L", text})
			v.System = pick(r, []string{"", "http://unitsofmeasure.org", "urn:iso:std:iso:4217"})
		}
	case def.CompositeParam:
		for _, c := range param.Components {
			v.Parts = append(v.Parts, p.value(r, c.Param, index.Plain))
		}
	default:
		v.Text = text
		if param.Type == def.ReferenceParam && r.IntN(2) == 0 {
			v.Text = text[strings.LastIndexByte(text, '/')+1:]
		}
		if m == index.Identifier {
			v = index.Value{HasSystem: true, System: pair[0], Text: pair[1]}
		}
		if from := r.IntN(len(text)); r.IntN(2) == 0 && param.Type != def.ReferenceParam {
			v.Text = strings.ToValidUTF8(text[from:], "")
			if r.IntN(2) == 0 {
				v.Text = strings.ToValidUTF8(text[:from], "")
			}
		}
	}
	if m == index.Missing {
		v = index.Value{}
	}
	return v
}

func (p *pool) date(r *rand.Rand) fhir.DateTime {
	for range 200 {
		text := pick(r, p.texts)
		if d, ok := fhir.ParseDateTime(text); ok {
			switch r.IntN(4) {
			case 0:
				text = text[:4]
			case 1:
				text = text[:min(7, len(text))]
			case 2:
				text = text[:min(10, len(text))]
			}
			if cut, ok := fhir.ParseDateTime(text); ok {
				return cut
			}
			return d
		}
	}
	d, _ := fhir.ParseDate("2012")
	return d
}

var allModifiers = []index.Modifier{index.Plain, index.Plain, index.Plain, index.Missing, index.Exact, index.Contains, index.Text, index.Identifier,
	index.OfType, index.Above, index.Below}

// agreement checks X1 of one clause on one resource.
func agreement(l index.Lookup, m *index.Matcher, n fhir.Node, terms [][]byte) (matched bool, err error) {
	matched, err = m.Match(n)
	if err != nil {
		return false, err
	}
	best := index.No
	for _, span := range l.Spans {
		var next []byte
		for _, key := range terms {
			if bytes.Compare(key, span.Low) < 0 || bytes.Compare(key, span.High) >= 0 {
				continue
			}
			v, skip := span.Verdict, []byte(nil)
			if span.Judge != nil {
				v, skip = span.Judge(key)
			}
			if next != nil && bytes.Compare(key, next) < 0 && v != index.No {
				return matched, fmt.Errorf("%q was to be skipped and is judged %v", key, v)
			}
			if skip != nil {
				next = skip
			}
			if v > span.Verdict {
				return matched, fmt.Errorf("judged %v in a span of %v", v, span.Verdict)
			}
			if v == index.Yes || v == index.Maybe && best == index.No {
				best = v
			}
		}
	}
	if matched && best == index.No || !matched && best == index.Yes {
		return matched, fmt.Errorf("the terms say %v, the matcher %v", best, matched)
	}
	return matched, nil
}

func TestLookupsAgreeWithMatchers(t *testing.T) {
	x := newIndex(t)
	var smalls = map[string][][]byte{}
	for _, s := range fhirtest.Smalls() {
		smalls[s.Name] = [][]byte{[]byte(s.JSON)}
	}
	s := newSample(t, x, smalls, fhirtest.Examples(t), fhirtest.Synthea(t, "synthea-10"))
	r := rand.New(rand.NewPCG(1, 2))
	checks, hits, reached := 0, map[def.ParamType]int{}, 0
	for typ, nodes := range s.nodes {
		for _, p := range def.R4().SearchParams(typ) {
			for range 12 {
				local := pool{}
				local.gather(pick(r, nodes))
				if len(local.pairs) == 0 || r.IntN(3) == 0 {
					local.pairs = s.pool.pairs
				}
				if len(local.numbers) == 0 {
					local.numbers = s.pool.numbers
				}
				c := index.Clause{Type: typ, Param: p, Modifier: pick(r, allModifiers), Now: now}
				if p.Type == def.ReferenceParam && c.Modifier == index.Plain && len(p.Targets) > 0 && r.IntN(4) == 0 {
					c.Target = pick(r, p.Targets)
				}
				v := local.value(r, p, c.Modifier)
				l, err := x.Lookup(c, v)
				if err != nil {
					if k := fault.KindOf(err); k != fault.Unsupported && k != fault.Invalid && k != fault.TooCostly {
						t.Fatalf("%s.%s %v: %v", typ, p.Code, v, err)
					}
					continue
				}
				m, err := x.Matcher(c, v)
				if err != nil {
					t.Fatalf("%s.%s %v: a lookup, but %v", typ, p.Code, v, err)
				}
				reached++
				for i, n := range nodes {
					matched, err := agreement(l, m, n, s.terms[typ][i])
					if err != nil {
						t.Errorf("%s/%s %s modifier %d target %q %+v: %v", typ, fhir.ID(n), p.Code, c.Modifier, c.Target, v, err)
					}
					checks++
					if matched {
						hits[p.Type]++
					}
				}
			}
		}
	}
	t.Logf("%d clauses, %d checks, matches by parameter type %v", reached, checks, hits)
	for _, p := range []def.ParamType{def.NumberParam, def.DateParam, def.StringParam, def.TokenParam, def.ReferenceParam, def.CompositeParam,
		def.QuantityParam, def.URIParam} {
		if hits[p] == 0 {
			t.Errorf("no match for any %v: the test shows nothing", p)
		}
	}
}

// termsIn gives what the terms on a walk sort by, in order.
func termsIn(w index.Walk, terms [][]byte) (keys [][]byte) {
	for _, key := range terms {
		for _, r := range w.Runs {
			if bytes.Compare(key, r.Low) >= 0 && bytes.Compare(key, r.High) < 0 {
				keys = append(keys, key[r.Skip:])
			}
		}
		for _, r := range w.Units {
			if bytes.Compare(key, r.Low) >= 0 && bytes.Compare(key, r.High) < 0 {
				keys = append(keys, key[index.UnitRun(key).Skip:])
			}
		}
	}
	slices.SortFunc(keys, bytes.Compare)
	return keys
}

func TestWalkAgreesWithSortKey(t *testing.T) {
	x := newIndex(t)
	s := newSample(t, x, fhirtest.Examples(t), fhirtest.Synthea(t, "synthea-10"))
	checks := 0
	for typ, nodes := range s.nodes {
		for _, p := range def.R4().SearchParams(typ) {
			w, ok := x.Walk(typ, p)
			if !ok {
				continue
			}
			missing, err := x.Matcher(index.Clause{Type: typ, Param: p, Modifier: index.Missing}, index.Value{Missing: true})
			if err != nil {
				t.Fatal(err)
			}
			for i, n := range nodes {
				if none, err := missing.Match(n); err != nil || none != (len(termsIn(w, s.terms[typ][i])) == 0) {
					t.Errorf("%s.%s of %s: missing %v, %v, but %d terms", typ, p.Code, fhir.ID(n), none, err, len(termsIn(w, s.terms[typ][i])))
				}
				keys := termsIn(w, s.terms[typ][i])
				for _, descending := range []bool{false, true} {
					got, found, err := x.SortKey([]byte("x"), n, p, descending)
					if err != nil {
						t.Fatal(err)
					}
					if found != (len(keys) > 0) {
						t.Errorf("%s.%s of %s: sort key %v, %d terms", typ, p.Code, fhir.ID(n), found, len(keys))
						continue
					}
					if !found {
						continue
					}
					want := keys[0]
					if descending {
						want = keys[len(keys)-1]
					}
					if string(got) != "x"+string(want) {
						t.Errorf("%s.%s of %s: sort key %q, want %q", typ, p.Code, fhir.ID(n), got, want)
					}
					checks++
				}
			}
		}
	}
	t.Logf("%d sort keys", checks)
}

func FuzzAppendTerms(f *testing.F) {
	x := newIndex(f)
	for _, s := range fhirtest.Smalls() {
		f.Add([]byte(s.JSON))
	}
	f.Fuzz(func(t *testing.T, doc []byte) {
		var tape fhir.Tape
		if tape.Parse(doc, fhir.Limits{}) != nil {
			return
		}
		var terms index.Terms
		if err := x.AppendTerms(&terms, tape.Root()); err != nil {
			if k := fault.KindOf(err); k == fault.Internal && !errors.Is(err, fault.Unprocessable) {
				t.Fatal(err)
			}
			if terms.Len() != 0 {
				t.Fatalf("%d terms after %v", terms.Len(), err)
			}
			return
		}
		for i := range terms.Len() {
			if n := len(terms.Key(i)); n < index.HeaderLength || n > 2000 {
				t.Fatalf("a key of %d bytes", n)
			}
		}
	})
}
