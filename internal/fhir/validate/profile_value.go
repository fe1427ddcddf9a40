// SPDX-License-Identifier: Apache-2.0

package validate

import (
	"math/big"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"galen/internal/fhir"
	"galen/internal/fhir/def"
	"galen/internal/fhir/ucum"
)

// allows reports whether a reference of this type may point to a resource type. A target profile that is not installed stands
// for no type.
func (w *profileWalk) allows(t typeRef, typ *def.Structure) bool {
	return len(t.targets) == 0 || slices.ContainsFunc(t.targets, func(u string) bool {
		want := w.targetType(u)
		return want != nil && typ.Is(want.Name)
	})
}

// types checks the type of a value, the profiles on it, and where a reference points.
func (w *profileWalk) types(it item, n *node) {
	if n.types == nil || it.typ == nil {
		return
	}
	var right []typeRef
	for _, t := range n.types {
		if it.typ.Is(t.name) || strings.HasPrefix(t.name, "http:") || n.def != nil && n.def.Content != nil {
			right = append(right, t)
		}
	}
	if len(right) == 0 {
		w.fail(it.at(), Structure, "", "the profile allows other types here ("+n.id+"): "+typeNames(n.types))
		return
	}
	var profiles []string
	for _, t := range right {
		if len(t.profiles) == 0 {
			profiles = nil
			break
		}
		profiles = append(profiles, t.profiles...)
	}
	w.oneProfile(it, profiles)
	if it.typ.Name == "Reference" {
		w.targets(it, right, n)
	}
}

func typeNames(types []typeRef) string {
	var names []string
	for _, t := range types {
		names = append(names, t.name)
	}
	return oneOf(names)
}

// oneProfile wants a value to conform to one of the profiles. What is not installed is not known, and passes.
func (w *profileWalk) oneProfile(it item, profiles []string) {
	profiles = slices.DeleteFunc(slices.Clone(profiles), func(u string) bool {
		pr, err := w.p.profile(u)
		return pr == nil && err != nil
	})
	switch len(profiles) {
	case 0:
	case 1:
		w.against(it, profiles[0], it.at().Offset(), "")
	default:
		for _, u := range profiles {
			if w.conforms(it, func(it item) { w.against(it, u, it.at().Offset(), "") }) {
				return
			}
		}
		w.fail(it.at(), Structure, "", "this conforms to none of the profiles allowed here: "+oneOf(profiles))
	}
}

// targets checks the type of the resource that a reference points to, and its profile where it is at hand.
func (w *profileWalk) targets(it item, types []typeRef, n *node) {
	var targets []string
	for _, t := range types {
		if t.name == "Reference" {
			targets = append(targets, t.targets...)
		}
	}
	text := it.node.Field("reference")
	if len(targets) == 0 || text.Kind() != fhir.String {
		return
	}
	target := w.resolve(it)
	name := fhir.Type(target)
	if r := fhir.ParseReference(text.Text()); !target.Ok() {
		if name = r.Key.Type; r.Kind != fhir.Relative && r.Kind != fhir.Absolute && r.Kind != fhir.Conditional {
			name = ""
		}
	}
	typ := w.p.defs.Structure(name)
	if typ == nil {
		return
	}
	var names, profiles []string
	for _, u := range targets {
		pr, err := w.p.profile(u)
		want := w.targetType(u)
		switch {
		case want == nil:
			return
		case !typ.Is(want.Name):
			names = append(names, want.Name)
		case pr == nil || err != nil || !target.Ok():
			return
		default:
			profiles = append(profiles, u)
		}
	}
	if len(profiles) > 0 {
		w.targetProfiles(text, item{node: target, typ: typ, index: -1}, profiles)
		return
	}
	w.fail(text, Structure, "reference", "a "+typ.Name+" cannot be referenced here by the profile, only "+oneOf(names)+" ("+n.id+")")
}

// targetProfiles wants the resource that a reference points to to conform to one of the profiles. Of one that is being looked at
// already it says nothing, as profiles may go round in a circle.
func (w *profileWalk) targetProfiles(text fhir.Node, target item, profiles []string) {
	offset := target.node.Offset()
	if slices.Contains(w.targeted, offset) || len(w.targeted) >= maxProfileDepth/4 {
		return
	}
	w.targeted = append(w.targeted, offset)
	defer func() { w.targeted = w.targeted[:len(w.targeted)-1] }()
	for _, u := range profiles {
		if w.conforms(target, func(it item) { w.against(it, u, offset, "") }) {
			return
		}
	}
	w.fail(text, Structure, "reference", "what this references conforms to none of the profiles that the profile asks for: "+oneOf(profiles))
}

