// SPDX-License-Identifier: Apache-2.0

// Package faithful tells whether a text, such as a language model's, says what its sources say and nothing else. It is pure.
package faithful

import (
	"regexp"
	"slices"
	"strings"
)

// Word is a word, a number, a date or a sign of a text.
type Word struct {
	Text       string // words in lower case, dates without blanks
	Hard       bool   // a number or a date
	Begin, End int    // bytes of the text
}

var tokens = regexp.MustCompile(`(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) (?:\d{1,2}, )?\d{4}|(?:\B[-.])?\d+(?:[.,:/]\d+)*|[\p{L}][\p{L}\p{M}'’-]*|[%<>≥≤±×+=°µ]`)

// Words gives the words of a text.
func Words(text string) (out []Word) {
	for _, at := range tokens.FindAllStringIndex(text, -1) {
		m := text[at[0]:at[1]]
		hard := m[0] >= '0' && m[0] <= '9' || m[0] == '-' || m[0] == '.' || strings.ContainsAny(m, "0123456789") && strings.Contains(m, " ")
		out = append(out, Word{strings.ToLower(strings.ReplaceAll(m, " ", "")), hard, at[0], at[1]})
	}
	return out
}

// classes are the words that turn what is said around. Words of one class may stand for each other.
var classes = map[string]string{
	"no": "not", "not": "not", "never": "not", "without": "not", "none": "not", "nothing": "not", "nor": "not", "neither": "not", "cannot": "not",
	"denies": "not", "negative": "negative", "positive": "positive", "absent": "not", "or": "or",
	"up": "up", "rising": "up", "rose": "up", "risen": "up", "increased": "up", "increasing": "up", "higher": "up",
	"down": "down", "falling": "down", "fell": "down", "fallen": "down", "decreased": "down", "decreasing": "down", "lower": "down",
	"unchanged": "same", "steady": "same", "stable": "same",
	"high": "high", "elevated": "high", "low": "low", "critical": "critical", "abnormal": "abnormal", "normal": "normal", "preliminary": "preliminary",
	"new": "new", "started": "started", "ended": "ended", "stopped": "ended", "resolved": "resolved", "due": "due", "overdue": "due",
	"ordered": "ordered", "given": "given", "done": "done", "before": "before", "after": "after", "since": "since", "until": "until",
	"allergy": "allergy", "allergic": "allergy", "alert": "alert", "died": "died", "male": "male", "female": "female",
}

// joiningWords are the words that say nothing by themselves.
var joiningWords = strings.Fields(`a an the is are was were has have had been be being and with of for in on at to from by as this that these which who whose while
	also both it its there comes came come reason visit patient patient's recorded record records shows showed reported measured value reading
	latest last previous previously earlier most recent recently then seen including include includes age aged year-old years old born
	related problems problem medicines medicine took place`)

func joins(word string) bool { return slices.Contains(joiningWords, word) }

// To reports whether a text says what its sources say, and nothing else, as far as words can tell:
// its numbers and dates are theirs, all of them, in their order; each stands with a name of the source that it comes from;
// its words of change (high, up, new) stand among them as there, and its negations between the same words; every other word
// is one of theirs or joins words; and no name of theirs is left out.
//
// It errs on the side of no: what is refused costs a plainer sentence, what gets through is a clinician's belief.
func To(text string, sources []string) bool {
	said := Words(text)
	var all []Word
	of := map[string][]int{} // word → the sources that have it
	for i, s := range sources {
		for _, t := range Words(s) {
			all = append(all, t)
			if !slices.Contains(of[t.Text], i) {
				of[t.Text] = append(of[t.Text], i)
			}
		}
	}
	if !slices.Equal(marks(said), marks(all)) || !slices.Equal(denials(said), denials(all)) {
		return false
	}
	return known(said, of) && complete(said, all) && anchored(said, of, len(sources)) && pronouns(said, all)
}

// marks lists the numbers, the dates and the classes of the words that turn what is said, in their order.
func marks(list []Word) (out []string) {
	for _, t := range list {
		if c := classes[t.Text]; t.Hard {
			out = append(out, t.Text)
		} else if c != "" {
			out = append(out, "#"+c)
		}
	}
	return out
}

// denying are the classes that must stay between the words that they stand between.
var denying = []string{"not", "negative", "positive", "or", "due", "given"}

// denials lists the words of those classes with the name before and the name after.
func denials(list []Word) (out []string) {
	named := func(t Word) bool { return !joins(t.Text) && classes[t.Text] == "" && !third[t.Text] }
	for i, t := range list {
		if !slices.Contains(denying, classes[t.Text]) {
			continue
		}
		before, after := "", ""
		for _, u := range slices.Backward(list[:i]) {
			if named(u) {
				before = u.Text
				break
			}
		}
		for _, u := range list[i+1:] {
			if named(u) {
				after = u.Text
				break
			}
		}
		out = append(out, before+" "+classes[t.Text]+" "+after)
	}
	return out
}

// known reports whether every word comes from the sources or joins.
func known(said []Word, of map[string][]int) bool {
	for _, t := range said {
		if len(of[t.Text]) == 0 && !joins(t.Text) && classes[t.Text] == "" && !third[t.Text] {
			return false
		}
	}
	return true
}

// complete reports whether every word of the sources that names something is said as often as there.
func complete(said, all []Word) bool {
	count := map[string]int{}
	for _, t := range said {
		count[t.Text]++
	}
	for _, t := range all {
		if t.Hard || joins(t.Text) || classes[t.Text] != "" || third[t.Text] {
			continue
		}
		if count[t.Text]--; count[t.Text] < 0 {
			return false
		}
	}
	return true
}

// anchored reports whether each number or date follows a name of a source that has it: the last word said that tells the
// sources apart.
func anchored(said []Word, of map[string][]int, sources int) bool {
	var last []int
	for _, t := range said {
		switch from := of[t.Text]; {
		case t.Hard:
			if last != nil && !slices.ContainsFunc(from, func(i int) bool { return slices.Contains(last, i) }) {
				return false
			}
		case len(from) > 0 && len(from) < sources && !joins(t.Text) && classes[t.Text] == "":
			last = from
		}
	}
	return true
}

// third are the pronouns. A text may only use those of the kind that its sources use, if they use any.
var third = map[string]bool{"he": true, "him": true, "his": true, "she": true, "her": true, "they": true, "them": true, "their": true}

func pronouns(said, all []Word) bool {
	family := map[string]string{"he": "m", "hi": "m", "sh": "f", "th": "t"}
	of := func(list []Word) (out []string) {
		for _, t := range list {
			if !third[t.Text] {
				continue
			}
			f := family[t.Text[:2]]
			if t.Text == "her" {
				f = "f"
			}
			out = append(out, f)
		}
		return out
	}
	used, allowed := of(said), of(all)
	return !slices.ContainsFunc(used, func(f string) bool { return !slices.Contains(allowed, f) })
}
