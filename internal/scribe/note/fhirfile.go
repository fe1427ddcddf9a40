// SPDX-License-Identifier: Apache-2.0

package note

import (
	"encoding/base64"
	"fmt"
	"html"
	"strings"

	"galen/internal/scribe"
)

// fhirFile is the note as FHIR R4: a collection of a Composition and a DocumentReference with the note as text.
//
// http://hl7.org/fhir/R4/composition.html
func fhirFile(v scribe.Visit, n Note) scribe.File {
	type object = map[string]any
	when := v.Session.Created.UTC().Format("2006-01-02T15:04:05Z")
	code := object{"coding": []object{{"system": "http://loinc.org", "code": "11506-3", "display": "Progress note"}}, "text": "Clinical note"}
	author := []object{{"reference": "#writer"}}
	device := []object{{"resourceType": "Device", "id": "writer", "deviceName": []object{{"name": "galen scribe", "type": "user-friendly-name"}}}}
	composition := object{"resourceType": "Composition", "contained": device, "status": "preliminary", "type": code, "date": when, "author": author,
		"title": "Clinical note, not yet signed"}
	var sections []object
	for _, s := range n.Sections {
		x := object{"title": title(s.Name)}
		if len(s.Sentences) == 0 {
			x["emptyReason"] = object{"coding": []object{{"system": "http://terminology.hl7.org/CodeSystem/list-empty-reason", "code": "unavailable"}},
				"text": "Nothing was said of this."}
		}
		x["text"] = object{"status": "generated", "div": narrative(s)}
		sections = append(sections, x)
	}
	composition["section"] = sections
	text := markdownFile(v, n)
	reference := object{"resourceType": "DocumentReference", "contained": device, "status": "current", "docStatus": "preliminary", "type": code, "date": when,
		"author": author, "description": "Clinical note of a recorded visit", "content": []object{{"attachment": object{"contentType": "text/markdown",
			"data": base64.StdEncoding.EncodeToString(text.Body), "title": "note.md", "creation": when}}}}
	entries := []object{{"resource": composition}, {"resource": reference}}
	if id := v.Session.ID; id != "" { // a visit that was never a session has no name
		composition["identifier"] = object{"system": "urn:ietf:rfc:3986", "value": "urn:uuid:" + id}
		entries[0]["fullUrl"], entries[1]["fullUrl"] = "urn:uuid:"+id, "urn:uuid:"+other(id)
	}
	f := jsonFile("note.fhir.json", object{"resourceType": "Bundle", "type": "collection", "timestamp": when, "entry": entries})
	f.ContentType = "application/fhir+json"
	return f
}

// other is another UUID that goes with one, which is not empty.
func other(id string) string {
	last := id[len(id)-1]
	replaced := byte('0')
	if last == '0' {
		replaced = '1'
	}
	return id[:len(id)-1] + string(replaced)
}

func narrative(s Section) string {
	if len(s.Sentences) == 0 {
		return `<div xmlns="http://www.w3.org/1999/xhtml"><p>Nothing was said of this.</p></div>`
	}
	var b strings.Builder
	b.WriteString(`<div xmlns="http://www.w3.org/1999/xhtml"><ul>`)
	for _, x := range s.Sentences {
		fmt.Fprintf(&b, "<li>%s</li>", html.EscapeString(x.Text))
	}
	b.WriteString("</ul></div>")
	return b.String()
}
