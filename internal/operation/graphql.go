// SPDX-License-Identifier: Apache-2.0

package operation

import (
	"context"
	"encoding/json"
	"strings"

	"galen/internal/authz"
	"galen/internal/fault"
	"galen/internal/fhir"
	"galen/internal/graphql"
	"galen/internal/interaction"
)

// graphqlOperation answers GraphQL queries about a resource, or about all.
//
// http://hl7.org/fhir/R4/graphql.html
func graphqlOperation() Operation {
	return Operation{
		Name: "graphql", Definition: "http://hl7.org/fhir/OperationDefinition/Resource-graphql",
		Levels: OnSystem | OnInstance, Raw: true,
		Params: []Param{{Name: "query", Type: "string"}, {Name: "operationName", Type: "string"}, {Name: "variables", Type: "string"}},
		serve:  serveGraphQL,
	}
}

// graphqlSource reads and searches as the caller.
type graphqlSource struct {
	s *Service
	c *Call
}

func (g graphqlSource) Read(ctx context.Context, key fhir.Key) ([]byte, error) {
	v, err := g.s.interactions.Read(ctx, g.c.Caller, key)
	return v.Body, err
}

func (g graphqlSource) Search(ctx context.Context, typ, query string) ([]byte, error) {
	return g.s.interactions.Search(ctx, g.c.Caller, interaction.Find{Type: typ, Query: query})
}

func serveGraphQL(ctx context.Context, s *Service, c *Call) (interaction.Reply, error) {
	if _, err := s.interactions.Open(ctx, c.Caller, authz.Search, fhir.Key{}); err != nil {
		return interaction.Reply{}, err
	}
	request, err := graphqlRequest(c)
	if err != nil {
		return interaction.Reply{}, err
	}
	request.On = c.Key
	body, err := graphql.Do(ctx, graphqlSource{s, c}, request, graphql.Limits{})
	if err != nil {
		return interaction.Reply{}, err
	}
	return interaction.Reply{Body: body, ContentType: plainJSON}, nil
}

// graphqlRequest reads the query: from the URL, as JSON, or as a text of type application/graphql.
func graphqlRequest(c *Call) (q graphql.Request, err error) {
	q.Query, q.Operation = c.Parameters.Text("query"), c.Parameters.Text("operationName")
	variables := []byte(c.Parameters.Text("variables"))
	switch kind, _, _ := strings.Cut(c.ContentType, ";"); {
	case len(c.Body) == 0:
	case kind == "application/graphql":
		q.Query = string(c.Body)
	case c.ContentType != "":
		return q, fault.New(fault.Unsupported, "a query is sent as application/json or application/graphql").WithCode("value")
	default:
		var body struct {
			Query         string          `json:"query"`
			OperationName string          `json:"operationName"`
			Variables     json.RawMessage `json:"variables"`
		}
		if err := json.Unmarshal(c.Body, &body); err != nil {
			return q, fault.Wrap(fault.Invalid, err, "the body does not have the form of a GraphQL query").WithCode("structure")
		}
		q.Query, q.Operation, variables = body.Query, body.OperationName, body.Variables
	}
	if q.Query == "" {
		return q, fault.New(fault.Invalid, "there is no query").WithCode("required").At("query")
	}
	if len(variables) > 0 && string(variables) != "null" {
		if err := json.Unmarshal(variables, &q.Variables); err != nil {
			return q, fault.Wrap(fault.Invalid, err, "the variables are no JSON object").WithCode("structure").At("variables")
		}
	}
	return q, nil
}
