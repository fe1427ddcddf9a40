// SPDX-License-Identifier: Apache-2.0

package term

import (
	"slices"
	"strings"

	"galen/internal/docset"
	"galen/internal/fault"
)

// filter gives the concepts that a property filter selects.
//
// http://hl7.org/fhir/R4/valueset-filter-operator.html
func (s *System) filter(f filter) (docset.Set, error) {
	switch f.op {
	case "is-a", "descendent-of", "descendant-of", "is-not-a", "generalizes":
		return s.filterHierarchy(f)
	}
	if s.URL == snomed && f.property == "constraint" && f.op == "=" {
		return s.constrained(f.value)
	}
	match, asked, err := f.matcher()
	if err != nil {
		return docset.Set{}, err
	}
	negative := f.op == "not-in" || f.op == "exists" && f.value == "false"
	selected, err := s.having(f.property, match)
	if err == nil {
		err = asked.spent()
	}
	if err != nil {
		return docset.Set{}, err
	}
	if negative {
		return docset.AndNot(s.all(), selected), nil
	}
	return selected, nil
}

func (s *System) filterHierarchy(f filter) (set docset.Set, err error) {
	if f.property != "concept" && f.property != "code" && f.property != "parent" {
		return set, fault.New(fault.Unsupported, "the filter %s works on the property concept, not on %s", f.op, f.property)
	}
	i, ok := s.Find(f.value)
	if !ok {
		if f.op == "is-not-a" {
			return s.all(), nil
		}
		return set, fault.New(fault.Unprocessable, "a filter %s names the code %s, which %s does not have", f.op, f.value, s.URL)
	}
	if f.op == "generalizes" {
		set = s.Ancestors(i)
	} else {
		set = s.Descendants(i)
	}
	switch f.op {
	case "is-not-a":
		set.Add(i)
		return docset.AndNot(s.all(), set), nil
	case "descendent-of", "descendant-of":
		set.Remove(i)
	default:
		set.Add(i)
	}
	return set, nil
}

// matcher tells the values that a filter accepts, without its negation. asked is its regular expression, if it is one: whether all
// answers were given, spent says.
func (f filter) matcher() (match func(value string) bool, asked *expression, err error) {
	switch f.op {
	case "=":
		return func(v string) bool { return v == f.value }, nil, nil
	case "in", "not-in":
		values := strings.Split(f.value, ",")
		for i := range values {
			values[i] = strings.TrimSpace(values[i])
		}
		slices.Sort(values)
		return func(v string) bool { _, ok := slices.BinarySearch(values, v); return ok }, nil, nil
	case "exists":
		if f.value != "true" && f.value != "false" {
			return nil, nil, fault.New(fault.Invalid, "a filter exists has the value true or false")
		}
		return func(string) bool { return true }, nil, nil
	case "regex":
		if asked, err = newExpression(f.value); err != nil {
			return nil, nil, err
		}
		return asked.match, asked, nil
	}
	return nil, nil, fault.New(fault.Unsupported, "the filter operator %q is not one of =, is-a, descendent-of, is-not-a, regex, in, not-in, generalizes, exists", f.op)
}

// having gives the concepts of which match accepts a value of the property.
func (s *System) having(property string, match func(value string) bool) (set docset.Set, err error) {
	var has func(i uint32) bool
	switch property {
	case "concept", "code":
		has = func(i uint32) bool { return match(s.Code(i)) }
	case "display":
		has = func(i uint32) bool { return match(s.Display(i)) }
	case "designation":
		has = func(i uint32) bool { return s.hasWording(i, match) }
	case "parent":
		has = func(i uint32) bool { return s.any(secParentAt, secParent, i, match) }
	case "child":
		has = func(i uint32) bool { return s.any(secChildAt, secChild, i, match) }
	default:
		return s.havingProperty(property, match)
	}
	for i := range uint32(s.n) {
		if has(i) {
			set.Add(i)
		}
	}
	return set, nil
}

func (s *System) any(offsets, entries int, i uint32, match func(string) bool) bool {
	for at, end := s.u32(offsets, int(i)), s.u32(offsets, int(i)+1); at < end; at++ {
		if match(s.Code(s.u32(entries, int(at)))) {
			return true
		}
	}
	return false
}

// havingProperty asks match once for each distinct value.
func (s *System) havingProperty(property string, match func(string) bool) (set docset.Set, err error) {
	which := slices.IndexFunc(s.PropertyDefinitions, func(d PropertyDefinition) bool { return d.Code == property })
	if which < 0 {
		return s.builtinProperty(property, match)
	}
	known := make([]int8, len(s.sections[secStringAt])/4)
	for i := range uint32(s.n) {
		s.eachProperty(i, func(p, value uint32) bool {
			if int(p) != which {
				return true
			}
			if known[value] == 0 {
				known[value] = -1
				if match(s.str(value)) {
					known[value] = 1
				}
			}
			if known[value] > 0 {
				set.Add(i)
				return false
			}
			return true
		})
	}
	return set, nil
}

// builtinProperty answers for the properties that every system has.
func (s *System) builtinProperty(property string, match func(string) bool) (set docset.Set, err error) {
	flag := byte(0)
	switch property {
	case "inactive":
		flag = flagInactive
	case "notSelectable", "abstract":
		flag = flagAbstract
	default:
		var names []string
		for _, d := range s.PropertyDefinitions {
			names = append(names, d.Code)
		}
		return set, fault.New(fault.Unprocessable, "%s has no property %s; it has concept, display, designation, parent, child, inactive, notSelectable %s",
			s.URL, property, strings.Join(names, " "))
	}
	yes, no := match("true"), match("false")
	for i, f := range s.sections[secFlags] {
		if f&flag != 0 && yes || f&flag == 0 && no {
			set.Add(uint32(i))
		}
	}
	return set, nil
}
