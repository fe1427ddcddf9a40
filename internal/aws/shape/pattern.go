// SPDX-License-Identifier: Apache-2.0

package shape

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"
)

// pattern is a Java regular expression of a model as a Go one that matches whole values, and its text for messages.
type pattern struct {
	text string
	re   *regexp.Regexp
	// The bounds of a pattern that is one repeated atom. RE2 repeats at most 1,000 times, models up to 10,000.
	min, max int // code points; max < 0: no bound
}

func (p *pattern) matches(s string) bool {
	if p.min > 0 || p.max >= 0 {
		if n := utf8.RuneCountInString(s); n < p.min || p.max >= 0 && n > p.max {
			return false
		}
	}
	return p.re.MatchString(s)
}

// compile translates a Java pattern. It fails on what RE2 has not: look-around, back references, class intersection.
func compile(text string) (*pattern, error) {
	p := &pattern{text: text, max: -1}
	body := text
	if atom, lo, hi, ok := repeatedAtom(text); ok && (lo > 1000 || hi > 1000) {
		body, p.min, p.max = atom+"*", lo, hi
	}
	translated, err := translate(body)
	if err != nil {
		return nil, err
	}
	re, err := regexp.Compile(`\A(?:` + translated + `)\z`)
	if err != nil {
		return nil, fmt.Errorf("pattern %q: %w", text, err)
	}
	p.re = re
	return p, nil
}

var oneAtom = regexp.MustCompile(`^(\[(?:[^\]\\\[]|\\.|\\[pP]\{\w+\})+\]|\\[pP]\{\w+\}|\\.|\.)\{(\d+),(\d*)\}$`)

// repeatedAtom splits a pattern that is a single-character atom with a counted repetition and nothing else.
func repeatedAtom(text string) (atom string, lo, hi int, ok bool) {
	m := oneAtom.FindStringSubmatch(text)
	if m == nil {
		return "", 0, 0, false
	}
	lo, err := strconv.Atoi(m[2])
	if err != nil {
		return "", 0, 0, false
	}
	hi = -1
	if m[3] != "" {
		if hi, err = strconv.Atoi(m[3]); err != nil {
			return "", 0, 0, false
		}
	}
	return m[1], lo, hi, true
}

// javaClass gives RE2's spelling of the named classes of Java that RE2 does not know.
var javaClass = map[string]string{
	"ASCII": `\x00-\x7F`, "Alpha": `a-zA-Z`, "Digit": `0-9`, "Alnum": `a-zA-Z0-9`, "Upper": `A-Z`, "Lower": `a-z`,
	"Punct": `!-/:-@\[-\x60{-~`, "Graph": `!-~`, "Print": ` -~`, "Blank": ` \t`, "XDigit": `0-9a-fA-F`,
	"Cntrl": `\x00-\x1F\x7F`, "Space": ` \t\n\x0B\f\r`, "IsAlphabetic": `\p{L}\p{Nl}`, "IsDigit": `\p{Nd}`,
}

// translate rewrites what Java and RE2 spell differently: named classes, \uXXXX, the dot, and the white space of \s.
func translate(java string) (string, error) {
	var b strings.Builder
	depth := 0 // of [ ]
	for i := 0; i < len(java); i++ {
		switch c := java[i]; {
		case c == '\\' && i+1 < len(java):
			n, err := escape(&b, java[i:], depth > 0)
			if err != nil {
				return "", fmt.Errorf("pattern %q: %w", java, err)
			}
			i += n - 1
		case c == '[':
			if depth > 0 {
				return "", fmt.Errorf("pattern %q: a class inside a class", java)
			}
			depth++
			b.WriteByte(c)
		case c == ']' && depth > 0:
			depth--
			b.WriteByte(c)
		case c == '&' && depth > 0 && strings.HasPrefix(java[i:], "&&"):
			return "", fmt.Errorf("pattern %q: class intersection", java)
		case c == '.' && depth == 0:
			b.WriteString(`[^\n\r\x{85}\x{2028}\x{2029}]`)
		default:
			b.WriteByte(c)
		}
	}
	return b.String(), nil
}

// escape writes the escape at the start of s and returns how many bytes of s it took.
func escape(b *strings.Builder, s string, inClass bool) (int, error) {
	wrap := func(class string, negated bool) error {
		switch {
		case inClass && negated:
			return fmt.Errorf("a negated class inside a class")
		case inClass:
			b.WriteString(class)
		case negated:
			b.WriteString("[^" + class + "]")
		default:
			b.WriteString("[" + class + "]")
		}
		return nil
	}
	switch s[1] {
	case 's':
		return 2, wrap(javaClass["Space"], false)
	case 'S':
		if inClass {
			b.WriteString(`\x00-\x08\x0E-\x1F!-\x{10FFFF}`)
			return 2, nil
		}
		return 2, wrap(javaClass["Space"], true)
	case 'u':
		if len(s) < 6 {
			return 0, fmt.Errorf("short \\u escape")
		}
		b.WriteString(`\x{` + s[2:6] + `}`)
		return 6, nil
	case 'p', 'P':
		end := strings.IndexByte(s, '}')
		if len(s) > 2 && s[2] == '{' && end > 0 {
			if class, ok := javaClass[s[3:end]]; ok {
				return end + 1, wrap(class, s[1] == 'P')
			}
			b.WriteString(s[:end+1])
			return end + 1, nil
		}
	}
	b.WriteString(s[:2])
	return 2, nil
}
