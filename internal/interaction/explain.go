// SPDX-License-Identifier: Apache-2.0

package interaction

import (
	"fmt"

	"galen/internal/fhir"
	"galen/internal/search/plan"
)

// explain appends what _explain=true tells: an issue for each step of the plan, in order, with its clause as expression; those that belong to
// another step after it, with that step's clause before theirs. No value that was searched for is in them.
func explain(issues []fhir.Issue, of string, steps []plan.Step) []fhir.Issue {
	for _, s := range steps {
		clause := of + s.Clause
		issues = append(issues, fhir.Issue{Severity: fhir.Information, Code: "informational", Expression: clause,
			Diagnostics: fmt.Sprintf("%s: %d estimated, %d left", s.How, s.Estimate, s.Left)})
		issues = explain(issues, clause+" / ", s.Inner)
	}
	return issues
}
