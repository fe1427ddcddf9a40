// SPDX-License-Identifier: Apache-2.0

package load

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"strings"

	"galen/internal/fault"
	"galen/internal/fhir/term"
)

const (
	maxLine     = 1 << 20    // bytes
	maxConcepts = 20_000_000 // of one system
)

// table reads lines of fields that are separated by one byte, without quotes.
type table struct {
	name    string // for errors
	scan    *bufio.Scanner
	by      byte
	least   int // fields a line must have
	number  int // of the line
	fields  []string
	failure error
}

func newTable(name string, r io.Reader, by byte, least int) *table {
	scan := bufio.NewScanner(r)
	scan.Buffer(make([]byte, 64<<10), maxLine)
	return &table{name: name, scan: scan, by: by, least: least}
}

// next goes to the next line that is not empty; its fields are valid until the call after. It is false at the end and after a failure.
func (t *table) next() bool {
	for t.failure == nil && t.scan.Scan() {
		t.number++
		line := bytes.TrimSuffix(t.scan.Bytes(), []byte("\r"))
		if t.number == 1 {
			line = bytes.TrimPrefix(line, []byte("\ufeff"))
		}
		if len(line) == 0 {
			continue
		}
		t.fields = split(t.fields[:0], string(line), t.by)
		if len(t.fields) < t.least {
			t.fail("has %d fields instead of %d", len(t.fields), t.least)
			return false
		}
		return true
	}
	return false
}

func split(dst []string, line string, by byte) []string {
	for {
		field, rest, more := strings.Cut(line, string(by))
		dst = append(dst, field)
		if !more {
			return dst
		}
		line = rest
	}
}

// fail stops reading.
func (t *table) fail(format string, args ...any) {
	if t.failure == nil {
		t.failure = fault.New(fault.Invalid, "line %d of %s "+format, append([]any{t.number, t.name}, args...)...)
	}
}

// err is why reading stopped; nil at the end of the file.
func (t *table) err() error {
	switch err := t.scan.Err(); {
	case t.failure != nil:
		return t.failure
	case errors.Is(err, bufio.ErrTooLong):
		return fault.New(fault.TooLarge, "line %d of %s is longer than %d bytes", t.number+1, t.name, maxLine)
	case err != nil:
		return fault.Wrap(fault.Unavailable, err, "%s cannot be read after line %d", t.name, t.number)
	}
	return nil
}

// build finishes a system, which must have concepts.
func build(name string, b *term.Builder) (*term.System, error) {
	switch {
	case b.Len() == 0:
		return nil, fault.New(fault.Invalid, "%s has no concepts: is it the right file?", name)
	case b.Len() > maxConcepts:
		return nil, fault.New(fault.TooLarge, "%s has more than %d concepts", name, maxConcepts)
	}
	return b.Build()
}
