// SPDX-License-Identifier: Apache-2.0

package fhir_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"galen/internal/fault"
	"galen/internal/fhir"
	"galen/internal/fhir/fhirtest"
)

var stamp = time.Date(2026, 11, 21, 4, 52, 0, 123_999_999, time.FixedZone("", 3600))

const stampText = "2026-11-21T03:52:00.123Z"

func TestStoredShapes(t *testing.T) {
	const vu = `"versionId":"3","lastUpdated":"` + stampText + `"`
	for _, c := range []struct{ in, want string }{
		{`{}`, `{"id":"x","meta":{` + vu + `}}`},
		{`{"resourceType":"A"}`, `{"resourceType":"A","id":"x","meta":{` + vu + `}}`},
		{`{"a":1,"resourceType":"A","b":2}`, `{"a":1,"resourceType":"A","id":"x","meta":{` + vu + `},"b":2}`},
		{`{"a":1,"b":2}`, `{"id":"x","meta":{` + vu + `},"a":1,"b":2}`},
		{`{"id":"old","resourceType":"A"}`, `{"id":"x","meta":{` + vu + `},"resourceType":"A"}`},
		{`{"resourceType":"A","id":7,"_id":{"id":"q"}}`, `{"resourceType":"A","id":"x","meta":{` + vu + `},"_id":{"id":"q"}}`},
		{`{"meta":{},"resourceType":"A"}`, `{"meta":{` + vu + `},"resourceType":"A","id":"x"}`},
		{`{"resourceType":"A","b":2,"meta":{"versionId":"1"}}`, `{"resourceType":"A","id":"x","b":2,"meta":{` + vu + `}}`},
		{`{"meta":{"lastUpdated":"t","versionId":"1"},"id":"y"}`, `{"meta":{` + vu + `},"id":"x"}`},
		{`{"id":"y","meta":{"a":1,"versionId":"1","b":2,"lastUpdated":"t","c":3}}`, `{"id":"x","meta":{` + vu + `,"a":1,"b":2,"c":3}}`},
		{`{"id":"y","meta":{"versionId":"1","b":2,"c":3}}`, `{"id":"x","meta":{` + vu + `,"b":2,"c":3}}`},
		{`{"id":"y","meta":{"b":2,"lastUpdated":"t"}}`, `{"id":"x","meta":{` + vu + `,"b":2}}`},
		{`{"id":"y","meta":{"_versionId":{"id":"e"},"versionId":"1","_lastUpdated":{}}}`,
			`{"id":"x","meta":{` + vu + `,"_versionId":{"id":"e"},"_lastUpdated":{}}}`},
		{`{"id":"y","m\u0065ta":{"\u0076ersionId":"1","k\u0065y":1.50}}`, `{"id":"x","meta":{` + vu + `,"k\u0065y":1.50}}`},
		{`{"id":"y","contained":[{"id":"c","meta":{"versionId":"9"}}]}`,
			`{"id":"x","meta":{` + vu + `},"contained":[{"id":"c","meta":{"versionId":"9"}}]}`},
		{" {\n \"id\" : \"y\" , \"a\" : [ 1 , \" b \\\" c \" ] ,\"meta\" : { \"versionId\" : \"1\" , \"tag\" : [ ] } } \n",
			`{"id":"x","a":[1," b \" c "],"meta":{` + vu + `,"tag":[]}}`},
	} {
		prepared, err := fhir.PrepareStored(fhirtest.Parse(t, c.in), "x")
		if err != nil {
			t.Errorf("%s: %v", c.in, err)
			continue
		}
		got := prepared.AppendStored([]byte(">"), 3, stamp)
		if string(got) != ">"+c.want {
			t.Errorf("%s: got\n%s, want\n%s", c.in, got[1:], c.want)
		}
		if len(got)-1 > prepared.Len() {
			t.Errorf("%s: Len says %d, it is %d", c.in, prepared.Len(), len(got)-1)
		}
	}
}

func TestStoredRefuses(t *testing.T) {
	for _, c := range []struct{ doc, id string }{{`[]`, "x"}, {`"a"`, "x"}, {`{}`, ""}, {`{}`, "a/b"}, {`{}`, "a\"b"},
		{`{"meta":[]}`, "x"}, {`{"meta":null}`, "x"}} {
		if _, err := fhir.PrepareStored(fhirtest.Parse(t, c.doc), c.id); !errors.Is(err, fault.Invalid) {
			t.Errorf("%s with id %q: got %v, want invalid", c.doc, c.id, err)
		}
	}
	if _, err := fhir.PrepareStored(fhir.Node{}, "x"); !errors.Is(err, fault.Invalid) {
		t.Errorf("an absent node: got %v, want invalid", err)
	}
}

