// SPDX-License-Identifier: Apache-2.0

package render

import (
	"fmt"
	"strings"
	"unicode"
)

// Markdown is the summary for people: the first screen, a rule, then the rest. The note at a line names its evidence.
func (s *Summary) Markdown() []byte {
	var b, notes strings.Builder
	fmt.Fprintf(&b, "# Pre-visit summary\n\nAs of %s.\n", s.Base.Now.Text())
	n := 0
	part := func(p *Part) {
		fmt.Fprintf(&b, "\n## %s\n\n", p.Heading)
		for i := range p.Lines {
			l := &p.Lines[i]
			mark := map[bool]string{true: "- "}[l.Bullet]
			text := escapeMarkdown(l.Text())
			if e := l.Evidence(); len(e) > 0 {
				n++
				text += fmt.Sprintf("[^%d]", n)
				fmt.Fprintf(&notes, "[^%d]: %s\n", n, strings.Join(e, ", "))
			}
			b.WriteString(mark + text + map[bool]string{true: "\n", false: "\n\n"}[l.Bullet])
		}
	}
	for _, p := range s.FirstScreen() {
		part(p)
	}
	b.WriteString("\n---\n")
	for _, p := range s.Rest() {
		part(p)
	}
	return []byte(b.String() + "\n" + notes.String())
}

var markdownEscapes = strings.NewReplacer("*", `\*`, "_", `\_`, "[", `\[`, "]", `\]`, "<", "&lt;", "`", "\\`")

func escapeMarkdown(text string) string { return markdownEscapes.Replace(text) }

// Plain is the summary for a terminal of that many columns: the first screen, or all of it.
func (s *Summary) Plain(columns int, all bool) []byte {
	var b strings.Builder
	parts := s.FirstScreen()
	if all {
		parts = append(parts, s.Rest()...)
	}
	for i, p := range parts {
		if i > 0 {
			b.WriteByte('\n')
		}
		b.WriteString(strings.ToUpper(p.Heading) + "\n")
		for j := range p.Lines {
			mark, indent := "  ", "  "
			if p.Lines[j].Bullet {
				mark, indent = "  - ", "    "
			}
			wrap(&b, p.Lines[j].Text(), mark, indent, max(columns, 40))
		}
	}
	return []byte(b.String())
}

// wrap writes a text in lines of at most so many columns, as far as its words allow.
func wrap(b *strings.Builder, text, mark, indent string, columns int) {
	line := mark
	printable := func(r rune) rune {
		if unicode.IsControl(r) {
			return -1
		}
		return r
	}
	for _, word := range strings.Fields(strings.Map(printable, text)) {
		if len([]rune(line))+len([]rune(word)) > columns && strings.TrimSpace(line) != strings.TrimSpace(mark) {
			b.WriteString(strings.TrimRight(line, " ") + "\n")
			line = indent
		}
		line += word + " "
	}
	b.WriteString(strings.TrimRight(line, " ") + "\n")
}
