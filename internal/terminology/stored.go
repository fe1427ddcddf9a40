// SPDX-License-Identifier: Apache-2.0

package terminology

import (
	"context"
	"strings"
	"sync"

	"galen/internal/engine"
	"galen/internal/fault"
	"galen/internal/fhir"
	"galen/internal/fhir/def"
	"galen/internal/fhir/pack"
	"galen/internal/record"
	"galen/internal/search"
	"galen/internal/search/plan"
)

const (
	maxVersions = 1000   // resources of one url that are looked at
	maxMaps     = 10_000 // concept maps that a translation without a map may ask
	maxURL      = 4096   // bytes of a canonical that is looked for
)

// stored is the terminology resources of a data store at one position: a term.Source. What it reads is compiled and kept by
// whoever asks, for all requests to come, so it does not end with the request that is the first to ask.
type stored struct {
	engine engine.Engine
	search *plan.Planner
	tenant uint32
	seq    uint64

	mu   sync.Mutex
	maps []string // guarded by mu: the concept maps, once they were asked for
}

// Resource finds a resource by its canonical URL, or by Type/id.
func (s *stored) Resource(kind, url, version string) ([]byte, error) {
	if url == "" || len(url) > maxURL {
		return nil, nil
	}
	var body []byte
	err := s.view(func(ctx context.Context, v *record.View) (err error) {
		if key := fhir.ParseReference(url); key.Kind == fhir.Relative {
			if key.Key.Type == kind && key.Version == "" && version == "" {
				body, err = byID(ctx, v, key.Key)
			}
			return err
		}
		body, err = s.byURL(ctx, v, kind, url, version)
		return err
	})
	return body, err
}

// view calls do with a view of the position.
func (s *stored) view(do func(context.Context, *record.View) error) error {
	ctx := context.Background()
	newest, err := record.Open(ctx, s.engine, s.tenant)
	if err != nil {
		return err
	}
	defer newest.Close()
	at, err := newest.At(ctx, s.seq)
	if err != nil {
		return err
	}
	return do(ctx, at)
}

func byID(ctx context.Context, v *record.View, key fhir.Key) ([]byte, error) {
	typ := uint16(def.R4().Type(key.Type).ID)
	found, err := v.Find(ctx, typ, key.ID)
	if err != nil || !found[0].Live() {
		return nil, err
	}
	versions, err := v.Bodies(ctx, typ, found[0].Number)
	if err != nil {
		return nil, err
	}
	return versions[0].Body, nil
}

// escapes keeps what separates values in a search.
var escapes = strings.NewReplacer(`\`, `\\`, `,`, `\,`, `$`, `\$`, `|`, `\|`)

// byURL gives the resource of a url: of several the one of the version, or the newest.
func (s *stored) byURL(ctx context.Context, v *record.View, kind, url, version string) ([]byte, error) {
	q, err := search.Parse(def.R4(), kind, []search.Pair{{Name: "url", Value: escapes.Replace(url)}, {Name: "_total", Value: "none"}},
		search.Options{DefaultCount: maxVersions})
	if err != nil {
		return nil, nil // no url that a resource could have
	}
	found, err := s.search.Search(ctx, v, q)
	if err != nil {
		return nil, err
	}
	var best candidate
	var tape fhir.Tape
	for i := range found.Matches {
		body := found.Matches[i].Body
		if err := tape.Parse(body, fhir.Limits{Size: fhir.MaxSize, Depth: fhir.MaxDepth}); err != nil {
			return nil, fault.Wrap(fault.Internal, err, "a stored resource cannot be read")
		}
		root := tape.Root()
		c := candidate{body, strings.Clone(root.Field("version").Text()), root.Field("status").Is("retired")}
		if root.Field("url").Text() == url && (version == "" || c.version == version) && (best.body == nil || c.before(best)) {
			best = c
		}
	}
	return best.body, nil
}

// candidate is one of the resources of a url.
type candidate struct {
	body    []byte
	version string
	retired bool
}

// before reports whether c is meant rather than d, which was stored before it: one in use, then the newer version.
func (c candidate) before(d candidate) bool {
	if c.retired != d.retired {
		return d.retired
	}
	return pack.CompareVersions(c.version, d.version) >= 0
}

// ConceptMaps lists the concept maps, by url if they have one.
func (s *stored) ConceptMaps() ([]string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.maps != nil {
		return s.maps, nil
	}
	all := []string{}
	err := s.view(func(ctx context.Context, v *record.View) error {
		var tape fhir.Tape
		for m, err := range v.Each(ctx, uint16(def.R4().Type(conceptMap).ID), 0) {
			if err != nil {
				return err
			}
			if len(all) == maxMaps {
				return fault.New(fault.TooCostly, "there are more than %d concept maps here: name one by url", maxMaps)
			}
			if err := tape.Parse(m.Body, fhir.Limits{Size: fhir.MaxSize, Depth: fhir.MaxDepth}); err != nil {
				return fault.Wrap(fault.Internal, err, "a stored resource cannot be read")
			}
			if url := tape.Root().Field("url").Text(); url != "" {
				all = append(all, strings.Clone(url))
			} else {
				all = append(all, conceptMap+"/"+m.ID)
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	s.maps = all
	return all, nil
}

// Generation never changes: a position does not.
func (s *stored) Generation() uint64 { return 1 }
