// SPDX-License-Identifier: Apache-2.0

package connecthealth

import (
	"context"

	"galen/internal/catalog"
)

var domainStatus = map[catalog.State]DomainStatus{
	catalog.Active:   DomainStatusActive,
	catalog.Deleting: DomainStatusDeleting,
	catalog.Deleted:  DomainStatusDeleted,
}

func (s *service) createDomain(ctx context.Context, in *CreateDomainInput) (*CreateDomainOutput, error) {
	account, err := s.account(ctx)
	if err != nil {
		return nil, err
	}
	spec := catalog.Domain{Account: account, Name: in.Name, KeyID: in.KmsKeyArn, Tags: tagsOf(in.Tags)}
	if w := in.WebAppSetupConfiguration; w != nil {
		spec.WebApp = &catalog.WebApp{Role: w.EhrRole, Instance: w.IdcInstanceId, Region: w.IdcRegion}
	}
	d, err := s.Catalog.CreateDomain(ctx, spec)
	if err != nil {
		return nil, err
	}
	return &CreateDomainOutput{DomainId: d.ID, Arn: s.arn(account, d.ID, ""), Name: d.Name, KmsKeyArn: d.KeyID, EncryptionContext: encryption(d),
		Status: domainStatus[d.State], CreatedAt: d.Created}, nil
}

func (s *service) getDomain(ctx context.Context, in *GetDomainInput) (*GetDomainOutput, error) {
	account, err := s.account(ctx)
	if err != nil {
		return nil, err
	}
	d, err := s.Catalog.Domain(ctx, account, in.DomainId)
	if err != nil {
		return nil, err
	}
	return &GetDomainOutput{DomainId: d.ID, Arn: s.arn(account, d.ID, ""), Name: d.Name, KmsKeyArn: d.KeyID, EncryptionContext: encryption(d),
		Status: domainStatus[d.State], CreatedAt: d.Created, Tags: tagMap(d.Tags)}, nil
}

func encryption(d catalog.Domain) *EncryptionContext {
	if d.KeyID == "" {
		return &EncryptionContext{EncryptionType: EncryptionTypeAwsOwnedKey}
	}
	return &EncryptionContext{EncryptionType: EncryptionTypeCustomerManagedKey, KmsKeyArn: d.KeyID}
}

func (s *service) listDomains(ctx context.Context, in *ListDomainsInput) (*ListDomainsOutput, error) {
	account, err := s.account(ctx)
	if err != nil {
		return nil, err
	}
	query := []any{"ListDomains", account, in.Status}
	at, err := cursor(in.NextToken, query)
	if err != nil {
		return nil, err
	}
	var state catalog.State
	for k, v := range domainStatus {
		if v == in.Status {
			state = k
		}
	}
	page, next, err := s.Catalog.Domains(ctx, account, state, at, pageSize(in.MaxResults))
	if err != nil {
		return nil, err
	}
	out := &ListDomainsOutput{Domains: []DomainSummary{}, NextToken: nextToken(next, query)}
	for _, d := range page {
		out.Domains = append(out.Domains, DomainSummary{DomainId: d.ID, Arn: s.arn(account, d.ID, ""), Name: d.Name, Status: domainStatus[d.State],
			CreatedAt: d.Created})
	}
	return out, nil
}

func (s *service) deleteDomain(ctx context.Context, in *DeleteDomainInput) (*DeleteDomainOutput, error) {
	account, err := s.account(ctx)
	if err != nil {
		return nil, err
	}
	d, err := s.Catalog.DeleteDomain(ctx, account, in.DomainId)
	if err != nil {
		return nil, err
	}
	return &DeleteDomainOutput{DomainId: d.ID, Arn: s.arn(account, d.ID, ""), Status: domainStatus[d.State]}, nil
}