func TestAppendInstant(t *testing.T) {
	if got := string(fhir.AppendInstant(nil, stamp)); got != stampText {
		t.Errorf("got %s, want %s", got, stampText)
	}
	if got := string(fhir.AppendInstant(nil, time.Unix(0, 0))); got != "1970-01-01T00:00:00.000Z" {
		t.Errorf("got %s", got)
	}
}

// checkStored holds the stored form of a resource to the resource: equal but for id, meta.versionId and
// meta.lastUpdated, without white space, and the same again if it is stored again.
func checkStored(t *testing.T, tape *fhir.Tape, p *fhir.Prepared, doc []byte) {
	t.Helper()
	if err := tape.Parse(doc, fhir.Limits{}); err != nil {
		t.Fatalf("parse: %v", err)
	}
	if err := p.Set(tape.Root(), "new-id"); err != nil {
		if meta := tape.Root().Field("meta"); tape.Root().Kind() == fhir.Object && (!meta.Ok() || meta.Kind() == fhir.Object) {
			t.Fatalf("prepare: %v", err)
		}
		return
	}
	stored := p.AppendStored(nil, 42, stamp)
	want := tree(t, doc).(map[string]any)
	want["id"] = "new-id"
	meta, _ := want["meta"].(map[string]any)
	if meta == nil {
		meta = map[string]any{}
		want["meta"] = meta
	}
	meta["versionId"], meta["lastUpdated"] = "42", stampText
	if got := tree(t, stored); !reflect.DeepEqual(got, any(want)) {
		t.Fatalf("stored form differs:\n%s\nof\n%s", stored, doc)
	}
	if err := tape.Parse(stored, fhir.Limits{}); err != nil || tape.Spaced() {
		t.Fatalf("stored form: %v, spaced %v", err, tape.Spaced())
	}
	if err := p.Set(tape.Root(), "new-id"); err != nil || !bytes.Equal(p.AppendStored(nil, 42, stamp), stored) && moved(tape) == nil {
		t.Fatalf("stored again, it differs: %s", p.AppendStored(nil, 42, stamp))
	}
}

// moved is an error if the stored form has its version and time elsewhere than first in meta.
func moved(tape *fhir.Tape) error {
	first := tape.Root().Field("meta").First()
	if first.Name() != "versionId" || first.Next().Name() != "lastUpdated" {
		return errors.New("not first")
	}
	return nil
}

func tree(t *testing.T, doc []byte) any {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(doc))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		t.Fatalf("encoding/json: %v", err)
	}
	return v
}

func TestStoredOfEveryExampleAndSynthea(t *testing.T) {
	var tape fhir.Tape
	var p fhir.Prepared
	for _, s := range fhirtest.Smalls() {
		checkStored(t, &tape, &p, []byte(s.JSON))
	}
	t.Run("examples", func(t *testing.T) {
		count := 0
		for _, lines := range fhirtest.Examples(t) {
			for _, line := range lines {
				checkStored(t, &tape, &p, line)
				count++
			}
		}
		if count != 728 {
			t.Errorf("%d examples, want 728", count)
		}
	})
	t.Run("synthea", func(t *testing.T) {
		set := "synthea-100"
		if testing.Short() {
			set = "synthea-10"
		}
		count := 0
		for _, lines := range fhirtest.Synthea(t, set) {
			for _, line := range lines {
				checkStored(t, &tape, &p, line)
				count++
			}
		}
		t.Logf("%d resources", count)
	})
}

func FuzzStored(f *testing.F) {
	for _, s := range fhirtest.Smalls() {
		f.Add([]byte(s.JSON))
	}
	f.Fuzz(func(t *testing.T, doc []byte) {
		var tape fhir.Tape
		if tape.Parse(doc, fhir.Limits{}) == nil && tape.Root().Kind() == fhir.Object {
			checkStored(t, &tape, new(fhir.Prepared), doc)
		}
	})
}

func BenchmarkStored(b *testing.B) {
	doc := []byte(fhirtest.Smalls()[1].JSON)
	if !strings.Contains(string(doc), "versionId") {
		b.Fatal("the resource has no version to replace")
	}
	root := fhirtest.Parse(b, doc)
	var p fhir.Prepared
	var out []byte
	b.SetBytes(int64(len(doc)))
	b.ReportAllocs()
	for b.Loop() {
		if err := p.Set(root, "ann"); err != nil {
			b.Fatal(err)
		}
		out = p.AppendStored(out[:0], 7, stamp)
	}
}
