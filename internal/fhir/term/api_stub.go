// SPDX-License-Identifier: Apache-2.0

package term

type set struct{}
type conceptMap struct{}

func builtin(kind, url, version string) ([]byte, error)               { return nil, nil }
func grammars(unit func(string) bool) map[string]*System              { return nil }
func (s *Service) Expand(r ExpandRequest) (*Expansion, error)         { panic("soon") }
func (s *Service) ValidateCode(r ValidateRequest) (Validation, error) { panic("soon") }
func (s *Service) Lookup(r LookupRequest) (*Concept, error)           { panic("soon") }
func (s *Service) Subsumes(a, b Coding) (Subsumption, error)          { panic("soon") }
func (s *Service) Translate(r TranslateRequest) (*Translation, error) { panic("soon") }
func (s *Service) MemberOf(valueSet string, c Coding) (bool, error)   { panic("soon") }
