// SPDX-License-Identifier: Apache-2.0

package lsm

import (
	"io"

	"github.com/cockroachdb/pebble/v2"

	"galen/internal/docset"
)

// merger brings the operands of a posting's key together. It asks f to fold blocks that have many.
func merger(f *folder) *pebble.Merger {
	return &pebble.Merger{
		Name: "galen.docset.1", // written to disk: another form of operands needs another name
		Merge: func(key, value []byte) (pebble.ValueMerger, error) {
			m := &blockMerger{folder: f, key: key}
			return m, m.Newer(value)
		},
	}
}

// blockMerger implements pebble.ValueMerger. A block that has become empty is kept as such: only where nothing older is
// stored below could it be dropped, which a merger is not told. Readers pass over it; Compact removes it.
type blockMerger struct {
	docset.Merger
	folder   *folder
	key      []byte // pebble's, good until Finish
	operands int
}

func (m *blockMerger) MergeNewer(value []byte) error {
	m.operands++
	return m.Newer(value)
}

func (m *blockMerger) MergeOlder(value []byte) error {
	m.operands++
	return m.Older(value)
}

func (m *blockMerger) Finish(includesBase bool) ([]byte, io.Closer, error) {
	if m.operands >= foldAt {
		m.folder.ask(m.key)
	}
	return m.Append(nil, includesBase), nil, nil
}
