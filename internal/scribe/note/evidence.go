// SPDX-License-Identifier: Apache-2.0

package note

import "slices"

// piece is one segment of a turn.
type piece struct {
	id     string
	answer answer          // that it begins with
	words  map[string]bool // what it says, cleaned
}

func newPiece(id, text string) piece {
	text = clean(text)
	p := piece{id: id, words: map[string]bool{}}
	p.answer, _ = read(text)
	for _, w := range contents(text) {
		p.words[w] = true
	}
	return p
}

// longestSearch bounds the segments of a turn among which those of a sentence are looked for.
const longestSearch = 60

// evidence gives the fewest segments in a row that say all that any segment of the turn says of a sentence; all of them if that does not tell.
func (t *turn) evidence(sentence string) []string {
	words := slices.DeleteFunc(contents(sentence), func(w string) bool {
		return !slices.ContainsFunc(t.pieces, func(p piece) bool { return p.words[w] })
	})
	from, to := 0, len(t.pieces)
	if len(words) > 0 && len(t.pieces) <= longestSearch {
		for i := range t.pieces {
			for j := i + 1; j <= len(t.pieces) && j-i < to-from; j++ {
				if says(t.pieces[i:j], words) {
					from, to = i, j
				}
			}
		}
	}
	var ids []string
	for _, p := range t.pieces[from:to] {
		ids = append(ids, p.id)
	}
	return ids
}

// answered gives the segment that begins with an answer; all of them if none does.
func (t *turn) answered(a answer) []string {
	var ids []string
	for _, p := range t.pieces {
		if p.answer == a {
			return []string{p.id}
		}
		ids = append(ids, p.id)
	}
	return ids
}

func says(pieces []piece, words []string) bool {
	return !slices.ContainsFunc(words, func(w string) bool {
		return !slices.ContainsFunc(pieces, func(p piece) bool { return p.words[w] })
	})
}

// united are the segments of several lists, each once.
func united(lists ...[]string) []string {
	var all []string
	for _, id := range slices.Concat(lists...) {
		if !slices.Contains(all, id) {
			all = append(all, id)
		}
	}
	return all
}
