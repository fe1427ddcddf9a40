// SPDX-License-Identifier: Apache-2.0

package drugs

import "strings"

// A word's sound is a letter for each of its sounds, as English spells them: consonants by themselves (S is sh, C is ch, T is th), vowels as a, i and o.
// How far two sounds are apart is a weighted edit distance: vowels and what is often confused count less.

// spellings of sounds, longest first at each place.
var spellings = strings.NewReplacer("tion", "Son", "cian", "San", "cious", "Sos", "sch", "sk", "chl", "kl", "chr", "kr", "tch", "C", "ch", "C", "sh", "S", "ph", "f", "th", "T", "ck", "k", "qu", "kw", "wh", "w", "gh", "g",
	"sce", "se", "sci", "si", "xce", "kse", "ce", "se", "ci", "si", "cy", "si", "cae", "se", "ge", "je", "gi", "ji", "gy", "ji", "dge", "j", "c", "k", "q", "k", "x", "ks", "w", "w", "v", "v")

// starts are the spellings of sounds that only words begin with.
var starts = [][2]string{{"x", "z"}, {"ps", "s"}, {"kn", "n"}, {"wr", "r"}, {"pn", "n"}, {"gn", "n"}, {"mn", "n"}, {"pt", "t"}}

// spoken is the sound of a word in small letters.
func spoken(word string) string {
	for _, s := range starts {
		if rest, ok := strings.CutPrefix(word, s[0]); ok {
			word = s[1] + rest
			break
		}
	}
	if len(word) > 3 && strings.HasSuffix(word, "e") && vowel(word[len(word)-2]) == 0 {
		word = spellings.Replace(word)
		word = word[:len(word)-1]
	} else {
		word = spellings.Replace(word)
	}
	var out []byte
	for i := range len(word) {
		c := word[i]
		if v := vowel(c); v != 0 {
			c = v
			if len(out) > 0 && vowel(out[len(out)-1]) != 0 {
				continue // one vowel of several
			}
		} else if c < 'A' || c > 'z' || c > 'Z' && c < 'a' {
			continue
		}
		if len(out) > 0 && out[len(out)-1] == c {
			continue // doubled
		}
		out = append(out, c)
	}
	return string(out)
}

// vowel is the sound of a vowel's letter, 0 for other letters.
func vowel(c byte) byte {
	switch c {
	case 'a':
		return 'a'
	case 'e', 'i', 'y':
		return 'i'
	case 'o', 'u':
		return 'o'
	}
	return 0
}

// classes put together the consonants that are taken for one another.
var classes = [128]byte{'p': 'b', 'b': 'b', 't': 't', 'd': 't', 'T': 't', 'k': 'k', 'g': 'k', 'f': 'f', 'v': 'f', 's': 's', 'z': 's', 'S': 's', 'C': 's', 'j': 's', 'm': 'm', 'n': 'm', 'l': 'l', 'r': 'l', 'w': 'w', 'h': 'h'}

// classesOf are the classes of the first two consonants of a sound that are not easily missed, 0 where there are none.
func classesOf(code string) (first, second byte) {
	for i := range len(code) {
		switch c := classes[code[i]&127]; {
		case c == 0 || c == 'w' || c == 'h':
		case first == 0:
			first = c
		default:
			return first, c
		}
	}
	return first, 0
}

// What a missed or changed sound counts.
const (
	vowelMissed  = 0.4
	vowelChanged = 0.25
	weakMissed   = 0.35 // h, w
	missed       = 0.9
	confused     = 0.45
	changed      = 1
)

// costs is what each sound counts if it is missed; changes if it is another one.
var (
	costs = func() (all [128]float64) {
		for c := range all {
			all[c] = cost(byte(c))
		}
		return all
	}()
	changes = func() (all [128][128]float64) {
		for a := range all {
			for b := range all[a] {
				all[a][b] = change(byte(a), byte(b))
			}
		}
		return all
	}()
)

func cost(c byte) float64 {
	switch {
	case vowel(c) != 0:
		return vowelMissed
	case c == 'h' || c == 'w':
		return weakMissed
	}
	return missed
}

func change(a, b byte) float64 {
	va, vb := vowel(a) != 0, vowel(b) != 0
	switch {
	case a == b:
		return 0
	case va && vb:
		return vowelChanged
	case va || vb:
		return cost(a) + cost(b)
	case classes[a&127] == classes[b&127] && (a != 'l' || b != 'r') && (a != 'r' || b != 'l'):
		return confused
	}
	return changed
}

// weigh is what all sounds of a word count.
func weigh(code string) float64 {
	w := 0.0
	for i := range len(code) {
		w += costs[code[i]&127]
	}
	return w
}

// longestSound bounds the sounds that are compared.
const longestSound = 24

// apart is how far two sounds are apart, or more than most if it is more than that.
func apart(a, b string, most float64) float64 {
	if len(a) > longestSound || len(b) > longestSound {
		return most + 1
	}
	var rows [2][longestSound + 1]float64
	last, row := &rows[0], &rows[1]
	for j := range len(b) {
		last[j+1] = last[j] + costs[b[j]&127]
	}
	for i := range len(a) {
		ca, to := costs[a[i]&127], &changes[a[i]&127]
		row[0] = last[0] + ca
		least := row[0]
		for j := range len(b) {
			row[j+1] = min(last[j+1]+ca, row[j]+costs[b[j]&127], last[j]+to[b[j]&127])
			least = min(least, row[j+1])
		}
		if least > most {
			return most + 1
		}
		last, row = row, last
	}
	return last[len(b)]
}

// misspelt is how many letters of a are missed, put in or changed in b, of the longer one's.
func misspelt(a, b string) float64 {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		last := row[0]
		row[0] = i + 1
		for j := range len(b) {
			here := row[j+1]
			change := 1
			if a[i] == b[j] {
				change = 0
			}
			row[j+1] = min(here+1, row[j]+1, last+change)
			last = here
		}
	}
	return float64(row[len(b)]) / float64(max(len(a), len(b), 1))
}
