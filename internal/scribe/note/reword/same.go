// SPDX-License-Identifier: Apache-2.0

package reword

import (
	"regexp"
	"slices"
	"strings"
	"unicode"

	"galen/internal/faithful"
	"galen/internal/scribe/note/assertion"
)

// Same reports whether a text says what the lines say, in the order of the lines, and nothing else, as far as words can tell:
// faithful.To holds, after words of speech and words of the clinic that mean the same are made the same ("twice a day", "BID"); all words but
// those that only join stand in the order of the lines; and each is denied, doubted, supposed, past, or somebody else's as it is there.
//
// It errs on the side of no: what is refused costs a plainer sentence.
func Same(text string, lines []string) bool {
	if !plain(text, lines) {
		return false
	}
	said := canonical(text)
	var sources []string
	var all []named
	for _, l := range lines {
		l = canonical(l)
		sources, all = append(sources, l), append(all, names(l)...)
	}
	if !faithful.To(said, sources) {
		return false
	}
	return slices.Equal(names(said), all)
}

// plain reports whether a text has no signs but the usual ones and those of the lines: "fever?" is not fever, and ½ is a number.
func plain(text string, lines []string) bool {
	for _, r := range text {
		switch {
		case r < unicode.MaxASCII && unicode.In(r, unicode.L, unicode.Nd) || strings.ContainsRune(" .,;:'-/%()", r):
		case !slices.ContainsFunc(lines, func(l string) bool { return strings.ContainsRune(l, r) }):
			return false
		}
	}
	return true
}

// named is a word that says something, and how it is spoken of.
type named struct {
	word string
	is   assertion.Status
}

// names lists the words that say something.
func names(text string) (out []named) {
	for sentence := range strings.SplitSeq(text, ". ") {
		for _, w := range faithful.Words(sentence) {
			if !free[w.Text] {
				out = append(out, named{w.Text, assertion.Of(sentence, w.Begin, w.End)})
			}
		}
	}
	return out
}

func set(words string) map[string]bool {
	m := map[string]bool{}
	for w := range strings.FieldsSeq(words) {
		m[w] = true
	}
	return m
}

// free are the words that may come and go: they join, or say that something is being said. The words of tense ("had", "was") and of
// direction ("from", "to", "for") are not among them.
var free = set("a an the and is are has have be been being that this which who of it its there also patient patient's he she they him her them his their male female visit")

// fillers are words of speech that are left out on both sides.
var fillers = regexp.MustCompile(`\b(really|just|pretty much|actually|basically|like i said|kind of|sort of|go ahead and|some|reports|states|describes|endorses|notes|mentions|says)\b`)

// equal are the ways of saying the same, each with the one that stands for all. They are applied in their order.
var equal = []struct {
	way  *regexp.Regexp
	same string
}{
	{regexp.MustCompile(`’`), "'"},
	{regexp.MustCompile(`\bcan't\b`), "cannot"},
	{regexp.MustCompile(`\bwon't\b`), "will not"},
	{regexp.MustCompile(`n't\b`), " not"},
	{regexp.MustCompile(`\b(he|she|it|there|that)'s\b`), "$1 is"},
	{regexp.MustCompile(`\b(\w+)'ll\b`), "$1 will"},
	{regexp.MustCompile(`\b(\w+)'ve\b`), "$1 have"},
	{regexp.MustCompile(`\b(is|are|am|'m) going to\b`), "will"},
	{regexp.MustCompile(`\bmilligrams?\b`), "mg"},
	{regexp.MustCompile(`\bmicrograms?\b`), "mcg"},
	{regexp.MustCompile(`\bmilliliters?\b`), "ml"},
	{regexp.MustCompile(`%`), " percent"},
	{regexp.MustCompile(`\b(once a day|once daily|every day|once per day)\b`), "daily"},
	{regexp.MustCompile(`\b(twice a day|two times a day|twice per day|bid)\b`), "twice daily"},
	{regexp.MustCompile(`\b(three times a day|3 times a day|tid)\b`), "3 times daily"},
	{regexp.MustCompile(`\bhigh blood pressure\b`), "hypertension"},
	{regexp.MustCompile(`\b(shortness of breath|short of breath)\b`), "dyspnea"},
	{regexp.MustCompile(`\bthrowing up\b`), "vomiting"},
	{regexp.MustCompile(`\bheart attack\b`), "myocardial infarction"},
	{regexp.MustCompile(`\b(x ray|xray)\b`), "x-ray"},
	{regexp.MustCompile(`\b(follow-up|followup)\b`), "follow up"},
	{regexp.MustCompile(`\b(come back|comes back)\b`), "return"},
	{regexp.MustCompile(`\b(taking|takes)\b`), "take"},
	{regexp.MustCompile(`\b(feeling|feels)\b`), "feel"},
	{regexp.MustCompile(`\b(using|uses)\b`), "use"},
	{regexp.MustCompile(`\b(smoking|smokes)\b`), "smoke"},
	{regexp.MustCompile(`\b(drinking|drinks)\b`), "drink"},
	{regexp.MustCompile(`\b(working|works)\b`), "work"},
	{regexp.MustCompile(`\b(living|lives)\b`), "live"},
	{regexp.MustCompile(`\b(having|has been having|have been having)\b`), "have"},
	// "pain in her right knee" and "right knee pain"
	{regexp.MustCompile(`\b(pain|swelling|tenderness|numbness|tingling|weakness|stiffness|bruising|redness) (?:in|of|on|over|to) (?:the |his |her |their |the patient's )?((?:(?:left|right|upper|lower|medial|lateral) )*[a-z]+)\b`), "$2 $1"},
}

// canonical gives a text in lower case, with one way for all of saying the same.
func canonical(text string) string {
	text = fillers.ReplaceAllString(strings.ToLower(text), " ")
	text = strings.Join(strings.Fields(text), " ")
	for _, e := range equal {
		text = e.way.ReplaceAllString(text, e.same)
	}
	return text
}
