// SPDX-License-Identifier: Apache-2.0

package mem_test

import (
	"testing"

	"galen/internal/engine"
	"galen/internal/engine/enginetest"
	"galen/internal/engine/mem"
)

func TestEngine(t *testing.T) {
	enginetest.Run(t, func(*testing.T) enginetest.Place {
		return enginetest.Place{Open: func() (engine.Engine, error) { return mem.New(), nil }, Volatile: true}
	})
}
