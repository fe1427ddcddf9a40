// SPDX-License-Identifier: Apache-2.0

package plan_test

import (
	"math/big"
	"slices"
	"strings"
	"time"
	"unicode"
)

// match is a token: code, system|code, |code or system|; with the modifier text, a text.
//
// http://hl7.org/fhir/R4/search.html#token
func (c code) match(modifier, value string) bool {
	if modifier == "text" {
		return textBegins(folded(c.text), folded(plainText.Replace(value)))
	}
	if modifier == "in" || modifier == "not-in" || modifier == "above" || modifier == "below" {
		return c.meant(modifier, value)
	}
	parts := splitBy(value, '|')
	for i := range parts {
		parts[i] = plainText.Replace(parts[i])
	}
	switch {
	case modifier == "of-type":
		return c.code == parts[2] && slices.ContainsFunc(c.types, func(t code) bool { return t.code == parts[1] && t.system == parts[0] })
	case len(parts) == 1:
		return c.is(parts[0])
	case parts[1] == "":
		return c.system == parts[0] || c.implied == parts[0]
	}
	return c.is(parts[1]) && (c.system == parts[0] || c.implied != "" && c.implied == parts[0])
}

// is compares a code, without case if case does not count in it.
func (c code) is(asked string) bool {
	return c.code != "" && (c.code == asked || c.folds && strings.EqualFold(c.code, asked))
}

// textBegins reports whether some word of a text begins what is asked for.
func textBegins(s, want string) bool {
	word := false
	for i, r := range s {
		if !word && strings.HasPrefix(s[i:], want) {
			return true
		}
		word = unicode.IsLetter(r) || unicode.IsNumber(r)
	}
	return false
}

func matchString(s, modifier, value string) bool {
	switch modifier {
	case "exact":
		return s == value
	case "contains":
		return strings.Contains(folded(s), folded(value))
	}
	return strings.HasPrefix(folded(s), folded(value))
}

// matchURI compares urls, and versions after a bar if both have one asked for.
//
// http://hl7.org/fhir/R4/search.html#uri
func matchURI(s, modifier, value string) bool {
	url, version, _ := strings.Cut(s, "|")
	wantURL, wantVersion, _ := strings.Cut(value, "|")
	switch modifier {
	case "below":
		return strings.HasPrefix(url, wantURL)
	case "above":
		return url == wantURL || strings.HasPrefix(wantURL, strings.TrimSuffix(url, "/")+"/")
	}
	return url == wantURL && (wantVersion == "" || version == wantVersion)
}

// match is an id, Type/id or an address; with the modifier identifier a token; any other modifier is a type.
//
// http://hl7.org/fhir/R4/search.html#reference
func (r ref) match(modifier, value string) bool {
	if modifier == "identifier" {
		return r.identifier != nil && r.identifier.match("", value)
	}
	if modifier != "" && modifier != r.typ {
		return false
	}
	value, version, versioned := strings.Cut(strings.TrimPrefix(value, base), "/_history/")
	if versioned && version != r.version {
		return false
	}
	if r.key == "" {
		return r.address == value && value != ""
	}
	_, id, _ := strings.Cut(r.key, "/")
	return r.key == value || id == value
}

// prefixOf takes a prefix off a value.
func prefixOf(value string) (prefix, rest string) {
	for _, p := range []string{"eq", "ne", "gt", "lt", "ge", "le", "sa", "eb", "ap"} {
		if rest, ok := strings.CutPrefix(value, p); ok {
			return p, rest
		}
	}
	return "eq", value
}

// match compares the range of a date with that asked for.
//
// http://hl7.org/fhir/R4/search.html#prefix
func (d span) match(value string) bool {
	prefix, rest := prefixOf(value)
	q, ok := spanOf(rest)
	if !ok {
		return false
	}
	within := !d.low.Before(q.low) && !d.high.After(q.high)
	above, below := d.high.After(q.high), d.low.Before(q.low)
	switch prefix {
	case "ne":
		return !within
	case "gt":
		return above
	case "lt":
		return below
	case "ge":
		return above || within
	case "le":
		return below || within
	case "sa":
		return !d.low.Before(q.high)
	case "eb":
		return !d.high.After(q.low)
	case "ap":
		q = q.widened()
		return d.low.Before(q.high) && d.high.After(q.low)
	}
	return within
}

// widened adds a tenth of the way to now on both sides.
func (d span) widened() span {
	var gap time.Duration
	switch {
	case requestTime.Before(d.low):
		gap = d.low.Sub(requestTime)
	case requestTime.After(d.high):
		gap = requestTime.Sub(d.high)
	}
	return span{d.low.Add(-gap / 10), d.high.Add(gap / 10)}
}

// match compares an amount with [prefix]number, number|system|code or number||code. A number has digits and a point, or
// digits and an exponent.
//
// http://hl7.org/fhir/R4/search.html#number, #quantity
func (a amount) match(value string) bool {
	parts := splitBy(value, '|')
	if len(parts) == 3 {
		system, unit := plainText.Replace(parts[1]), plainText.Replace(parts[2])
		if system != "" && (a.system != system || a.code != unit) || system == "" && a.code != unit && a.unit != unit {
			return false
		}
	}
	prefix, number := prefixOf(parts[0])
	q, ok := new(big.Rat).SetString(number)
	if !ok {
		return false
	}
	half := halfOf(number)
	low, high := new(big.Rat).Sub(q, half), new(big.Rat).Add(q, half)
	within := a.low.Cmp(low) >= 0 && a.high.Cmp(high) < 0
	switch prefix {
	case "ne":
		return !within
	case "gt":
		return a.high.Cmp(q) > 0
	case "lt":
		return a.low.Cmp(q) < 0
	case "ge":
		return a.high.Cmp(q) >= 0
	case "le":
		return a.low.Cmp(q) <= 0
	case "sa":
		return a.low.Cmp(q) > 0
	case "eb":
		return a.high.Cmp(q) < 0
	case "ap":
		tenth := new(big.Rat).Mul(q, big.NewRat(1, 10))
		if tenth.Abs(tenth); tenth.Cmp(half) > 0 {
			half = tenth
		}
		return a.low.Cmp(high.Add(q, half)) <= 0 && a.high.Cmp(low.Sub(q, half)) >= 0
	}
	return within
}

// halfOf is half of the last place that a number is given to; of the place after it for one digit with an exponent, so that
// 1e2 is 95 to 105.
func halfOf(number string) *big.Rat {
	half := big.NewRat(1, 2)
	digits, exponent, exponential := strings.Cut(number, "e")
	if exponential {
		scale, _ := new(big.Rat).SetString("1e" + exponent)
		half.Mul(half, scale)
		if len(strings.TrimPrefix(digits, "-")) == 1 {
			half.Mul(half, big.NewRat(1, 10))
		}
	}
	if _, fraction, ok := strings.Cut(digits, "."); ok {
		for range fraction {
			half.Mul(half, big.NewRat(1, 10))
		}
	}
	return half
}
