// SPDX-License-Identifier: Apache-2.0

package lsm

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"slices"

	"github.com/cockroachdb/pebble/v2"

	"galen/internal/docset"
	"galen/internal/engine"
	"galen/internal/fault"
	"galen/internal/ordkey"
)

// Apply implements engine.Engine.
func (e *Engine) Apply(ctx context.Context, b *engine.Batch) error {
	if err := b.Err(); err != nil {
		return err
	}
	if err := e.enter(ctx); err != nil {
		return err
	}
	defer e.calls.Done()
	down, err := e.guard.admit(b.Size())
	if err != nil {
		return err
	}
	pb, err := e.translate(b)
	if err != nil {
		return fault.Wrap(fault.Internal, err, "the batch cannot be written")
	}
	select {
	case e.slot <- struct{}{}:
	case <-down:
		return errors.Join(e.guard.why(), pb.Close())
	case <-ctx.Done():
		return errors.Join(ctx.Err(), pb.Close())
	}
	if err := e.check(b); err != nil || pb.Empty() {
		<-e.slot
		return errors.Join(err, pb.Close())
	}
	return e.commit(pb, func() { <-e.slot })
}

// commit writes pb and returns when it is durable, or cannot be made so now. It calls release when pb is in its place in
// the log and visible. It takes over pb.
func (e *Engine) commit(pb *pebble.Batch, release func()) error {
	down, err := e.guard.admit(0)
	if err != nil {
		release()
		return errors.Join(err, pb.Close())
	}
	done := make(chan error, 1)
	go func() {
		err := e.db.ApplyNoSyncWait(pb, pebble.Sync)
		e.views.written()
		release()
		if err == nil {
			err = pb.SyncWait()
		}
		done <- errors.Join(err, pb.Close())
	}()
	select {
	case err := <-done:
		if err != nil {
			return fault.Wrap(fault.Unavailable, err, "the data could not be written")
		}
		return nil
	case <-down:
	}
	select {
	case err := <-done: // it was quicker than the trouble
		if err == nil {
			return nil
		}
	default:
	}
	return e.guard.why()
}

// check returns fault.Precondition if a condition does not hold. The caller has the slot.
func (e *Engine) check(b *engine.Batch) error {
	var key []byte
	for c := range b.Conditions() {
		key = appendKey(key[:0], spaceRow, c.Key)
		value, closer, err := e.db.Get(key)
		if errors.Is(err, pebble.ErrNotFound) {
			value, closer, err = nil, nil, nil
		} else if err == nil && value == nil {
			value = []byte{}
		}
		if err != nil {
			return unreadable(err)
		}
		holds := c.Holds(value)
		if closer != nil {
			if err := closer.Close(); err != nil {
				return unreadable(err)
			}
		}
		if !holds {
			return fault.New(fault.Precondition, "the data has changed meanwhile")
		}
	}
	return nil
}

// translate writes b as a batch of pebble's.
func (e *Engine) translate(b *engine.Batch) (*pebble.Batch, error) {
	pb := e.db.NewBatchWithSize(b.Size() + b.Size()/2)
	w, ok := e.writers.Get().(*postingWriter)
	if !ok {
		w = &postingWriter{}
	}
	defer e.writers.Put(w)
	for s := range b.Sections() {
		if prefix, ok := s.DeletesPrefix(); ok {
			for _, space := range []byte{spaceRow, spaceTerm} {
				lower, upper := bounds(space, engine.Range{Lo: prefix, Hi: ordkey.PrefixEnd(prefix)})
				if err := pb.DeleteRange(lower, upper, nil); err != nil {
					return nil, err
				}
			}
		}
		for r := range s.Rows() {
			if err := writeRow(pb, r); err != nil {
				return nil, err
			}
		}
		if err := w.writeAll(pb, s); err != nil {
			return nil, err
		}
	}
	return pb, nil
}

func writeRow(pb *pebble.Batch, r engine.RowChange) error {
	var op *pebble.DeferredBatchOp
	if r.Delete {
		op = pb.DeleteDeferred(len(r.Key) + 2)
	} else {
		op = pb.SetDeferred(len(r.Key)+2, len(r.Value))
		copy(op.Value, r.Value)
	}
	appendKey(op.Key[:0], spaceRow, r.Key)
	return op.Finish()
}

// postingWriter writes the postings of terms as one operand for each block. Its memory is used again.
type postingWriter struct {
	terms          []termPostings
	added, removed []uint16
	value          []byte
}

// termPostings is a term's part of a section.
type termPostings struct {
	term     []byte
	postings []engine.Posting
}

// writeAll writes the postings of a section in the order of terms: that makes them quick to insert, each beside the one before.
func (w *postingWriter) writeAll(pb *pebble.Batch, s engine.Section) error {
	w.terms = w.terms[:0]
	for term, postings := range s.Postings() {
		w.terms = append(w.terms, termPostings{term, postings})
	}
	slices.SortFunc(w.terms, func(a, b termPostings) int { return bytes.Compare(a.term, b.term) })
	for _, t := range w.terms {
		if err := w.write(pb, t.term, t.postings); err != nil {
			return err
		}
	}
	clear(w.terms) // do not keep the batch's memory
	return nil
}

func (w *postingWriter) write(pb *pebble.Batch, term []byte, postings []engine.Posting) error {
	postings = lastOfEach(postings)
	for len(postings) > 0 {
		block := postings[0].Doc / docset.BlockSize
		w.added, w.removed = w.added[:0], w.removed[:0]
		n := 0
		for ; n < len(postings) && postings[n].Doc/docset.BlockSize == block; n++ {
			if p := postings[n]; p.Removed {
				w.removed = append(w.removed, uint16(p.Doc))
			} else {
				w.added = append(w.added, uint16(p.Doc))
			}
		}
		postings = postings[n:]
		w.value = docset.AppendChange(w.value[:0], w.added, w.removed)
		op := pb.MergeDeferred(len(term)+2+blockSuffix, len(w.value))
		key := appendKey(op.Key[:0], spaceTerm, term)
		key = binary.BigEndian.AppendUint16(key, uint16(block))
		_ = append(key, blockSuffix)
		copy(op.Value, w.value)
		if err := op.Finish(); err != nil {
			return err
		}
	}
	return nil
}

// lastOfEach sorts postings by document and keeps the last of each.
func lastOfEach(postings []engine.Posting) []engine.Posting {
	ascending := true
	for i := 1; i < len(postings) && ascending; i++ {
		ascending = postings[i-1].Doc < postings[i].Doc
	}
	if ascending {
		return postings
	}
	slices.SortStableFunc(postings, func(a, b engine.Posting) int {
		return int(int64(a.Doc) - int64(b.Doc))
	})
	kept := postings[:0]
	for i, p := range postings {
		if i+1 == len(postings) || postings[i+1].Doc != p.Doc {
			kept = append(kept, p)
		}
	}
	return kept
}
