// SPDX-License-Identifier: Apache-2.0

package main

import (
	"io/fs"
	"testing/fstest"

	"galen/internal/sample"
)

// sampleSeed makes demo, bench and preload see the same people every time.
const sampleSeed = 1

// makePatients gives a small made-up population as files of NDJSON, in memory.
func makePatients(patients int) fs.FS {
	files := fstest.MapFS{}
	for typ, text := range sample.Make(patients, sampleSeed) {
		files[typ+".ndjson"] = &fstest.MapFile{Data: text, Mode: 0o600}
	}
	return files
}
