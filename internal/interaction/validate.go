// SPDX-License-Identifier: Apache-2.0

package interaction

import (
	"context"
	"slices"

	"galen/internal/authz"
	"galen/internal/fault"
	"galen/internal/fhir"
	"galen/internal/fhir/validate"
	"galen/internal/store"
)

// Validation asks whether a resource could be stored. Nothing is.
type Validation struct {
	Key      fhir.Key  // the type, and of an instance the id
	Mode     string    // create, update, delete or profile; empty: the resource on its own
	Resource fhir.Node // absent: the instance as it is stored
	Profiles []string  // canonicals to check against, beside those that the resource names
}

// Validate gives what validation has to say of a resource, in the order of the resource, each with
// its line and column. Without an issue all is well. It fails if the call makes no sense, or names an instance that is not there.
//
// http://hl7.org/fhir/R4/resource-operation-validate.html
func (s *Service) Validate(ctx context.Context, c Caller, in Validation) ([]fhir.Issue, error) {
	action, stored := authz.Read, !in.Resource.Ok()
	switch in.Mode {
	case "", "profile":
	case "create":
		action = authz.Create
	case "update":
		action = authz.Update
	case "delete":
		action, stored = authz.Delete, true
	default:
		return nil, fault.New(fault.Invalid, "mode is create, update, delete or profile").WithCode("value").At("mode")
	}
	st, err := s.enter(ctx, c, action, in.Key.Type, in.Key.ID)
	switch {
	case err != nil:
		return nil, err
	case in.Key.ID == "" && stored:
		return nil, fault.New(fault.Invalid, "there is nothing to validate: give the resource, or call $validate on an instance").WithCode("required").At("resource")
	case in.Key.ID == "" && in.Mode == "update":
		return nil, fault.New(fault.Invalid, "mode update is asked of an instance: Type/id/$validate").WithCode("value").At("mode")
	case in.Key.ID != "" && in.Mode == "create":
		return nil, fault.New(fault.Invalid, "mode create is asked of a type: Type/$validate").WithCode("value").At("mode")
	case in.Mode == "profile" && len(in.Profiles) == 0:
		return nil, fault.New(fault.Invalid, "mode profile needs a profile to check against").WithCode("required").At("profile")
	}
	root := in.Resource
	if stored {
		version, err := s.Read(ctx, c, in.Key)
		if err != nil || in.Mode == "delete" {
			return nil, err
		}
		tape, done := s.tape()
		defer done()
		if err := tape.Parse(version.Body, s.opt.Limits); err != nil {
			return nil, err
		}
		root = tape.Root()
	}
	return s.checked(ctx, root, in, st)
}

// checked validates a resource, and what a mode asks of it beside.
func (s *Service) checked(ctx context.Context, root fhir.Node, in Validation, st *store.Store) ([]fhir.Issue, error) {
	var issues []fhir.Issue
	if name := fhir.Type(root); name != "" && name != in.Key.Type {
		issues = append(issues, fhir.Issue{Code: "invalid", Diagnostics: "the resourceType is not " + in.Key.Type, Expression: "Resource.resourceType"})
	}
	if id := root.Field("id"); in.Mode == "update" && !id.Is(in.Key.ID) {
		issues = append(issues, fhir.Issue{Code: "value", Diagnostics: "an update needs the id of the instance in the resource", Expression: in.Key.Type + ".id"})
	}
	check, member := s.validate.Choosing(st.Profiles()), s.opt.Members(st)
	more, err := s.definitionsOf(ctx, st, check, root, in.Profiles)
	if err != nil {
		return nil, err
	}
	check = check.Beside(more)
	findings := check.ResourceIn(root, validate.Strict, member)
	findings = append(findings, check.ProfilesIn(root, member, in.Profiles...)...)
	slices.SortStableFunc(findings, func(a, b validate.Finding) int { return a.Offset - b.Offset })
	source := root.Raw()
	for i, f := range validate.Issues(findings) {
		f.Line, f.Column = fhir.Position(source, findings[i].Offset-root.Offset())
		if !slices.Contains(issues, f) {
			issues = append(issues, f)
		}
	}
	return issues, nil
}
