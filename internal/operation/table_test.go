// SPDX-License-Identifier: Apache-2.0

package operation_test

import (
	"strings"
	"testing"

	"galen/internal/engine/mem"
	"galen/internal/fhir"
	"galen/internal/fhir/def"
	"galen/internal/fhir/validate"
	"galen/internal/operation"
)

// TestTable holds that each row says of itself what it must, that no two rows are the same, and that what they say makes valid
// OperationDefinitions.
func TestTable(t *testing.T) {
	s := newIdleScript(t, mem.New())
	ids := map[string]bool{}
	for _, o := range operation.Table() {
		if ids[o.ID()] {
			t.Errorf("two rows are %s", o.ID())
		}
		ids[o.ID()] = true
		for _, typ := range o.Types {
			if def.R4().Type(typ) == nil {
				t.Errorf("%s is of the type %s, which there is not", o.ID(), typ)
			}
		}
		text, err := s.operate.Definition(t.Context(), s.caller, o.ID())
		if err != nil {
			t.Errorf("%s: %v", o.ID(), err)
			continue
		}
		var tape fhir.Tape
		if err := tape.Parse(text, fhir.Limits{}); err != nil {
			t.Errorf("%s: %v", o.ID(), err)
			continue
		}
		for _, f := range validator.Resource(tape.Root(), validate.Strict) {
			t.Errorf("%s: %s at %s in %s", o.ID(), f.Text, f.Expression, text)
		}
	}
	if _, err := s.operate.Definition(t.Context(), s.caller, "none"); err == nil {
		t.Error("there is a definition of what there is not")
	}
	body, err := s.service.Capabilities(t.Context(), s.caller)
	if err != nil || !strings.Contains(string(body), `"documentation":"http://h/OperationDefinition/meta"`) {
		t.Errorf("the CapabilityStatement does not refer to the definitions: %v", err)
	}
}
