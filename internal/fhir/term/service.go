// SPDX-License-Identifier: Apache-2.0

package term

import (
	"slices"
	"sync"

	"galen/internal/fault"
	"galen/internal/fhir"
)

// Source gives the terminology resources of a data store. Its methods may be called from many goroutines.
type Source interface {
	// Resource gives the JSON of the CodeSystem, ValueSet or ConceptMap (kind) with that canonical URL; nil if there is none.
	// An empty version asks for the newest. The bytes must not change afterwards.
	Resource(kind, url, version string) ([]byte, error)
	// ConceptMaps lists the canonical URLs of the ConceptMaps there are.
	ConceptMaps() ([]string, error)
	// Generation changes whenever an answer of the other methods may have changed.
	Generation() uint64
}

// Options of New. The zero value works.
type Options struct {
	Systems      []*System              // imported code systems; the first of a URL is the one meant without a version
	Base         *Service               // answers for what Source does not have, and keeps it for many services; Systems and Unit are then its own
	Source       Source                 // resources of a data store; nil for none
	Unit         func(code string) bool // reports whether a UCUM code is valid; nil: any text of the form of a unit is
	MaxExpansion int                    // concepts in one answer of Expand; 10,000 if zero
	CacheEntries int                    // compiled value sets, systems and maps kept; 2,000 if zero
	CacheBytes   int                    // bytes that they take together, about; 128 MiB if zero. What takes more by itself is made for each question
}

const (
	defaultExpansion = 10_000
	defaultCache     = 2_000
	defaultBytes     = 128 << 20
)

// Service answers terminology questions. Its methods return faults: see T4.
type Service struct {
	opt     Options
	imports map[string][]*System
	grammar map[string]*System

	mu         sync.RWMutex // guards what follows
	generation uint64
	cache      map[cacheKey]kept
	bytes      int // of what the cache holds
}

// kept is what was made for a key: *System, *set, *conceptMap, *Members, or the error that making it gave.
type kept struct {
	made  any
	bytes int
}

type cacheKey struct{ kind, url, version string }

// New makes a Service. It does no work of note; R4's own terminology is read at its first use, once for the process.
func New(opt Options) *Service {
	if opt.MaxExpansion <= 0 {
		opt.MaxExpansion = defaultExpansion
	}
	if opt.CacheEntries <= 0 {
		opt.CacheEntries = defaultCache
	}
	if opt.CacheBytes <= 0 {
		opt.CacheBytes = defaultBytes
	}
	s := &Service{opt: opt, imports: map[string][]*System{}, grammar: grammars(opt.Unit), cache: map[cacheKey]kept{}}
	for _, sys := range opt.Systems {
		s.imports[sys.URL] = append(s.imports[sys.URL], sys)
	}
	return s
}

// cached gives what make made for a key, from the cache if it is there. Errors are kept too, but for those of the source, and for
// those of a limit: how deep a value set may nest depends on where it is asked from.
func cached[T any](s *Service, key cacheKey, make func() (T, error)) (T, error) {
	var generation uint64
	if s.opt.Source != nil {
		generation = s.opt.Source.Generation()
	}
	s.mu.RLock()
	had, ok := s.cache[key]
	ok = ok && s.generation == generation
	s.mu.RUnlock()
	if ok {
		if err, bad := had.made.(error); bad {
			var zero T
			return zero, err
		}
		return had.made.(T), nil
	}
	made, err := make()
	k := kept{made: made}
	if err == nil {
		k.bytes = s.weigh(made)
	} else {
		switch fault.KindOf(err) {
		case fault.Internal, fault.Unavailable, fault.TooCostly:
			return made, err
		}
		k = kept{err, entryBytes}
	}
	if k.bytes > s.opt.CacheBytes {
		return made, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.generation != generation {
		clear(s.cache)
		s.generation, s.bytes = generation, 0
	}
	s.forget(key)
	for len(s.cache) >= s.opt.CacheEntries || s.bytes+k.bytes > s.opt.CacheBytes {
		s.drop()
	}
	s.cache[key] = k
	s.bytes += k.bytes
	return made, err
}

// drop makes room: a quarter of the entries go, whichever come. The caller holds mu.
func (s *Service) drop() {
	left := 1 + len(s.cache)/4
	for k := range s.cache {
		if left--; left < 0 {
			return
		}
		s.forget(k)
	}
}

func (s *Service) forget(key cacheKey) {
	s.bytes -= s.cache[key].bytes
	delete(s.cache, key)
}

// entryBytes is about what an entry of the cache takes besides its tables.
const entryBytes = 500

// weigh is about how many bytes something made takes. Imported systems are not the cache's.
func (s *Service) weigh(made any) int {
	switch m := made.(type) {
	case *System:
		if slices.Contains(s.imported(), m) {
			return entryBytes
		}
		return entryBytes + m.Memory()
	case *set:
		return m.weigh()
	case *Members:
		return m.set.weigh()
	case *conceptMap:
		n := entryBytes
		for i := range m.groups {
			n += 400 * (len(m.groups[i].forward) + len(m.groups[i].backward))
		}
		return n
	}
	return entryBytes
}

// weigh is about how many bytes a set takes, with the systems that were made for it of the codes it lists.
func (v *set) weigh() int {
	n := entryBytes
	for k := range v.parts {
		p := &v.parts[k]
		n += 200 + 4*len(p.order) + 200*len(p.over) + 64*len(p.without) + p.members.Len()/2
		if p.sys != nil && p.sys.Content == Fragment {
			n += p.sys.Memory()
		}
	}
	return n
}

// resource reads a resource from the source, else from what the base has or is built in; absent if none has it.
func (s *Service) resource(kind, url, version string) (fhir.Node, error) {
	if n, err := s.stored(kind, url, version); err != nil || n.Ok() {
		return n, err
	}
	if s.opt.Base != nil {
		return s.opt.Base.resource(kind, url, version)
	}
	if text := builtin(kind, url, version); text != nil {
		return parseResource(text)
	}
	return fhir.Node{}, nil
}

// imported are the systems that were given to New; those of the base if there is one.
func (s *Service) imported() []*System {
	if s.opt.Base != nil {
		return s.opt.Base.imported()
	}
	return s.opt.Systems
}

// mapURLs lists the concept maps there are, those of the source first.
func (s *Service) mapURLs() (urls []string, err error) {
	if s.opt.Source != nil {
		if urls, err = s.opt.Source.ConceptMaps(); err != nil {
			return nil, err
		}
	}
	rest := loadBuiltins().maps
	if s.opt.Base != nil {
		if rest, err = s.opt.Base.mapURLs(); err != nil {
			return nil, err
		}
	}
	return append(slices.Clone(urls), rest...), nil
}

// stored reads a resource from the source.
func (s *Service) stored(kind, url, version string) (fhir.Node, error) {
	if s.opt.Source == nil {
		return fhir.Node{}, nil
	}
	text, err := s.opt.Source.Resource(kind, url, version)
	if err != nil || text == nil {
		return fhir.Node{}, err
	}
	return parseResource(text)
}

func parseResource(text []byte) (fhir.Node, error) {
	var tape fhir.Tape
	if err := tape.Parse(text, fhir.Limits{Depth: 512}); err != nil {
		return fhir.Node{}, err
	}
	return tape.Root(), nil
}
