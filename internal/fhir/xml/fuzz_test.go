// SPDX-License-Identifier: Apache-2.0

package xml_test

import (
	"testing"

	"galen/internal/fhir"
	"galen/internal/fhir/fhirtest"
	"galen/internal/fhir/xml"
)

// FuzzDecode holds whatever is read to being JSON, with places inside the document, and what has no findings to coming
// back equal.
func FuzzDecode(f *testing.F) {
	f.Add([]byte(`<Patient xmlns="http://hl7.org/fhir"><id value="a"/><name id="1"><given value="B"/><given><extension url="u"><valueDecimal value="1.0"/></extension></given></name></Patient>`))
	f.Add([]byte(`<f:Basic xmlns:f="http://hl7.org/fhir" xmlns="http://www.w3.org/1999/xhtml"><f:text><div><p a="&#13;">x</p></div></f:text><f:x y="z"/></f:Basic>`))
	f.Add([]byte("\xff\xfe<\x00a\x00"))
	f.Fuzz(func(t *testing.T, src []byte) {
		d, err := xml.Decode(src, fhir.Limits{})
		if err != nil {
			return
		}
		tape := new(fhir.Tape)
		if err := tape.Parse(d.JSON, fhir.Limits{Depth: 1000}); err != nil {
			t.Fatalf("%v in %s", err, d.JSON)
		}
		if line, column := d.Position(len(d.JSON)); line < 1 || column < 1 {
			t.Errorf("place %d:%d", line, column)
		}
		if len(d.Findings) > 0 {
			return
		}
		again, err := xml.Encode(nil, tape.Root(), xml.Encoding{})
		if err != nil {
			return // a root whose name has a letter beyond ASCII
		}
		back, err := xml.Decode(again, fhir.Limits{Depth: 1000})
		if err != nil {
			t.Fatalf("%v in %s", err, again)
		}
		third, err := xml.Encode(nil, fhirtest.Parse(t, back.JSON), xml.Encoding{})
		if err != nil || string(third) != string(again) {
			t.Errorf("%v\nfirst  %s\nsecond %s", err, again, third)
		}
	})
}

// FuzzEncode holds the XML of any JSON to being XML.
func FuzzEncode(f *testing.F) {
	for _, s := range fhirtest.Smalls() {
		f.Add([]byte(s.JSON))
	}
	f.Add([]byte(`{"resourceType":"Patient","text":{"div":"<div xmlns=\"http://www.w3.org/1999/xhtml\">&nbsp;\r]]></div>"},"_id":{},"x":[[1],{"y":null}]}`))
	f.Fuzz(func(t *testing.T, src []byte) {
		tape := new(fhir.Tape)
		if tape.Parse(src, fhir.Limits{}) != nil {
			return
		}
		doc, err := xml.Encode(nil, tape.Root(), xml.Encoding{})
		if err != nil {
			return
		}
		if _, err := xml.Decode(doc, fhir.Limits{Depth: 1000}); err != nil {
			t.Fatalf("%v in %s", err, doc)
		}
	})
}

func BenchmarkDecode(b *testing.B) {
	docs, size := [][]byte{}, 0
	for _, lines := range fhirtest.Examples(b) {
		for _, line := range lines {
			doc, err := xml.Encode(nil, fhirtest.Parse(b, line), xml.Encoding{})
			if err != nil {
				b.Fatal(err)
			}
			docs, size = append(docs, doc), size+len(doc)
		}
	}
	b.SetBytes(int64(size))
	b.ReportAllocs()
	for b.Loop() {
		for _, doc := range docs {
			if _, err := xml.Decode(doc, fhir.Limits{}); err != nil {
				b.Fatal(err)
			}
		}
	}
}

func BenchmarkEncode(b *testing.B) {
	var docs []fhir.Node
	size := 0
	for _, lines := range fhirtest.Examples(b) {
		for _, line := range lines {
			docs, size = append(docs, fhirtest.Parse(b, line)), size+len(line)
		}
	}
	b.SetBytes(int64(size))
	b.ReportAllocs()
	var buf []byte
	var err error
	for b.Loop() {
		for _, n := range docs {
			if buf, err = xml.Encode(buf[:0], n, xml.Encoding{}); err != nil {
				b.Fatal(err)
			}
		}
	}
}
