// SPDX-License-Identifier: Apache-2.0

package render

import (
	"strings"
	"unicode/utf8"
)

// maxQuote is the longest quote, in bytes.
const maxQuote = 280

// headings are the parts of a note that say most in the fewest words.
var headings = []string{"impression", "assessment and plan", "assessment", "conclusion", "plan", "summary", "diagnosis", "findings", "chief complaint", "reason for visit"}

// Excerpt is what a document says in short, in its own words: what stands under its impression, assessment or plan, or else
// its beginning. It is empty for a text without words.
func Excerpt(text string) string {
	lines := strings.Split(text, "\n")
	for _, h := range headings {
		for i, line := range lines {
			rest, ok := under(line, h)
			if !ok {
				continue
			}
			for _, next := range lines[i+1:] {
				if strings.TrimSpace(next) == "" && rest != "" || isHeading(next) {
					break
				}
				rest = strings.TrimSpace(rest + " " + strings.TrimSpace(next))
			}
			if rest != "" {
				return clip(rest)
			}
		}
	}
	return clip(text)
}

// under reports whether a line is, or begins with, a heading, and gives what follows on it.
func under(line, heading string) (rest string, ok bool) {
	line = strings.TrimLeft(strings.TrimSpace(line), "#* ")
	if len(line) < len(heading) || !strings.EqualFold(line[:len(heading)], heading) {
		return "", false
	}
	rest = strings.TrimLeft(line[len(heading):], "* ")
	if rest != "" && rest[0] != ':' {
		return "", false
	}
	return strings.TrimSpace(strings.TrimLeft(rest, ":* ")), true
}

func isHeading(line string) bool {
	line = strings.TrimSpace(line)
	return strings.HasPrefix(line, "#") || strings.HasSuffix(line, ":") && len(line) < 40
}

// clip folds blanks and cuts a text at the end of a sentence, or of a word, within maxQuote.
func clip(text string) string {
	text = strings.Join(strings.Fields(text), " ")
	if len(text) <= maxQuote {
		return text
	}
	cut := maxQuote
	for !utf8.RuneStart(text[cut]) {
		cut--
	}
	text = text[:cut]
	if dot := strings.LastIndex(text, ". "); dot > maxQuote/3 {
		return text[:dot+1]
	}
	if blank := strings.LastIndexByte(text, ' '); blank > 0 {
		text = text[:blank]
	}
	return text + " …"
}
