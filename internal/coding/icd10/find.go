// SPDX-License-Identifier: Apache-2.0

package icd10

import (
	"cmp"
	"regexp"
	"slices"
	"strings"

	"galen/internal/scribe/note/assertion"
)

// mention is a condition that a note says the patient has.
type mention struct {
	concept    uint32
	begin, end int // bytes of the note
	place      place
	line       int
	left       uint8 // how much of the title is not said
	once       bool  // it is spoken of as of the past
	explained  bool  // the sentence says what it comes from
}

// mentions finds what a note names and says to be there. What the plan names is left out if the clinician calls it uncertain elsewhere.
func (x *Index) mentions(note string) []mention {
	var list []mention
	doubted := map[uint32]bool{}
	for _, s := range sentences(note) {
		if s.place == elsewhere {
			continue
		}
		text := note[s.begin:s.end]
		for _, m := range x.named(text) {
			status := assertion.Of(text, m.begin, m.end)
			if s.place.concludes() && (status.Possible || clauseBefore.MatchString(text[:m.begin])) {
				doubted[m.concept] = true
			}
			if status.Negated || status.Possible || status.Hypothetical || status.Other || unsaid(text, m.begin, m.end) {
				continue
			}
			m.once = status.Historical
			m.explained = explains.MatchString(text)
			m.begin, m.end, m.place, m.line = m.begin+s.begin, m.end+s.begin, s.place, s.line
			list = append(list, m)
		}
	}
	return slices.DeleteFunc(list, func(m mention) bool { return doubted[m.concept] && (m.place == plan || m.place == reasoning) })
}

// Words that say that a condition is not, or not yet, the patient's: of all that follows in the sentence, of what follows up to a comma, of what
// stands right after them or right before them. Outpatient care is not coded for what is only suspected (guidelines, IV.H).
var (
	farBefore = regexp.MustCompile(`(?i)\b(risks?( factors?)?\b.*\b(of|for|includ\w+|such as)|if (he|she|they|there|you|the|any|this|symptoms)|side effects?|educat\w+|counsel\w+|discuss\w*|worr\w+ (that|about)|differential|` +
		`etiolog\w+|likelihood|chances? of|return precautions)\b`)
	clauseBefore = regexp.MustCompile(`(?i)\b(suspect\w*|suspici\w+|likely|probabl[ey]|possibl[ey]|presum\w+|suggest\w*|consistent with|compatible with|question\w*|concern(ed)?( that| for| about)|(rule|ruling) out|r/o|` +
		`(may|might|can|could|would) (cause|lead to|develop|be|have|represent|indicate))\b[^,;:]*$`)
	before = regexp.MustCompile(`(?i)\b(prevent(s|ion of|ing)?|screen(ing|ed)?( her| him)? for|vaccin\w+( for| against)?|immuni[sz]\w+ (for|against)|(work(ing|-?up|ed)?|evaluat(e|ion|ed)|test(ed|ing)?|check(ed|ing)?|monitor(ed|ing)?) (\w+ )?for|` +
		`signs? (and|or) symptoms? of|symptoms? of|watch for|develop(s|ing)?|susceptib\w+ to)\W*(\w+\W+){0,2}$`)
	after    = regexp.MustCompile(`(?i)^\W*(\w+\W+)?(vaccin\w*|immuni\w*|screen(ing)?|prevention|prophylaxis|precautions|panel|tests?|swab|titer|titre|education|setting|(is |are )?(unlikely|suspected|possible|likely|resolved|cured|ruled out)|risk|medications?|repair)\b`)
	explains = regexp.MustCompile(`(?i)\b(due to|secondary to|because of|caused by|from (his|her|the)|related to|associated with|in the setting of)\b`)
)

// unsaid reports whether the words about a mention take back that it is there.
func unsaid(text string, begin, end int) bool {
	return farBefore.MatchString(text[:begin]) || clauseBefore.MatchString(text[:begin]) || before.MatchString(text[:begin]) || after.MatchString(text[end:])
}

// named finds the conditions that a sentence names: the longest names first, none over another.
func (x *Index) named(text string) []mention {
	words := split(text)
	var all []found
	for i, w := range words {
		if w.kind == content {
			all = x.from(all, words, i)
		}
	}
	slices.SortStableFunc(all, func(a, b found) int { return cmp.Compare(b.words, a.words) })
	var list []mention
	taken := make([]bool, len(words))
	for _, f := range all {
		if slices.Contains(taken[f.first:f.last+1], true) {
			continue
		}
		for i := f.first; i <= f.last; i++ {
			taken[i] = true
		}
		for _, e := range f.entries {
			list = append(list, mention{concept: e.concept, begin: words[f.first].begin, end: words[f.last].end, left: e.left})
		}
	}
	slices.SortStableFunc(list, func(a, b mention) int { return cmp.Compare(a.begin, b.begin) })
	return list
}

// found is a name from the first to the last of some words.
type found struct {
	first, last int
	words       int // of content
	entries     []entry
}

// from finds the names that begin with the word at i.
func (x *Index) from(all []found, words []word, i int) []found {
	var said []string
	for j := i; j < len(words) && words[j].kind != wall && len(said) < maxWords; j++ {
		if words[j].kind == filler {
			continue
		}
		said = append(said, words[j].text)
		if entries := x.lookUp(said); entries != nil {
			all = append(all, found{i, j, len(said), entries})
		}
	}
	return all
}

// lookUp gives what words name. Both sides are two codes where no code is for both.
func (x *Index) lookUp(said []string) []entry {
	k := key(said)
	if e, ok := x.terms[k]; ok {
		return []entry{e}
	}
	i := slices.IndexFunc(said, func(w string) bool { return w == "bilateral" || w == "both" })
	if i < 0 || k == "" {
		return nil
	}
	sides := slices.Clone(said)
	var both []entry
	for _, side := range []string{"right", "left"} {
		sides[i] = side
		e, ok := x.terms[key(sides)]
		if !ok || !strings.Contains(strings.ToLower(x.system.Display(e.concept)), side) {
			return nil
		}
		both = append(both, e)
	}
	return both
}
