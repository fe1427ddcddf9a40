// SPDX-License-Identifier: Apache-2.0

package docset

import "encoding/binary"

// Merger brings the changes of one block together. Give it changes with Older only or with Newer only, each older or newer
// than all before. The zero value is the change that does nothing. It copies what it needs.
type Merger struct{ added, removed chunk }

// addArray adds an array block's numbers where that is all a merge comes to: nothing removed, and a bitmap to add to. It is
// most of the work of a term that many small batches posted under.
func (m *Merger) addArray(block []byte) (done bool, err error) {
	if len(block) == 0 || block[0] != formArray || m.added.bits == nil || m.removed.len() > 0 {
		return false, nil
	}
	_, body, err := splitForm(block)
	if err != nil {
		return false, err
	}
	last := -1
	for ; len(body) > 0; body = body[2:] {
		v := binary.LittleEndian.Uint16(body)
		if int(v) <= last {
			return false, ErrMalformed
		}
		last = int(v)
		if w, bit := v/64, uint64(1)<<(v%64); m.added.bits[w]&bit == 0 {
			m.added.bits[w] |= bit
			m.added.n++
		}
	}
	return true, nil
}

// Older takes a change that came before all that m has.
func (m *Merger) Older(block []byte) error {
	if done, err := m.addArray(block); done || err != nil {
		return err
	}
	added, removed, err := decodeChange(block)
	if err != nil {
		return err
	}
	added.andNot(&m.removed)
	removed.andNot(&m.added)
	m.added.or(&added)
	m.removed.or(&removed)
	return nil
}

// Newer takes a change that came after all that m has.
func (m *Merger) Newer(block []byte) error {
	if done, err := m.addArray(block); done || err != nil {
		return err
	}
	added, removed, err := decodeChange(block)
	if err != nil {
		return err
	}
	m.added.andNot(&removed)
	m.removed.andNot(&added)
	m.added.or(&added)
	m.removed.or(&removed)
	return nil
}

// Append appends the merged change. If whole is true nothing older exists, so that only what is posted is written.
func (m *Merger) Append(dst []byte, whole bool) []byte {
	if whole {
		return m.added.append(dst)
	}
	return appendChange(dst, &m.added, &m.removed)
}

// Reset makes m the zero value.
func (m *Merger) Reset() { *m = Merger{} }

func decodeChange(block []byte) (added, removed chunk, err error) {
	if len(block) == 0 {
		return added, removed, ErrMalformed
	}
	if block[0] != formChange {
		err = added.decode(block)
		return added, removed, err
	}
	_, body, err := splitForm(block)
	if err != nil {
		return added, removed, err
	}
	a, r, err := splitChange(body)
	if err != nil {
		return added, removed, err
	}
	if err = added.decode(a); err != nil {
		return added, removed, err
	}
	if err = removed.decode(r); err != nil {
		return added, removed, err
	}
	if removed.len() == 0 || intersects(&added, &removed) {
		err = ErrMalformed
	}
	return added, removed, err
}

func intersects(a, b *chunk) bool {
	for v := range a.all {
		if b.contains(v) {
			return true
		}
	}
	return false
}
