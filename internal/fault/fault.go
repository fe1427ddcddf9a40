// SPDX-License-Identifier: Apache-2.0

// Package fault names the kinds of failure a caller can act on.
//
// A Kind is an error, so errors.Is(err, fault.NotFound) needs no helper. A fault is made where the rule is known
// (a store, a validator, a planner); layers above add context with %w; only the packages under api turn a kind into a
// status. An error with no kind is Internal. The text of a fault may reach the caller: it holds no patient data, no
// secret and nothing about the machine.
package fault

import (
	"errors"
	"fmt"
	"strings"
)

// Kind says what a caller can do about a failure.
type Kind string

// The kinds. Add one only with a new thing a caller can do; every API's table of answers is tested against Kinds.
const (
	Invalid         Kind = "invalid"         // the request is malformed: change it
	Unprocessable   Kind = "unprocessable"   // well formed, but against a rule: change the content
	NotFound        Kind = "not found"       // there never was one
	Gone            Kind = "gone"            // there was one, it was deleted
	Conflict        Kind = "conflict"        // the state of the thing forbids it: look, then decide
	Precondition    Kind = "precondition"    // a condition of the caller's own did not hold
	Unauthenticated Kind = "unauthenticated" // say who you are
	Forbidden       Kind = "forbidden"       // you may not
	Throttled       Kind = "throttled"       // later
	TooLarge        Kind = "too large"       // send less
	TooCostly       Kind = "too costly"      // ask for less
	Unsupported     Kind = "unsupported"     // not offered here
	Unavailable     Kind = "unavailable"     // a part this needs is down: later
	Internal        Kind = "internal"        // our bug
)

// Kinds lists every kind, for the tests that walk an API's table of answers.
var Kinds = []Kind{Invalid, Unprocessable, NotFound, Gone, Conflict, Precondition, Unauthenticated, Forbidden,
	Throttled, TooLarge, TooCostly, Unsupported, Unavailable, Internal}

// Error makes a Kind an error, so that it can be the target of errors.Is.
func (k Kind) Error() string { return string(k) }

// Fault is one failure: its kind, a text for the caller, and where in the input it is.
type Fault struct {
	Kind Kind
	Text string
	Path string // FHIRPath, JSON path or parameter name in the caller's input; empty if it has no place
	Code string // optional finer code of the API's own vocabulary, such as an OperationOutcome issue type
	err  error
}

// New makes a fault of kind with a text for the caller. A %w verb in format keeps the cause for errors.Is and the log,
// and its text out of Text only if the caller formats it so: do not wrap errors whose text is not for callers; use Wrap.
func New(kind Kind, format string, args ...any) *Fault {
	return &Fault{Kind: kind, Text: fmt.Sprintf(format, args...)}
}

// Wrap makes a fault that keeps cause for the log. Callers see only the text.
func Wrap(kind Kind, cause error, format string, args ...any) *Fault {
	f := New(kind, format, args...)
	f.err = cause
	return f
}

// At returns a copy of f that says where in the input it is.
func (f *Fault) At(path string) *Fault {
	g := *f
	g.Path = path
	return &g
}

// WithCode returns a copy of f with a finer code.
func (f *Fault) WithCode(code string) *Fault {
	g := *f
	g.Code = code
	return &g
}

// Error gives the text for the log: the kind, where, the text and the cause.
func (f *Fault) Error() string {
	var b strings.Builder
	b.WriteString(f.Text)
	if f.Path != "" {
		b.WriteString(" (at " + f.Path + ")")
	}
	if f.err != nil {
		b.WriteString(": " + f.err.Error())
	}
	return b.String()
}

// Is reports whether target is f's kind.
func (f *Fault) Is(target error) bool {
	k, ok := target.(Kind)
	return ok && k == f.Kind
}

// Unwrap returns the cause, or nil.
func (f *Fault) Unwrap() error { return f.err }

// List is several faults found in one input, in input order. Its kind is that of its first.
type List []*Fault

// Error gives the first text and how many more there are.
func (l List) Error() string {
	switch len(l) {
	case 0:
		return "no faults"
	case 1:
		return l[0].Error()
	}
	return fmt.Sprintf("%s (and %d more)", l[0].Error(), len(l)-1)
}

// Unwrap returns the faults, for errors.Is and errors.As.
func (l List) Unwrap() []error {
	errs := make([]error, len(l))
	for i, f := range l {
		errs[i] = f
	}
	return errs
}

// KindOf returns the kind of err: that of the outermost fault in its chain, Internal if there is none.
func KindOf(err error) Kind {
	var f *Fault
	var k Kind
	switch {
	case errors.As(err, &f):
		return f.Kind
	case errors.As(err, &k):
		return k
	}
	return Internal
}

// All returns the faults of err for the caller: a list's items, the one fault, or one Internal fault without detail.
func All(err error) []*Fault {
	var l List
	var f *Fault
	switch {
	case errors.As(err, &l) && len(l) > 0:
		return l
	case errors.As(err, &f):
		return []*Fault{f}
	}
	return []*Fault{New(KindOf(err), "internal error")}
}
