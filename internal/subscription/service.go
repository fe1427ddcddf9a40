// SPDX-License-Identifier: Apache-2.0

package subscription

import (
	"cmp"
	"context"
	"errors"
	"iter"
	"log/slog"
	"maps"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"galen/internal/fault"
	"galen/internal/record"
	"galen/internal/seal"
	"galen/internal/search/plan"
	"galen/internal/store"
	"galen/internal/subscription/deliver"
	"galen/internal/telemetry"
)

// Place is a data store that can have subscriptions.
type Place struct {
	Account, DataStore string // its owner, its id
	Tenant             uint32
}

// Options of a Service. Those before the empty line are required.
type Options struct {
	Planner *plan.Planner
	Places  func(context.Context) iter.Seq2[Place, error] // the data stores that are in use
	Open    func(tenant uint32) (*store.Store, error)
	Post    *deliver.Poster
	Tokens  *seal.Box                     // seals the tokens that bind websockets
	Base    func(dataStore string) string // what URLs of a data store begin with, without a slash at the end; good from Run on

	Region     string // in events of an event bus
	EventSink  string // where events of event buses are posted that are named by an ARN; empty: those are refused
	Socket     string // URL of the websocket; empty: what Base gives up to the host, and SocketPath
	Log        *slog.Logger
	Metrics    *telemetry.Registry
	Now        func() time.Time                                 // nil: time.Now
	Sleep      func(ctx context.Context, d time.Duration) error // before a delivery is tried again; nil: as long as it says
	Limit      int                                              // subscriptions of a data store that are served; 0: 1,000
	Listeners  int                                              // websockets at a time; 0: 256
	GiveUp     time.Duration                                    // age of an event that is no longer tried; 0: 14 days
	Keep       uint64                                           // events of a subscription that $events has after they were taken; 0: 10,000
	Backlog    uint64                                           // events of a subscription that may wait; 0: 1,000,000
	Count      int                                              // events in one notification, unless the subscription says; 0: 20
	MaxBytes   int                                              // bytes of resources in one notification, but for the first; 0: 4 MiB
	TokenLasts time.Duration                                    // of a binding; 0: 1 hour
}

func (o *Options) setDefaults() {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Sleep == nil {
		o.Sleep = sleep
	}
	o.Limit = cmp.Or(o.Limit, 1000)
	o.Listeners = cmp.Or(o.Listeners, 256)
	o.GiveUp = cmp.Or(o.GiveUp, 14*24*time.Hour)
	o.Keep = cmp.Or(o.Keep, 10_000)
	o.Backlog = cmp.Or(o.Backlog, 1_000_000)
	o.Count = cmp.Or(o.Count, 20)
	o.MaxBytes = cmp.Or(o.MaxBytes, 4<<20)
	o.TokenLasts = cmp.Or(o.TokenLasts, time.Hour)
}

// Service tells subscribers.
type Service struct {
	opt       Options
	memory    [2]chan struct{} // taken while a notification is held in memory: by those that go well, and by those that failed before
	sent      *telemetry.Counter
	appended  *telemetry.Counter
	listening sync.WaitGroup // listeners

	mu       sync.Mutex
	stopping chan struct{}                   // closed when Run ends
	fresh    chan struct{}                   // a runner is to be started
	runners  map[uint32]*runner              // guarded by mu
	wanted   map[uint32]bool                 // guarded by mu: tenants without runner that have a Subscription
	bound    map[boundKey]map[*Listener]bool // guarded by mu
	open     int                             // guarded by mu: listeners
	places   map[uint32]Place                // guarded by mu: data stores, as far as they are known
	problems map[boundKey]string             // guarded by mu: why the last attempt to tell a subscriber failed
}

// held is how many notifications are in memory at a time, of those that go well.
const held = 64

// New makes a service. Nothing is read or sent before Run.
func New(o Options) *Service {
	o.setDefaults()
	s := &Service{opt: o, memory: [2]chan struct{}{make(chan struct{}, held), make(chan struct{}, held/4)}, stopping: make(chan struct{}), fresh: make(chan struct{}, 1),
		runners: map[uint32]*runner{}, wanted: map[uint32]bool{}, bound: map[boundKey]map[*Listener]bool{},
		places: map[uint32]Place{}, problems: map[boundKey]string{}}
	s.sent = o.Metrics.Counter("galen_subscription_notifications_total", "Notifications sent, by channel and outcome.", "channel", "outcome")
	s.appended = o.Metrics.Counter("galen_subscription_events_total", "Events appended to subscriptions.")
	return s
}

