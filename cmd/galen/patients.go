// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"embed"
	"io/fs"
)

//go:embed patients
var patients embed.FS

// makePatients gives a small made-up population.
func makePatients(context.Context, int) (fs.FS, error) { return fs.Sub(patients, "patients") }