// targetType is the type that a profile is for; nil if it is not installed.
func (w *profileWalk) targetType(canonical string) *def.Structure {
	pr, err := w.p.profile(canonical)
	switch {
	case err != nil:
		return nil
	case pr == nil:
		return w.p.defs.Structure(lastSegment(bare(canonical)))
	}
	return pr.typ
}

// resolve finds the resource that a reference points to, if it is contained or in the same Bundle.
func (w *profileWalk) resolve(it item) fhir.Node {
	text := it.node.Field("reference")
	if it.node.Kind() == fhir.String {
		text = it.node
	}
	ref := text.Text()
	if id, ok := strings.CutPrefix(ref, "#"); ok {
		for _, c := range w.container.Field("contained").Elements() {
			if c.Field("id").Is(id) {
				return c
			}
		}
		return fhir.Node{}
	}
	return w.entry(ref)
}

// entry finds the resource of the Bundle at hand that a reference names by its fullUrl.
func (w *profileWalk) entry(ref string) fhir.Node {
	if ref == "" || fhir.Type(w.root) != "Bundle" {
		return fhir.Node{}
	}
	relative := fhir.ParseReference(ref).Kind == fhir.Relative
	for _, e := range w.root.Field("entry").Elements() {
		url := e.Field("fullUrl").Text()
		if w.work++; url == ref || relative && strings.HasSuffix(url, "/"+ref) {
			return e.Field("resource")
		}
	}
	return fhir.Node{}
}

// values checks fixed values, patterns, ranges, lengths and codes.
func (w *profileWalk) values(it item, n *node) {
	if n.fixed.Ok() && !equal(it.node, n.fixed) {
		w.fail(it.at(), Value, "", "the profile fixes this value to "+show(n.fixed)+" ("+n.id+")")
	}
	if n.pattern.Ok() && !has(it.node, n.pattern) {
		w.fail(it.at(), Value, "", "the profile asks for a value that has "+show(n.pattern)+" ("+n.id+")")
	}
	if n.minValue.Ok() && outside(it.node, n.minValue, -1) {
		w.fail(it.at(), Value, "", "the profile asks for at least "+show(n.minValue)+" ("+n.id+")")
	}
	if n.maxValue.Ok() && outside(it.node, n.maxValue, 1) {
		w.fail(it.at(), Value, "", "the profile asks for at most "+show(n.maxValue)+" ("+n.id+")")
	}
	if n.maxLength > 0 && it.node.Kind() == fhir.String && utf8.RuneCountInString(it.node.Text()) > n.maxLength {
		w.fail(it.at(), Value, "", "the profile asks for at most "+strconv.Itoa(n.maxLength)+" characters ("+n.id+")")
	}
	if n.minLength > 0 && it.node.Kind() == fhir.String && utf8.RuneCountInString(it.node.Text()) < n.minLength {
		w.fail(it.at(), Value, "", "the profile asks for at least "+strconv.Itoa(n.minLength)+" characters ("+n.id+")")
	}
	if n.valued || len(n.instead) > 0 {
		w.valued(it, n)
	}
	if n.binding.strength != 0 {
		w.bound(it, n.binding, n.id)
	}
	if len(n.languages) > 0 {
		w.languages(it, n)
	}
	for _, set := range n.also {
		w.bound(it, binding{def.Required, set}, n.id)
	}
}

// valued wants a primitive's value to be there, or one of the extensions that may stand for it.
func (w *profileWalk) valued(it item, n *node) {
	if it.node.Ok() && it.node.Kind() != fhir.Null {
		return
	}
	for _, e := range it.sibling.Field("extension").Elements() {
		if slices.Contains(n.instead, e.Field("url").Text()) {
			return
		}
	}
	text := "the profile asks for a value here"
	if len(n.instead) > 0 {
		text += ", or for the extension " + oneOf(n.instead)
	}
	w.fail(it.at(), Required, "", text+" ("+n.id+")")
}

// show is a definition's value for a text.
func show(n fhir.Node) string {
	raw := n.Raw()
	if len(raw) > 300 {
		return "the one of its definition"
	}
	return string(fhir.Compact(nil, raw))
}

// equal compares two values exactly; members may be in any order.
func equal(a, b fhir.Node) bool {
	return has(a, b) && (a.Kind() != fhir.Object && a.Kind() != fhir.Array || a.Len() == b.Len() && has(b, a))
}

