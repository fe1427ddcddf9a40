// SPDX-License-Identifier: Apache-2.0

package operation

import (
	"context"

	"galen/internal/interaction"
)

// metaOperation gives the profiles, tags and security labels of a resource or of one version of it.
//
// http://hl7.org/fhir/R4/resource-operation-meta.html
func metaOperation() Operation {
	return Operation{
		Name: "meta", Definition: "http://hl7.org/fhir/OperationDefinition/Resource-meta",
		Levels: OnInstance | OnVersion,
		serve:  serveMeta,
	}
}

func serveMeta(ctx context.Context, s *Service, c *Call) (interaction.Reply, error) {
	var v interaction.Version
	var err error
	if c.VersionID != "" {
		v, err = s.interactions.VRead(ctx, c.Caller, c.Key, c.VersionID)
	} else {
		v, err = s.interactions.Read(ctx, c.Caller, c.Key)
	}
	if err != nil {
		return interaction.Reply{}, err
	}
	resource, done, err := s.parse(v.Body)
	if err != nil {
		return interaction.Reply{}, err
	}
	defer done()
	body := append([]byte(`{"resourceType":"Parameters","parameter":[{"name":"return","valueMeta":`), resource.Field("meta").Raw()...)
	return interaction.Reply{Body: append(body, `}]}`...)}, nil
}
