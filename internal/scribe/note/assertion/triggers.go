// SPDX-License-Identifier: Apache-2.0

package assertion

import "strings"

// meaning is what a trigger says of a finding.
type meaning uint8

const (
	nothing meaning = iota // it only looks like a trigger
	negates
	doubts
	supposes
	recalls
	names
)

// trigger is a phrase that says something of findings after or before it.
type trigger struct {
	words         []string
	means         meaning
	after, before bool // the findings it acts on stand after it, or before it
}

// phrases are the triggers, one a line.
var phrases = map[meaning]map[string]string{
	nothing: {"": `
no increase; no change; no interval change; no significant change; no significant interval change; no definite change; no suspicious change; no decrease
not only; not certain if; not certain whether; not necessarily; not cause; not drain; not extend; no longer than; no more than
without difficulty; without any difficulty; gram negative; no doubt; cannot be excluded; not be ruled out; not ruled out; not been ruled out; not rule out; not changed; not an option; no specific diagnosis for; do not know the exact
no matter; no problem; no worries; no questions; not sure; not just; not yet; no sooner`},
	negates: {
		"after": `
no; not; n't; without; denies; denied; deny; denying; never; never had; never developed; absence of; absent; absence; negative for; free of; fails to reveal; failed to reveal
no evidence of; no evidence; no signs of; no sign of; no history of; no complaints of; no new; no other; no findings of; no findings to indicate; no cause of
declines; declined; unremarkable for; without evidence of; without any; without any evidence of; without indication of; without sign of
does not; doesn't; do not; don't; did not; didn't; does n't; do n't; did n't; is not; isn't; is n't; was not; wasn't; was n't; are not; aren't; are n't; were not; weren't
has not; hasn't; has n't; have not; haven't; have n't; had not; cannot; can't; ca n't; cannot see; could not; couldn't; will not; won't; would not
not have; not had; not feel; not appear; not associated with; not complain of; not demonstrate; not exhibit; not have evidence of; not know of; not known to have; not reveal; not see; not to be; not show
rather than; resolved; ruled out for; rules out; rule him out; rule her out; ruled out; neither; nor; none of; with no; lack of; lacked; lacking; nothing to suggest; exclude; excluded
-ve for; low suspicion for; no further; not consistent with; no residua of`,
		"before": `
unlikely; was ruled out; were ruled out; is ruled out; are ruled out; has been ruled out; have been ruled out; ruled out; free; was negative; were negative; is negative; negative; not seen; not present
not identified; not demonstrated; not appreciated; not noted; not found; not visualized; are absent; is absent; was absent; were absent; not detected; has resolved; have resolved; resolved
none; denied; absent; not evident; did not occur; is not; was not; are not; were not`},
	doubts: {
		"after":  `rule out; r/o; possible; possibly; probable; probably; suspected; suspicious for; may have; might have; could be; may be; might be; presumed; cannot exclude; versus; evaluate for; concern for; concerned about; likely`,
		"before": `cannot be excluded; not be ruled out; not ruled out; may be present; is suspected; is possible; to be ruled out; should be ruled out; must be ruled out`},
	supposes: {
		"after": `if; return if; call if; should he develop; should she develop; should you develop; in case of; as needed for; watch for; to prevent; for risk of; risk of; in the event of; unless; come back for; return for; look out for; be aware of`},
	recalls: {
		"after":  `history of; past history of; history; past medical history; previous; previously; prior; past; status post; s/p; history of present; years ago; in the past; formerly; had had; childhood; as a child; used to have`,
		"before": `in the past; years ago; months ago; previously; as a child; when i was a kid; in childhood; status post`},
	names: {
		"after":  `mother; father; brother; sister; mom; dad; grandmother; grandfather; family history; family; aunt; uncle; cousin; son; daughter; parents; siblings; grandparents; wife; husband; maternal; paternal`,
		"before": `in the family; in his family; in her family; in my family; runs in the family; in his mother; in her mother; in his father; in her father; on my mother's side; on my father's side`},
}

// endings are the words that end a trigger's reach.
var endings = []string{"but", "however", "nevertheless", "yet", "though", "although", "still", "aside from", "except", "apart from", "secondary to",
	"as the cause of", "as the source of", "as the reason of", "as the etiology of", "as the origin of", "as a cause of", "as a source of", "as the secondary cause of",
	"origin of", "origins of", "source of", "cause for", "causes for", "reason for", "reasons for", "trigger event for", "which", "who presents", "who presented",
	"other possibilities of", "presenting with", "presents with", "presents", "because of", "because", "due to", "; ", ";", "he has", "she has", "he had", "she had", "patient has",
	"he is", "she is", "he was", "she was", "there is", "there was", "there are", "there were", "but there", "now has", "is positive for", "positive for", "is significant for",
	"remarkable for", "with the exception of", "other than", "started", "does have", "do have", "did have"}

// byFirst holds the triggers by their first word, the longest first; endByFirst the endings.
var byFirst, endByFirst = index()

func index() (map[string][]trigger, map[string][][]string) {
	triggers, ends := map[string][]trigger{}, map[string][][]string{}
	for m, places := range phrases {
		for place, list := range places {
			for phrase := range strings.FieldsFuncSeq(list, func(r rune) bool { return r == ';' || r == '\n' }) {
				words := split(phrase)
				if len(words) == 0 {
					continue
				}
				add(triggers, trigger{words, m, place == "after", place == "before"})
			}
		}
	}
	for _, phrase := range endings {
		if words := split(phrase); len(words) > 0 {
			ends[words[0]] = append(ends[words[0]], words)
		}
	}
	return triggers, ends
}

// add keeps the triggers of one first word with the longest first. A phrase that acts both ways is one trigger for each.
func add(triggers map[string][]trigger, t trigger) {
	list := triggers[t.words[0]]
	for i, old := range list {
		if equal(old.words, t.words) && old.means == t.means {
			list[i].after, list[i].before = old.after || t.after, old.before || t.before
			return
		}
	}
	at := len(list)
	for i, old := range list {
		if len(t.words) > len(old.words) || len(t.words) == len(old.words) && t.means < old.means {
			at = i
			break
		}
	}
	list = append(list, trigger{})
	copy(list[at+1:], list[at:])
	list[at] = t
	triggers[t.words[0]] = list
}

func equal(a, b []string) bool {
	return strings.Join(a, " ") == strings.Join(b, " ")
}

// split makes the words of a phrase as tokens makes those of a sentence.
func split(phrase string) []string {
	var words []string
	for _, t := range tokens(phrase) {
		words = append(words, t.text)
	}
	return words
}

// match gives the longest trigger that words begin with and that has at most limit of them, and its length; 0 if they begin with none.
func match(words []token, limit int) (trigger, int) {
	for _, t := range byFirst[words[0].text] {
		if len(t.words) <= limit && begins(words, t.words) {
			return t, len(t.words)
		}
	}
	return trigger{}, 0
}

// terminator is the length of the ending that words begin with; 0 if they begin with none.
func terminator(words []token, m meaning) int {
	for _, e := range endByFirst[words[0].text] {
		if begins(words, e) && !(m == names && len(e) == 2) { // "my mother she had cancer"
			return len(e)
		}
	}
	return 0
}

func begins(words []token, phrase []string) bool {
	if len(words) < len(phrase) {
		return false
	}
	for i, p := range phrase {
		if words[i].text != p {
			return false
		}
	}
	return true
}
