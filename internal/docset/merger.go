// SPDX-License-Identifier: Apache-2.0

package docset

// Merger brings the changes of one block together. Give it changes with Older only or with Newer only, each older or newer
// than all before. The zero value is the change that does nothing. It copies what it needs.
type Merger struct{ added, removed chunk }

// addPosted adds the numbers of an array or of runs where that is all a merge comes to, nothing being removed. It is most of the
// work of a term that many small batches posted under, and makes no garbage.
func (m *Merger) addPosted(block []byte) (done bool, err error) {
	if len(block) == 0 || block[0] != formArray && block[0] != formRuns || m.removed.len() > 0 {
		return false, nil
	}
	form, body, err := splitForm(block)
	if err != nil {
		return false, err
	}
	switch {
	case form == formArray && m.added.bits == nil && len(m.added.arr) == 0:
		return true, m.added.decode(block)
	case form == formArray:
		return true, m.added.addArray(body)
	}
	return true, m.added.addRuns(body)
}

// Older takes a change that came before all that m has.
func (m *Merger) Older(block []byte) error {
	if done, err := m.addPosted(block); done || err != nil {
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
	if done, err := m.addPosted(block); done || err != nil {
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
