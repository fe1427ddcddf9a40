// SPDX-License-Identifier: Apache-2.0

package operation

import (
	"context"

	"galen/internal/fault"
	"galen/internal/record"
)

// maxWhole bounds the bytes of the resources in an answer that has no pages.
const maxWhole = 64 << 20

// whole gathers the resources of an answer that has no pages.
type whole struct {
	versions []record.Version
	size     int
}

// add takes more of them. It fails with fault.TooCostly if they come to more than maxWhole bytes.
func (w *whole) add(versions ...record.Version) error {
	for i := range versions {
		if w.size += len(versions[i].Body); w.size > maxWhole {
			return fault.New(fault.TooCostly, "the answer would have more than %d MiB: ask for less", maxWhole>>20)
		}
	}
	w.versions = append(w.versions, versions...)
	return nil
}

// read adds the versions of those numbers.
func (w *whole) read(ctx context.Context, view *record.View, typ uint16, numbers []uint32) error {
	for versions, err := range view.Batches(ctx, typ, numbers) {
		if err == nil {
			err = w.add(versions...)
		}
		if err != nil {
			return err
		}
	}
	return nil
}
