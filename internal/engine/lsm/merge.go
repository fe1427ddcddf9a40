// SPDX-License-Identifier: Apache-2.0

package lsm

import (
	"io"

	"github.com/cockroachdb/pebble/v2"

	"galen/internal/docset"
)

// merger brings the operands of a posting's key together.
func merger() *pebble.Merger {
	return &pebble.Merger{
		Name: "galen.docset.1", // written to disk: another form of operands needs another name
		Merge: func(_, value []byte) (pebble.ValueMerger, error) {
			m := &blockMerger{}
			return m, m.Newer(value)
		},
	}
}

// blockMerger implements pebble.ValueMerger. A block that has become empty is kept as such: only where nothing older is
// stored below could it be dropped, which a merger is not told. Readers pass over it; Compact removes it.
type blockMerger struct{ docset.Merger }

func (m *blockMerger) MergeNewer(value []byte) error { return m.Newer(value) }

func (m *blockMerger) MergeOlder(value []byte) error { return m.Older(value) }

func (m *blockMerger) Finish(includesBase bool) ([]byte, io.Closer, error) {
	return m.Append(nil, includesBase), nil, nil
}
