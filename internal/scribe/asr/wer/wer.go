// SPDX-License-Identifier: Apache-2.0

// Package wer counts what a recogniser gets wrong: words against a text that is known, and names among them.
//
// Words are compared in a plain form, so that how a recogniser writes counts for nothing: small letters, no punctuation, numbers below a
// hundred in words. Of the ways to align what was heard with what was said, one with the fewest differences is taken.
package wer

import (
	"strconv"
	"strings"
)

// Count is of words that were said. The zero value counts nothing; counts of several texts are added.
type Count struct {
	Words int // said
	Wrong int // missed, changed or put in
}

// Rate is the share of words that are wrong, which may be more than 1; 0 if there are none.
func (c Count) Rate() float64 {
	if c.Words == 0 {
		return 0
	}
	return float64(c.Wrong) / float64(c.Words)
}

// Add adds another count.
func (c *Count) Add(other Count) {
	c.Words += other.Words
	c.Wrong += other.Wrong
}

// Compare counts the words of said that are missed or changed in heard, and those put in. Both are as Words gives them.
func Compare(heard, said []string) Count {
	table := align(heard, said)
	return Count{len(said), table[len(heard)][len(said)]}
}

// CompareNames counts the words of said that names holds, and which of them are missed or changed in heard. Both are as Words gives them.
func CompareNames(heard, said []string, names map[string]bool) Count {
	table := align(heard, said)
	var c Count
	i := len(heard)
	for j := len(said); j > 0; {
		here := table[i][j]
		switch {
		case i > 0 && here == table[i-1][j]+1: // put in
			i--
			continue
		case i > 0 && here == table[i-1][j-1] && heard[i-1] == said[j-1]:
			i--
		case i > 0 && here == table[i-1][j-1]+1:
			i--
			c.wrong(said[j-1], names)
		default:
			c.wrong(said[j-1], names)
		}
		j--
		if names[said[j]] {
			c.Words++
		}
	}
	return c
}

func (c *Count) wrong(word string, names map[string]bool) {
	if names[word] {
		c.Wrong++
	}
}

// align gives the least number of differences of each beginning of heard from each of said.
func align(heard, said []string) [][]int {
	table := make([][]int, len(heard)+1)
	for i := range table {
		table[i] = make([]int, len(said)+1)
		table[i][0] = i
	}
	for j := range said {
		table[0][j+1] = j + 1
	}
	for i, h := range heard {
		for j, s := range said {
			change := 1
			if h == s {
				change = 0
			}
			table[i+1][j+1] = min(table[i][j+1]+1, table[i+1][j]+1, table[i][j]+change)
		}
	}
	return table
}

// Words gives the words of a text in plain form.
func Words(text string) []string {
	text = strings.ToLower(strings.NewReplacer(" n't", "n't", " 's", "'s", "%", " percent ", "’", "'").Replace(text))
	fields := strings.FieldsFunc(text, func(r rune) bool { return (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '\'' })
	words := make([]string, 0, len(fields))
	for _, w := range fields {
		if w = strings.Trim(w, "'"); w != "" {
			words = append(words, inWords(w)...)
		}
	}
	return words
}

var (
	small = [...]string{"zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve", "thirteen", "fourteen",
		"fifteen", "sixteen", "seventeen", "eighteen", "nineteen"}
	tens = [...]string{2: "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"}
)

// inWords gives a number below a hundred in words, and any other word as it is.
func inWords(word string) []string {
	n, err := strconv.Atoi(word)
	switch {
	case err != nil || n < 0 || n > 99:
		return []string{word}
	case n < len(small):
		return []string{small[n]}
	case n%10 == 0:
		return []string{tens[n/10]}
	}
	return []string{tens[n/10], small[n%10]}
}
