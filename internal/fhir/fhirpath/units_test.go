// SPDX-License-Identifier: Apache-2.0

package fhirpath_test

import (
	"testing"

	"galen/internal/fhir/def"
	"galen/internal/fhir/fhirpath"
	"galen/internal/fhir/fhirtest"
)

func TestSpecialUnits(t *testing.T) {
	root := fhirpath.Root(def.R4(), fhirtest.Parse(t, []byte(patient)))
	for _, c := range []struct{ expression, want string }{
		{"7.4 '[pH]' > 7 '[pH]'", `true:Boolean`},
		{"7 '[pH]' = 0.0000001 'mol/l'", `true:Boolean`},
		{"20 'dB' = 100 '1'", `true:Boolean`},
		{"9999999 'B' = 1 '1'", `false:Boolean`},
		{"37 'Cel' = 98.6 '[degF]'", `true:Boolean`},
	} {
		p, err := fhirpath.CompileMode(fhirpath.Language, def.R4(), c.expression, root.Type)
		if err != nil {
			t.Errorf("%s: %v", c.expression, err)
			continue
		}
		var e fhirpath.Evaluator
		items, err := e.Evaluate(p, root, root)
		if got := show(items); err != nil || got != c.want {
			t.Errorf("%s: %s (%v), want %s", c.expression, got, err, c.want)
		}
	}
}
