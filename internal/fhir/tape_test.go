// SPDX-License-Identifier: Apache-2.0

package fhir_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"galen/internal/fault"
	"galen/internal/fhir"
	"galen/internal/fhir/fhirtest"
)

func TestTapeRefuses(t *testing.T) {
	deep := strings.Repeat("[", fhir.DefaultDepth+1) + strings.Repeat("]", fhir.DefaultDepth+1)
	cases := []struct {
		doc, problem string
		line, column int
	}{
		{``, "ends too early", 1, 1},
		{" \n ", "ends too early", 2, 2},
		{"\xef\xbb\xbf{}", "byte order mark", 1, 1},
		{`{`, "ends too early", 1, 2},
		{`{]`, "name in quotes", 1, 2},
		{`{"a"}`, "colon", 1, 5},
		{`{"a":}`, "no value", 1, 6},
		{`{"a":1,}`, "name in quotes", 1, 8},
		{`{"a":1 "b":2}`, "comma or }", 1, 8},
		{`{"a":1]`, "comma or }", 1, 7},
		{`{a:1}`, "name in quotes", 1, 2},
		{`[1,]`, "no value", 1, 4},
		{`[1}`, "comma or ]", 1, 3},
		{`[1`, "ends too early", 1, 3},
		{`{} {}`, "more after", 1, 4},
		{`1 2`, "more after", 1, 3},
		{`tru`, "no value", 1, 1},
		{`[nul]`, "no value", 1, 2},
		{`True`, "no value", 1, 1},
		{`NaN`, "no value", 1, 1},
		{`01`, "leading zero", 1, 1},
		{`-`, "digit", 1, 2},
		{`-a`, "digit", 1, 2},
		{`+1`, "no value", 1, 1},
		{`.5`, "no value", 1, 1},
		{`1.`, "digit", 1, 3},
		{`1.e3`, "digit", 1, 3},
		{`1e`, "digit", 1, 3},
		{`1e+`, "digit", 1, 4},
		{`0x1`, "more after", 1, 2},
		{`"abc`, "without an end", 1, 5},
		{`"abcdefghijk`, "without an end", 1, 13},
		{"\"a\tb\"", "control character", 1, 3},
		{"[\n\"a\nb\"]", "control character", 2, 3},
		{`"\x"`, "unknown escape", 1, 2},
		{`"\`, "ends too early", 1, 2},
		{`"\u12g4"`, "hexadecimal", 1, 2},
		{`"\u12`, "hexadecimal", 1, 2},
		{`"\ud83d"`, "surrogate", 1, 2},
		{`"\ud83d\u0041"`, "surrogate", 1, 2},
		{`"\ude00\ud83d"`, "surrogate", 1, 2},
		{`"\ud83dxxxxxx"`, "surrogate", 1, 2},
		{"\"a\xff\"", "UTF-8", 1, 3},
		{"\"\xc0\x80\"", "UTF-8", 1, 2},
		{"\"\xed\xa0\x80\"", "UTF-8", 1, 2},
		{"\"\xf4\x90\x80\x80\"", "UTF-8", 1, 2},
		{"\"\xe4\xb8", "UTF-8", 1, 2},
		{"{\"\xff\":1}", "UTF-8", 1, 3},
		{`{"a":1,"b":2,"a":3}`, "same name twice", 1, 14},
		{`{"a":1,"\u0061":3}`, "same name twice", 1, 8},
		{`{"\u0061":[{"a":1}],"a":3}`, "same name twice", 1, 21},
		{`{"":1,"":3}`, "same name twice", 1, 7},
		{deep, "too many levels", 1, fhir.DefaultDepth + 1},
		{"\v1", "no value", 1, 1},
		{"{\x00}", "name in quotes", 1, 2},
		{`{"` + strings.Repeat("k", 1<<16) + `":1}`, "too long", 1, 2},
	}
	var tape fhir.Tape
	for _, c := range cases {
		err := tape.Parse([]byte(c.doc), fhir.Limits{})
		var syntax *fhir.SyntaxError
		if !errors.As(err, &syntax) || !errors.Is(err, fault.Invalid) {
			t.Errorf("%.40q: got error %v, want an invalid document", c.doc, err)
			continue
		}
		if !strings.Contains(err.Error(), c.problem) || syntax.Line != c.line || syntax.Column != c.column {
			t.Errorf("%.40q: got %v, want %q at line %d column %d", c.doc, err, c.problem, c.line, c.column)
		}
		if want := fmt.Sprintf("line %d column %d", c.line, c.column); !strings.Contains(fault.All(err)[0].Text, want) {
			t.Errorf("%.40q: the fault's text %q has no %q", c.doc, fault.All(err)[0].Text, want)
		}
		if tape.Root().Ok() {
			t.Errorf("%.40q: there is a root after an error", c.doc)
		}
	}
}

func TestTapeLimits(t *testing.T) {
	var tape fhir.Tape
	if err := tape.Parse([]byte(`[1234]`), fhir.Limits{Size: 5}); !errors.Is(err, fault.TooLarge) {
		t.Errorf("a document over the size: got %v, want too large", err)
	}
	if err := tape.Parse([]byte(`[[1],[2]]`), fhir.Limits{Size: 9, Depth: 2}); err != nil {
		t.Errorf("a document at its limits: got %v", err)
	}
	if err := tape.Parse([]byte(`[[1],[{}]]`), fhir.Limits{Depth: 2}); !errors.Is(err, fault.Invalid) {
		t.Errorf("a document too deep: got %v, want invalid", err)
	}
}

func TestTapeBoundsItsMemory(t *testing.T) {
	var tape fhir.Tape
	list := []byte("[" + strings.Repeat("1,", fhir.MaxValues-2) + "1]")
	if err := tape.Parse(list, fhir.Limits{}); err != nil || tape.Root().Len() != fhir.MaxValues-1 {
		t.Errorf("%d values: %v", fhir.MaxValues, err)
	}
	list = append(list[:len(list)-1], ",1]"...)
	if err := tape.Parse(list, fhir.Limits{}); !errors.Is(err, fault.TooLarge) {
		t.Errorf("%d values: got %v, want too large", fhir.MaxValues+1, err)
	}
	if got := tape.Memory(); got != 24*fhir.MaxValues {
		t.Errorf("Memory = %d, want %d", got, 24*fhir.MaxValues)
	}
}

func TestTapeFindsDuplicatesInLargeObjects(t *testing.T) {
	var tape fhir.Tape
	for _, members := range []int{2, 31, 32, 33, 64, 65, 5000} {
		for _, second := range []int{0, 1, members / 2, members - 1} {
			var b strings.Builder
			for i := range members {
				fmt.Fprintf(&b, `"key-%06d-x":{"a":[1]},`, i)
			}
			good := "{" + strings.TrimSuffix(b.String(), ",") + "}"
			if err := tape.Parse([]byte(good), fhir.Limits{}); err != nil {
				t.Fatalf("%d different names: %v", members, err)
			}
			bad := "{" + b.String() + fmt.Sprintf(`"k\u0065y-%06d-x":1}`, second)
			var syntax *fhir.SyntaxError
			if err := tape.Parse([]byte(bad), fhir.Limits{}); !errors.As(err, &syntax) || !strings.Contains(err.Error(), "twice") {
				t.Errorf("%d names, number %d again: got %v", members, second, err)
			} else if want := len(b.String()) + 1; syntax.Offset != want {
				t.Errorf("%d names, number %d again: at %d, want %d", members, second, syntax.Offset, want)
			}
		}
	}
}

func TestTapeKnowsSpace(t *testing.T) {
	for doc, want := range map[string]bool{
		`{"a":[1,2]}`: false, " {\"a\":\"b c\"}\r\n": false, `{"a": 1}`: true, `{"a" :1}`: true, `{ }`: true, `[ ]`: true,
		`[1 ]`: true, `[1, 2]`: true, `{"a":1 }`: true, `{"a":1, "b":2}`: true, `"a b"`: false,
	} {
		if root := fhirtest.Parse(t, doc); root.Tape().Spaced() != want {
			t.Errorf("Spaced of %q = %v, want %v", doc, !want, want)
		} else if got := string(fhir.Compact(nil, root.Raw())); want == (got == string(root.Raw())) {
			t.Errorf("Compact of %q = %q", doc, got)
		}
	}
}

func TestTapeAllocatesNothing(t *testing.T) {
	var tape fhir.Tape
	var docs [][]byte
	for _, s := range fhirtest.Smalls() {
		if s.Name != "escapes" {
			docs = append(docs, []byte(s.JSON))
		}
	}
	got := testing.AllocsPerRun(10, func() {
		for _, doc := range docs {
			if tape.Parse(doc, fhir.Limits{}) != nil || tape.Root().Field("resourceType").Text() == "" {
				t.Fatal("a small resource is wrong")
			}
			visit(tape.Root())
		}
	})
	if got != 0 {
		t.Errorf("parse and visit: %v allocations, want 0", got)
	}
}

// visit touches every value and name below n.
func visit(n fhir.Node) int {
	size := len(n.Name()) + len(n.Number()) + n.End() - n.Offset()
	for m := n.First(); m.Ok(); m = m.Next() {
		size += visit(m)
	}
	return size
}