// has reports whether a value has all that a pattern has: each member, and for each item of a list one that has it.
//
// http://hl7.org/fhir/R4/elementdefinition-definitions.html#ElementDefinition.pattern_x_
func has(v, pattern fhir.Node) bool {
	if v.Kind() != pattern.Kind() {
		return false
	}
	switch pattern.Kind() {
	case fhir.String:
		return v.Is(pattern.Text())
	case fhir.Number:
		a, okA := fhir.DecimalOf(v)
		b, okB := fhir.DecimalOf(pattern)
		return okA && okB && a.Compare(b) == 0
	case fhir.Array:
		for _, p := range pattern.Elements() {
			found := false
			for _, i := range v.Elements() {
				if found = has(i, p); found {
					break
				}
			}
			if !found {
				return false
			}
		}
	case fhir.Object:
		for name, p := range pattern.Members() {
			if !has(v.Field(name), p) {
				return false
			}
		}
	}
	return true
}

// outside reports whether a value is on the wrong side of a limit: below it for side -1, above it for 1.
func outside(v, limit fhir.Node, side int) bool {
	switch limit.Kind() {
	case fhir.Number:
		a, okA := fhir.DecimalOf(v)
		b, okB := fhir.DecimalOf(limit)
		return okA && okB && a.Compare(b) == side
	case fhir.String:
		a, okA := fhir.ParsePartial(strings.TrimPrefix(v.Text(), "@"))
		b, okB := fhir.ParsePartial(strings.TrimPrefix(limit.Text(), "@"))
		order, ok := a.Compare(b)
		return okA && okB && ok && order == side
	case fhir.Object:
		if v.Kind() == fhir.String {
			a, okA := fhir.ParsePartial(v.Text())
			b, okB := relative(limit, side, time.Now())
			order, ok := a.Compare(b)
			return okA && okB && ok && order == side
		}
		order, ok := compareQuantities(v, limit)
		return ok && order == side
	}
	return false
}

// comparable reports whether a value can be held against a limit: quantities need units that measure the same.
func comparable(v, limit fhir.Node) bool {
	if limit.Kind() != fhir.Object {
		return true
	}
	_, ok := compareQuantities(v, limit)
	return ok
}

const ucumSystem = "http://unitsofmeasure.org"

// compareQuantities compares by code, or by conversion where both are in units of UCUM.
func compareQuantities(a, b fhir.Node) (order int, ok bool) {
	code, other := a.Field("code"), b.Field("code")
	x, okX := fhir.DecimalOf(a.Field("value"))
	y, okY := fhir.DecimalOf(b.Field("value"))
	if !okX || !okY || code.Kind() != fhir.String || other.Kind() != fhir.String {
		return 0, false
	}
	if code.Is(other.Text()) {
		return x.Compare(y), true
	}
	if !a.Field("system").Is(ucumSystem) || !b.Field("system").Is(ucumSystem) || max(len(x.String()), len(y.String())) > 64 {
		return 0, false
	}
	from, errFrom := ucum.Parse(code.Text())
	to, errTo := ucum.Parse(other.Text())
	p, okP := new(big.Rat).SetString(x.String())
	q, okQ := new(big.Rat).SetString(y.String())
	if errFrom != nil || errTo != nil || !okP || !okQ || max(x.Exponent(), -x.Exponent(), y.Exponent(), -y.Exponent()) > 64 {
		return 0, false
	}
	p, err := ucum.Convert(p, from, to)
	if err != nil {
		return 0, false
	}
	return p.Cmp(q), true
}

// bound checks a binding. For a CodeableConcept one coding must be in the set; what is not known passes.
func (w *profileWalk) bound(it item, b binding, id string) {
	answer := Unknown
	switch {
	case it.node.Kind() == fhir.String:
		answer = w.member("", it.node.Text(), b.set)
	case it.typ == nil:
	case it.typ.Name == "CodeableConcept":
		codings := it.node.Field("coding")
		if codings.Len() > 0 {
			answer = No
		}
		for _, c := range codings.Elements() {
			if a := w.coding(c, b.set); a == Yes {
				return
			} else if a == Unknown {
				answer = Unknown
			}
		}
		if codings.Len() == 0 && b.strength == def.Required && !it.node.Field("extension").Ok() {
			answer = No
		}
	case it.typ.Name == "Coding" || it.typ.Is("Quantity"):
		answer = w.coding(it.node, b.set)
	}
	if answer != No {
		return
	}
	if b.strength == def.Required {
		w.fail(it.at(), CodeInvalid, "", "no code here is in the required value set "+b.set+": use one of its codes ("+id+")")
	} else if w.quiet == 0 {
		w.report(fhir.Warning, it.at().Offset(), CodeInvalid, "", "no code here is in the extensible value set "+b.set+": use one of its codes if one fits ("+id+")")
	}
}

func (w *profileWalk) coding(n fhir.Node, set string) Answer {
	code := n.Field("code")
	if code.Kind() != fhir.String {
		return Unknown
	}
	system := n.Field("system").Text()
	if system == "" {
		return No
	}
	return w.member(system, code.Text(), set)
}
