// SPDX-License-Identifier: Apache-2.0

package document

import (
	"bytes"
	"path"
	"strings"
	"unicode/utf8"
)

// Kind is what a document is.
type Kind string

// The kinds.
const (
	Unknown Kind = "unknown"
	Text    Kind = "text"
	HTML    Kind = "HTML"
	PDF     Kind = "PDF"
	PNG     Kind = "PNG"
	JPEG    Kind = "JPEG"
	CDA     Kind = "C-CDA"
	JSON    Kind = "JSON"
	NDJSON  Kind = "NDJSON"
)

// Sniff is how many bytes of its beginning are enough to tell a document's kind.
const Sniff = 4096

// KindOf tells the kind of a document from its beginning; where that leaves a choice, from its content type and name (either
// may be empty).
func KindOf(name, contentType string, head []byte) Kind {
	head = bytes.TrimPrefix(head[:min(len(head), Sniff)], []byte("\xef\xbb\xbf"))
	start := bytes.TrimLeft(head, " \t\r\n")
	contentType, _, _ = strings.Cut(strings.ToLower(contentType), ";")
	extension := strings.ToLower(path.Ext(name))
	switch {
	case bytes.HasPrefix(start, []byte("%PDF-")):
		return PDF
	case bytes.HasPrefix(head, []byte("\x89PNG\r\n\x1a\n")):
		return PNG
	case bytes.HasPrefix(head, []byte("\xff\xd8\xff")):
		return JPEG
	case bytes.HasPrefix(start, []byte("{")) && contentType != "text/plain" && extension != ".txt":
		if extension == ".ndjson" || contentType == "application/fhir+ndjson" || contentType == "application/ndjson" || twoLines(start) {
			return NDJSON
		}
		return JSON
	case bytes.HasPrefix(start, []byte("<")) && bytes.Contains(head, []byte("ClinicalDocument")):
		return CDA
	case bytes.HasPrefix(start, []byte("<")) && (contentType == "text/html" || extension == ".html" || extension == ".htm" || looksLikeHTML(start)):
		return HTML
	case bytes.IndexByte(head, 0) < 0 && utf8.Valid(whole(head)):
		return Text
	}
	return Unknown
}

// twoLines reports whether a second JSON object begins on a line of its own right after a first one ended on its line.
func twoLines(start []byte) bool {
	return bytes.Contains(start, []byte("}\n{")) || bytes.Contains(start, []byte("}\r\n{"))
}

func looksLikeHTML(start []byte) bool {
	lower := bytes.ToLower(start)
	return bytes.HasPrefix(lower, []byte("<!doctype html")) || bytes.HasPrefix(lower, []byte("<html")) || bytes.HasPrefix(lower, []byte("<div"))
}

// whole is head without a character that its end cuts in two.
func whole(head []byte) []byte {
	for i := len(head) - 1; i >= 0 && i >= len(head)-utf8.UTFMax; i-- {
		if utf8.RuneStart(head[i]) {
			if !utf8.FullRune(head[i:]) {
				return head[:i]
			}
			return head
		}
	}
	return head
}
