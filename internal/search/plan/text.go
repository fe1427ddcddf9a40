// SPDX-License-Identifier: Apache-2.0

package plan

import (
	"context"
	"strings"

	"galen/internal/docset"
	"galen/internal/search"
	"galen/internal/search/index"
)

// textNode is _text or _content. Terms answer _text but for phrases, whose words they find; of those the bodies are asked.
func (r *run) textNode(typ string, id uint16, c search.Clause) (node, error) {
	if c.Text.Content {
		return &bodyNode{title: c.Name, id: id, match: c.Text.Hold}, nil
	}
	terms, err := r.terms.Narrative(typ)
	if err != nil {
		return nil, atClause(err, c)
	}
	n := &bodyNode{title: c.Name, id: id, spans: []index.Span{terms.Any()}, match: c.Text.Hold}
	if word, ok := single(&c.Text.Words); ok {
		n.spans = []index.Span{terms.Of(word), terms.More()}
	}
	n.terms = func(ctx context.Context, r *run) (yes, maybe docset.Set, err error) {
		t := &texts{r: r, terms: terms, docs: map[string]docset.Set{}}
		if t.any, err = t.posted(ctx, "any", terms.Any()); err != nil {
			return yes, maybe, err
		}
		if t.more, err = t.posted(ctx, "more", terms.More()); err != nil {
			return yes, maybe, err
		}
		found, sure, err := t.find(ctx, &c.Text.Words)
		if err != nil || !sure {
			return yes, found, err
		}
		return docset.AndNot(found, t.more), docset.And(found, t.more), nil
	}
	return n, nil
}

// single is the word that a condition begins with, if all that fulfil the condition have it.
func single(w *search.Words) (word string, ok bool) {
	switch {
	case w.Phrase != "":
		return strings.Fields(w.Phrase)[0], true
	case len(w.All) > 0:
		return single(&w.All[0])
	case len(w.Any) == 1:
		return single(&w.Any[0])
	}
	return "", false
}

// texts answers one condition on narratives from terms.
type texts struct {
	r         *run
	terms     index.Words
	any, more docset.Set            // those that have words, and those that may have some without terms
	docs      map[string]docset.Set // those with a word, in spaces, as far as they were asked for
}

func (t *texts) posted(ctx context.Context, name string, s index.Span) (docset.Set, error) {
	if docs, ok := t.docs[name]; ok {
		return docs, nil
	}
	docs, _, err := t.r.spanDocs(ctx, []index.Span{s})
	t.docs[name] = docs
	return docs, err
}

// find gives at least those that fulfil a condition. sure: only them, but for those that may have words without terms.
func (t *texts) find(ctx context.Context, w *search.Words) (found docset.Set, sure bool, err error) {
	switch {
	case w.Phrase != "":
		words := strings.Fields(w.Phrase)
		found = t.any
		for _, word := range words {
			docs, err := t.posted(ctx, " "+word, t.terms.Of(word))
			if err != nil {
				return found, false, err
			}
			found = docset.And(found, docset.Or(docs, t.more))
		}
		return found, len(words) == 1, nil
	case w.Not != nil:
		words := strings.Fields(w.Not.Phrase)
		if len(words) > 1 {
			return t.any, false, nil
		}
		docs, err := t.posted(ctx, " "+words[0], t.terms.Of(words[0]))
		return docset.AndNot(t.any, docs), true, err
	}
	sure = true
	for i, part := range append(w.All, w.Any...) {
		some, exact, err := t.find(ctx, &part)
		if err != nil {
			return found, false, err
		}
		switch sure = sure && exact; {
		case i == 0:
			found = some
		case w.All != nil:
			found = docset.And(found, some)
		default:
			found = docset.Or(found, some)
		}
	}
	return found, sure, nil
}
