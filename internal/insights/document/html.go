// SPDX-License-Identifier: Apache-2.0

package document

import (
	"bytes"
	"strings"

	"golang.org/x/net/html"
)

// htmlText is what a browser would show of an HTML document, a line a block, at most limit bytes.
func htmlText(data []byte, limit int) string {
	var w writer
	z := html.NewTokenizer(bytes.NewReader(data))
	z.SetMaxBuf(MaxMarkup)
	hidden := 0
	for w.b.Len() < limit {
		switch z.Next() {
		case html.ErrorToken:
			return w.text(limit)
		case html.TextToken:
			if hidden == 0 {
				w.write(string(z.Text()))
			}
		case html.StartTagToken:
			name, _ := z.TagName()
			if isHidden(string(name)) {
				hidden++
			}
			w.open(string(name))
		case html.EndTagToken:
			name, _ := z.TagName()
			if isHidden(string(name)) && hidden > 0 {
				hidden--
			}
			w.close(string(name))
		case html.SelfClosingTagToken:
			name, _ := z.TagName()
			w.open(string(name))
		}
	}
	return w.text(limit)
}

func isHidden(tag string) bool { return tag == "script" || tag == "style" || tag == "title" }

// writer puts text into lines: one a block, the cells of a row side by side.
type writer struct {
	b     strings.Builder
	space bool // white space is owed before the next text
	line  bool // the line has text
	cells int
}

// write adds text with its white space folded.
func (w *writer) write(text string) {
	for word := range strings.FieldsFuncSeq(text, isSpace) {
		if w.line && (w.space || isSpace(rune(text[0]))) {
			w.b.WriteByte(' ')
		}
		w.b.WriteString(word)
		w.space, w.line = true, true
	}
	w.space = text != "" && isSpace(rune(text[len(text)-1]))
}

func isSpace(r rune) bool { return r == ' ' || r == '\n' || r == '\t' || r == '\r' || r == '\u00a0' }

func (w *writer) newline() {
	if w.line {
		w.b.WriteByte('\n')
	}
	w.line, w.space = false, false
}

func (w *writer) open(tag string) {
	switch tag {
	case "tr":
		w.newline()
		w.cells = 0
	case "td", "th":
		if w.cells > 0 && w.line {
			w.b.WriteString(" | ")
			w.space = false
		}
		w.cells++
	case "li", "item":
		w.newline()
		w.b.WriteString("- ")
	case "br", "p", "div", "paragraph", "table", "list", "ul", "ol", "h1", "h2", "h3", "h4", "h5", "h6", "title", "caption", "section":
		w.newline()
	}
}

func (w *writer) close(tag string) {
	switch tag {
	case "tr", "li", "item", "p", "div", "paragraph", "table", "list", "ul", "ol", "h1", "h2", "h3", "h4", "h5", "h6", "title", "caption", "section":
		w.newline()
	}
}

func (w *writer) text(limit int) string {
	text := w.b.String()
	return string(whole([]byte(text[:min(len(text), limit)])))
}
