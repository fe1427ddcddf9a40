// SPDX-License-Identifier: Apache-2.0

package healthlake

import (
	"context"
	"encoding/json"
	"math"

	"galen/internal/catalog"
	"galen/internal/fault"
)

var datastoreStatus = map[catalog.State]DatastoreStatus{
	catalog.Creating:     DatastoreStatusCreating,
	catalog.Active:       DatastoreStatusActive,
	catalog.CreateFailed: DatastoreStatusCreateFailed,
	catalog.Updating:     DatastoreStatusUpdating,
	catalog.UpdateFailed: DatastoreStatusUpdateFailed,
	catalog.Deleting:     DatastoreStatusDeleting,
	catalog.Deleted:      DatastoreStatusDeleted,
}

func (s *service) createDatastore(ctx context.Context, in *CreateFHIRDatastoreRequest) (*CreateFHIRDatastoreResponse, error) {
	account, err := s.account(ctx)
	if err != nil {
		return nil, err
	}
	settings, err := settingsOf(in)
	if err != nil {
		return nil, err
	}
	spec := catalog.DataStore{Account: account, Name: in.DatastoreName, Settings: settings, Tags: tagsOf(in.Tags)}
	d, err := s.Catalog.Create(ctx, spec, tokenOf("CreateFHIRDatastore", &in.ClientToken, in))
	if err != nil {
		return nil, err
	}
	return &CreateFHIRDatastoreResponse{DatastoreId: d.ID, DatastoreArn: s.arn(d), DatastoreStatus: datastoreStatus[d.State],
		DatastoreEndpoint: s.endpoint(ctx, d)}, nil
}

// tokenOf takes the client token out of a request and binds it to what is left.
func tokenOf(operation string, token *string, in any) catalog.Token {
	t := catalog.Token{Scope: operation, Text: *token}
	*token = ""
	t.Request, _ = json.Marshal(in) // requests hold nothing that JSON cannot
	return t
}

func settingsOf(in *CreateFHIRDatastoreRequest) (catalog.Settings, error) {
	var s catalog.Settings
	var err error
	if in.PreloadDataConfig != nil {
		s.Preload = string(in.PreloadDataConfig.PreloadDataType)
	}
	if in.SseConfiguration != nil {
		k := in.SseConfiguration.KmsEncryptionConfig
		if k.CmkType == CmkTypeCustomerManagedKmsKey && k.KmsKeyId == "" {
			return s, fault.New(fault.Invalid, "KmsKeyId must be given with CUSTOMER_MANAGED_KMS_KEY.")
		}
		s.Encryption = &catalog.Encryption{KeyType: string(k.CmkType), KeyID: k.KmsKeyId}
	}
	if s.Identity, err = identityOf(in.IdentityProviderConfiguration); err != nil {
		return s, err
	}
	ch, err := changeOf(in.AnalyticsConfiguration, in.NlpConfiguration, in.ProfileConfiguration)
	if err != nil {
		return s, err
	}
	if ch.Analytics != nil {
		s.Analytics = *ch.Analytics
	}
	if ch.NLP != nil {
		s.NLP = *ch.NLP
	}
	if ch.Profiles != nil {
		s.Profiles = *ch.Profiles
	}
	return s, nil
}

// changeOf reads the three configurations that can change later. Only states to be in can be asked for, not those on the way.
func changeOf(a *AnalyticsConfiguration, n *NlpConfiguration, p *ProfileConfiguration) (ch catalog.Change, err error) {
	if a != nil {
		switch a.Status {
		case AnalyticsStatusEnabled, AnalyticsStatusDisabled, AnalyticsStatusPaused:
			ch.Analytics = (*string)(&a.Status)
		default:
			return ch, fault.New(fault.Invalid, "AnalyticsConfiguration.Status must be ENABLED, PAUSED or DISABLED in a request.")
		}
	}
	if n != nil {
		switch n.Status {
		case NlpStatusEnabled, NlpStatusDisabled:
			ch.NLP = (*string)(&n.Status)
		default:
			return ch, fault.New(fault.Invalid, "NlpConfiguration.Status must be ENABLED or DISABLED in a request.")
		}
	}
	if p != nil {
		ch.Profiles = &p.DefaultProfiles
	}
	return ch, nil
}

func identityOf(in *IdentityProviderConfiguration) (*catalog.IdentityProvider, error) {
	if in == nil {
		return nil, nil
	}
	if in.Metadata != "" && !json.Valid([]byte(in.Metadata)) {
		return nil, fault.New(fault.Invalid, "IdentityProviderConfiguration.Metadata must be the text of a JSON document.")
	}
	return &catalog.IdentityProvider{Strategy: string(in.AuthorizationStrategy), FineGrained: in.FineGrainedAuthorizationEnabled,
		Metadata: in.Metadata, FunctionARN: in.IdpLambdaArn}, nil
}

func (s *service) deleteDatastore(ctx context.Context, in *DeleteFHIRDatastoreRequest) (*DeleteFHIRDatastoreResponse, error) {
	account, err := s.account(ctx)
	if err != nil {
		return nil, err
	}
	d, err := s.Catalog.Delete(ctx, account, in.DatastoreId)
	if err != nil {
		return nil, err
	}
	return &DeleteFHIRDatastoreResponse{DatastoreId: d.ID, DatastoreArn: s.arn(d), DatastoreStatus: datastoreStatus[d.State],
		DatastoreEndpoint: s.endpoint(ctx, d)}, nil
}

