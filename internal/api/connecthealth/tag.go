// SPDX-License-Identifier: Apache-2.0

package connecthealth

import (
	"context"
	"strings"

	"galen/internal/catalog"
	"galen/internal/fault"
)

// labelled reads the ARN of a domain, or of a subscription or a job in one, of the caller's account.
func (s *service) labelled(ctx context.Context, arn string) (catalog.Labelled, error) {
	account, err := s.account(ctx)
	if err != nil {
		return catalog.Labelled{}, err
	}
	notOne := fault.New(fault.Invalid, "resourceArn is not the ARN of a domain, a subscription or a job.")
	parts := strings.SplitN(arn, ":", 6)
	if len(parts) != 6 || parts[0] != "arn" || parts[2] != "health-agent" {
		return catalog.Labelled{}, notOne
	}
	path := strings.Split(parts[5], "/")
	if len(path) != 2 && len(path) != 4 || path[0] != "domain" {
		return catalog.Labelled{}, notOne
	}
	on := catalog.Labelled{Account: account, Domain: path[1]}
	if len(path) == 4 {
		switch {
		case path[2] == "subscription" && path[3] != "":
			on.Subscription = path[3]
		case path[2] == "patient-insights-job" && path[3] != "":
			on.Job = path[3]
		case path[2] == "medical-coding-job" && path[3] != "":
			on.Job, on.Queue = path[3], catalog.CodingQueue(on.Domain)
		default:
			return catalog.Labelled{}, notOne
		}
	}
	if parts[3] != s.Region || parts[4] != account {
		return catalog.Labelled{}, fault.New(fault.NotFound, "There is no resource with this ARN.")
	}
	return on, nil
}

func (s *service) tag(ctx context.Context, in *TagResourceInput) (*struct{}, error) {
	on, err := s.labelled(ctx, in.ResourceArn)
	if err != nil {
		return nil, err
	}
	return nil, s.Catalog.SetTags(ctx, on, tagsOf(in.Tags))
}

func (s *service) untag(ctx context.Context, in *UntagResourceInput) (*struct{}, error) {
	on, err := s.labelled(ctx, in.ResourceArn)
	if err != nil {
		return nil, err
	}
	return nil, s.Catalog.UnsetTags(ctx, on, in.TagKeys)
}

func (s *service) listTags(ctx context.Context, in *ListTagsForResourceInput) (*ListTagsForResourceOutput, error) {
	on, err := s.labelled(ctx, in.ResourceArn)
	if err != nil {
		return nil, err
	}
	tags, err := s.Catalog.Tags(ctx, on)
	return &ListTagsForResourceOutput{Tags: tagMap(tags)}, err
}

func tagsOf(in map[string]string) []catalog.Tag {
	tags := make([]catalog.Tag, 0, len(in))
	for k, v := range in {
		tags = append(tags, catalog.Tag{Key: k, Value: v})
	}
	return tags
}

func tagMap(tags []catalog.Tag) map[string]string {
	out := make(map[string]string, len(tags))
	for _, t := range tags {
		out[t.Key] = t.Value
	}
	return out
}
