// SPDX-License-Identifier: Apache-2.0

package drugs

import (
	"strings"
	"unicode"
)

// Correction is a name in the place of what was heard.
type Correction struct {
	Begin, End int    // of what was heard, in bytes of the text
	Name       string // of the drug
	Heard      string
}

// limit is how near a name must be to words for them to be taken for it.
type limit struct {
	sound    float64 // of all that it sounds like: 0 is the same sound
	spelling float64 // of its letters
	weight   float64 // of the sounds that the name has at least
}

// The limits. A drug is named where the words around say so: "started him on", "twenty milligrams".
var (
	unknownWord       = limit{0.25, 0.34, 3.9} // one word that is not English
	unknownWordNamed  = limit{0.28, 0.45, 3.9}
	unknownWords      = limit{0.22, 0.5, 4.6} // several, of which one is not English
	unknownWordsNamed = limit{0.26, 0.7, 4.6}
	englishNamed      = limit{0.20, 0.37, 5.5} // several English words
)

const (
	margin        = 0.1  // to what else it may be
	joinCost      = 0.02 // of a window, for each word that hardly is the beginning or the end of a name
	longestWindow = 4    // words
	unknownShare  = 0.4  // of the letters of several words, those that are not English
)

// token is a word of a text.
type token struct {
	begin, end int    // without the signs around it
	core       string // in small letters
	stop       bool   // a sign after it ends what a name may go on with
	english    bool
	fixed      bool // a name of a drug, or no word
}

// guess is a name that the words of a window may be.
type guess struct {
	from, to int // tokens
	name     string
	apart    float64
	sure     bool // it is within the limits
}

// Corrections finds names of drugs that were misheard in a text, in order; they do not overlap.
func (l *Lexicon) Corrections(text string) []Correction {
	tokens := l.tokens(text)
	var all []guess
	for i := range tokens {
		all = l.guesses(all, tokens, i)
	}
	var list []Correction
	end := 0
	for k, g := range all {
		if g.from < end || !g.sure || rivalled(all, k) {
			continue
		}
		end = g.to
		c := Correction{Begin: tokens[g.from].begin, End: tokens[g.to-1].end, Name: g.name}
		c.Heard = text[c.Begin:c.End]
		if (g.from == 0 || tokens[g.from-1].stop) && unicode.IsUpper(rune(c.Heard[0])) {
			c.Name = strings.ToUpper(g.name[:1]) + g.name[1:]
		}
		list = append(list, c)
	}
	return list
}

// rivalled reports whether a guess that overlaps guess k is nearer, or one of another name nearly as near. Guesses are in the order of their first tokens.
func rivalled(all []guess, k int) bool {
	g := all[k]
	first := k
	for first > 0 && all[first-1].from > g.from-longestWindow {
		first--
	}
	for _, o := range all[first:] {
		if o.from >= g.to {
			return false
		}
		if o.to > g.from && (o.apart < g.apart || o.name != g.name && o.apart < g.apart+margin) {
			return true
		}
	}
	return false
}

