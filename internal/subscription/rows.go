// SPDX-License-Identifier: Apache-2.0

package subscription

import (
	"context"
	"encoding/binary"
	"time"

	"galen/internal/engine"
	"galen/internal/fault"
	"galen/internal/ordkey"
	"galen/internal/record"
	"galen/internal/store"
)

// Rows of a data store, after its prefix for extra rows: "subscription/", then
//
//	'p'               → position: how far the commits are read
//	'a' id            → seq uvarint: the commit after which the subscription's events begin; it was active once
//	'n' id            → uvarint: the number of its last event
//	'd' id            → uvarint: the number of its last event that was taken, or given up
//	'e' id number u64 → event
//
// id is an ordkey string. Format: docs/formats/rows.md.
const rowPrefix = "subscription/"

func suffix(kind byte, id string) []byte {
	return ordkey.AppendString(append([]byte(rowPrefix), kind), id)
}

func positionRow() []byte { return append([]byte(rowPrefix), 'p') }

func eventRow(id string, number uint64) []byte { return ordkey.AppendUint64(suffix('e', id), number) }

// position is how far the commits are read: all up to seq, and of the one after it the numbers below number of type typ, and
// those of the types before it.
type position struct {
	seq    uint64
	typ    uint16
	number uint32
}

const rowFormat = 1

func (p position) append(dst []byte) []byte {
	dst = binary.AppendUvarint(append(dst, rowFormat), p.seq)
	return binary.AppendUvarint(binary.AppendUvarint(dst, uint64(p.typ)), uint64(p.number))
}

func parsePosition(row []byte) (position, error) {
	v, ok := uvarints(row, 3)
	if !ok || v[1] > 1<<16-1 || v[2] > 1<<32-1 {
		return position{}, errRow
	}
	return position{v[0], uint16(v[1]), uint32(v[2])}, nil
}

var errRow = fault.New(fault.Internal, "a row of the subscriptions cannot be read")

// uvarints reads n numbers after the format byte, and nothing else.
func uvarints(row []byte, n int) ([]uint64, bool) {
	if len(row) == 0 || row[0] != rowFormat {
		return nil, false
	}
	row = row[1:]
	list := make([]uint64, n)
	for i := range list {
		v, size := binary.Uvarint(row)
		if size <= 0 {
			return nil, false
		}
		list[i], row = v, row[size:]
	}
	return list, len(row) == 0
}

func counter(n uint64) []byte { return binary.AppendUvarint([]byte{rowFormat}, n) }

func parseCounter(row []byte) (uint64, error) {
	v, ok := uvarints(row, 1)
	if !ok {
		return 0, errRow
	}
	return v[0], nil
}

// event is one event of one subscription.
type event struct {
	number      uint64 // in its key
	typ         uint16
	version     uint32 // the version's number
	time        time.Time
	interaction Interaction
}

var interactionCodes = map[Interaction]uint64{Created: 1, Updated: 2, Deleted: 3}

func (e event) append(dst []byte) []byte {
	dst = binary.AppendUvarint(append(dst, rowFormat), uint64(e.typ))
	dst = binary.AppendUvarint(dst, uint64(e.version))
	dst = binary.AppendUvarint(dst, uint64(e.time.UnixMilli()))
	return binary.AppendUvarint(dst, interactionCodes[e.interaction])
}

func parseEvent(number uint64, row []byte) (event, error) {
	v, ok := uvarints(row, 4)
	if !ok || v[0] > 1<<16-1 || v[1] > 1<<32-1 {
		return event{}, errRow
	}
	e := event{number: number, typ: uint16(v[0]), version: uint32(v[1]), time: time.UnixMilli(int64(v[2])).UTC()}
	for i, code := range interactionCodes {
		if code == v[3] {
			e.interaction = i
			return e, nil
		}
	}
	return event{}, errRow
}

// marks is what the rows know of one subscription.
type marks struct {
	begun           bool // it was active once
	since           uint64
	last, delivered uint64
}

// readMarks reads the marks of some subscriptions, in their order, in one round trip.
func readMarks(ctx context.Context, v *record.View, ids ...string) ([]marks, error) {
	keys := make([][]byte, 0, 3*len(ids))
	for _, id := range ids {
		for _, kind := range [...]byte{'a', 'n', 'd'} {
			keys = append(keys, record.AppendExtraKey(nil, v.Tenant(), suffix(kind, id)))
		}
	}
	if len(keys) == 0 {
		return nil, nil
	}
	rows, err := v.Snapshot().Get(ctx, keys...)
	if err != nil {
		return nil, err
	}
	list := make([]marks, len(ids))
	for i := range list {
		m := &list[i]
		m.begun = rows[3*i] != nil
		for j, n := range [...]*uint64{&m.since, &m.last, &m.delivered} {
			if row := rows[3*i+j]; row != nil {
				if *n, err = parseCounter(row); err != nil {
					return nil, err
				}
			}
		}
	}
	return list, nil
}

// readPosition reads how far the commits are read; false if nothing says so.
func readPosition(ctx context.Context, v *record.View) (position, bool, error) {
	rows, err := v.Snapshot().Get(ctx, record.AppendExtraKey(nil, v.Tenant(), positionRow()))
	if err != nil || rows[0] == nil {
		return position{}, false, err
	}
	p, err := parsePosition(rows[0])
	return p, err == nil, err
}

// readEvents reads up to limit events with numbers from first to last.
func readEvents(ctx context.Context, v *record.View, id string, first, last uint64, limit int) ([]event, error) {
	prefix := record.AppendExtraKey(nil, v.Tenant(), suffix('e', id))
	r := engine.Range{Lo: ordkey.AppendUint64(prefix[:len(prefix):len(prefix)], first), Hi: ordkey.PrefixEnd(prefix)}
	var list []event
	for row, err := range v.Snapshot().Scan(ctx, r, engine.Ascending) {
		if err != nil {
			return nil, err
		}
		number, _, err := ordkey.TakeUint64(row.Key[len(prefix):])
		if err != nil {
			return nil, errRow
		}
		if number > last || len(list) == limit {
			break
		}
		e, err := parseEvent(number, row.Value)
		if err != nil {
			return nil, err
		}
		list = append(list, e)
	}
	return list, nil
}

// rowsAtOnce is how many rows one commit removes.
const rowsAtOnce = 1000

// removeAll removes the rows of a subscription that is gone.
func removeAll(ctx context.Context, st *store.Store, id string) error {
	for {
		gone, err := eventRows(ctx, st, id, 1<<63)
		if err != nil {
			return err
		}
		more := len(gone) == rowsAtOnce
		if !more {
			for _, kind := range [...]byte{'a', 'n', 'd'} {
				gone = append(gone, store.Row{Suffix: suffix(kind, id)})
			}
		}
		if _, err := st.Commit(ctx, store.Group{Rows: gone}); err != nil || !more {
			return err
		}
	}
}

// eventRows gives the removal of up to rowsAtOnce events with numbers below before.
func eventRows(ctx context.Context, st *store.Store, id string, before uint64) ([]store.Row, error) {
	if before < 2 {
		return nil, nil
	}
	v, err := st.View(ctx)
	if err != nil {
		return nil, err
	}
	defer v.Close()
	list, err := readEvents(ctx, v, id, 0, before-1, rowsAtOnce)
	var gone []store.Row
	for _, e := range list {
		gone = append(gone, store.Row{Suffix: eventRow(id, e.number)})
	}
	return gone, err
}
