// SPDX-License-Identifier: Apache-2.0

package render

import (
	"bytes"
	_ "embed"
	"html/template"
	"slices"
	"strings"
)

//go:embed page.html
var pageText string

var page = template.Must(template.New("page").Parse(pageText))

// pageData is what page.html is filled with.
type pageData struct {
	Title, Date, Reason string
	First               []pagePart
	Rest                []pagePart
	Sources             []source
}

type pagePart struct {
	Heading, Class string
	Lines          []pageLine
}

type pageLine struct {
	Bullet    bool
	Fragments []pageFragment
	Chart     template.HTML
	Model     bool
}

type pageFragment struct {
	Text   string
	Source int // 0: none
	First  bool
}

// source is a group of resources that fragments rest on together.
type source struct {
	Number    int
	Resources []sourceResource
}

type sourceResource struct {
	Reference string
	Elements  string
}

// HTML is the summary as one page without anything from outside: each sentence leads to its evidence, trends are drawn.
// It works without scripts, by keyboard, on paper and in the dark.
func (s *Summary) HTML() []byte {
	w := &pageWriter{paths: map[string][]string{}, numbers: map[string]int{}}
	for _, f := range s.Base.Facts() {
		for _, e := range f.Evidence {
			if !slices.Contains(w.paths[e.Reference], e.Path) {
				w.paths[e.Reference] = append(w.paths[e.Reference], e.Path)
			}
		}
	}
	d := pageData{Title: s.Base.Patient.Name, Date: s.Base.Now.Text(), Reason: s.Request.Reason}
	for _, p := range s.FirstScreen() {
		d.First = append(d.First, w.part(p))
	}
	for _, p := range s.Rest() {
		d.Rest = append(d.Rest, w.part(p))
	}
	d.Sources = w.sources
	var b bytes.Buffer
	if err := page.Execute(&b, d); err != nil {
		panic(err) // plain structs into a template that is compiled in
	}
	return b.Bytes()
}

type pageWriter struct {
	paths   map[string][]string // of a reference
	numbers map[string]int      // of a group of references
	sources []source
}

func (w *pageWriter) part(p *Part) pagePart {
	out := pagePart{Heading: p.Heading, Class: strings.ReplaceAll(strings.ToLower(p.Heading), " ", "-")}
	for i := range p.Lines {
		l := &p.Lines[i]
		line := pageLine{Bullet: l.Bullet, Model: l.Writer == Model}
		if l.Series != nil {
			line.Chart = chart(l.Series)
		}
		for _, f := range l.Fragments {
			n, first := w.number(f.Evidence)
			line.Fragments = append(line.Fragments, pageFragment{f.Text, n, first})
		}
		out.Lines = append(out.Lines, line)
	}
	return out
}

// number is the number of a group of references, and whether it is new.
func (w *pageWriter) number(refs []string) (n int, first bool) {
	if len(refs) == 0 {
		return 0, false
	}
	key := strings.Join(refs, " ")
	if n, ok := w.numbers[key]; ok {
		return n, false
	}
	n = len(w.sources) + 1
	w.numbers[key] = n
	g := source{Number: n}
	for _, r := range refs {
		g.Resources = append(g.Resources, sourceResource{r, strings.Join(w.paths[r], ", ")})
	}
	w.sources = append(w.sources, g)
	return n, true
}
