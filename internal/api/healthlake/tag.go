// SPDX-License-Identifier: Apache-2.0

package healthlake

import (
	"context"
	"strings"

	"galen/internal/catalog"
	"galen/internal/fault"
)

// tagged finds the data store that an ARN names, in either form: …:datastore/fhir/<id> or …:datastore/<id>.
func (s *service) tagged(ctx context.Context, arn string) (account, id string, err error) {
	if account, err = s.account(ctx); err != nil {
		return "", "", err
	}
	parts := strings.SplitN(arn, ":", 6)
	if len(parts) != 6 || parts[2] != "healthlake" {
		return "", "", fault.New(fault.Invalid, "ResourceARN is not the ARN of a data store.")
	}
	id, ok := strings.CutPrefix(parts[5], "datastore/")
	if !ok {
		return "", "", fault.New(fault.Invalid, "ResourceARN is not the ARN of a data store.")
	}
	id = strings.TrimPrefix(id, "fhir/")
	if parts[3] != s.Region || parts[4] != account {
		return "", "", fault.New(fault.NotFound, "there is no data store with this ARN")
	}
	return account, id, nil
}

func tagsOf(in []Tag) []catalog.Tag {
	tags := make([]catalog.Tag, len(in))
	for i, t := range in {
		tags[i] = catalog.Tag{Key: t.Key, Value: t.Value}
	}
	return tags
}

func (s *service) tag(ctx context.Context, in *TagResourceRequest) (*TagResourceResponse, error) {
	account, id, err := s.tagged(ctx, in.ResourceARN)
	if err != nil {
		return nil, err
	}
	return &TagResourceResponse{}, s.Catalog.Tag(ctx, account, id, tagsOf(in.Tags))
}

func (s *service) untag(ctx context.Context, in *UntagResourceRequest) (*UntagResourceResponse, error) {
	account, id, err := s.tagged(ctx, in.ResourceARN)
	if err != nil {
		return nil, err
	}
	return &UntagResourceResponse{}, s.Catalog.Untag(ctx, account, id, in.TagKeys)
}

func (s *service) listTags(ctx context.Context, in *ListTagsForResourceRequest) (*ListTagsForResourceResponse, error) {
	account, id, err := s.tagged(ctx, in.ResourceARN)
	if err != nil {
		return nil, err
	}
	d, err := s.Catalog.Describe(ctx, account, id)
	if err != nil {
		return nil, err
	}
	out := &ListTagsForResourceResponse{Tags: []Tag{}}
	for _, t := range d.Tags {
		out.Tags = append(out.Tags, Tag{t.Key, t.Value})
	}
	return out, nil
}
