// SPDX-License-Identifier: Apache-2.0

package note

import (
	"strconv"
	"strings"
)

// Numbers that are said in words are written in figures where they count or measure something.

var ones = func() map[string]int {
	m := map[string]int{}
	for i, w := range strings.Fields("zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen") {
		m[w] = i
	}
	return m
}()

var tens = func() map[string]int {
	m := map[string]int{}
	for i, w := range strings.Fields("twenty thirty forty fifty sixty seventy eighty ninety") {
		m[w] = 20 + 10*i
	}
	return m
}()

// units are the words that make a number before them a measure.
var units = func() map[string]bool {
	m := map[string]bool{}
	for w := range strings.FieldsSeq("milligrams milligram mg micrograms mcg grams gram units unit milliliters ml percent degrees pounds pound ounces kilograms weeks week days day months month " +
		"years year hours hour minutes minute times pills pill tablets tablet puffs puff cups packs pack drinks beers point over out year-old years-old inches feet beats liters") {
		m[w] = true
	}
	return m
}()

// Figures writes numbers before a unit in figures: "twenty five milligrams" becomes "25 milligrams", "one twenty over eighty" "120/80".
func Figures(text string) string {
	words := strings.Fields(text)
	var out []string
	for i := 0; i < len(words); {
		value, n := number(words[i:])
		if n == 0 || i > 0 && continues[bare(words[i-1])] {
			out = append(out, words[i])
			i++
			continue
		}
		rest := words[i+n:]
		last := words[i+n-1]
		tail := last[len(strings.TrimRight(last, ",.;?!")):]
		switch {
		case tail == "" && len(rest) > 1 && bare(rest[0]) == "over":
			if low, m := number(rest[1:]); m > 0 && value >= 60 {
				end := rest[m]
				out = append(out, strconv.Itoa(value)+"/"+strconv.Itoa(low)+end[len(strings.TrimRight(end, ",.;?!")):])
				i += n + 1 + m
				continue
			}
			out = append(out, words[i:i+n]...)
		case tail == "" && len(rest) > 1 && bare(rest[0]) == "point":
			if digit, m := number(rest[1:]); m == 1 && digit < 10 {
				end := rest[1]
				out = append(out, strconv.Itoa(value)+"."+strconv.Itoa(digit)+end[len(strings.TrimRight(end, ",.;?!")):])
				i += n + 2
				continue
			}
			out = append(out, words[i:i+n]...)
		case tail == "" && len(rest) > 0 && units[bare(rest[0])]:
			out = append(out, strconv.Itoa(value))
		default:
			out = append(out, words[i:i+n]...)
		}
		i += n
	}
	return strings.Join(out, " ")
}

// continues are words after which a number goes on with what came before: "a hundred and eighty".
var continues = map[string]bool{"and": true, "hundred": true, "thousand": true, "point": true, "a": true}

func bare(word string) string { return strings.ToLower(strings.TrimRight(word, ",.;?!")) }

// number reads the number that words begin with, and how many of them it takes; 0 if they begin with none.
func number(words []string) (value, n int) {
	for n < len(words) && n < 6 {
		w := bare(words[n])
		if first, second, ok := strings.Cut(w, "-"); ok && tens[first] > 0 && ones[second] > 0 {
			value, n = joined(value, tens[first]+ones[second], n), n+1
		} else if t, ok := tens[w]; ok {
			value, n = joined(value, t, n), n+1
		} else if o, ok := ones[w]; ok {
			if n > 0 && value%10 == 0 && value%100 != 0 && value%100 >= 20 && o > 0 && o < 10 {
				value += o
			} else if n > 0 && value%100 == 0 && value > 0 {
				value += o
			} else if n > 0 {
				return value, n
			} else {
				value = o
			}
			n++
		} else if w == "hundred" && n > 0 && value < 10 {
			value, n = value*100, n+1
		} else if w == "thousand" && n > 0 && value < 1000 {
			value, n = value*1000, n+1
		} else {
			break
		}
		if strings.TrimRight(words[n-1], ",.;?!") != words[n-1] {
			break // a pause ends a number
		}
	}
	return value, n
}

// joined puts tens after what is there: "one hundred" and "twenty" are 120, and so are "one" and "twenty".
func joined(value, more, n int) int {
	switch {
	case n == 0:
		return more
	case value < 10:
		return value*100 + more
	}
	return value + more
}
