// SPDX-License-Identifier: Apache-2.0

package shape

import (
	"cmp"
	"fmt"
	"slices"
)

// link resolves the references of f. Shapes may be recursive, so they are all made before any is filled.
func (f *file) link() (*Model, error) {
	m := &Model{
		Service:      f.Metadata.SigningName,
		TargetPrefix: f.Metadata.TargetPrefix,
		Version:      f.Metadata.APIVersion,
		Operations:   make(map[string]*Operation, len(f.Operations)),
		Shapes:       make(map[string]*Shape, len(f.Shapes)),
	}
	if m.Service == "" {
		m.Service = f.Metadata.EndpointName
	}
	for name := range f.Shapes {
		m.Shapes[name] = &Shape{Name: name}
	}
	for name, s := range f.Shapes {
		if err := s.fill(m.Shapes[name], m); err != nil {
			return nil, fmt.Errorf("shape %s: %w", name, err)
		}
	}
	for name, o := range f.Operations {
		op, err := o.link(name, m)
		if err != nil {
			return nil, fmt.Errorf("operation %s: %w", name, err)
		}
		m.Operations[name] = op
	}
	return m, nil
}

func (o *fileOperation) link(name string, m *Model) (*Operation, error) {
	op := &Operation{Name: name, HTTP: HTTP{o.HTTP.Method, o.HTTP.URI, cmp.Or(o.HTTP.Status, 200)}}
	var err error
	if o.Input != "" {
		if op.Input, err = m.shape(string(o.Input)); err != nil {
			return nil, err
		}
	}
	if o.Output != "" {
		if op.Output, err = m.shape(string(o.Output)); err != nil {
			return nil, err
		}
	}
	for _, e := range o.Errors {
		s, err := m.shape(string(e))
		if err != nil {
			return nil, err
		}
		op.Errors = append(op.Errors, s)
	}
	return op, nil
}

func (m *Model) shape(name string) (*Shape, error) {
	if s := m.Shapes[name]; s != nil {
		return s, nil
	}
	return nil, fmt.Errorf("no shape %q", name)
}

func (f *fileShape) fill(s *Shape, m *Model) error {
	s.Kind, s.Union, s.Enum, s.Sensitive = f.Type, f.Union, f.Enum, f.Sensitive
	s.Exception, s.Status, s.Payload, s.Time = f.Exception, f.status(), f.Payload, f.Time
	s.Min, s.Max = whole(f.Min), whole(f.Max)
	var err error
	switch f.Type {
	case Structure:
		return f.fillMembers(s, m)
	case List:
		if f.Member == nil {
			return fmt.Errorf("a list without member")
		}
		s.Element, err = m.shape(string(*f.Member))
	case Map:
		if f.Key == nil || f.Value == nil {
			return fmt.Errorf("a map without key or value")
		}
		if s.Key, err = m.shape(string(*f.Key)); err == nil {
			s.Element, err = m.shape(string(*f.Value))
		}
	case String:
		if f.Pattern != "" {
			s.pattern, err = compile(f.Pattern)
		}
	case Boolean, Integer, Long, Float, Double, Timestamp, Blob:
	default:
		err = fmt.Errorf("unknown type %q", f.Type)
	}
	return err
}

func (f *fileShape) fillMembers(s *Shape, m *Model) error {
	for _, name := range f.Required {
		if !slices.ContainsFunc(f.Members, func(x fileMember) bool { return x.Name == name }) {
			return fmt.Errorf("requires %q, which it does not have", name)
		}
	}
	for _, x := range f.Members {
		to, err := m.shape(x.Shape)
		if err != nil {
			return err
		}
		if x.Time != "" { // a member may be written in another form than others of its shape
			to = &Shape{Name: to.Name, Kind: Timestamp, Time: x.Time}
		}
		s.Members = append(s.Members, Member{Name: x.Name, Shape: to, Required: slices.Contains(f.Required, x.Name),
			Generated: x.Token, Place: x.Place, Wire: cmp.Or(x.Wire, x.Name)})
	}
	return nil
}

// status is an exception's: the model's own, else 500 for a fault of the server and 400 for any other.
func (f *fileShape) status() int {
	switch {
	case !f.Exception:
		return 0
	case f.Error.Status != 0:
		return f.Error.Status
	case f.Fault:
		return 500
	}
	return 400
}

// whole drops the fraction of a bound; models write whole numbers.
func whole(f *float64) *int64 {
	if f == nil {
		return nil
	}
	n := int64(*f)
	return &n
}
