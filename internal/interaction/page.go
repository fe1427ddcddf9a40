// SPDX-License-Identifier: Apache-2.0

package interaction

import (
	"net/url"
	"time"

	"galen/internal/fhir"
)

// Page is a Bundle that an operation answers with.
type Page struct {
	Kind       string     // Bundle.type: searchset, collection, document
	Identifier string     // Bundle.identifier, a URI; empty: none
	Path       string     // of the operation, below the base; empty: the Bundle has no links
	Query      url.Values // of the self link
	Next       string     // page parameter of the next link; empty: there is none
	At         time.Time  // Bundle.timestamp; zero: none
	Total      int        // below 0: none
	Matches    []Version
	Included   []Version
	Notes      []fhir.Issue // an OperationOutcome as last entry of a searchset; empty: none
}

// Pack makes the Bundle of a page. Resources are copied as they are stored. Entries of a searchset say whether they are a match or
// an include.
func (s *Service) Pack(c Caller, p Page) ([]byte, error) {
	var links []link
	if p.Path != "" {
		links = append(links, link{"self", address(c.Base, p.Path, p.Query.Encode())})
		if p.Next != "" {
			links = append(links, link{"next", address(c.Base, p.Path, with(p.Query, "page", p.Next))})
		}
	}
	b := newBundle(c.Base, p.Kind, p.At, p.Total, links...)
	if p.Identifier != "" {
		b.text(`,"identifier":{"system":"urn:ietf:rfc:3986","value":`)
		b.buf = fhir.AppendString(b.buf, p.Identifier)
		b.text(`}`)
	}
	if p.Kind == "searchset" {
		if err := s.entries(b, p.Matches, nil, "match", projection{}); err != nil {
			return nil, err
		}
		if err := s.entries(b, p.Included, nil, "include", projection{}); err != nil {
			return nil, err
		}
		b.outcome(p.Notes)
		return b.bytes(), nil
	}
	for _, versions := range [][]Version{p.Matches, p.Included} {
		for i := range versions {
			b.begin(typeName(versions[i].Type), versions[i].ID)
			b.text(`"resource":`)
			b.buf = append(b.buf, versions[i].Body...)
			b.end()
		}
	}
	return b.bytes(), nil
}

// outcome adds an entry that says what the caller must know of the answer, if there is anything.
func (b *bundle) outcome(issues []fhir.Issue) {
	if len(issues) == 0 {
		return
	}
	b.begin("", "")
	b.text(`"resource":`)
	b.buf = fhir.AppendOutcome(b.buf, issues...)
	b.text(`,"search":{"mode":"outcome"}`)
	b.end()
}
