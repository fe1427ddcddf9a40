// SPDX-License-Identifier: Apache-2.0

package fhir

import "strings"

// Key names a logical resource within a data store.
type Key struct {
	Type string
	ID   string
}

// String is Type/id.
func (k Key) String() string { return k.Type + "/" + k.ID }

// ParseKey reads "Type/id"; ok is false unless both have their form. The Key shares the memory of s.
func ParseKey(s string) (k Key, ok bool) {
	k.Type, k.ID, ok = strings.Cut(s, "/")
	if !ok || !ValidTypeName(k.Type) || !ValidID(k.ID) {
		return Key{}, false
	}
	return k, true
}

// ReferenceKind is the form of a reference.
type ReferenceKind uint8

// The forms of a reference.
const (
	NoReference ReferenceKind = iota // no reference and no identifier, or a text of no known form
	Relative                         // Type/id, Type/id/_history/v
	Absolute                         // base/Type/id, base/Type/id/_history/v, where base is http: or https:
	URN                              // urn:uuid:…, urn:oid:…
	Fragment                         // #x: contained; # alone: the container
	Conditional                      // Type?query, to be resolved before it is stored
	URL                              // any other absolute URI, a canonical among them
	Logical                          // an identifier only
)

// Reference is a parsed reference. Its strings share the memory of the text it was parsed from.
type Reference struct {
	Kind    ReferenceKind
	Key     Key    // Relative, Absolute; Type also for Conditional, and for Logical if stated
	Version string // Relative, Absolute: after _history/; URL: after |
	Base    string // Absolute: the part before Type, without its last slash
	Rest    string // Fragment: the id after #; URN: the text; URL: the text without |version; Conditional: the query after ?
}

// IsTo reports whether r refers to Key on the server whose absolute references begin with base, with a slash at its end: it is relative, or
// absolute and begins so. With an empty base only relative ones do.
func (r *Reference) IsTo(base string) bool {
	return r.Kind == Relative || r.Kind == Absolute && len(base) == len(r.Base)+1 && base[:len(r.Base)] == r.Base
}

// ParseReference reads the text of Reference.reference, of a canonical or of a reference search value.
//
// http://hl7.org/fhir/R4/references.html#literal
func ParseReference(s string) Reference {
	switch {
	case s == "":
		return Reference{}
	case s[0] == '#':
		if len(s) > 1 && !ValidID(s[1:]) {
			return Reference{}
		}
		return Reference{Kind: Fragment, Rest: s[1:]}
	case strings.HasPrefix(s, "urn:uuid:"), strings.HasPrefix(s, "urn:oid:"):
		return Reference{Kind: URN, Rest: s}
	case strings.HasPrefix(s, "http://"), strings.HasPrefix(s, "https://"):
		return parseWeb(s)
	}
	if r, at := parseTail(s); at == 0 {
		return r
	}
	if name, query, ok := strings.Cut(s, "?"); ok && ValidTypeName(name) {
		return Reference{Kind: Conditional, Key: Key{Type: name}, Rest: query}
	}
	if hasScheme(s) {
		return uri(s)
	}
	return Reference{}
}

// parseWeb reads a reference with a scheme and an authority.
func parseWeb(s string) Reference {
	host := strings.Index(s, "//") + 2
	if host == len(s) {
		return Reference{}
	}
	if r, at := parseTail(s); at > host+1 {
		r.Kind, r.Base = Absolute, s[:at-1]
		return r
	}
	return uri(s)
}

func uri(s string) Reference {
	url, version, _ := strings.Cut(s, "|")
	version, _, _ = strings.Cut(version, "#")
	return Reference{Kind: URL, Rest: url, Version: version}
}

// parseTail reads Type/id or Type/id/_history/v at the end of s, and says where it begins; negative if it is not there.
func parseTail(s string) (r Reference, at int) {
	rest := s
	if strings.IndexByte(s, '_') >= 0 { // most have none, and to look for that is quicker
		if i := strings.LastIndex(s, "/_history/"); i >= 0 {
			if r.Version = s[i+len("/_history/"):]; !ValidID(r.Version) {
				return Reference{}, -1
			}
			rest = s[:i]
		}
	}
	slash := strings.LastIndexByte(rest, '/')
	if slash < 0 || !ValidID(rest[slash+1:]) {
		return Reference{}, -1
	}
	at = strings.LastIndexByte(rest[:slash], '/') + 1
	if !ValidTypeName(rest[at:slash]) {
		return Reference{}, -1
	}
	r.Kind, r.Key = Relative, Key{Type: rest[at:slash], ID: rest[slash+1:]}
	return r, at
}

// hasScheme reports whether s begins as an absolute URI does (RFC 3986, 3.1).
func hasScheme(s string) bool {
	for i := range len(s) {
		c := s[i]
		switch {
		case c == ':':
			return i > 0 && i+1 < len(s)
		case c|0x20-'a' <= 25:
		case i > 0 && (c-'0' <= 9 || c == '+' || c == '-' || c == '.'):
		default:
			return false
		}
	}
	return false
}

// ReferenceOf reads a Reference element: its reference, or else its identifier (Logical).
func ReferenceOf(n Node) Reference {
	if text := n.Field("reference"); text.Ok() {
		return ParseReference(text.Text())
	}
	if n.Field("identifier").Kind() == Object {
		return Reference{Kind: Logical, Key: Key{Type: n.Field("type").Text()}}
	}
	return Reference{}
}

// Canonical is a canonical URL with its version and fragment.
type Canonical struct {
	URL      string
	Version  string // after |, empty if not given
	Fragment string // after #, empty if not given
}

// ParseCanonical splits the text of a canonical: url|version#fragment. The parts share the memory of s.
//
// http://hl7.org/fhir/R4/references.html#canonical
func ParseCanonical(s string) Canonical {
	var c Canonical
	c.URL, c.Fragment, _ = strings.Cut(s, "#")
	c.URL, c.Version, _ = strings.Cut(c.URL, "|")
	return c
}
