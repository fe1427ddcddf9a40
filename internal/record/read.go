// SPDX-License-Identifier: Apache-2.0

package record

import (
	"context"
	"fmt"
	"iter"

	"galen/internal/docset"
	"galen/internal/engine"
	"galen/internal/fault"
	"galen/internal/ordkey"
)

// Found is what Find knows of one id: the newest version at the position.
type Found struct {
	ID      string
	Exists  bool // there is a version of it, perhaps a deletion
	Deleted bool
	Number  uint32
	Version uint32
}

// Live reports whether the resource is there and not deleted.
func (f Found) Live() bool { return f.Exists && !f.Deleted }

// Find looks ids of a type up, in one round trip at the head. The result has one Found for each id, in their order.
func (v *View) Find(ctx context.Context, typ uint16, ids ...string) ([]Found, error) {
	keys := make([][]byte, len(ids))
	for i, id := range ids {
		keys[i] = AppendIdentityKey(nil, v.tenant, typ, id)
	}
	rows, err := v.snap.Get(ctx, keys...)
	if err != nil {
		return nil, fmt.Errorf("find: %w", err)
	}
	found := make([]Found, len(ids))
	for i, row := range rows {
		found[i].ID = ids[i]
		if row == nil {
			continue
		}
		if found[i], err = v.resolve(ctx, typ, ids[i], row); err != nil {
			return nil, fmt.Errorf("find: %w", err)
		}
	}
	return found, nil
}

// resolve reads an identity row as of the position.
func (v *View) resolve(ctx context.Context, typ uint16, id string, row []byte) (Found, error) {
	now, err := ParseIdentity(row)
	if err != nil {
		return Found{}, err
	}
	next := v.Next(typ)
	if now.Number < next {
		return Found{id, true, now.Deleted, now.Number, now.VersionID}, nil
	}
	for old, err := range v.older(ctx, typ, id, now.VersionID) {
		if err != nil {
			return Found{}, err
		}
		if old.Number >= next {
			continue
		}
		return Found{id, true, old.Deleted, old.Number, old.VersionID}, nil
	}
	return Found{ID: id}, nil
}

// older iterates over the superseded versions below before, newest first.
func (v *View) older(ctx context.Context, typ uint16, id string, before uint32) iter.Seq2[Identity, error] {
	prefix := appendOlderPrefix(nil, v.tenant, typ, id)
	r := engine.Prefix(prefix)
	r.Lo = AppendOlderKey(nil, v.tenant, typ, id, before-1)
	return func(yield func(Identity, error) bool) {
		if before < 2 {
			return
		}
		for row, err := range v.snap.Scan(ctx, r, engine.Ascending) {
			var old Identity
			if err == nil {
				old, err = ParseOlder(row.Value)
			}
			if err == nil {
				old.VersionID, _, err = ordkey.TakeUint32Desc(row.Key[len(prefix):])
			}
			if !yield(old, err) || err != nil {
				return
			}
		}
	}
}

// Bodies reads versions by number, in one round trip; the result is in the order of numbers. A number at or past Next
// fails with fault.Internal: numbers come from this view.
func (v *View) Bodies(ctx context.Context, typ uint16, numbers ...uint32) ([]Version, error) {
	keys := make([][]byte, len(numbers))
	for i, n := range numbers {
		keys[i] = AppendBodyKey(nil, v.tenant, typ, n)
	}
	rows, err := v.snap.Get(ctx, keys...)
	if err != nil {
		return nil, fmt.Errorf("read bodies: %w", err)
	}
	versions := make([]Version, len(numbers))
	for i, row := range rows {
		if row == nil || numbers[i] >= v.Next(typ) {
			return nil, fault.New(fault.Internal, "number %d of type %d has no body", numbers[i], typ)
		}
		if versions[i], err = ParseBody(row, typ, numbers[i]); err != nil {
			return nil, err
		}
	}
	return versions, nil
}

// How many versions Batches reads at once: at first, at most, and so that they come to about that many bytes.
const (
	firstBatch = 16
	mostBatch  = 256
	batchBytes = 2 << 20
)

// NextBatch says how many versions to read at once after a batch of n came to size bytes, so that large ones do not fill the memory.
func NextBatch(n int, versions []Version) int {
	size := 0
	for i := range versions {
		size += len(versions[i].Body)
	}
	if size > batchBytes {
		return max(1, n/2)
	}
	return min(2*n, mostBatch)
}

// Batches reads versions by number as Bodies does, some at a time.
func (v *View) Batches(ctx context.Context, typ uint16, numbers []uint32) iter.Seq2[[]Version, error] {
	return func(yield func([]Version, error) bool) {
		n := firstBatch
		for len(numbers) > 0 {
			some := numbers[:min(n, len(numbers))]
			versions, err := v.Bodies(ctx, typ, some...)
			if !yield(versions, err) || err != nil {
				return
			}
			numbers, n = numbers[len(some):], NextBatch(n, versions)
		}
	}
}

