// SPDX-License-Identifier: Apache-2.0

package validate_test

import (
	"testing"
	"unicode/utf8"

	"galen/internal/fhir"
	"galen/internal/fhir/def"
	"galen/internal/fhir/fhirtest"
	"galen/internal/fhir/validate"
)

// FuzzResource feeds whatever is JSON: findings are bounded, in UTF-8, within the source, and Minimal finds no error that
// Strict does not.
func FuzzResource(f *testing.F) {
	for _, c := range broken {
		f.Add([]byte(c.doc))
	}
	for _, doc := range right {
		f.Add([]byte(doc))
	}
	v := validate.New(def.R4())
	f.Fuzz(func(t *testing.T, doc []byte) { mustHold(t, v, doc) })
}

func mustHold(t *testing.T, v *validate.Validator, doc []byte) {
	t.Helper()
	var tape fhir.Tape
	if tape.Parse(doc, fhir.Limits{}) != nil {
		return
	}
	strict := v.Resource(tape.Root(), validate.Strict)
	minimal := v.Resource(tape.Root(), validate.Minimal)
	if len(strict) > validate.MaxFindings || len(minimal) > len(strict) || validate.Failed(minimal) && !validate.Failed(strict) {
		t.Fatalf("strict %v, minimal %v", short(strict), short(minimal))
	}
	for _, found := range strict {
		if found.Offset < 0 || found.Offset >= len(doc) || found.Text == "" || found.Code == "" || found.Expression == "" ||
			!utf8.ValidString(found.Expression) || !utf8.ValidString(found.Text) {
			t.Fatalf("got %+v", found)
		}
	}
}

// TestMutatedExamples changes the official examples at random places, in ways that mostly leave them JSON.
func TestMutatedExamples(t *testing.T) {
	v := validate.New(def.R4())
	random := uint64(42)
	next := func(n int) int {
		random = random*6364136223846793005 + 1442695040888963407
		return int(random>>33) % n
	}
	pieces := []string{`null`, `{}`, `[]`, `[null]`, `""`, `0`, `true`, `"x"`, `[[1]]`, `{"resourceType":"Patient"}`, `{"_a":[null]}`}
	count := 0
	for _, lines := range fhirtest.Examples(t) {
		for _, line := range lines {
			if len(line) > 50_000 {
				continue
			}
			for range 10 {
				mustHold(t, v, mutate(t, line, pieces[next(len(pieces))], next))
				count++
			}
		}
	}
	t.Logf("%d mutated resources", count)
}

// mutate replaces one value of a document, at random, by another.
func mutate(t *testing.T, doc []byte, piece string, next func(int) int) []byte {
	t.Helper()
	n := fhirtest.Parse(t, doc)
	for depth := next(8); depth >= 0; depth-- {
		count := n.Len()
		if count == 0 {
			break
		}
		child := n.First()
		for range next(count) {
			child = child.Next()
		}
		n = child
	}
	out := append([]byte{}, doc[:n.Offset()]...)
	return append(append(out, piece...), doc[n.End():]...)
}
