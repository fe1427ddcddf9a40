// SPDX-License-Identifier: Apache-2.0

package gather

import (
	"context"
	"strings"

	"galen/internal/fault"
	"galen/internal/fhir"
	"galen/internal/interaction"
)

// own is one of galen's own data stores, asked in process as the caller.
type own struct {
	o      Options
	caller interaction.Caller
}

// get answers Type/id and Type/id/$operation.
func (s own) get(ctx context.Context, address string) ([]byte, error) {
	address = strings.TrimPrefix(strings.TrimPrefix(address, s.caller.Base), "/")
	path, query, _ := strings.Cut(address, "?")
	parts := strings.Split(path, "/")
	if len(parts) == 3 && strings.HasPrefix(parts[2], "$") {
		reply, err := s.o.Operator.Invoke(ctx, s.caller, interaction.Invocation{Name: parts[2][1:], Key: fhir.Key{Type: parts[0], ID: parts[1]},
			Method: "GET", Query: query})
		return reply.Body, s.told(err)
	}
	if key, ok := fhir.ParseKey(path); ok {
		v, err := s.o.Records.Read(ctx, s.caller, key)
		return v.Body, s.told(err)
	}
	return nil, fault.New(fault.Unsupported, "the data store does not offer what was asked")
}

// told is err in words for the one who started the job.
func (s own) told(err error) error {
	if err == nil {
		return nil
	}
	switch kind := fault.KindOf(err); kind {
	case fault.NotFound, fault.Gone:
		return fault.Wrap(fault.NotFound, err, "there is no Patient with the id patientContext.patientId in the data store, or no such data store")
	case fault.Internal:
		return err
	default:
		return fault.Wrap(kind, err, "the data store could not be read: %s", fault.All(err)[0].Text)
	}
}
