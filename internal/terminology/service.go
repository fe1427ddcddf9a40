// SPDX-License-Identifier: Apache-2.0

package terminology

import (
	"cmp"
	"context"
	"sync"

	"galen/internal/engine"
	"galen/internal/fhir/def"
	"galen/internal/fhir/pack"
	"galen/internal/fhir/term"
	"galen/internal/fhir/ucum"
	"galen/internal/record"
	"galen/internal/search/index"
	"galen/internal/search/plan"
)

// Options of New; the zero value works.
type Options struct {
	Systems      []*term.System // imported code systems; the first of a URL is the one meant without a version
	Packages     *pack.Set      // whose terminology all data stores know; nil: none
	MaxStores    int            // data stores whose terminology is kept ready; 0: 32
	StoreBytes   int            // of memory for what was compiled for one of them, about; 0: 32 MiB
	MaxExpansion int            // concepts in one expansion, or on one page of it; 0: 10,000

	Index func(context.Context, *record.View) (*index.Index, error) // as plan.Options has it
}

// Service gives data stores their terminology.
type Service struct {
	engine engine.Engine
	search *plan.Planner // has no terminology itself: it finds by url
	base   *term.Service
	opt    Options

	mu      sync.Mutex // guards what follows
	stores  map[storeKey]*ready
	uses    uint64
	closing sync.Mutex // one change of closure tables at a time
}

// storeKey names a data store in one state of its terminology.
type storeKey struct {
	tenant     uint32
	generation uint64
}

// ready is the terminology of a data store in one state.
type ready struct {
	service *term.Service
	used    uint64
}

// New makes a service for the data stores of e, whose resources x indexes. It reads nothing.
func New(e engine.Engine, x *index.Index, opt Options) (*Service, error) {
	opt.MaxStores = cmp.Or(opt.MaxStores, 32)
	opt.StoreBytes = cmp.Or(opt.StoreBytes, 32<<20)
	p, err := plan.New(def.R4(), x, plan.Options{PageKey: make([]byte, 32), Index: opt.Index}) // it never gives out a page token
	if err != nil {
		return nil, err
	}
	o := term.Options{Systems: opt.Systems, Unit: KnownUnit, MaxExpansion: opt.MaxExpansion}
	if opt.Packages != nil {
		o.Source = Packages(opt.Packages)
	}
	return &Service{engine: e, search: p, base: term.New(o), opt: opt, stores: map[storeKey]*ready{}}, nil
}

// KnownUnit reports whether a code is one of UCUM's.
func KnownUnit(code string) bool {
	_, err := ucum.Parse(code)
	return err == nil
}

// On gives the terminology of a data store as a view has it. It costs next to nothing if the view's terminology was asked
// before; what is asked of it is compiled then.
func (s *Service) On(v *record.View) *term.Service {
	key := storeKey{v.Tenant(), generation(v)}
	if key.generation == 0 {
		return s.base
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.uses++
	if r := s.stores[key]; r != nil {
		r.used = s.uses
		return r.service
	}
	for len(s.stores) >= s.opt.MaxStores {
		s.dropOldest()
	}
	source := &stored{engine: s.engine, search: s.search, tenant: key.tenant, seq: v.Seq()}
	r := &ready{term.New(term.Options{Source: source, Base: s.base, MaxExpansion: s.opt.MaxExpansion, CacheBytes: s.opt.StoreBytes}), s.uses}
	s.stores[key] = r
	return r.service
}

// dropOldest forgets what was not used for longest. The caller holds mu.
func (s *Service) dropOldest() {
	var oldest storeKey
	first := true
	for key, r := range s.stores {
		if first || r.used < s.stores[oldest].used {
			oldest, first = key, false
		}
	}
	delete(s.stores, oldest)
}

// generation grows with every version of a terminology resource: it is how many there are. 0: there never was one.
func generation(v *record.View) uint64 {
	var n uint64
	for _, typ := range []string{codeSystem, valueSet, conceptMap} {
		n += uint64(v.Next(uint16(def.R4().Type(typ).ID)))
	}
	return n
}

// The types of terminology resources.
const (
	codeSystem = "CodeSystem"
	valueSet   = "ValueSet"
	conceptMap = "ConceptMap"
)
