// SPDX-License-Identifier: Apache-2.0

package interaction_test

import (
	"testing"

	"galen/internal/interaction"
	"galen/internal/search/index"
)

func newIndex(t testing.TB) *index.Index { return nil }

func newService(t testing.TB, open interaction.Opener) *interaction.Service {
	return interaction.New(open, validator, interaction.Options{})
}
