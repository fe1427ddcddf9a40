// SPDX-License-Identifier: Apache-2.0

package record

import (
	"context"
	"fmt"
	"sync"
	"time"

	"galen/internal/docset"
	"galen/internal/engine"
	"galen/internal/fault"
)

// View is a data store as it was after one commit, for one request. Any number of goroutines may use it.
type View struct {
	snap   engine.Snapshot
	tenant uint32
	head   State // of the snapshot
	state  State // at the position
	search []byte
	owner  bool // closes the snapshot

	mu   sync.Mutex
	live map[uint16]docset.Set // guarded by mu: what Live has found
}

// Open takes a view of the newest commit of a data store; one that was never written is empty. The caller closes it.
func Open(ctx context.Context, e engine.Engine, tenant uint32) (*View, error) {
	snap, err := e.Snapshot(ctx)
	if err != nil {
		return nil, fmt.Errorf("open a view: %w", err)
	}
	v := &View{snap: snap, tenant: tenant, owner: true}
	rows, err := snap.Get(ctx, AppendHeadKey(nil, tenant), AppendSearchKey(nil, tenant))
	if err == nil {
		v.search = rows[1]
		v.head, err = ParseState(rows[0])
	}
	if err != nil {
		snap.Close()
		return nil, fmt.Errorf("open a view: %w", err)
	}
	v.state = v.head
	return v, nil
}

// OpenAt takes a view of the position seq, 0 being the newest. The caller closes it. It fails with fault.Invalid if the store never had that
// position.
func OpenAt(ctx context.Context, e engine.Engine, tenant uint32, seq uint64) (*View, error) {
	head, err := Open(ctx, e, tenant)
	if err != nil || seq == 0 {
		return head, err
	}
	v, err := head.At(ctx, seq)
	if err != nil {
		head.Close()
		return nil, err
	}
	head.owner, v.owner = false, true
	return v, nil
}

// At gives the view of an earlier position, over the same snapshot: it is valid until v is closed, and need not be closed
// itself. It fails with fault.Invalid if the store never had that position.
func (v *View) At(ctx context.Context, seq uint64) (*View, error) {
	at := &View{snap: v.snap, tenant: v.tenant, head: v.head, state: v.head, search: v.search}
	switch {
	case seq == v.head.Seq:
	case seq > v.head.Seq:
		return nil, fault.New(fault.Invalid, "the data store has no such position")
	case seq == 0:
		at.state = State{}
	default:
		var err error
		if at.state, err = v.readState(ctx, AppendCommitKey(nil, v.tenant, seq)); err != nil {
			return nil, fmt.Errorf("view at %d: %w", seq, err)
		}
		if at.state.Seq != seq {
			return nil, fault.New(fault.Internal, "commit %d has no row", seq)
		}
	}
	return at, nil
}

func (v *View) readState(ctx context.Context, key []byte) (State, error) {
	rows, err := v.snap.Get(ctx, key)
	if err != nil {
		return State{}, err
	}
	return ParseState(rows[0])
}

// Close gives the snapshot back. It may be called more than once.
func (v *View) Close() {
	if v.owner {
		v.owner = false
		v.snap.Close()
	}
}

// Seq is the position: 0 for an empty store.
func (v *View) Seq() uint64 { return v.state.Seq }

// Head is the newest position that the view's snapshot holds; Seq is below it only in views that At made.
func (v *View) Head() uint64 { return v.head.Seq }

// Time is the commit time of the position, UTC, whole milliseconds; 1970 for an empty store.
func (v *View) Time() time.Time { return v.state.Time() }

// Tenant is the number of the data store.
func (v *View) Tenant() uint32 { return v.tenant }

// Snapshot is what the view reads from. It is the view's to close.
func (v *View) Snapshot() engine.Snapshot { return v.snap }

// Search is the row that says what the terms of the snapshot are made of (search/schema); nil if there is none. All positions of a
// snapshot share its terms.
func (v *View) Search() []byte { return v.search }

// Next is the number that the next version of the type would get: every number of the type at this position is below it.
func (v *View) Next(typ uint16) uint32 { return v.state.Counter(typ).Next }

// Types lists the types that have ever been written at this position, by number.
func (v *View) Types() []uint16 {
	types := make([]uint16, len(v.state.Types))
	for i, c := range v.state.Types {
		types[i] = c.Type
	}
	return types
}

// Count is the number of resources of a type that are not deleted. It reads nothing.
func (v *View) Count(ctx context.Context, typ uint16) (int, error) {
	return int(v.state.Counter(typ).Live), ctx.Err()
}

// Since is the first number of the type that was committed at t or later; Next if there is none.
func (v *View) Since(ctx context.Context, typ uint16, t time.Time) (uint32, error) {
	before, err := v.Before(ctx, t)
	if err != nil {
		return 0, err
	}
	return before.Next(typ), nil
}

// Before gives the view of the last commit before t, or of the empty store, as At does.
func (v *View) Before(ctx context.Context, t time.Time) (*View, error) {
	millis := t.UnixMilli()
	if time.UnixMilli(millis).Before(t) {
		millis++ // commit times are whole milliseconds
	}
	if millis > v.state.Millis {
		return v.At(ctx, v.Seq())
	}
	r := engine.Prefix(AppendPrefix(nil, v.tenant, MomentKind))
	r.Lo = AppendMomentKey(nil, v.tenant, millis)
	for row, err := range v.snap.Scan(ctx, r, engine.Ascending) {
		if err != nil {
			return nil, fmt.Errorf("find a moment: %w", err)
		}
		seq, err := ParseSeq(row.Value)
		if err != nil {
			return nil, err
		}
		return v.At(ctx, min(seq-1, v.Seq()))
	}
	return nil, fault.New(fault.Internal, "the time of the head has no row")
}

// During is the numbers of the type's versions that were current at some time from low up to but not including high, at this position.
// Of deletions it has those that were made after low.
func (v *View) During(ctx context.Context, typ uint16, low, high time.Time) (docset.Set, error) {
	then, err := v.Before(ctx, low.Add(time.Microsecond))
	if err != nil {
		return docset.Set{}, err
	}
	end, err := v.Since(ctx, typ, high)
	if err != nil {
		return docset.Set{}, err
	}
	live, err := then.Live(ctx, typ)
	if err != nil {
		return docset.Set{}, err
	}
	live = live.Clone()
	if begin := then.Next(typ); begin < end {
		live.Or(docset.Span(begin, end))
	}
	live.KeepBelow(end)
	return live, nil
}
