// SPDX-License-Identifier: Apache-2.0

// Package ips makes International Patient Summaries: documents that say the essential of a record.
//
// What goes in: all active problems, current medicines and active allergies; what is past, was done or given; the latest
// value of each measurement; open care plans. Resources go in as they are, but for elements that the guide requires and the
// record lacks, which say so (data-absent-reason), and references to entries of a Bundle, which become Type/id. A section
// that the guide requires and the record has nothing for says that nothing is known.
//
// The package is pure; the same facts give the same bytes.
//
// http://hl7.org/fhir/uv/ips/STU1.1
package ips

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"html"
	"strings"
	"time"

	"galen/internal/fhir"
	"galen/internal/insights/facts"
)

// Options says how a document is made. The zero Options works.
type Options struct {
	Base string    // URL of the server that has the resources, for full URLs; https://localhost if empty
	Now  time.Time // date of the document; the Base's day if zero
}

// maxResults is the most measurements in a document.
const maxResults = 100

const structures = "http://hl7.org/fhir/uv/ips/StructureDefinition/"

type document struct {
	*facts.Base
	record  *facts.Record
	base    string
	entries []entry
	within  map[string]bool
}

type entry struct {
	FullURL  string          `json:"fullUrl"`
	Resource json.RawMessage `json:"resource"`
}

type reference struct {
	Reference string `json:"reference"`
}

type coding struct {
	System  string `json:"system"`
	Code    string `json:"code"`
	Display string `json:"display,omitempty"`
}

type concept struct {
	Coding []coding `json:"coding"`
}

type narrative struct {
	Status string `json:"status"`
	Div    string `json:"div"`
}

type section struct {
	Title string      `json:"title"`
	Code  concept     `json:"code"`
	Text  narrative   `json:"text"`
	Entry []reference `json:"entry"`
}

type meta struct {
	Profile []string `json:"profile"`
}

type identifier struct {
	System string `json:"system"`
	Value  string `json:"value"`
}

type composition struct {
	ResourceType string      `json:"resourceType"`
	ID           string      `json:"id"`
	Meta         meta        `json:"meta"`
	Status       string      `json:"status"`
	Type         concept     `json:"type"`
	Subject      reference   `json:"subject"`
	Date         string      `json:"date"`
	Author       []reference `json:"author"`
	Title        string      `json:"title"`
	Section      []section   `json:"section"`
}

type bundle struct {
	ResourceType string     `json:"resourceType"`
	ID           string     `json:"id"`
	Meta         meta       `json:"meta"`
	Identifier   identifier `json:"identifier"`
	Type         string     `json:"type"`
	Timestamp    string     `json:"timestamp"`
	Entry        []entry    `json:"entry"`
}

// Document makes the summary of a record, a Bundle of type document, from the facts computed from it.
func Document(r *facts.Record, b *facts.Base, o Options) []byte {
	d := &document{Base: b, record: r, base: strings.TrimSuffix(o.Base, "/"), within: map[string]bool{}}
	if d.base == "" {
		d.base = "https://localhost"
	}
	if o.Now.IsZero() {
		o.Now = b.Now.Time(0)
	}
	now := string(fhir.AppendInstant(nil, o.Now))
	patient := "Patient/" + fhir.ID(r.Patient())
	d.include(patient)
	sections := d.sections()
	author := d.author()
	seal := sha256.New()
	fmt.Fprintln(seal, d.base, now)
	for _, e := range d.entries {
		seal.Write(e.Resource)
	}
	sum := seal.Sum(nil)
	c := composition{ResourceType: "Composition", ID: id(sum, "composition"), Meta: meta{[]string{structures + "Composition-uv-ips"}}, Status: "final",
		Type: loinc("60591-5", "Patient summary Document"), Subject: reference{patient}, Date: now, Author: []reference{{author}},
		Title: "International Patient Summary", Section: sections}
	entries := append([]entry{{d.base + "/Composition/" + c.ID, encode(c)}}, d.entries...)
	out := bundle{ResourceType: "Bundle", ID: id(sum, "bundle"), Meta: meta{[]string{structures + "Bundle-uv-ips"}},
		Identifier: identifier{"urn:ietf:rfc:3986", "urn:uuid:" + id(sum, "document")}, Type: "document", Timestamp: now, Entry: entries}
	return encode(out)
}

// author is the software that put the document together.
func (d *document) author() string {
	d.entries = append(d.entries, entry{d.base + "/Device/galen", json.RawMessage(
		`{"resourceType":"Device","id":"galen","deviceName":[{"name":"galen","type":"user-friendly-name"}],"type":{"text":"Software that assembled this document"}}`)})
	return "Device/galen"
}

func loinc(code, display string) concept {
	return concept{[]coding{{facts.LOINC, code, display}}}
}

func encode(v any) []byte {
	out, err := json.Marshal(v)
	if err != nil {
		panic(err) // structs of strings and of JSON that was parsed
	}
	return out
}

// id is a UUID that says what it was made from.
func id(sum []byte, name string) string {
	h := sha256.Sum256(append([]byte(name), sum...))
	h[6], h[8] = h[6]&0x0f|0x80, h[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", h[0:4], h[4:6], h[6:8], h[8:10], h[10:16])
}

// list is a section's narrative.
func list(texts []string) narrative {
	var b strings.Builder
	b.WriteString(`<div xmlns="http://www.w3.org/1999/xhtml"><ul>`)
	for _, t := range texts {
		b.WriteString("<li>" + html.EscapeString(t) + "</li>")
	}
	return narrative{"generated", b.String() + "</ul></div>"}
}
