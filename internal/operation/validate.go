// SPDX-License-Identifier: Apache-2.0

package operation

import (
	"context"

	"galen/internal/fhir"
	"galen/internal/interaction"
)

// validateOperation tells whether a resource could be created, updated or deleted, or conforms to a profile.
//
// http://hl7.org/fhir/R4/resource-operation-validate.html
func validateOperation() Operation {
	return Operation{
		Name: "validate", Definition: "http://hl7.org/fhir/OperationDefinition/Resource-validate",
		Levels: OnType | OnInstance, Bare: "resource",
		Params: []Param{{Name: "resource", Type: "Resource"}, {Name: "mode", Type: "code"}, {Name: "profile", Type: "canonical", Many: true}},
		serve:  serveValidate,
	}
}

func serveValidate(ctx context.Context, s *Service, c *Call) (interaction.Reply, error) {
	issues, err := s.interactions.Validate(ctx, c.Caller, interaction.Validation{
		Key: c.Key, Mode: c.Parameters.Text("mode"), Resource: c.Parameters.One("resource").Field("resource"), Profiles: c.Parameters.Texts("profile"),
	})
	if err != nil {
		return interaction.Reply{}, err
	}
	if len(issues) == 0 {
		return outcome(fhir.Information, "informational", "Validation successful"), nil
	}
	return interaction.Reply{Body: fhir.AppendOutcome(nil, issues...)}, nil
}
