// SPDX-License-Identifier: Apache-2.0

// Package ucum reads units of measure in the case-sensitive codes of UCUM and converts between those that are comparable.
//
// A Unit is a factor, exact, times powers of the seven base units. Special units, on scales with another zero (Cel, [degF], [degRe])
// or another measure ([pH], B, Np, %[slope]; to 14 digits), convert where they stand alone; arbitrary units convert only to
// themselves. The package is pure; its table is read once and never changes.
//
// https://ucum.org/ucum
package ucum

import (
	_ "embed"
	"errors"
	"maps"
	"math/big"
	"strconv"
	"strings"
	"sync"
)

//go:generate go run ./gen ../../../../shared/data/clinical/codes/ucumDefs.min.json units_gen.txt

//go:embed units_gen.txt
var units string

// MaxLength is the longest code, in bytes.
const MaxLength = 256

// Errors of Parse and Convert.
var (
	ErrUnit       = errors.New("not a UCUM unit")
	ErrComparable = errors.New("units are not comparable")
)

// Unit is a unit of measure. It is immutable.
type Unit struct {
	factor *big.Rat
	offset *big.Rat // in base units, of a linear scale; nil is 0
	scale  *scale   // of a special unit: factor is before it, by after it
	by     *big.Rat
	code   string         // of a special unit, for where it does not stand alone
	dims   map[string]int // powers of base units, and of arbitrary and special units under their own names
}

type definition struct {
	metric, special, arbitrary, base bool
	factor, by                       string
}

var table = sync.OnceValue(func() map[string]definition {
	m := map[string]definition{}
	for line := range strings.Lines(units) {
		f := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		m[f[0]] = definition{strings.Contains(f[1], "m"), strings.Contains(f[1], "s"), strings.Contains(f[1], "a"),
			f[2] == "" && f[3] == "", f[2], f[3]}
	}
	return m
})

func prefix(s string) (exponent int, binary bool, length int) {
	for _, p := range [...]struct {
		name string
		exp  int
	}{{"Ki", 10}, {"Mi", 20}, {"Gi", 30}, {"Ti", 40}} {
		if strings.HasPrefix(s, p.name) {
			return p.exp, true, 2
		}
	}
	if strings.HasPrefix(s, "da") {
		return 1, false, 2
	}
	if s == "" {
		return 0, false, 0
	}
	at := strings.IndexByte("YZEPTGMkhdcmunpfazy", s[0])
	if at < 0 {
		return 0, false, 0
	}
	return [...]int{24, 21, 18, 15, 12, 9, 6, 3, 2, -1, -2, -3, -6, -9, -12, -15, -18, -21, -24}[at], false, 1
}

// Parse reads a unit.
func Parse(code string) (Unit, error) {
	if code == "" || len(code) > MaxLength {
		return Unit{}, ErrUnit
	}
	p := parser{s: code}
	u, err := p.term(0)
	if err == nil && p.i < len(code) {
		err = ErrUnit
	}
	return u, err
}

// Comparable reports whether values in u and v measure the same.
func (u Unit) Comparable(v Unit) bool { return maps.Equal(u.dims, v.dims) }

// Convert gives x of u in v. It fails with ErrComparable if they measure different things, or if v has no value for that much.
func Convert(x *big.Rat, u, v Unit) (*big.Rat, error) {
	if !u.Comparable(v) {
		return nil, ErrComparable
	}
	y := new(big.Rat).Mul(x, u.factor)
	ok := true
	if u.scale != nil && u.code != v.code {
		if y, ok = bent(y, u.scale.to); !ok {
			return nil, ErrComparable
		}
		y.Mul(y, u.by)
	}
	if u.offset != nil {
		y.Add(y, u.offset)
	}
	if v.offset != nil {
		y.Sub(y, v.offset)
	}
	if v.scale != nil && u.code != v.code {
		if y, ok = bent(y.Quo(y, v.by), v.scale.from); !ok {
			return nil, ErrComparable
		}
	}
	return y.Quo(y, v.factor), nil
}

// Factor is how many of the product of base units one u is; of a special unit, how many of it without its prefix.
func (u Unit) Factor() *big.Rat { return new(big.Rat).Set(u.factor) }

func one() Unit { return Unit{factor: big.NewRat(1, 1), dims: map[string]int{}} }

// times is u · v^power. A special unit counts as one of its own there.
func (u Unit) times(v Unit, power int) Unit {
	if v.scale != nil {
		v.dims = map[string]int{v.code: 1}
	}
	out := Unit{factor: new(big.Rat).Set(u.factor), dims: maps.Clone(u.dims)}
	for n := power; n != 0; {
		if n > 0 {
			out.factor.Mul(out.factor, v.factor)
			n--
		} else {
			out.factor.Quo(out.factor, v.factor)
			n++
		}
	}
	for name, n := range v.dims {
		if out.dims[name] += n * power; out.dims[name] == 0 {
			delete(out.dims, name)
		}
	}
	return out
}

type parser struct {
	s     string
	i     int
	level int // of definitions within definitions
}

const maxNesting = 20