// Committed tells that a data store has a new commit: it is store.Options.Committed. It costs nothing where there never was a
// Subscription, and never waits.
func (s *Service) Committed(tenant uint32, after *record.State) {
	if after.Counter(subscriptionType()).Next == 0 {
		return
	}
	s.mu.Lock()
	r := s.runners[tenant]
	if r == nil && after.Counter(subscriptionType()).Live > 0 {
		s.wanted[tenant] = true
	}
	s.mu.Unlock()
	if r != nil {
		r.poke()
	} else {
		nudge(s.fresh)
	}
}

// nudge puts a signal into a channel of one, unless one waits there.
func nudge(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// Run serves until ctx ends, and returns when all of its goroutines have stopped. It is called once. A data store whose subscriptions cannot be served for
// the moment is tried again; that is no reason to return.
func (s *Service) Run(ctx context.Context) error {
	var work sync.WaitGroup
	defer s.listening.Wait()
	defer work.Wait()
	defer func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		close(s.stopping)
	}()
	if err := s.look(ctx); err != nil {
		return err
	}
	for {
		for _, place := range s.take(ctx) {
			r := newRunner(s, place)
			s.mu.Lock()
			s.runners[place.Tenant] = r
			s.mu.Unlock()
			work.Go(func() { r.run(ctx); s.drop(place.Tenant) })
		}
		select {
		case <-ctx.Done():
			return nil
		case <-s.fresh:
		}
	}
}

// look finds the data stores that have a Subscription: at the beginning, as later each tells with its first commit.
func (s *Service) look(ctx context.Context) error {
	for place, err := range s.opt.Places(ctx) {
		if err != nil {
			return err
		}
		has, err := s.has(ctx, place)
		if err != nil {
			return err
		}
		s.mu.Lock()
		s.places[place.Tenant] = place
		if has {
			s.wanted[place.Tenant] = true
		}
		s.mu.Unlock()
	}
	return nil
}

// has reports whether a data store has a Subscription.
func (s *Service) has(ctx context.Context, p Place) (bool, error) {
	st, err := s.opt.Open(p.Tenant)
	if err == nil {
		var v *record.View
		if v, err = st.View(ctx); err == nil {
			defer v.Close()
			n, err := v.Count(ctx, subscriptionType())
			return n > 0, err
		}
	}
	if errors.Is(err, fault.NotFound) {
		return false, nil
	}
	return false, err
}

// take gives the data stores that want a runner. Those that cannot be found for the moment are looked for again.
func (s *Service) take(ctx context.Context) []Place {
	s.mu.Lock()
	wanted := slices.Collect(maps.Keys(s.wanted))
	clear(s.wanted)
	s.mu.Unlock()
	var list []Place
	for _, tenant := range wanted {
		place, err := s.place(ctx, tenant)
		switch {
		case err == nil && s.runner(tenant) == nil:
			list = append(list, place)
		case err != nil && ctx.Err() == nil && !errors.Is(err, fault.NotFound):
			s.opt.Log.ErrorContext(ctx, "a data store cannot be found for the moment", "error", err)
			s.mu.Lock()
			s.wanted[tenant] = true
			s.mu.Unlock()
			_ = sleep(ctx, retryAfter) // Run asks ctx
			nudge(s.fresh)
		}
	}
	return list
}

// place finds a data store by its tenant. It fails with fault.NotFound if there is none.
func (s *Service) place(ctx context.Context, tenant uint32) (Place, error) {
	s.mu.Lock()
	place, ok := s.places[tenant]
	s.mu.Unlock()
	if ok {
		return place, nil
	}
	for place, err := range s.opt.Places(ctx) {
		if err != nil {
			return Place{}, err
		}
		if place.Tenant == tenant {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.places[tenant] = place
			return place, nil
		}
	}
	return Place{}, fault.New(fault.NotFound, "there is no such data store")
}

// dataStore is the id of a data store; empty if that is not known.
func (s *Service) dataStore(ctx context.Context, tenant uint32) string {
	place, _ := s.place(ctx, tenant)
	return place.DataStore
}

// drop forgets a data store that is gone.
func (s *Service) drop(tenant uint32) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.runners, tenant)
	delete(s.places, tenant)
}

func (s *Service) runner(tenant uint32) *runner {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.runners[tenant]
}

func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}

// The waits between attempts to deliver.
const (
	firstBackoff = time.Second
	lastBackoff  = time.Hour
)

// Backoff is how long to wait after so many failures in a row, from 1: twice as long each time, up to an hour, and at random up to a quarter less, so that
// what failed together is not tried together.
func Backoff(failures int) time.Duration {
	d := lastBackoff
	if failures <= 12 {
		d = min(firstBackoff<<max(failures-1, 0), lastBackoff)
	}
	return d - rand.N(d/4)
}
