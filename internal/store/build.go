// SPDX-License-Identifier: Apache-2.0

package store

import (
	"bytes"

	"galen/internal/engine"
	"galen/internal/record"
)

// writer turns a plan into a batch. It belongs to the committer and keeps its memory.
type writer struct {
	tenant uint32
	batch  engine.Batch
	key    []byte
	value  []byte
}

// write fills the batch with what the plan makes. The batch stays empty if that is nothing.
func (w *writer) write(p *plan) {
	w.batch.Reset()
	for _, r := range p.rows {
		w.key = record.AppendExtraKey(w.key[:0], w.tenant, r.Suffix)
		if r.Value == nil {
			w.batch.Delete(w.key)
		} else {
			w.batch.Put(w.key, r.Value)
		}
	}
	if len(p.made) == 0 {
		return
	}
	for i := range p.made {
		w.version(p, &p.made[i])
	}
	w.states(p)
}

// states adds the head and the rows of the commit itself.
func (w *writer) states(p *plan) {
	b := &w.batch
	w.requireHead(p)
	w.key = record.AppendHeadKey(w.key[:0], w.tenant)
	w.value = record.AppendState(w.value[:0], &p.state)
	b.Put(w.key, w.value)
	w.key = record.AppendCommitKey(w.key[:0], w.tenant, p.state.Seq)
	b.Put(w.key, w.value)
	if p.state.Millis != p.last.Millis || p.last.Seq == 0 {
		w.key = record.AppendMomentKey(w.key[:0], w.tenant, p.state.Millis)
		b.Put(w.key, record.AppendSeq(w.value[:0], p.state.Seq))
	}
	p.forget(b)
}

// requireHead makes the batch apply only if the head is the one that the plan was built on (S6).
func (w *writer) requireHead(p *plan) {
	w.key = record.AppendHeadKey(w.key[:0], w.tenant)
	if p.head == nil {
		w.batch.RequireAbsent(w.key)
	} else {
		w.batch.Require(w.key, p.head)
	}
}

// version adds one version: its body, its identity, its terms, and the end of the version before it.
func (w *writer) version(p *plan, m *made) {
	b, typ, id := &w.batch, m.key.typ, m.key.id
	v := m.version(p)
	w.value = record.AppendBodyHeader(w.value[:0], &v)
	if header := len(w.value); !m.identity.Deleted {
		w.value = m.change.prepared.AppendStored(w.value, uint64(v.VersionID), v.Time)
		if m.bodies {
			m.result.Version.Body = bytes.Clone(w.value[header:])
		}
	}
	w.key = record.AppendBodyKey(w.key[:0], w.tenant, typ, v.Number)
	b.Put(w.key, w.value)
	w.key = record.AppendIdentityKey(w.key[:0], w.tenant, typ, id)
	b.Put(w.key, record.AppendIdentity(w.value[:0], m.identity))
	if m.before.VersionID > 0 {
		w.key = record.AppendOlderKey(w.key[:0], w.tenant, typ, id, m.before.VersionID)
		b.Put(w.key, record.AppendOlder(w.value[:0], m.before.Identity))
	}
	if m.before.VersionID > 0 && !m.before.Deleted {
		w.dies(p, typ, m.before.Number)
	}
	if m.identity.Deleted {
		w.key = record.AppendDeadTerm(w.key[:0], w.tenant, typ)
		b.Post(w.key, v.Number)
	}
	for term := range unpack(m.change.terms) {
		w.key = append(record.AppendTenant(w.key[:0], w.tenant), term...)
		b.Post(w.key, v.Number)
	}
	if m.change.cond.Key != "" {
		w.once(p, m, onceOf(v))
	}
}

// dies marks a number as dead from this commit on.
func (w *writer) dies(p *plan, typ uint16, number uint32) {
	w.key = record.AppendDeadTerm(w.key[:0], w.tenant, typ)
	w.batch.Post(w.key, number)
	w.key = record.AppendDiedTerm(w.key[:0], w.tenant, typ, p.state.Seq)
	w.batch.Post(w.key, number)
}

// once remembers what an idempotency key made.
func (w *writer) once(p *plan, m *made, o once) {
	token := m.change.cond.Key
	if old := p.stale[token]; old != 0 {
		w.batch.Delete(appendAgeKey(w.key[:0], w.tenant, old, token))
	}
	w.batch.Put(appendOnceKey(w.key[:0], w.tenant, token), appendOnce(w.value[:0], o))
	w.batch.Put(appendAgeKey(w.key[:0], w.tenant, o.millis, token), nil)
}
