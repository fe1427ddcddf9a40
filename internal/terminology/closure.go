// SPDX-License-Identifier: Apache-2.0

package terminology

import (
	"context"
	"errors"

	"galen/internal/fault"
	"galen/internal/fhir/term"
	"galen/internal/store"
)

const (
	closurePrefix = "closure/" // of the rows that hold closure tables
	maxName       = 256        // bytes of a table's name
)

// ClosureRequest is the input of Closure. Without concepts and Resend the table is made, or made empty again.
//
// http://hl7.org/fhir/R4/conceptmap-operation-closure.html
type ClosureRequest struct {
	Name     string
	Concepts []term.Coding // to add
	Resend   bool          // give the relations that came after version Since again; no concepts are added
	Since    int
}

// Closure adds concepts to a closure table of a data store, and gives the table and the relations asked for. It fails with
// fault.NotFound if there is no table of that name, and with fault.Unprocessable for a concept that is not known.
func (s *Service) Closure(ctx context.Context, st *store.Store, r ClosureRequest) (*term.Closure, []term.Relation, error) {
	switch {
	case r.Name == "" || len(r.Name) > maxName:
		return nil, nil, fault.New(fault.Invalid, "the name of a closure table has 1 to %d bytes", maxName).WithCode("value").At("name")
	case r.Resend && len(r.Concepts) > 0:
		return nil, nil, fault.New(fault.Invalid, "give concepts to add, or a version to go on from, not both").At("version")
	}
	s.closing.Lock()
	defer s.closing.Unlock()
	if !r.Resend && len(r.Concepts) == 0 {
		closure := new(term.Closure)
		return closure, nil, keepClosure(ctx, st, r.Name, closure)
	}
	row, err := st.Extra(ctx, closureRow(r.Name))
	switch {
	case err != nil:
		return nil, nil, err
	case row == nil:
		return nil, nil, fault.New(fault.NotFound, "there is no closure table of this name: make it by a call without concepts").At("name")
	}
	closure, err := term.ParseClosure(row)
	if err != nil {
		return nil, nil, fault.Wrap(fault.Internal, err, "a closure table cannot be read")
	}
	if r.Resend && r.Since > closure.Version() {
		return nil, nil, fault.New(fault.Unprocessable, "the closure table is at version %d, not %d: begin it again by a call without concepts",
			closure.Version(), r.Since).At("version")
	}
	if r.Resend {
		return closure, closure.Since(r.Since), nil
	}
	v, err := st.View(ctx)
	if err != nil {
		return nil, nil, err
	}
	defer v.Close()
	added, err := closure.Add(s.On(v), r.Concepts)
	if errors.Is(err, fault.NotFound) {
		return nil, nil, fault.New(fault.Unprocessable, "%s", fault.All(err)[0].Text).WithCode("code-invalid").At("concept")
	}
	if err != nil {
		return nil, nil, err
	}
	return closure, added, keepClosure(ctx, st, r.Name, closure)
}

func closureRow(name string) []byte { return append([]byte(closurePrefix), name...) }

func keepClosure(ctx context.Context, st *store.Store, name string, closure *term.Closure) error {
	row, err := closure.AppendBinary(nil)
	if err != nil {
		return err
	}
	_, err = st.Commit(ctx, store.Group{Rows: []store.Row{{Suffix: closureRow(name), Value: row}}})
	return err
}
