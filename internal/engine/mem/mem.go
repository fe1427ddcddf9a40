// SPDX-License-Identifier: Apache-2.0

// Package mem keeps an engine's data in memory: the reference that other engines are compared with, and the engine of tests.
package mem

import "galen/internal/engine"

// Engine holds everything in memory; nothing outlives it. It is safe for concurrent use.
type Engine struct{ engine.Engine }

// New returns an empty engine.
func New() *Engine { panic("soon") }
