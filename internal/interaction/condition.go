// SPDX-License-Identifier: Apache-2.0

package interaction

import (
	"context"
	"errors"
	"slices"

	"galen/internal/fault"
	"galen/internal/record"
	"galen/internal/search"
	"galen/internal/store"
)

// checker is what store.Group.Check is.
type checker = func(ctx context.Context, newest *record.View) error

// errMoved says that a condition no longer finds what it found when the changes were prepared: they are prepared again.
var errMoved = errors.New("what a condition finds has changed")

// maxTries bounds how often changes are prepared again. Each time somebody else's write went before.
const maxTries = 100

// conditions are the searches that a group of changes depends on, and what they found at one position. What they find is
// asked again by the committer, so that it holds when the changes are stored, whoever writes meanwhile.
type conditions struct {
	service *Service
	view    *record.View
	asked   []asked
}

// asked is one search and the ids it found.
type asked struct {
	query *search.Query
	ids   []string
}

// maxFound is how many resources a condition that must find one looks for.
const maxFound = 2

// find gives up to limit resources that a search finds, in the order of commit.
func (c *conditions) find(ctx context.Context, q *search.Query, limit int) ([]record.Version, error) {
	q.Count, q.Total = limit, search.TotalNone
	found, err := c.service.planner.Search(ctx, c.view, q)
	if err != nil {
		return nil, err
	}
	c.asked = append(c.asked, asked{q, idsOf(found.Matches)})
	return found.Matches, nil
}

// one gives the resource that a search finds, nil if there is none. It fails with fault.Precondition if there are more.
func (c *conditions) one(ctx context.Context, q *search.Query) (*record.Version, error) {
	found, err := c.find(ctx, q, maxFound)
	switch {
	case err != nil:
		return nil, err
	case len(found) > 1:
		return nil, fault.New(fault.Precondition, "the criteria are not selective enough: they find more than one resource").
			WithCode("multiple-matches")
	case len(found) == 0:
		return nil, nil
	}
	return &found[0], nil
}

// checker is the check of the group; nil if it depends on no search.
func (c *conditions) checker() checker {
	if len(c.asked) == 0 {
		return nil
	}
	seq := c.view.Seq()
	return func(ctx context.Context, newest *record.View) error {
		if newest.Seq() == seq {
			return nil
		}
		for _, a := range c.asked {
			found, err := c.service.planner.Search(ctx, newest, a.query)
			if err != nil {
				return err
			}
			if !slices.Equal(idsOf(found.Matches), a.ids) {
				return errMoved
			}
		}
		return nil
	}
}

func idsOf(versions []record.Version) []string {
	ids := make([]string, len(versions))
	for i := range versions {
		ids[i] = versions[i].ID
	}
	return ids
}

// retry calls try until it no longer fails with errMoved, each time with a view of the newest state.
func (s *Service) retry(ctx context.Context, open func(context.Context) (*record.View, error), try func(*conditions) error) error {
	for range maxTries {
		view, err := open(ctx)
		if err != nil {
			return err
		}
		err = try(&conditions{service: s, view: view})
		view.Close()
		if !errors.Is(err, errMoved) {
			return err
		}
	}
	return fault.New(fault.Conflict, "others keep changing what the request depends on: try again")
}

// condition reads the search of a conditional interaction. It must ask for something, and only for what resources are.
//
// http://hl7.org/fhir/R4/http.html#ccreate
func (s *Service) condition(c Caller, st *store.Store, typ, query string) (*search.Query, error) {
	pairs, err := parsePairs(query)
	if err != nil {
		return nil, err
	}
	pairs = slices.DeleteFunc(pairs, func(p search.Pair) bool { return p.Name == "_format" || p.Name == "_pretty" })
	q, err := search.Parse(st.Definitions(), typ, pairs, search.Options{Indexed: st.Indexed, Now: s.opt.Now(), Base: c.Base + "/"})
	if err != nil {
		return nil, err
	}
	if len(q.Where) == 0 || len(q.Where) != len(pairs) {
		return nil, fault.New(fault.Invalid, "the criteria of a conditional interaction are one search parameter or more, each with a value, "+
			"and nothing about the form of an answer").WithCode("value")
	}
	return q, nil
}