func (l *Lexicon) tokens(text string) []token {
	var list []token
	end := 0
	for word := range strings.FieldsSeq(text) {
		at := end + strings.Index(text[end:], word)
		end = at + len(word)
		core := strings.TrimFunc(word, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
		if core == "" {
			if len(list) > 0 {
				list[len(list)-1].stop = true
			}
			continue
		}
		from := at + strings.Index(word, core)
		t := token{begin: from, end: from + len(core), core: strings.ToLower(core), stop: from+len(core) < end}
		t.fixed = l.Has(core) || l.Has(strings.TrimSuffix(strings.TrimSuffix(t.core, "s"), "'")) || strings.IndexFunc(core, func(r rune) bool { return r > unicode.MaxASCII || !unicode.IsLetter(r) && r != '-' && r != '\'' }) >= 0
		t.english = true
		for part := range strings.SplitSeq(t.core, "-") {
			t.english = t.english && l.isEnglish(part)
			t.fixed = t.fixed || l.Has(part)
		}
		list = append(list, t)
	}
	return list
}

// guesses adds what the words from i on may be.
func (l *Lexicon) guesses(all []guess, tokens []token, i int) []guess {
	joined, unknown := "", 0
	for j := i; j < len(tokens) && j < i+longestWindow && !tokens[j].fixed; j++ {
		core := plainLetters.Replace(tokens[j].core)
		joined += core
		if !tokens[j].english {
			unknown += len(core)
		}
		if within, ok := l.limits(tokens, i, j+1, float64(unknown)/float64(len(joined))); ok {
			before := len(all)
			all = l.nearest(all, joined, within)
			for k := before; k < len(all); k++ {
				g := &all[k]
				g.from, g.to = i, j+1
				if i < j && joins[tokens[i].core] {
					g.apart += joinCost
				}
				if i < j && joins[tokens[j].core] {
					g.apart += joinCost
				}
			}
		}
		if tokens[j].stop {
			break
		}
	}
	return all
}

var plainLetters = strings.NewReplacer("-", "", "'", "")

// limits are those of the words from i to j; false if they are no name, whatever they sound like.
func (l *Lexicon) limits(tokens []token, i, j int, unknown float64) (limit, bool) {
	named := namedBefore(tokens[:i]) || dosedAfter(tokens[j:])
	switch {
	case unknown == 0:
		return englishNamed, named && j-i > 1
	case j-i == 1 && named:
		return unknownWordNamed, true
	case j-i == 1:
		return unknownWord, true
	case named:
		return unknownWordsNamed, unknown >= unknownShare
	}
	return unknownWords, unknown >= unknownShare
}

// nearest adds the two names that a text sounds most like, the nearer one first and only it sure.
func (l *Lexicon) nearest(all []guess, text string, within limit) []guess {
	code := spoken(text)
	weight := weigh(code)
	var best, second sound
	first, next := within.sound+margin, within.sound+margin
	class, _ := classesOf(code)
	for _, s := range l.sounds[class] {
		scale := max(weight, s.weight)
		if min(weight, s.weight) < (1-next)*scale {
			continue
		}
		switch at := apart(code, s.code, next*scale) / scale; {
		case at < first:
			best, second, first, next = s, best, at, first
		case at < next:
			second, next = s, at
		}
	}
	if best.name != "" {
		low := strings.ToLower(best.name)
		all = append(all, guess{name: best.name, apart: first, sure: !best.brand && first <= within.sound && best.weight >= within.weight && misspelt(text, low) <= within.spelling})
	}
	if second.name != "" {
		all = append(all, guess{name: second.name, apart: next})
	}
	return all
}

var (
	naming = set("take takes taking took taken prescribe prescribed prescribing start started starting increase decrease add adding switch allergic try trying stop stopped use uses using given gave gave called dose pharmacy put on hold continue")
	joins  = set("you him her me on the some a an to of your his my with use up it")
	doses  = set("milligram milligrams mg microgram micrograms mcg units inhaler tablet tablets pill pills cream pharmacy")
	often  = set("daily bedtime once twice")
)

func set(words string) map[string]bool {
	m := map[string]bool{}
	for w := range strings.FieldsSeq(words) {
		m[w] = true
	}
	return m
}

// namedBefore reports whether words are followed by a drug: "started him on".
func namedBefore(tokens []token) bool {
	for k := len(tokens) - 1; k >= 0 && k >= len(tokens)-3 && !tokens[k].stop; k-- {
		if naming[tokens[k].core] {
			return true
		}
		if !joins[tokens[k].core] {
			return false
		}
	}
	return false
}

// dosedAfter reports whether words follow a drug: "twenty milligrams".
func dosedAfter(tokens []token) bool {
	for k := 0; k < len(tokens) && k < 5; k++ {
		if doses[tokens[k].core] || k < 2 && often[tokens[k].core] {
			return true
		}
		if tokens[k].stop {
			return false
		}
	}
	return false
}
