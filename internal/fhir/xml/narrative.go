// SPDX-License-Identifier: Apache-2.0

package xml

import (
	"bytes"
	stdxml "encoding/xml"
	"io"
	"strings"

	"galen/internal/fault"
)

// narrative reads the rest of an XHTML element, whose start has been read, and gives its text as JSON holds it: with its
// name space declared, and no prefix. Where the XML is in that form already, its text is kept.
func (r *reader) narrative(start stdxml.StartElement, at int) ([]byte, error) {
	plain := !bytes.ContainsRune(tagName(r.src[at:]), ':')
	var again []byte // the same, written anew
	again = appendStart(again, start, true)
	for depth := 1; depth > 0; {
		before := int(r.decoder.InputOffset())
		token, err := r.decoder.Token()
		if err == io.EOF {
			return nil, r.failed(fault.Invalid, len(r.src), msgEnds)
		}
		if err != nil {
			return nil, r.malformed(err)
		}
		switch token := token.(type) {
		case stdxml.StartElement:
			if depth++; len(r.open)+depth > r.depth {
				return nil, r.failed(fault.Invalid, before, msgDeep)
			}
			plain = plain && !bytes.ContainsRune(tagName(r.src[before:]), ':')
			again = appendStart(again, token, false)
		case stdxml.EndElement:
			depth--
			again = append(append(append(again, "</"...), token.Name.Local...), '>')
		case stdxml.CharData:
			again = appendText(again, string(token), false)
		case stdxml.Directive:
			return nil, r.failed(fault.Invalid, before, msgDoctype)
		}
	}
	if !plain {
		return again, nil
	}
	raw := bytes.ReplaceAll(r.src[at:r.decoder.InputOffset()], []byte("\r\n"), []byte("\n"))
	raw = bytes.ReplaceAll(raw, []byte("&#13;"), []byte("\r"))
	if start.Name.Space == xhtmlSpace && !declaresSpace(start) {
		name := 1 + len(tagName(raw))
		raw = append(append(bytes.Clone(raw[:name]), ` xmlns="`+xhtmlSpace+`"`...), raw[name:]...)
	}
	return raw, nil
}

// tagName is the name in the start tag that src begins with.
func tagName(src []byte) []byte {
	src = src[1:]
	if i := bytes.IndexAny(src, " \t\r\n/>"); i >= 0 {
		return src[:i]
	}
	return src
}

// declaresSpace reports whether an element declares what its names without prefix mean.
func declaresSpace(start stdxml.StartElement) bool {
	for _, a := range start.Attr {
		if a.Name.Space == "" && a.Name.Local == "xmlns" {
			return true
		}
	}
	return false
}

// appendStart writes a start tag without prefixes; root says that it declares the name space.
func appendStart(dst []byte, start stdxml.StartElement, root bool) []byte {
	dst = append(append(dst, '<'), start.Name.Local...)
	if root {
		dst = append(dst, ` xmlns="`+xhtmlSpace+`"`...)
	}
	for _, a := range start.Attr {
		switch {
		case a.Name.Space == "xmlns" || a.Name.Local == "xmlns":
			continue
		case a.Name.Space == xmlSpace:
			dst = append(dst, " xml:"...)
		default:
			dst = append(dst, ' ')
		}
		dst = append(append(dst, a.Name.Local...), `="`...)
		dst = append(appendText(dst, a.Value, true), '"')
	}
	return append(dst, '>')
}

// xhtmlSource is how XML writes the text of a narrative: as it stands if it is XHTML, with characters for HTML's entities;
// else as text inside a div.
func xhtmlSource(text string) string {
	clean, entities, ok := wellFormed(text)
	if !ok {
		return `<div xmlns="` + xhtmlSpace + `">` + string(appendText(nil, text, false)) + `</div>`
	}
	if entities {
		text = clean
	}
	if strings.Contains(text, "\r") {
		text = strings.ReplaceAll(text, "\r", "&#13;")
	}
	return text
}

// wellFormed reports whether text is one div element of XHTML. clean is text with characters for HTML's entities, if it has any.
func wellFormed(text string) (clean string, entities, ok bool) {
	d := stdxml.NewDecoder(strings.NewReader(text))
	d.Entity = stdxml.HTMLEntity
	depth, roots, written := 0, 0, 0
	var out strings.Builder
	for {
		before := int(d.InputOffset())
		token, err := d.Token()
		if err == io.EOF {
			if entities {
				out.WriteString(text[written:])
			}
			return out.String(), entities, roots == 1 && depth == 0
		}
		if err != nil {
			return "", false, false
		}
		after := int(d.InputOffset())
		switch token := token.(type) {
		case stdxml.StartElement:
			if depth == 0 && (token.Name.Local != "div" || token.Name.Space != xhtmlSpace || before != 0) {
				return "", false, false
			}
			if depth == 0 {
				roots++
			}
			depth++
			if foreignEntity(text[before:after]) {
				entities = true
				out.WriteString(text[written:before])
				out.WriteString(htmlEntities(text[before:after]))
				written = after
			}
		case stdxml.EndElement:
			if depth--; depth == 0 && after != len(text) {
				return "", false, false
			}
		case stdxml.CharData:
			if foreignEntity(text[before:after]) && !strings.HasPrefix(text[before:], "<![CDATA[") {
				entities = true
				out.WriteString(text[written:before])
				out.WriteString(htmlEntities(text[before:after]))
				written = after
			}
		case stdxml.Directive, stdxml.ProcInst:
			return "", false, false
		}
	}
}

// foreignEntity reports whether text has an entity that XML does not know.
func foreignEntity(text string) bool { return htmlEntities(text) != text }

// htmlEntities puts characters for the entities that HTML knows and XML does not.
func htmlEntities(text string) string {
	if !strings.Contains(text, "&") {
		return text
	}
	var out strings.Builder
	for {
		before, rest, found := strings.Cut(text, "&")
		out.WriteString(before)
		if !found {
			return out.String()
		}
		name, after, _ := strings.Cut(rest, ";")
		if c, ok := stdxml.HTMLEntity[name]; ok && !xmlEntity(name) {
			out.WriteString(c)
			text = after
			continue
		}
		out.WriteByte('&')
		text = rest
	}
}

func xmlEntity(name string) bool {
	switch name {
	case "lt", "gt", "amp", "quot", "apos":
		return true
	}
	return false
}