// Version reads one version of a resource; a deletion too. It fails with fault.NotFound if there is none at the position.
func (v *View) Version(ctx context.Context, typ uint16, id string, versionID uint32) (Version, error) {
	rows, err := v.snap.Get(ctx, AppendIdentityKey(nil, v.tenant, typ, id), AppendOlderKey(nil, v.tenant, typ, id, versionID))
	if err != nil {
		return Version{}, fmt.Errorf("read a version: %w", err)
	}
	number := None
	if rows[0] != nil {
		now, err := ParseIdentity(rows[0])
		if err != nil {
			return Version{}, err
		}
		if now.VersionID == versionID {
			number = now.Number
		}
	}
	if rows[1] != nil {
		old, err := ParseOlder(rows[1])
		if err != nil {
			return Version{}, err
		}
		number = old.Number
	}
	if number >= v.Next(typ) {
		return Version{}, fault.New(fault.NotFound, "there is no such version")
	}
	bodies, err := v.Bodies(ctx, typ, number)
	if err != nil {
		return Version{}, err
	}
	return bodies[0], nil
}

// History reads up to limit versions of a resource whose version id is below before (0: from the newest), newest first,
// deletions among them. It is empty if there never was such a resource at the position.
func (v *View) History(ctx context.Context, typ uint16, id string, before uint32, limit int) ([]Version, error) {
	found, err := v.Find(ctx, typ, id)
	if err != nil || !found[0].Exists || limit <= 0 {
		return nil, err
	}
	var numbers []uint32
	if newest := found[0]; before == 0 || newest.Version < before {
		before = newest.Version
		numbers = append(numbers, newest.Number)
	}
	for old, err := range v.older(ctx, typ, id, before) {
		if err != nil {
			return nil, fmt.Errorf("history: %w", err)
		}
		if len(numbers) == limit {
			break
		}
		numbers = append(numbers, old.Number)
	}
	return v.Bodies(ctx, typ, numbers...)
}

// Live is the set of numbers of the type that are current at the position. The set is shared: it must not be changed.
func (v *View) Live(ctx context.Context, typ uint16) (docset.Set, error) {
	v.mu.Lock()
	live, ok := v.live[typ]
	v.mu.Unlock()
	if ok {
		return live, nil
	}
	live, err := v.readLive(ctx, typ)
	if err != nil {
		return docset.Set{}, fmt.Errorf("read what is live: %w", err)
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.live == nil {
		v.live = map[uint16]docset.Set{}
	}
	v.live[typ] = live
	return live, nil
}

// readLive computes R5.
func (v *View) readLive(ctx context.Context, typ uint16) (docset.Set, error) {
	next := v.Next(typ)
	live := docset.Span(0, next)
	if now := v.head.Counter(typ); now.Next == now.Live { // not what the position says: what was erased since is not live there either
		return live, nil
	}
	dead, err := v.snap.Docs(ctx, engine.Exactly(AppendDeadTerm(nil, v.tenant, typ)))
	if err != nil {
		return docset.Set{}, err
	}
	if v.Seq() < v.head.Seq {
		died := engine.Prefix(typed(nil, v.tenant, DiedKind, typ))
		died.Lo = AppendDiedTerm(nil, v.tenant, typ, v.Seq()+1)
		later, err := v.snap.Docs(ctx, died)
		if err != nil {
			return docset.Set{}, err
		}
		dead.AndNot(later)
	}
	live.AndNot(dead)
	return live, nil
}

// Each reads the current versions of a type in number order from a number on, by one sequential scan. Memory stays bounded
// whatever the type holds. The Body of a Version is valid only until the next one is asked for.
func (v *View) Each(ctx context.Context, typ uint16, from uint32) iter.Seq2[Version, error] {
	return func(yield func(Version, error) bool) {
		live, err := v.Live(ctx, typ)
		if err != nil {
			yield(Version{}, err)
			return
		}
		next := v.Next(typ)
		if from >= next {
			return
		}
		prefix := typed(nil, v.tenant, BodyKind, typ)
		r := engine.Range{Lo: AppendBodyKey(nil, v.tenant, typ, from), Hi: AppendBodyKey(nil, v.tenant, typ, next)}
		for row, err := range v.snap.Scan(ctx, r, engine.Ascending) {
			if err != nil {
				yield(Version{}, fmt.Errorf("read bodies: %w", err))
				return
			}
			number, _, err := ordkey.TakeUint32(row.Key[len(prefix):])
			if err == nil && !live.Contains(number) {
				continue
			}
			version := Version{}
			if err == nil {
				version, err = ParseBody(row.Value, typ, number)
			}
			if !yield(version, err) || err != nil {
				return
			}
		}
	}
}
