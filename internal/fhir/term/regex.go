// SPDX-License-Identifier: Apache-2.0

package term

import (
	"regexp"
	"regexp/syntax"

	"galen/internal/fault"
)

// The limits of a filter's regular expression. Matching takes time in proportion to the text and to the number of instructions that the
// expression is compiled to; a repetition {n} makes n times as many.
const (
	maxPattern      = 1000 // bytes
	maxInstructions = 500
	maxMatching     = 1 << 28 // instructions times bytes of text, for one filter
)

// expression is a filter's regular expression, and what it may still cost.
type expression struct {
	re   *regexp.Regexp
	size int // instructions
	left int
}

func newExpression(text string) (*expression, error) {
	if len(text) > maxPattern {
		return nil, fault.New(fault.TooCostly, "a regular expression may have at most %d bytes", maxPattern)
	}
	text = "^(?:" + text + ")$"
	parsed, err := syntax.Parse(text, syntax.Perl)
	if err == nil {
		var program *syntax.Prog
		if program, err = syntax.Compile(parsed.Simplify()); err == nil && len(program.Inst) > maxInstructions {
			return nil, fault.New(fault.TooCostly, "a filter's regular expression is too large: write it shorter, with fewer or smaller repetitions")
		} else if err == nil {
			var re *regexp.Regexp
			if re, err = regexp.Compile(text); err == nil {
				return &expression{re, len(program.Inst), maxMatching}, nil
			}
		}
	}
	return nil, fault.New(fault.Invalid, "a filter's regular expression cannot be read: look-around and back references are not offered")
}

// match reports whether the whole value is of the expression; once too much was asked, nothing is.
func (x *expression) match(value string) bool {
	if x.left -= x.size * (len(value) + 1); x.left < 0 {
		return false
	}
	return x.re.MatchString(value)
}

// spent fails once too much was asked.
func (x *expression) spent() error {
	if x == nil || x.left >= 0 {
		return nil
	}
	return fault.New(fault.TooCostly, "a filter's regular expression is too large for so many concepts: write it shorter, or filter by a property")
}
