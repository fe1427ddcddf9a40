// SPDX-License-Identifier: Apache-2.0

package fhir_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"galen/internal/fault"
	"galen/internal/fhir"
	"galen/internal/fhir/fhirtest"
)

func TestOutcome(t *testing.T) {
	list := fault.List{fault.New(fault.Invalid, `a "quote"`).At("Patient.name[0]").WithCode("structure"), fault.New(fault.NotFound, "none")}
	for _, c := range []struct{ got, want string }{
		{string(fhir.AppendErrorOutcome(nil, list)), `{"resourceType":"OperationOutcome","issue":[` +
			`{"severity":"error","code":"structure","diagnostics":"a \"quote\"","expression":["Patient.name[0]"]},` +
			`{"severity":"error","code":"not-found","diagnostics":"none"}]}`},
		{string(fhir.AppendErrorOutcome(nil, errors.New("secret"))), `{"resourceType":"OperationOutcome","issue":[` +
			`{"severity":"fatal","code":"exception","diagnostics":"internal error"}]}`},
		{string(fhir.AppendOutcome(nil)), `{"resourceType":"OperationOutcome","issue":[` +
			`{"severity":"information","code":"informational","diagnostics":"All OK"}]}`},
		{string(fhir.AppendOutcome(nil, fhir.Issue{})), `{"resourceType":"OperationOutcome","issue":[{"severity":"error","code":"processing"}]}`},
	} {
		if c.got != c.want {
			t.Errorf("got\n%s, want\n%s", c.got, c.want)
		}
		fhirtest.Parse(t, c.got)
	}
}

func TestEveryKindHasAnIssueType(t *testing.T) {
	for _, kind := range fault.Kinds {
		if got := fhir.IssueType(kind); (got == "exception") != (kind == fault.Internal) {
			t.Errorf("the issue type of %q is %q", kind, got)
		}
	}
}

func FuzzAppendString(f *testing.F) {
	for _, s := range []string{"", "plain", "\"\\\n\r\t\b\f\x00\x1f\x7f", "é中😀", "a\xffb\xed\xa0\x80", "\xe4\xb8", "\u2028"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got := fhir.AppendString([]byte("x"), s)
		if string(fhir.AppendString([]byte("x"), []byte(s))) != string(got) {
			t.Errorf("%q as bytes and as a string differ", s)
		}
		want := strings.ToValidUTF8(s, "\ufffd")
		var back string
		if err := json.Unmarshal(got[1:], &back); err != nil || len([]rune(back)) != len([]rune(s)) {
			t.Fatalf("%q: %q, %v", s, got, err)
		}
		if n := fhirtest.Parse(t, got[1:]); n.Text() != back || strings.ToValidUTF8(s, "") == s && back != want {
			t.Errorf("%q comes back as %q", s, back)
		}
	})
}
