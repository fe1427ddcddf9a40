// SPDX-License-Identifier: Apache-2.0

package interaction_test

import (
	"testing"

	"galen/internal/fhir/def"
	"galen/internal/interaction"
	"galen/internal/search/index"
	"galen/internal/search/plan"
	"galen/internal/store"
)

func newIndex(t testing.TB) *index.Index {
	t.Helper()
	x, err := index.New(def.R4())
	if err != nil {
		t.Fatal(err)
	}
	return x
}

func newService(t testing.TB, stores *store.Stores, x *index.Index, open interaction.Opener) *interaction.Service {
	t.Helper()
	p, err := plan.New(def.R4(), x, plan.Options{PageKey: make([]byte, 32), Index: stores.Index})
	if err != nil {
		t.Fatal(err)
	}
	return interaction.New(open, p, validator, interaction.Options{})
}