func (s *service) describeDatastore(ctx context.Context, in *DescribeFHIRDatastoreRequest) (*DescribeFHIRDatastoreResponse, error) {
	account, err := s.account(ctx)
	if err != nil {
		return nil, err
	}
	d, err := s.Catalog.Describe(ctx, account, in.DatastoreId)
	if err != nil {
		return nil, err
	}
	p := s.properties(ctx, d)
	return &DescribeFHIRDatastoreResponse{DatastoreProperties: &p}, nil
}

func (s *service) listDatastores(ctx context.Context, in *ListFHIRDatastoresRequest) (*ListFHIRDatastoresResponse, error) {
	account, err := s.account(ctx)
	if err != nil {
		return nil, err
	}
	var f catalog.Filter
	if in.Filter != nil {
		f = catalog.Filter{Name: in.Filter.DatastoreName, CreatedBefore: in.Filter.CreatedBefore, CreatedAfter: in.Filter.CreatedAfter,
			State: reverse(datastoreStatus, in.Filter.DatastoreStatus)}
	}
	at, err := cursor(in.NextToken, account, in.Filter)
	if err != nil {
		return nil, err
	}
	page, next, err := s.Catalog.List(ctx, account, f, uint32(min(at, math.MaxUint32)), pageSize(in.MaxResults))
	if err != nil {
		return nil, err
	}
	out := &ListFHIRDatastoresResponse{DatastorePropertiesList: []DatastoreProperties{}, NextToken: nextToken(uint64(next), account, in.Filter)}
	for _, d := range page {
		out.DatastorePropertiesList = append(out.DatastorePropertiesList, s.properties(ctx, d))
	}
	return out, nil
}

// reverse finds the state with that name; a name that no state has stands for one that nothing is in.
func reverse[S, N ~string](names map[S]N, name N) S {
	if name == "" {
		return ""
	}
	for state, n := range names {
		if n == name {
			return state
		}
	}
	return "never"
}

func (s *service) updateDatastore(ctx context.Context, in *UpdateFHIRDatastoreRequest) (*UpdateFHIRDatastoreResponse, error) {
	account, err := s.account(ctx)
	if err != nil {
		return nil, err
	}
	ch, err := changeOf(in.AnalyticsConfiguration, in.NlpConfiguration, in.ProfileConfiguration)
	if err != nil {
		return nil, err
	}
	if ch.Identity, err = identityOf(in.IdentityProviderConfiguration); err != nil {
		return nil, err
	}
	if in.DatastoreName != "" {
		ch.Name = &in.DatastoreName
	}
	d, err := s.Catalog.Update(ctx, account, in.DatastoreId, ch)
	if err != nil {
		return nil, err
	}
	p := s.properties(ctx, d)
	return &UpdateFHIRDatastoreResponse{DatastoreProperties: &p}, nil
}

// properties is a data store as Describe and List show it.
func (s *service) properties(ctx context.Context, d catalog.DataStore) DatastoreProperties {
	p := DatastoreProperties{DatastoreId: d.ID, DatastoreArn: s.arn(d), DatastoreName: d.Name, DatastoreStatus: datastoreStatus[d.State],
		CreatedAt: d.Created, DatastoreTypeVersion: FHIRVersionR4, DatastoreEndpoint: s.endpoint(ctx, d)}
	set := d.Settings
	if set.Encryption != nil {
		p.SseConfiguration = &SseConfiguration{&KmsEncryptionConfig{CmkType(set.Encryption.KeyType), set.Encryption.KeyID}}
	} else {
		p.SseConfiguration = &SseConfiguration{&KmsEncryptionConfig{CmkType: CmkTypeAwsOwnedKmsKey}}
	}
	if set.Preload != "" {
		p.PreloadDataConfig = &PreloadDataConfig{PreloadDataType(set.Preload)}
	}
	if i := set.Identity; i != nil {
		p.IdentityProviderConfiguration = &IdentityProviderConfiguration{AuthorizationStrategy(i.Strategy), i.FineGrained, i.Metadata, i.FunctionARN}
	} else {
		p.IdentityProviderConfiguration = &IdentityProviderConfiguration{AuthorizationStrategy: AuthorizationStrategyAwsAuth}
	}
	if set.Analytics != "" {
		p.AnalyticsConfiguration = &AnalyticsConfiguration{AnalyticsStatus(set.Analytics)}
	}
	if set.NLP != "" {
		p.NlpConfiguration = &NlpConfiguration{NlpStatus(set.NLP)}
	}
	if set.Profiles != nil {
		p.ProfileConfiguration = &ProfileConfiguration{set.Profiles}
	}
	if d.Failure != "" {
		p.ErrorCause = &ErrorCause{ErrorMessage: d.Failure, ErrorCategory: ErrorCategoryNonRetryableError}
		if d.CanRetry {
			p.ErrorCause.ErrorCategory = ErrorCategoryRetryableError
		}
	}
	return p
}
