// SPDX-License-Identifier: Apache-2.0

package fhirpath

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"html"
	"math"
	"regexp"
	"regexp/syntax"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"galen/internal/fault"
	"galen/internal/fhir"
)

// TextOf is a primitive's or computed value's text, JSON of others.
func TextOf(v Value) string {
	switch s := system(v); s.System {
	case Boolean:
		return strconv.FormatBool(s.True)
	case Element:
		return string(s.Node.Raw())
	default:
		return s.Text
	}
}

// scalar is a function of one value and at most two arguments; empty in, empty out.
type scalar struct {
	least, most int
	eval        func(e *Evaluator, v Value, args []Value) (Value, bool, error)
}

// scalar gives the function of that name over single values; nil if there is none.
func (c *compiler) scalar(name string) *function {
	f, ok := scalars[name]
	if !ok {
		return nil
	}
	return &function{least: f.least, most: f.most, eval: func(e *Evaluator, s scope, in window, args []operation) (int, error) {
		v, ok, err := e.single(in)
		if err != nil {
			return 0, err
		}
		cost := len(v.Text)
		var values []Value
		for _, a := range args {
			x, have, err := e.one(a, s)
			if err != nil {
				return 0, err
			}
			ok = ok && have
			values = append(values, x)
			cost += len(v.Text)/8 + len(x.Text)*16
		}
		if !ok {
			return len(e.stack), nil
		}
		if err := e.work(cost); err != nil {
			return 0, err
		}
		out, ok, err := f.eval(e, v, values)
		if err != nil || !ok {
			return len(e.stack), err
		}
		if err := e.make(len(out.Text)); err != nil {
			return 0, err
		}
		return e.give(out)
	}}
}

func onText(least, most int, f func(e *Evaluator, s string, args []Value) (Value, bool, error)) scalar {
	return scalar{least, most, func(e *Evaluator, v Value, args []Value) (Value, bool, error) {
		if v.System != String {
			return v, false, e.wrong("a function of texts")
		}
		return f(e, v.Text, args)
	}}
}

func test(f func(s, t string) bool) scalar {
	return onText(1, 1, func(e *Evaluator, s string, a []Value) (Value, bool, error) {
		if a[0].System != String {
			return Value{}, false, e.wrong("a function of texts")
		}
		return boolean(f(s, a[0].Text)), true, nil
	})
}

func change(f func(string) string) scalar {
	return onText(0, 0, func(_ *Evaluator, s string, _ []Value) (Value, bool, error) { return text(f(s)), true, nil })
}

func integer(n int) Value { return Value{System: Integer, Text: strconv.Itoa(n)} }

func matcher(full bool) scalar {
	return onText(1, 1, func(e *Evaluator, s string, a []Value) (Value, bool, error) {
		re, err := e.pattern(a[0].Text, full)
		if err != nil {
			return Value{}, false, err
		}
		if err := e.work(len(s) * re.size); err != nil {
			return Value{}, false, err
		}
		return boolean(re.MatchString(s)), true, nil
	})
}

// pattern is a regular expression ready for use. Matching takes time in proportion to the text and to size, the number of its instructions.
type pattern struct {
	*regexp.Regexp
	size int
}

func (e *Evaluator) pattern(p string, full bool) (pattern, error) {
	if full {
		p = "^(?:" + p + ")$"
	}
	if len(p) > 10_000 {
		return pattern{}, fault.New(fault.TooCostly, "FHIRPath: the pattern is too long")
	}
	p = "(?s)" + p
	if re, ok := e.patterns[p]; ok {
		return re, nil
	}
	parsed, err := syntax.Parse(p, syntax.Perl)
	if err != nil {
		return pattern{}, fault.New(fault.Unprocessable, "FHIRPath: the pattern is not understood")
	}
	program, err := syntax.Compile(parsed.Simplify())
	if err != nil {
		return pattern{}, fault.New(fault.Unprocessable, "FHIRPath: the pattern is not understood")
	}
	compiled, err := regexp.Compile(p)
	if err != nil {
		return pattern{}, fault.New(fault.Unprocessable, "FHIRPath: the pattern is not understood")
	}
	if e.patterns == nil || len(e.patterns) >= 64 {
		e.patterns = map[string]pattern{}
	}
	re := pattern{compiled, len(program.Inst)}
	e.patterns[p] = re
	return re, nil
}

