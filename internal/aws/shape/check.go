// SPDX-License-Identifier: Apache-2.0

package shape

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxEcho is how many bytes of a refused value a message repeats.
const maxEcho = 1024

// maxViolations bounds how many violations one message lists.
const maxViolations = 100

// Violation is one constraint that one value does not meet.
type Violation struct {
	Path       string // AWS's: members begin in lower case, list items count from 1: tags.1.member.key
	Constraint string // "Member must have length less than or equal to 64"
	value      string
	shown      bool
}

// String gives the violation in AWS's words.
func (v Violation) String() string {
	if !v.shown {
		return "Value at '" + v.Path + "' failed to satisfy constraint: " + v.Constraint
	}
	return "Value '" + v.value + "' at '" + v.Path + "' failed to satisfy constraint: " + v.Constraint
}

// Violations are all that is wrong with one input, in the model's order: AWS's ValidationException.
type Violations []Violation

// Error gives AWS's message: how many, then each.
func (l Violations) Error() string {
	noun := "validation errors"
	if len(l) == 1 {
		noun = "validation error"
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%d %s detected: ", len(l), noun)
	for i, v := range l {
		if i > 0 {
			b.WriteString("; ")
		}
		b.WriteString(v.String())
	}
	return b.String()
}

// Check returns what violates the shape's constraints in a value that Read returned, at most 100 violations. Values of
// sensitive shapes are never repeated in them, and long values are cut.
func (s *Shape) Check(v any) Violations {
	var c checker
	c.check(s, v, "")
	return c.found
}

type checker struct {
	found  Violations
	hidden int // above 0: inside a sensitive shape
}

func (c *checker) full() bool { return len(c.found) >= maxViolations }

func (c *checker) check(s *Shape, v any, path string) {
	if s.Sensitive {
		c.hidden++
		defer func() { c.hidden-- }()
	}
	switch x := v.(type) {
	case map[string]any:
		if s.Kind == Map {
			c.checkMap(s, x, path)
		} else {
			c.checkStructure(s, x, path)
		}
	case []any:
		c.bounds(s, int64(len(x)), nil, path, "length")
		for i, item := range x {
			if c.full() {
				return
			}
			if item == nil {
				c.add(nil, elementPath(path, i), "Member must not be null")
				continue
			}
			c.check(s.Element, item, elementPath(path, i))
		}
	case string:
		c.checkString(s, x, path)
	case int64:
		text := strconv.FormatInt(x, 10)
		c.bounds(s, x, &text, path, "value")
	case float64:
		c.checkFloat(s, x, path)
	case []byte:
		c.bounds(s, int64(len(x)), nil, path, "length")
	}
}

func (c *checker) checkStructure(s *Shape, v map[string]any, path string) {
	if s.Union && len(v) != 1 {
		c.add(nil, path, "Member must have exactly one member of the union set")
	}
	for _, m := range s.Members {
		if c.full() {
			return
		}
		switch x, ok := v[m.Name]; {
		case ok:
			c.check(m.Shape, x, memberPath(path, m.Name))
		case m.Required:
			c.add(nil, memberPath(path, m.Name), "Member must not be null")
		}
	}
}

func (c *checker) checkMap(s *Shape, v map[string]any, path string) {
	c.bounds(s, int64(len(v)), nil, path, "length")
	keys := make([]string, 0, len(v))
	for k := range v {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	for _, k := range keys {
		if c.full() {
			return
		}
		for _, broken := range s.Key.Check(k) {
			c.add(nil, path, "Map keys must satisfy constraint: ["+broken.Constraint+"]")
		}
		c.check(s.Element, v[k], path+"."+k+".member")
	}
}

func (c *checker) checkString(s *Shape, v, path string) {
	c.bounds(s, int64(utf8.RuneCountInString(v)), &v, path, "length")
	if s.pattern != nil && !s.pattern.matches(v) {
		c.add(&v, path, "Member must satisfy regular expression pattern: "+s.pattern.text)
	}
	if s.Enum != nil && !slices.Contains(s.Enum, v) {
		c.add(&v, path, "Member must satisfy enum value set: ["+strings.Join(s.Enum, ", ")+"]")
	}
}

func (c *checker) checkFloat(s *Shape, v float64, path string) {
	text := strconv.FormatFloat(v, 'g', -1, 64)
	if s.Min != nil && !(v >= float64(*s.Min)) {
		c.add(&text, path, "Member must have value greater than or equal to "+strconv.FormatInt(*s.Min, 10))
	}
	if s.Max != nil && !(v <= float64(*s.Max)) {
		c.add(&text, path, "Member must have value less than or equal to "+strconv.FormatInt(*s.Max, 10))
	}
}

func (c *checker) bounds(s *Shape, n int64, value *string, path, what string) {
	if s.Min != nil && n < *s.Min {
		c.add(value, path, fmt.Sprintf("Member must have %s greater than or equal to %d", what, *s.Min))
	}
	if s.Max != nil && n > *s.Max {
		c.add(value, path, fmt.Sprintf("Member must have %s less than or equal to %d", what, *s.Max))
	}
}

func (c *checker) add(value *string, path, constraint string) {
	if c.full() {
		return
	}
	v := Violation{Path: path, Constraint: constraint}
	if value != nil && c.hidden == 0 {
		v.value, v.shown = cut(*value), true
	}
	c.found = append(c.found, v)
}

// cut shortens s to maxEcho bytes at a character's start.
func cut(s string) string {
	if len(s) <= maxEcho {
		return s
	}
	end := maxEcho
	for end > 0 && !utf8.RuneStart(s[end]) {
		end--
	}
	return s[:end] + "..."
}

func memberPath(path, name string) string {
	r, n := utf8.DecodeRuneInString(name)
	name = string(unicode.ToLower(r)) + name[n:]
	if path == "" {
		return name
	}
	return path + "." + name
}

func elementPath(path string, i int) string { return path + "." + strconv.Itoa(i+1) + ".member" }
