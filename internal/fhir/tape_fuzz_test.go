// SPDX-License-Identifier: Apache-2.0

package fhir_test

import (
	"bytes"
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"

	"galen/internal/fhir"
	"galen/internal/fhir/fhirtest"
)

// values reads a tape's value as encoding/json with UseNumber reads it.
func values(n fhir.Node) any {
	switch n.Kind() {
	case fhir.Null:
		return nil
	case fhir.True, fhir.False:
		return n.Bool()
	case fhir.Number:
		return json.Number(n.Number())
	case fhir.String:
		return n.Text()
	case fhir.Array:
		list := []any{}
		for _, e := range n.Elements() {
			list = append(list, values(e))
		}
		return list
	}
	members := map[string]any{}
	for name, m := range n.Members() {
		members[name] = values(m)
	}
	return members
}

// checkTape holds a tape to encoding/json: what the tape accepts means the same there; what it refuses is refused there,
// or is one of the things that only the tape refuses.
func checkTape(t *testing.T, tape *fhir.Tape, doc []byte) {
	t.Helper()
	err := tape.Parse(doc, fhir.Limits{})
	if err != nil {
		stricter := !utf8.Valid(doc) || strings.Contains(err.Error(), "surrogate") || strings.Contains(err.Error(), "twice") ||
			strings.Contains(err.Error(), "too many levels") || strings.Contains(err.Error(), "too long")
		if json.Valid(doc) && !stricter {
			t.Fatalf("refused, but encoding/json takes it: %v\n%q", err, doc)
		}
		return
	}
	if !json.Valid(doc) {
		t.Fatalf("accepted, but encoding/json refuses it: %q", doc)
	}
	root := tape.Root()
	want := tree(t, doc)
	if got := values(root); !reflect.DeepEqual(got, want) {
		t.Fatalf("got %v, want %v, of %q", got, want, doc)
	}
	checkPlaces(t, root)
	var compact bytes.Buffer
	if err := json.Compact(&compact, doc); err != nil {
		t.Fatal(err)
	}
	if got := fhir.Compact(nil, root.Raw()); !bytes.Equal(got, compact.Bytes()) {
		t.Fatalf("compact: got %q, want %q", got, compact.Bytes())
	}
	if got := !bytes.Equal(root.Raw(), compact.Bytes()); got != tape.Spaced() {
		t.Fatalf("Spaced is %v of %q", tape.Spaced(), doc)
	}
}

// checkPlaces holds lookups by name and the raw bytes of every value below n to what iteration shows.
func checkPlaces(t *testing.T, n fhir.Node) {
	t.Helper()
	if raw := n.Raw(); !json.Valid(raw) || len(raw) != n.End()-n.Offset() {
		t.Fatalf("raw %q", raw)
	}
	count := 0
	for m := n.First(); m.Ok(); m = m.Next() {
		count++
		if n.Kind() == fhir.Object && n.Field(m.Name()) != m {
			t.Fatalf("Field does not find %q", m.Name())
		}
		checkPlaces(t, m)
	}
	if n.Len() != count {
		t.Fatalf("Len = %d, want %d", n.Len(), count)
	}
}

func TestTapeOfEveryExample(t *testing.T) {
	var tape fhir.Tape
	for _, s := range fhirtest.Smalls() {
		checkTape(t, &tape, []byte(s.JSON))
	}
	for name, lines := range fhirtest.Examples(t) {
		for _, line := range lines {
			checkTape(t, &tape, line)
			if got := fhir.Type(tape.Root()); got != name {
				t.Errorf("an example of %s has type %q", name, got)
			}
			var indented bytes.Buffer
			if json.Indent(&indented, line, "", "  ") == nil {
				checkTape(t, &tape, indented.Bytes())
			}
		}
	}
}

func FuzzTape(f *testing.F) {
	for _, s := range fhirtest.Smalls() {
		f.Add([]byte(s.JSON))
	}
	for _, doc := range []string{"[0,-0,1.5e+3,1E-2]", `"\ud83d\ude00"`, `{"a":{"a":[{}]},"b":[]}`, "\"\xe4\xb8\xad\"", `{"a":1,"\u0061":2}`} {
		f.Add([]byte(doc))
	}
	f.Fuzz(func(t *testing.T, doc []byte) {
		var tape fhir.Tape
		checkTape(t, &tape, doc)
		if len(doc) > 0 { // and a tape that held something else
			_ = tape.Parse(doc[:len(doc)/2], fhir.Limits{})
			checkTape(t, &tape, doc)
		}
	})
}
