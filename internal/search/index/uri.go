// SPDX-License-Identifier: Apache-2.0

package index

import (
	"bytes"
	"strings"

	"galen/internal/fault"
	"galen/internal/fhir"
	"galen/internal/fhir/fhirpath"
	"galen/internal/ordkey"
)

// maxAbove bounds the beginnings of a URI that :above asks for.
const maxAbove = 64

// uriOf reads a value as a URI; empty if it is none. A string stands for itself.
func uriOf(v *fhirpath.Value) string {
	if shapeOf(v).isText() {
		return v.Node.Text()
	}
	return ""
}

// splitURI splits a canonical into its url and its version. Other URIs have no |.
func splitURI(s string) (url, version string) {
	url, version, _ = strings.Cut(s, "|")
	return url, version
}

func (t *Terms) uris(h *header, v *fhirpath.Value) {
	if text := uriOf(v); text != "" {
		t.uri(h, URIClass, text)
	}
}

func (t *Terms) uri(h *header, c Class, text string) {
	url, version := splitURI(text)
	t.open(h, c)
	t.string(url)
	t.keys = append(t.keys, version[:min(len(version), maxText)]...)
	t.done()
}

// uriCondition asks for a URI, those below it or those above it.
type uriCondition struct {
	url, version string
	modifier     Modifier
}

func newURI(m Modifier, v Value) (*uriCondition, error) {
	if v.Text == "" {
		return nil, fault.New(fault.Invalid, "an empty URI")
	}
	c := &uriCondition{modifier: m}
	c.url, c.version = splitURI(v.Text)
	if m == Above && strings.Count(c.url, "/") > maxAbove {
		return nil, fault.New(fault.TooCostly, "a URI with more than %d parts", maxAbove)
	}
	return c, nil
}

func (c *uriCondition) spans(s *source) []Span {
	key := s.header.key(URIClass)
	switch c.modifier {
	case Below:
		if len(c.url) > maxText {
			return []Span{within(ordkey.AppendPrefix(key, c.url[:maxText])).span(Maybe)}
		}
		return []Span{within(ordkey.AppendPrefix(key, c.url)).span(Yes)}
	case Above:
		var spans []Span
		for i := range len(c.url) + 1 {
			if i > 0 && c.above(c.url[:i]) {
				spans = append(spans, within(appendCut(key[:len(key):len(key)], c.url[:i])).span(Yes))
			}
		}
		return spans
	}
	return []Span{versioned(appendCut(key, c.url), c.version)}
}

// versioned is the span of a url in any version, or in one.
func versioned(key []byte, version string) Span {
	if version == "" {
		return within(key).span(Yes)
	}
	r := exactly(append(key, version[:min(len(version), maxText)]...))
	if len(version) >= maxText {
		return r.span(Maybe)
	}
	return r.span(Yes)
}

// above reports whether url is c's own or a beginning of it that ends where one of its parts does.
func (c *uriCondition) above(url string) bool {
	if !strings.HasPrefix(c.url, url) {
		return false
	}
	return len(url) == len(c.url) || c.url[len(url)] == '/' || strings.HasSuffix(url, "/")
}

func (c *uriCondition) has(url, version string) bool {
	switch c.modifier {
	case Below:
		return strings.HasPrefix(url, c.url)
	case Above:
		return url != "" && c.above(url)
	}
	return url == c.url && (c.version == "" || version == c.version)
}

func (c *uriCondition) match(v *fhirpath.Value, _ fhirpath.Value) bool {
	text := uriOf(v)
	return text != "" && c.has(splitURI(text))
}

func appendURIPart(dst []byte, n fhir.Node) []byte {
	url, version := splitURI(n.Text())
	return appendCut(appendCut(dst, url), version)
}

func (c *uriCondition) prefix(dst []byte) ([]byte, bool) { return appendCut(dst, c.url), false }

func (c *uriCondition) judge(b []byte) (Verdict, []byte) {
	url, rest := takeOrdered(b)
	version, rest := takeOrdered(rest)
	if bytes.Equal(url, appendCut(nil, c.url)) && (c.version == "" || bytes.Equal(version, appendCut(nil, c.version))) {
		return Yes, rest
	}
	return No, rest
}

func (c *uriCondition) doubt() Verdict { return Yes }
