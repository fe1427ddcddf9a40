// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"io/fs"
	"testing/fstest"

	"galen/internal/synth"
)

// sampleSeed makes demo, bench and preload see the same people every time.
const sampleSeed = 1

// makePatients makes up a population as files of NDJSON, in memory.
func makePatients(ctx context.Context, patients int) (fs.FS, error) {
	files := fstest.MapFS{}
	err := synth.Generate(ctx, synth.Options{Patients: patients, Seed: sampleSeed}, func(typ string, line []byte) error {
		name := typ + ".ndjson"
		if files[name] == nil {
			files[name] = &fstest.MapFile{Mode: 0o600}
		}
		files[name].Data = append(files[name].Data, line...)
		return nil
	})
	return files, err
}
