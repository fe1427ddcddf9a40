// SPDX-License-Identifier: Apache-2.0

package gather

import (
	"cmp"
	"context"
	"net/netip"
	"time"

	"galen/internal/blob"
	"galen/internal/fault"
	"galen/internal/fhir"
	"galen/internal/insights"
	"galen/internal/insights/document"
	"galen/internal/interaction"
)

// Options of a Gatherer. The zero value of each limit is ready to use.
type Options struct {
	Objects    blob.Store           // where s3:// URIs point
	Operator   interaction.Operator // $everything of galen's own data stores
	Records    *interaction.Service // reads of galen's own data stores
	Documents  *document.Reader     // texts of documents
	Private    []netip.Prefix       // addresses that FHIR servers may have though they are private
	Budget     time.Duration        // for the whole of a gathering; 0: 5 min
	Timeout    time.Duration        // for one answer of a FHIR server; 0: 60 s
	Pause      time.Duration        // before the second try of a request; it doubles; 0: 500 ms
	MaxAnswer  int                  // bytes of one answer; 0: 64 MiB
	MaxBytes   int                  // bytes of the resources of a record; 0: 256 MiB
	MaxEntries int                  // resources of a record; 0: 100,000
}

// maxDocuments is how many documents a job reads, of all sources together.
const maxDocuments = 10

// Gatherer brings records together.
type Gatherer struct {
	o    Options
	http *client
}

// New makes a gatherer.
func New(o Options) *Gatherer {
	o.Budget = cmp.Or(o.Budget, 5*time.Minute)
	o.Timeout = cmp.Or(o.Timeout, time.Minute)
	o.Pause = cmp.Or(o.Pause, 500*time.Millisecond)
	o.MaxAnswer = cmp.Or(o.MaxAnswer, 64<<20)
	o.MaxBytes = cmp.Or(o.MaxBytes, 256<<20)
	o.MaxEntries = cmp.Or(o.MaxEntries, 100_000)
	return &Gatherer{o: o, http: newClient(o)}
}

// Request says whose record, and where it is.
type Request struct {
	Patient  string             // id of the Patient resource
	Own      interaction.Caller // one of galen's own data stores, as who asks; its DataStore is empty if another server is meant
	Endpoint string             // base of a FHIR server; empty: none
	Token    string             // bearer token for it; empty: none
	Sources  []blob.URI         // objects to read
}

// Record is what was found.
type Record struct {
	Resources [][]byte            // JSON, each once by type and id, in the order they were found
	Documents []insights.Document // those with text
	Notes     []string            // what was left out and why, for the one who asked
}

// Gather brings the record of r together. Its error is a fault for the one who asked: NotFound for a patient who is not there,
// Unprocessable for a source that cannot be used, Unavailable for one that is down, Forbidden for one that refuses.
func (g *Gatherer) Gather(ctx context.Context, r Request) (*Record, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, g.o.Budget, errBudget)
	defer cancel()
	c := newCollection(r.Patient, g.o)
	err := g.sources(ctx, c, r.Sources)
	if err == nil {
		err = g.server(ctx, c, r)
	}
	if context.Cause(ctx) == errBudget {
		err = errBudget
	}
	if err != nil {
		return nil, err
	}
	return &c.record, nil
}

var errBudget = fault.New(fault.Unavailable, "the record could not be read within the time that a job has")

// server reads the record from the FHIR server of r, if there is one, and then the documents that it mentions.
func (g *Gatherer) server(ctx context.Context, c *collection, r Request) error {
	var s server
	switch {
	case r.Own.DataStore != "":
		s = own{g.o, r.Own}
	case r.Endpoint != "":
		remote, err := g.http.at(r.Endpoint, r.Token)
		if err != nil {
			return err
		}
		s = remote
	default:
		return c.found()
	}
	if err := g.everything(ctx, c, s); err != nil {
		return err
	}
	if err := c.found(); err != nil {
		return err
	}
	return g.attachments(ctx, c, s)
}

// server is a FHIR server to read from.
type server interface {
	// get answers a GET: of a path below the base, or of the address that a link of an earlier answer gave. Its error is a
	// fault with the reason; fault.Unsupported says that the server does not offer what was asked.
	get(ctx context.Context, address string) ([]byte, error)
}

// maxPages bounds how many pages a search or $everything may have.
const maxPages = 10_000

// everything reads all that the server has about the patient.
func (g *Gatherer) everything(ctx context.Context, c *collection, s server) error {
	key := fhir.Key{Type: "Patient", ID: c.patient}
	err := g.pages(ctx, c, s, key.String()+"/$everything?_count=500")
	if fault.KindOf(err) != fault.Unsupported && fault.KindOf(err) != fault.NotFound {
		return err
	}
	body, err := s.get(ctx, key.String()) // there is no such operation, or no such patient
	if err != nil {
		return err
	}
	if err := c.add(body, "the FHIR server's answer"); err != nil {
		return err
	}
	return g.compartment(ctx, c, s)
}

// pages reads a Bundle and those that its next links lead to.
func (g *Gatherer) pages(ctx context.Context, c *collection, s server, address string) error {
	seen := map[string]bool{}
	for range maxPages {
		if seen[address] {
			return fault.New(fault.Unprocessable, "the FHIR server's pages go round in a circle: a next link leads to a page that was read already")
		}
		seen[address] = true
		body, err := s.get(ctx, address)
		if err != nil {
			return err
		}
		if address, err = c.addBundle(body); err != nil || address == "" {
			return err
		}
	}
	return fault.New(fault.Unprocessable, "the FHIR server's answer has more than %d pages", maxPages)
}
