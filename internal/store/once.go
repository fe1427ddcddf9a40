// SPDX-License-Identifier: Apache-2.0

package store

import (
	"context"
	"encoding/binary"
	"time"

	"galen/internal/engine"
	"galen/internal/fault"
	"galen/internal/ordkey"
	"galen/internal/record"
)

// Idempotency keys are kept under record.IdempotencyKind, then
//
//	0 key text             → what it made: format, type u16, number u32, version u32, time i64 ms, id
//	1 time i64 ms key text → nothing: the same keys by age
const (
	onceFormat = 1
	onceByKey  = 0
	onceByAge  = 1
	maxAged    = 100 // keys that one commit forgets at most
)

// once is what an idempotency key made. The zero once is a key that was not used.
type once struct {
	typ     uint16
	number  uint32
	version uint32
	millis  int64
	id      string
}

func onceOf(v record.Version) once {
	return once{v.Type, v.Number, v.VersionID, v.Time.UnixMilli(), v.ID}
}

// made is the version that the key made, without its body.
func (o once) made() record.Version {
	return record.Version{Type: o.typ, ID: o.id, Number: o.number, VersionID: o.version, Time: time.UnixMilli(o.millis).UTC()}
}

func appendOnce(dst []byte, o once) []byte {
	dst = ordkey.AppendUint16(append(dst, onceFormat), o.typ)
	dst = ordkey.AppendUint32(ordkey.AppendUint32(dst, o.number), o.version)
	return append(ordkey.AppendInt64(dst, o.millis), o.id...)
}

func parseOnce(src []byte) (once, error) {
	const fixed = 1 + 2 + 4 + 4 + 8
	if len(src) < fixed || src[0] != onceFormat {
		return once{}, fault.New(fault.Internal, "an idempotency row cannot be read")
	}
	b := binary.BigEndian
	o := once{typ: b.Uint16(src[1:]), number: b.Uint32(src[3:]), version: b.Uint32(src[7:]), id: string(src[fixed:])}
	var err error
	o.millis, _, err = ordkey.TakeInt64(src[11:fixed])
	return o, err
}

func appendOnceKey(dst []byte, tenant uint32, token string) []byte {
	return append(append(record.AppendPrefix(dst, tenant, record.IdempotencyKind), onceByKey), token...)
}

func appendAgePrefix(dst []byte, tenant uint32) []byte {
	return append(record.AppendPrefix(dst, tenant, record.IdempotencyKind), onceByAge)
}

func appendAgeKey(dst []byte, tenant uint32, millis int64, token string) []byte {
	return append(ordkey.AppendInt64(appendAgePrefix(dst, tenant), millis), token...)
}

// aged is an idempotency key that has had its time.
type aged struct {
	millis int64
	token  string
}

// findAged reads the oldest keys that have had their time, a bounded number.
func (p *plan) findAged(ctx context.Context, snap engine.Snapshot) ([]aged, error) {
	prefix := appendAgePrefix(nil, p.tenant)
	r := engine.Prefix(prefix)
	r.Hi = ordkey.AppendInt64(prefix, p.state.Millis-p.ttl.Milliseconds()+1)
	var found []aged
	for row, err := range snap.Scan(ctx, r, engine.Ascending) {
		if err != nil {
			return nil, err
		}
		millis, token, err := ordkey.TakeInt64(row.Key[len(prefix):])
		if err != nil {
			return nil, err
		}
		if found = append(found, aged{millis, string(token)}); len(found) == maxAged {
			break
		}
	}
	return found, nil
}

// forget adds to b the removal of the keys that have had their time, but for what the plan uses again.
func (p *plan) forget(b *engine.Batch) {
	for _, a := range p.aged {
		b.Delete(appendAgeKey(nil, p.tenant, a.millis, a.token))
		if p.keys[a.token].version == 0 {
			b.Delete(appendOnceKey(nil, p.tenant, a.token))
		}
	}
}
