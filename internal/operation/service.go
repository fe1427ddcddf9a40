// SPDX-License-Identifier: Apache-2.0

package operation

import (
	"context"
	"sync"
	"time"

	"galen/internal/blob"
	"galen/internal/bulk"
	"galen/internal/fault"
	"galen/internal/fhir"
	"galen/internal/fhir/def"
	"galen/internal/interaction"
	"galen/internal/job"
	"galen/internal/many"
	"galen/internal/subscription"
	"galen/internal/terminology"
)

// Options of a Service; the zero value works.
type Options struct {
	Limits      fhir.Limits          // of a body that comes in
	Bulk        *bulk.Service        // exports and imports; nil: there are none
	Many        *many.Service        // erasures, and changes of many resources; nil: there are none
	Terminology *terminology.Service // nil: operations that need it fail with fault.Unsupported
	Now         func() time.Time     // nil: time.Now

	Jobs *job.Queue // with Kept, $bulk-member-match; nil: it fails with fault.Unsupported
	Kept blob.Store // has the bucket MatchBucket

	Subscriptions *subscription.Service // nil: operations on subscriptions fail with fault.Unsupported
}

// Service carries out the operations of the table. It is an interaction.Operator, and safe for concurrent use.
type Service struct {
	interactions *interaction.Service
	table        []Operation
	opt          Options
	tapes        sync.Pool // of *fhir.Tape
	polls        polls
}

// New makes a service whose operations work through interactions.
func New(interactions *interaction.Service, opt Options) *Service {
	if opt.Now == nil {
		opt.Now = time.Now
	}
	s := &Service{interactions: interactions, table: Table(), opt: opt}
	s.tapes.New = func() any { return new(fhir.Tape) }
	return s
}

// Invoke carries out a call.
func (s *Service) Invoke(ctx context.Context, c interaction.Caller, in interaction.Invocation) (interaction.Reply, error) {
	o, err := s.find(in)
	if err != nil {
		return interaction.Reply{}, err
	}
	call := &Call{Caller: c, Key: in.Key, VersionID: in.VersionID, Query: in.Query, Method: in.Method, Rest: in.Rest, name: o.Name, operation: o,
		header: in.Header}
	if in.Rest != "" {
		reply, err := o.follow(ctx, s, call)
		if err == nil && reply.Status == 202 && in.Method == "GET" && s.polls.tooMany(in.Rest, s.opt.Now()) {
			return interaction.Reply{}, fault.New(fault.Throttled, "the status is asked for too often: wait for as long as Retry-After says")
		}
		return reply, err
	}
	switch {
	case in.InBundle && !o.answersResource():
		return interaction.Reply{}, fault.New(fault.Unsupported, "what $%s answers has no place in a Bundle: call it on its own", o.Name).WithCode("not-supported")
	case o.Raw:
		call.Body, call.ContentType, in.Body = in.Body, in.ContentType, nil
	case len(in.Body) > 0 && in.ContentType != "":
		return interaction.Reply{}, fault.New(fault.Unsupported, "the body of $%s is a FHIR resource", o.Name).WithCode("value")
	}
	body, done, err := s.parse(in.Body)
	if err != nil {
		return interaction.Reply{}, err
	}
	defer done()
	text, err := appendParameters(nil, o, in.Query, body)
	if err != nil {
		return interaction.Reply{}, err
	}
	input, done, err := s.parse(text)
	if err != nil {
		return interaction.Reply{}, err
	}
	defer done()
	call.Parameters = Parameters{input}
	if err := o.check(call.Parameters); err != nil {
		return interaction.Reply{}, err
	}
	return o.serve(ctx, s, call)
}

// find gives the operation that a call names.
func (s *Service) find(in interaction.Invocation) (*Operation, error) {
	level := OnSystem
	switch {
	case in.Rest != "":
		return s.findFollowed(in)
	case in.VersionID != "":
		level = OnVersion
	case in.Key.ID != "":
		level = OnInstance
	case in.Key.Type != "":
		level = OnType
	}
	if in.Key.Type != "" && def.R4().Type(in.Key.Type) == nil {
		return nil, fault.New(fault.NotFound, "there is no such resource type").WithCode("not-supported")
	}
	for i := range s.table {
		o := &s.table[i]
		if o.Name != in.Name || !o.offers(level, in.Key.Type) {
			continue
		}
		if o.Changes && in.Method != "POST" {
			return nil, fault.Wrap(fault.Unsupported, interaction.ErrPostOnly, "$%s changes what is stored: call it with POST", o.Name).WithCode("not-supported")
		}
		return o, nil
	}
	return nil, fault.New(fault.NotFound, "there is no such operation here").WithCode("not-supported")
}

// findFollowed gives the operation that began what a call looks after.
func (s *Service) findFollowed(in interaction.Invocation) (*Operation, error) {
	for i := range s.table {
		if o := &s.table[i]; o.follow != nil && o.followed() == in.Name {
			return o, nil
		}
	}
	return nil, fault.New(fault.NotFound, "there is nothing at this address").WithCode("not-found")
}

// parse reads a body into a tape of its own, which done takes back. An empty body is an absent node.
func (s *Service) parse(body []byte) (root fhir.Node, done func(), err error) {
	if len(body) == 0 {
		return fhir.Node{}, func() {}, nil
	}
	t := s.tapes.Get().(*fhir.Tape)
	if err := t.Parse(body, s.opt.Limits); err != nil {
		s.tapes.Put(t)
		return fhir.Node{}, nil, err
	}
	return t.Root(), func() { s.tapes.Put(t) }, nil
}
