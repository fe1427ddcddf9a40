// SPDX-License-Identifier: Apache-2.0

// Package xml turns FHIR XML into FHIR JSON and back, by the definitions of R4.
//
// Words. JSON is the form that galen stores and reads; a Document is what came in as XML: its JSON, the Findings that JSON
// cannot hold, and where each JSON value stood.
//
// Invariants:
//
//	X1: JSON that validation finds right goes to XML and back unchanged, but for white space between tokens, escapes of
//	    strings, and the order of an object's members, which XML fixes. The text of decimals and narratives is kept.
//	X2: Comments and processing instructions outside narratives are dropped. A document with a DOCTYPE, or an entity that XML
//	    itself does not define, is refused. Nothing outside the document is ever read.
//	X3: What XML says and R4 does not define is a Finding, and is kept in the JSON in its natural form (an element with
//	    children is an object, another its value), so that validation finds it there.
//	X4: Memory and time are linear in the input; Encode also bounds its output.
//
// XML cannot write control characters; Encode puts U+FFFD in their place. A narrative that is not well-formed is written as
// text, and an HTML entity in it as its character. A member that R4 does not define is written in natural form, and left out
// if its name is none in XML.
//
// The package is pure. The XML itself is read by encoding/xml.
//
// http://hl7.org/fhir/R4/xml.html
package xml

const (
	fhirSpace  = "http://hl7.org/fhir"
	xhtmlSpace = "http://www.w3.org/1999/xhtml"
	xmlSpace   = "http://www.w3.org/XML/1998/namespace"
	xsiSpace   = "http://www.w3.org/2001/XMLSchema-instance"
)
