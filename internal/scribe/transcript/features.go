// SPDX-License-Identifier: Apache-2.0

package transcript

import (
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// Features are what a guess of who says something goes by: its words, alone and by twos and threes, how it begins and ends, how long it is, how what was
// said before it ended, and how what is said after it begins. Each is named once, in order.
func Features(before, said, after string) []string {
	words := wordsOf(said)
	list := []string{"length " + strconv.Itoa(min(len(words)/4, 6))}
	for i, w := range words {
		list = append(list, w)
		if i == 0 {
			list = append(list, "^ "+w)
		} else {
			list = append(list, words[i-1]+" "+w)
		}
		if i > 1 {
			list = append(list, words[i-2]+" "+words[i-1]+" "+w)
		}
	}
	if strings.HasSuffix(strings.TrimSpace(said), "?") {
		list = append(list, "ends with ?")
	}
	last := wordsOf(before)
	if len(last) == 0 {
		list = append(list, "first")
	} else {
		list = append(list, "before begins "+last[0], "before ends "+last[len(last)-1])
	}
	if asks.MatchString(before) {
		list = append(list, "before asks")
	}
	if next := wordsOf(after); len(next) > 0 {
		list = append(list, "after begins "+next[0])
		if len(next) > 1 {
			list = append(list, "after begins "+next[0]+" "+next[1])
		}
	}
	slices.Sort(list)
	return slices.Compact(list)
}

func wordsOf(text string) []string {
	words := strings.FieldsFunc(strings.ToLower(strings.ReplaceAll(text, " n't", "n't")), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) && r != '\'' })
	for i, w := range words {
		if w[0] >= '0' && w[0] <= '9' {
			words[i] = "#"
		}
	}
	return words
}