func (p *parser) term(depth int) (Unit, error) {
	if depth > maxNesting {
		return Unit{}, ErrUnit
	}
	u, sign, first := one(), 1, true
	for {
		if p.i < len(p.s) && p.s[p.i] == '/' && first {
			p.i, sign = p.i+1, -1
		}
		v, power, err := p.component(depth)
		if err != nil {
			return Unit{}, err
		}
		single := first && sign == 1 && power == 1
		first = false
		if single && (p.i == len(p.s) || p.s[p.i] == ')') {
			return v, nil // keeps the offset
		}
		u = u.times(v, sign*power)
		if p.i == len(p.s) || p.s[p.i] == ')' {
			return u, nil
		}
		switch p.s[p.i] {
		case '.':
			sign = 1
		case '/':
			sign = -1
		default:
			return Unit{}, ErrUnit
		}
		p.i++
	}
}

func (p *parser) component(depth int) (u Unit, power int, err error) {
	power = 1
	from := p.i
	switch {
	case p.i == len(p.s):
		return u, 0, ErrUnit
	case p.s[p.i] == '(':
		p.i++
		if u, err = p.term(depth + 1); err != nil {
			return u, 0, err
		}
		if p.i == len(p.s) || p.s[p.i] != ')' {
			return u, 0, ErrUnit
		}
		p.i++
	case p.s[p.i] == '{':
		u = one()
	default:
		p.atom()
		if u, power, err = p.simple(p.s[from:p.i]); err != nil {
			return u, 0, err
		}
	}
	if p.i < len(p.s) && p.s[p.i] == '{' {
		end := strings.IndexByte(p.s[p.i:], '}')
		if end < 0 {
			return u, 0, ErrUnit
		}
		p.i += end + 1
	}
	return u, power, nil
}

// atom passes over a symbol; what is in square brackets may hold anything.
func (p *parser) atom() {
	for p.i < len(p.s) {
		switch c := p.s[p.i]; {
		case c == '[':
			end := strings.IndexByte(p.s[p.i:], ']')
			if end < 0 {
				p.i = len(p.s)
				return
			}
			p.i += end
		case strings.IndexByte("./(){", c) >= 0 || c <= ' ' || c > '~':
			return
		}
		p.i++
	}
}

// simple reads a symbol with its exponent, or a number.
func (p *parser) simple(s string) (Unit, int, error) {
	if s == "" {
		return Unit{}, 0, ErrUnit
	}
	if n, err := strconv.ParseUint(s, 10, 62); err == nil {
		if n == 0 {
			return Unit{}, 0, ErrUnit
		}
		u := one()
		u.factor.SetInt64(int64(n))
		return u, 1, nil
	}
	power := 1
	end := len(s)
	for end > 0 && s[end-1]-'0' <= 9 {
		end--
	}
	if end < len(s) && end > 0 && (s[end-1] == '+' || s[end-1] == '-') {
		end--
	}
	if end < len(s) {
		if n, err := strconv.Atoi(s[end:]); err == nil && n != 0 && n > -100 && n < 100 {
			if _, whole := table()[s]; !whole {
				s, power = s[:end], n
			}
		}
	}
	u, err := p.symbol(s)
	return u, power, err
}

func (p *parser) symbol(s string) (Unit, error) {
	if d, ok := table()[s]; ok {
		return p.defined(s, d)
	}
	exponent, binary, n := prefix(s)
	d, ok := table()[s[n:]]
	if n == 0 || !ok || !d.metric {
		return Unit{}, ErrUnit
	}
	u, err := p.defined(s[n:], d)
	if err != nil {
		return u, err
	}
	scale := one()
	base := int64(10)
	if binary {
		base = 2
	}
	scale.factor.SetInt(new(big.Int).Exp(big.NewInt(base), big.NewInt(int64(max(exponent, -exponent))), nil))
	if exponent < 0 {
		scale.factor.Inv(scale.factor)
	}
	if u.scale != nil { // the factor is before the scale
		scale.scale, scale.by, scale.code, scale.dims = u.scale, u.by, u.code, u.dims
		return scale, nil
	}
	v := scale.times(u, 1)
	v.offset = u.offset
	return v, nil
}

// linear is a scale of temperature: a factor, and where its zero lies in kelvin.
func linear(a, b, zeroA, zeroB int64) Unit {
	return Unit{factor: big.NewRat(a, b), offset: big.NewRat(zeroA, zeroB), dims: map[string]int{"K": 1}}
}

func (p *parser) defined(code string, d definition) (Unit, error) {
	own := Unit{factor: big.NewRat(1, 1), dims: map[string]int{code: 1}}
	switch code {
	case "Cel":
		return linear(1, 1, 27315, 100), nil
	case "[degF]":
		return linear(5, 9, 45967*5, 900), nil
	case "[degRe]":
		return linear(5, 4, 27315, 100), nil
	}
	if sc := scaleOf(code); sc != nil {
		inner := parser{s: sc.of, level: p.level + 1}
		u, err := inner.term(0)
		return Unit{factor: big.NewRat(1, 1), scale: sc, by: u.factor, code: code, dims: u.dims}, err
	}
	if d.base || d.special || d.arbitrary {
		return own, nil
	}
	if p.level > maxNesting {
		return Unit{}, ErrUnit
	}
	inner := parser{s: d.by, level: p.level + 1}
	if inner.s == "" {
		inner.s = "1"
	}
	u, err := inner.term(0)
	if err != nil || inner.i < len(inner.s) {
		return Unit{}, ErrUnit
	}
	f := one()
	if d.factor != "" {
		if _, ok := f.factor.SetString(d.factor); !ok {
			return Unit{}, ErrUnit
		}
	}
	return f.times(u, 1), nil
}
