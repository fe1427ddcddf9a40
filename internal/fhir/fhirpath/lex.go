// SPDX-License-Identifier: Apache-2.0

package fhirpath

import (
	"strconv"
	"strings"
	"unicode/utf8"

	"galen/internal/fault"
)

// MaxLength is the longest expression, in bytes.
const MaxLength = 1 << 16

type tokenKind uint8

const (
	endToken      tokenKind = iota
	nameToken               // an identifier; quoted if it was between backticks
	stringToken             // text is decoded
	numberToken             // text as written
	dateToken               // text as written, with its @
	specialToken            // $this: text without the $
	variableToken           // %name: text without the %
	operatorToken           // punctuation
)

type token struct {
	kind   tokenKind
	quoted bool
	at     int
	text   string
}

type lexer struct {
	src string
	i   int
}

func (l *lexer) next() (token, error) {
	if err := l.blanks(); err != nil {
		return token{}, err
	}
	at := l.i
	if at == len(l.src) {
		return token{kind: endToken, at: at}, nil
	}
	switch c := l.src[at]; {
	case letter(c):
		return token{kind: nameToken, at: at, text: l.name()}, nil
	case digit(c):
		return token{kind: numberToken, at: at, text: l.number()}, nil
	case c == '\'':
		text, err := l.quoted('\'')
		return token{kind: stringToken, at: at, text: text}, err
	case c == '`':
		text, err := l.quoted('`')
		return token{kind: nameToken, quoted: true, at: at, text: text}, err
	case c == '@':
		return token{kind: dateToken, at: at, text: l.date()}, nil
	case c == '$':
		l.i++
		return token{kind: specialToken, at: at, text: l.name()}, nil
	case c == '%':
		return l.variable()
	}
	return l.operator()
}

// blanks skips white space and comments.
func (l *lexer) blanks() error {
	for l.i < len(l.src) {
		switch rest := l.src[l.i:]; {
		case strings.IndexByte(" \t\r\n", rest[0]) >= 0:
			l.i++
		case strings.HasPrefix(rest, "//"):
			end := strings.IndexAny(rest, "\r\n")
			if end < 0 {
				end = len(rest)
			}
			l.i += end
		case strings.HasPrefix(rest, "/*"):
			end := strings.Index(rest[2:], "*/")
			if end < 0 {
				return syntaxError(fault.Invalid, l.i, "a comment without an end")
			}
			l.i += end + 4
		default:
			return nil
		}
	}
	return nil
}

func letter(c byte) bool { return c|0x20-'a' <= 25 || c == '_' }

func digit(c byte) bool { return c-'0' <= 9 }

func (l *lexer) name() string {
	from := l.i
	for l.i < len(l.src) && (letter(l.src[l.i]) || digit(l.src[l.i])) {
		l.i++
	}
	return l.src[from:l.i]
}

func (l *lexer) digits() {
	for l.i < len(l.src) && digit(l.src[l.i]) {
		l.i++
	}
}

func (l *lexer) number() string {
	from := l.i
	l.digits()
	if l.i+1 < len(l.src) && l.src[l.i] == '.' && digit(l.src[l.i+1]) {
		l.i++
		l.digits()
	}
	return l.src[from:l.i]
}

// date reads @2015-02-04T14:34:28Z, @T14:34 and their shorter forms; whether the parts are right is for the compiler. A
// zone is read only after a time, so that @2015-02-04.x and @2015 - 1 stay what they are.
func (l *lexer) date() string {
	from := l.i
	l.i++
	for n := 0; n < 3 && l.i < len(l.src) && digit(l.src[l.i]); n++ {
		l.digits()
		if n < 2 && l.i+1 < len(l.src) && l.src[l.i] == '-' && digit(l.src[l.i+1]) {
			l.i++
		}
	}
	if l.i == len(l.src) || l.src[l.i] != 'T' {
		return l.src[from:l.i]
	}
	l.i++
	for l.i < len(l.src) {
		c := l.src[l.i]
		inside := l.i+1 < len(l.src) && digit(l.src[l.i+1])
		if !digit(c) && !(inside && (c == ':' || c == '.' || c == '+' || c == '-')) {
			break
		}
		l.i++
	}
	if l.i < len(l.src) && l.src[l.i] == 'Z' {
		l.i++
	}
	return l.src[from:l.i]
}

func (l *lexer) variable() (token, error) {
	t := token{kind: variableToken, at: l.i}
	l.i++
	var err error
	if l.i < len(l.src) && strings.IndexByte("`'\"", l.src[l.i]) >= 0 { // R4 writes %"vs-name"
		t.text, err = l.quoted(l.src[l.i])
	} else {
		t.text = l.name()
	}
	if err == nil && t.text == "" {
		err = syntaxError(fault.Invalid, t.at, "%% without a name")
	}
	return t, err
}

// quoted reads a text between quotes with its escapes.
func (l *lexer) quoted(quote byte) (string, error) {
	from := l.i
	l.i++
	if end := strings.IndexByte(l.src[l.i:], quote); end >= 0 && strings.IndexByte(l.src[l.i:l.i+end], '\\') < 0 {
		text := l.src[l.i : l.i+end]
		l.i += end + 1
		return text, nil
	}
	var b []byte
	for l.i < len(l.src) {
		c := l.src[l.i]
		l.i++
		switch c {
		case quote:
			return string(b), nil
		case '\\':
			var err error
			if b, err = l.escape(b); err != nil {
				return "", err
			}
		default:
			b = append(b, c)
		}
	}
	return "", syntaxError(fault.Invalid, from, "a text without an end")
}

func (l *lexer) escape(b []byte) ([]byte, error) {
	if l.i < len(l.src) {
		c := l.src[l.i]
		l.i++
		if at := strings.IndexByte("'\"`\\/nrtf", c); at >= 0 {
			return append(b, "'\"`\\/\n\r\t\f"[at]), nil
		}
		if c == 'u' && l.i+4 <= len(l.src) {
			if r, err := strconv.ParseUint(l.src[l.i:l.i+4], 16, 16); err == nil {
				l.i += 4
				return utf8.AppendRune(b, rune(r)), nil
			}
		}
	}
	return b, syntaxError(fault.Invalid, l.i-1, "an unknown escape")
}

func (l *lexer) operator() (token, error) {
	at := l.i
	for _, two := range [...]string{"<=", ">=", "!=", "!~"} {
		if strings.HasPrefix(l.src[at:], two) {
			l.i += 2
			return token{kind: operatorToken, at: at, text: two}, nil
		}
	}
	if strings.IndexByte(".,()[]{}|=~<>+-*/&", l.src[at]) < 0 {
		return token{}, syntaxError(fault.Invalid, at, "a character that begins nothing")
	}
	l.i++
	return token{kind: operatorToken, at: at, text: l.src[at:l.i]}, nil
}
