// SPDX-License-Identifier: Apache-2.0

package interaction

import (
	"context"
	"errors"
	"io"

	"galen/internal/authz"
	"galen/internal/fhir"
	"galen/internal/search/plan"
	"galen/internal/store"
)

// Invocation is a call of an operation: of the data store, a type, a resource or a version of one.
//
// http://hl7.org/fhir/R4/operations.html
type Invocation struct {
	Name        string   // without the dollar sign
	Key         fhir.Key // Type is empty at the level of the data store, ID at that of a type
	VersionID   string   // empty unless a version is named
	Method      string   // GET or POST; where Rest is not empty, GET or DELETE
	Rest        string   // what stands after the name in the path: of a call that looks after one made before, such as a job's id
	Query       string   // as it stands in the URL
	Body        []byte   // of a POST; empty if there is none
	ContentType string   // of the body; empty: FHIR's JSON
	InBundle    bool     // by an entry of a Bundle: only operations that answer with a resource are carried out, others fail with fault.Unsupported

	// Header gives a header of the request by its canonical name; nil where there are none, as in a Bundle.
	Header func(name string) string
}

// Reply is what an operation answers.
type Reply struct {
	Status      int               // of HTTP; 0: 200
	Body        []byte            // a resource in JSON, unless ContentType says otherwise; empty: none
	ContentType string            // empty: FHIR's JSON
	Header      map[string]string // more headers, by their canonical names; nil: none

	// Content is sent instead of Body, Length bytes of it, and closed; nil: Body is sent. Only calls with a Rest may have it.
	Content io.ReadCloser
	Length  int64
}

// ErrPostOnly is in the error of an operation that was called with GET and changes what is stored.
var ErrPostOnly = errors.New("the operation is called with POST")

// Operator carries out operations. It fails with fault.NotFound for one that is not there at that level.
type Operator interface {
	Invoke(ctx context.Context, c Caller, in Invocation) (Reply, error)

	// Definition gives the OperationDefinition of an operation by id. It fails with fault.NotFound if there is none.
	Definition(ctx context.Context, c Caller, id string) ([]byte, error)
}

// OperationInfo is how the CapabilityStatement tells of an operation.
type OperationInfo struct {
	Name       string // without the dollar sign
	ID         string // of the OperationDefinition that Operator.Definition gives
	Definition string // canonical URL of the OperationDefinition that it follows; empty: that one
	System     bool   // it can be called on the data store
	Types      func(resource string) bool
}

// Open checks that the caller may do action to key, whose parts may be empty, and opens the data store. It is for operations, which
// are made of what a data store gives and what other interactions do.
func (s *Service) Open(ctx context.Context, c Caller, action authz.Action, key fhir.Key) (*store.Store, error) {
	return s.enter(ctx, c, action, key.Type, key.ID)
}

// Planner answers searches, for operations.
func (s *Service) Planner() *plan.Planner { return s.planner }
