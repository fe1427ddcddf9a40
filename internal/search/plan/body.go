// SPDX-License-Identifier: Apache-2.0

package plan

import (
	"context"
	"strconv"

	"galen/internal/docset"
	"galen/internal/fhir"
	"galen/internal/search"
	"galen/internal/search/index"
)

// bodyNode is a condition that no terms answer: the bodies of the candidates are asked.
type bodyNode struct {
	title string
	id    uint16
	match func(resource fhir.Node) bool
}

// Match asks one resource.
func (n *bodyNode) Match(resource fhir.Node) (bool, error) { return n.match(resource), nil }

func (n *bodyNode) name() string { return n.title }

func (n *bodyNode) estimate(_ context.Context, r *run) (int, float64, error) {
	return int(r.view.Next(n.id)), 2 * bodyCost, nil
}

func (n *bodyNode) docs(ctx context.Context, r *run, within docset.Set) (docset.Set, error) {
	return r.filterAll(ctx, n.id, within, []filter{n})
}

func (n *bodyNode) filter(*run) (filter, error) { return n, nil }

// textNode is _text or _content.
func textNode(id uint16, c search.Clause) node {
	return &bodyNode{c.Name, id, func(resource fhir.Node) bool {
		if c.Text.Content {
			return c.Text.Words.Hold(index.ContentWords(resource))
		}
		words := index.NarrativeWords(resource)
		return words != " " && c.Text.Words.Hold(words)
	}}
}

// nearNode is near: Locations whose position lies in one of some circles.
func nearNode(id uint16, c search.Clause) node {
	return &bodyNode{c.Name, id, func(resource fhir.Node) bool {
		position := resource.Field("position")
		latitude, err1 := strconv.ParseFloat(position.Field("latitude").Number(), 64)
		longitude, err2 := strconv.ParseFloat(position.Field("longitude").Number(), 64)
		for _, circle := range c.Near {
			if err1 == nil && err2 == nil && circle.Has(latitude, longitude) {
				return true
			}
		}
		return false
	}}
}
