// SPDX-License-Identifier: Apache-2.0

package section

import (
	"math/bits"
	"strconv"
	"strings"
	"unicode"
)

// Features counts what a passage has: words, words with their speaker, pairs of words, and how long it is.
func Features(turns []Turn) map[string]float64 {
	f := map[string]float64{}
	length := 0
	for _, t := range turns {
		who := "p_"
		if t.Clinician {
			who = "d_"
		}
		last := ""
		for _, w := range Words(t.Text) {
			f[w]++
			f[who+w]++
			if last != "" {
				f[last+"+"+w]++
			}
			last = w
		}
		length += len(t.Text)
	}
	f["turns "+strconv.Itoa(min(12, len(turns)))] = 2
	f["length "+strconv.Itoa(2*bits.Len(uint(length)))] = 2
	return f
}

// Words splits text into lower-case words; every number is #.
func Words(text string) []string {
	words := strings.FieldsFunc(strings.ToLower(text), func(r rune) bool {
		return r != '\'' && !unicode.IsLetter(r) && !unicode.IsDigit(r)
	})
	for i, w := range words {
		if w[0] >= '0' && w[0] <= '9' {
			words[i] = "#"
		}
	}
	return words
}