func converts(f func(v Value) (Value, bool)) scalar {
	return scalar{0, 0, func(_ *Evaluator, v Value, _ []Value) (Value, bool, error) {
		_, ok := f(v)
		return boolean(ok), true, nil
	}}
}

func conversion(f func(v Value) (Value, bool)) scalar {
	return scalar{0, 0, func(_ *Evaluator, v Value, _ []Value) (Value, bool, error) { x, ok := f(v); return x, ok, nil }}
}

func mathematics(f func(d dec, integer bool) (Value, bool)) scalar {
	return scalar{0, 0, func(e *Evaluator, v Value, _ []Value) (Value, bool, error) {
		d, unit, calendar, ok := v.quantity()
		if !ok {
			return v, false, e.wrong("a function of numbers")
		}
		x, ok := f(d, v.System == Integer)
		if v.System == Quantity {
			x = Value{System: Quantity, Text: quantityText(x.Text, unit, calendar)}
		}
		return x, ok, nil
	}}
}

func floating(f func(float64) float64) scalar {
	return mathematics(func(d dec, _ bool) (Value, bool) {
		x, ok := decOfFloat(f(d.float()))
		if !ok {
			return Value{}, false
		}
		return x.value(false), true
	})
}

var scalars = map[string]scalar{
	"startsWith": test(strings.HasPrefix), "endsWith": test(strings.HasSuffix), "contains": test(strings.Contains),
	"upper": change(strings.ToUpper), "lower": change(strings.ToLower), "trim": change(strings.TrimSpace),
	"length": onText(0, 0, func(_ *Evaluator, s string, _ []Value) (Value, bool, error) {
		return integer(utf8.RuneCountInString(s)), true, nil
	}),
	"matches": matcher(false), "matchesFull": matcher(true),
	"indexOf": onText(1, 1, func(_ *Evaluator, s string, a []Value) (Value, bool, error) {
		return integer(runeIndex(s, strings.Index(s, a[0].Text))), true, nil
	}),
	"lastIndexOf": onText(1, 1, func(_ *Evaluator, s string, a []Value) (Value, bool, error) {
		return integer(runeIndex(s, strings.LastIndex(s, a[0].Text))), true, nil
	}),
	"substring": onText(1, 2, func(_ *Evaluator, s string, a []Value) (Value, bool, error) {
		r := []rune(s)
		at, err := strconv.Atoi(a[0].Text)
		if err != nil || at < 0 || at >= len(r) {
			return Value{}, false, nil
		}
		r = r[at:]
		if len(a) == 2 {
			n, err := strconv.Atoi(a[1].Text)
			if err != nil {
				return Value{}, false, nil
			}
			r = r[:max(0, min(n, len(r)))]
		}
		return text(string(r)), true, nil
	}),
	"replace": onText(2, 2, func(_ *Evaluator, s string, a []Value) (Value, bool, error) {
		if (len(s)+1)*(len(a[1].Text)+1) > 16*MaxText {
			return Value{}, false, fault.New(fault.TooCostly, "FHIRPath: a text grows too long")
		}
		return text(strings.ReplaceAll(s, a[0].Text, a[1].Text)), true, nil
	}),
	"replaceMatches": onText(2, 2, func(e *Evaluator, s string, a []Value) (Value, bool, error) {
		if a[0].Text == "" {
			return text(s), true, nil
		}
		re, err := e.pattern(a[0].Text, false)
		if err != nil {
			return Value{}, false, err
		}
		if (len(s)+1)*(len(a[1].Text)+1) > 16*MaxText {
			return Value{}, false, fault.New(fault.TooCostly, "FHIRPath: a text grows too long")
		}
		if err := e.work(len(s) * re.size); err != nil {
			return Value{}, false, err
		}
		return text(re.ReplaceAllString(s, a[1].Text)), true, nil
	}),
	"encode": onText(1, 1, func(_ *Evaluator, s string, a []Value) (Value, bool, error) {
		switch a[0].Text {
		case "hex":
			return text(hex.EncodeToString([]byte(s))), true, nil
		case "base64":
			return text(base64.StdEncoding.EncodeToString([]byte(s))), true, nil
		case "urlbase64":
			return text(base64.URLEncoding.EncodeToString([]byte(s))), true, nil
		}
		return Value{}, false, nil
	}),
	"decode": onText(1, 1, func(_ *Evaluator, s string, a []Value) (Value, bool, error) {
		var b []byte
		failed := error(hex.ErrLength)
		switch a[0].Text {
		case "hex":
			b, failed = hex.DecodeString(s)
		case "base64":
			b, failed = base64.StdEncoding.DecodeString(s)
		case "urlbase64":
			b, failed = base64.URLEncoding.DecodeString(s)
		}
		return text(string(b)), failed == nil && utf8.Valid(b), nil
	}),
	"escape": onText(1, 1, func(_ *Evaluator, s string, a []Value) (Value, bool, error) {
		switch a[0].Text {
		case "html":
			return text(strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;", "'", "&#39;").Replace(s)), true, nil
		case "json":
			q := fhir.AppendString(nil, s)
			return text(string(q[1 : len(q)-1])), true, nil
		}
		return Value{}, false, nil
	}),
	"unescape": onText(1, 1, func(_ *Evaluator, s string, a []Value) (Value, bool, error) {
		switch a[0].Text {
		case "html":
			return text(html.UnescapeString(s)), true, nil
		case "json":
			var out string
			if json.Unmarshal([]byte(`"`+s+`"`), &out) != nil {
				return text(s), true, nil
			}
			return text(out), true, nil
		}
		return Value{}, false, nil
	}),
	"abs": mathematics(func(d dec, i bool) (Value, bool) {
		if d.n.Sign() < 0 {
			d = d.neg()
		}
		return d.value(i), true
	}),
	"ceiling":  mathematics(func(d dec, _ bool) (Value, bool) { return d.neg().at(0, -1).neg().value(true), true }),
	"floor":    mathematics(func(d dec, _ bool) (Value, bool) { return d.at(0, -1).value(true), true }),
	"truncate": mathematics(func(d dec, _ bool) (Value, bool) { return d.at(0, 0).value(true), true }),
	"sqrt":     floating(math.Sqrt), "exp": floating(math.Exp), "ln": floating(math.Log),
	"log": {1, 1, func(e *Evaluator, v Value, a []Value) (Value, bool, error) {
		x, _, _, ok := v.quantity()
		y, _, _, fine := a[0].quantity()
		if !ok || !fine {
			return v, false, e.wrong("log")
		}
		f := math.Log(x.float()) / math.Log(y.float())
		if math.Abs(f-math.Round(f)) < 1e-13 {
			f = math.Round(f)
		}
		r, ok := decOfFloat(f)
		if !ok {
			return v, false, nil
		}
		return r.value(false), true, nil
	}},
	"power": {1, 1, func(e *Evaluator, v Value, a []Value) (Value, bool, error) {
		x, _, _, ok := v.quantity()
		y, _, _, fine := a[0].quantity()
		if !ok || !fine {
			return v, false, e.wrong("power")
		}
		r, ok := decOfFloat(math.Pow(x.float(), y.float()))
		if !ok {
			return v, false, nil
		}
		return r.value(v.System == Integer && a[0].System == Integer && r.scale == 0), true, nil
	}},
	"round": {0, 1, func(e *Evaluator, v Value, a []Value) (Value, bool, error) {
		d, _, _, ok := v.quantity()
		n := 0
		if len(a) == 1 {
			n, _ = strconv.Atoi(a[0].Text)
		}
		if !ok || n < 0 || n > maxDigits {
			return v, false, e.wrong("round")
		}
		return d.at(n, 1).value(false), true, nil
	}},
	"lowBoundary": boundary(false), "highBoundary": boundary(true), "precision": {0, 0, precision},
	"comparable": {1, 1, func(_ *Evaluator, v Value, a []Value) (Value, bool, error) {
		_, _, ok := inUnits(&v, &a[0])
		return boolean(ok), true, nil
	}},
	"toString": conversion(toText), "toInteger": conversion(toInteger), "toDecimal": conversion(toDecimal), "toBoolean": conversion(toBoolean),
	"toQuantity": conversion(toQuantity), "toDate": conversion(toDate), "toDateTime": conversion(toDateTime), "toTime": conversion(toTime),
	"convertsToString": converts(toText), "convertsToInteger": converts(toInteger), "convertsToDecimal": converts(toDecimal),
	"convertsToBoolean": converts(toBoolean), "convertsToQuantity": converts(toQuantity), "convertsToDate": converts(toDate),
	"convertsToDateTime": converts(toDateTime), "convertsToTime": converts(toTime),
}

func runeIndex(s string, at int) int {
	if at < 0 {
		return at
	}
	return utf8.RuneCountInString(s[:at])
}

func toText(v Value) (Value, bool) { return text(TextOf(v)), v.System != Element }

func toInteger(v Value) (Value, bool) {
	switch v.System {
	case Integer:
		return v, true
	case Boolean:
		return integer(map[bool]int{true: 1}[v.True]), true
	case String:
		n, err := strconv.ParseInt(v.Text, 10, 32)
		return integer(int(n)), err == nil
	}
	return v, false
}

func toDecimal(v Value) (Value, bool) {
	switch v.System {
	case Integer, Decimal:
		return Value{System: Decimal, Text: v.Text}, true
	case Boolean:
		return Value{System: Decimal, Text: map[bool]string{true: "1.0", false: "0.0"}[v.True]}, true
	case String:
		d, ok := parseDec(v.Text)
		if !ok {
			return v, false
		}
		return d.value(false), true
	}
	return v, false
}

func toBoolean(v Value) (Value, bool) {
	switch v.System {
	case Boolean:
		return v, true
	case Integer, Decimal:
		d, ok := parseDec(v.Text)
		one := ok && d.cmp(dec{pow10(0), 0}) == 0
		return boolean(one), ok && (one || d.n.Sign() == 0)
	case String:
		low := strings.ToLower(v.Text)
		yes := slices.Contains([]string{"true", "t", "yes", "y", "1", "1.0"}, low)
		return boolean(yes), yes || slices.Contains([]string{"false", "f", "no", "n", "0", "0.0"}, low)
	}
	return v, false
}

func toQuantity(v Value) (Value, bool) {
	switch v.System {
	case Quantity:
		return v, true
	case Integer, Decimal:
		return Value{System: Quantity, Text: quantityText(v.Text, "1", false)}, true
	case Boolean:
		return Value{System: Quantity, Text: map[bool]string{true: "1.0 '1'", false: "0.0 '1'"}[v.True]}, true
	case String:
		number, unit, _ := strings.Cut(strings.TrimSpace(v.Text), " ")
		unit = strings.TrimSpace(unit)
		if _, ok := parseDec(number); !ok {
			return v, false
		}
		if unit == "" {
			unit = "'1'"
		}
		quoted := len(unit) > 2 && unit[0] == '\'' && unit[len(unit)-1] == '\''
		return Value{System: Quantity, Text: number + " " + unit}, quoted || slices.Contains(calendarUnits, unit)
	}
	return v, false
}

func toDate(v Value) (Value, bool) {
	if v.System == DateTime {
		day, _, _ := strings.Cut(v.Text, "T")
		return Value{System: Date, Text: day}, true
	}
	if v.System == String {
		x, ok := dateValue(v.Text)
		return x, ok && x.System == Date
	}
	return v, v.System == Date
}

func toDateTime(v Value) (Value, bool) {
	if v.System == String {
		x, ok := dateValue(v.Text)
		return Value{System: DateTime, Text: x.Text}, ok && x.System != Time
	}
	return Value{System: DateTime, Text: v.Text}, v.System == Date || v.System == DateTime
}

func toTime(v Value) (Value, bool) {
	if v.System == String {
		return dateValue("T" + strings.TrimPrefix(v.Text, "T"))
	}
	return v, v.System == Time
}
