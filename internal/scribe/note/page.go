// SPDX-License-Identifier: Apache-2.0

package note

import (
	"fmt"
	"html"
	"strings"

	"galen/internal/scribe"
	"galen/internal/scribe/transcript"
)

// pageFile is the note as a page of its own: each sentence opens what was said.
func pageFile(v scribe.Visit, n Note) scribe.File {
	said := map[string]transcript.Segment{}
	for _, s := range v.Segments {
		said[s.ID] = s
	}
	var b strings.Builder
	b.WriteString(pageHead)
	fmt.Fprintf(&b, "<header><h1>Clinical note <small>draft</small></h1><p>%s · %d min · %s · session <code>%s</code></p></header>\n",
		v.Session.Created.UTC().Format("2 January 2006, 15:04 UTC"), int(v.Session.Heard+59)/60, html.EscapeString(title(n.Template)), html.EscapeString(v.Session.ID))
	if n.Notice != "" {
		fmt.Fprintf(&b, "<p class=\"notice\" role=\"note\">%s</p>\n", html.EscapeString(n.Notice))
	}
	b.WriteString("<main>\n")
	for _, s := range n.Sections {
		fmt.Fprintf(&b, "<section><h2>%s</h2>\n", html.EscapeString(title(s.Name)))
		if len(s.Sentences) == 0 {
			b.WriteString("<p class=\"none\">Nothing was said of this.</p>\n")
		}
		for _, x := range s.Sentences {
			evidence(&b, x, said)
		}
		b.WriteString("</section>\n")
	}
	fmt.Fprintf(&b, "<footer>%s</footer>\n</main></html>\n", html.EscapeString(n.written()))
	return scribe.File{Name: folder + "note.html", ContentType: "text/html; charset=utf-8", Body: []byte(b.String())}
}

func evidence(b *strings.Builder, x Sentence, said map[string]transcript.Segment) {
	text, why := html.EscapeString(x.Text), ""
	if x.Writer != Rules {
		text += " " + mark
	}
	switch {
	case x.Context:
		text, why = text+" <small>known before the visit</small>", "<li>Not said in the visit: it is in the encounter context.</li>"
	case x.Template:
		text, why = text+" <small>the template's words</small>", "<li>Nothing was said of this: the template says to write so.</li>"
	}
	fmt.Fprintf(b, "<details><summary>%s</summary><ul>%s", text, why)
	for _, id := range x.Segments {
		s := said[id]
		who := "Speaker"
		switch s.Role {
		case transcript.Clinician:
			who = "Clinician"
		case transcript.Patient:
			who = "Patient"
		}
		if s.RoleBy == transcript.ByText {
			who += "?"
		}
		fmt.Fprintf(b, "<li><b>%s</b> <time>%d:%02d</time> %s</li>", who, int(s.Begin)/60, int(s.Begin)%60, marked(s))
	}
	b.WriteString("</ul></details>\n")
}

// marked is what was said as HTML, with what was heard behind the names that were corrected.
func marked(s transcript.Segment) string {
	var b strings.Builder
	at := 0
	for _, m := range s.Mended {
		fmt.Fprintf(&b, "%s<mark>%s</mark> (heard: “%s”)", html.EscapeString(s.Content[at:m.Begin]), html.EscapeString(s.Content[m.Begin:m.End]), html.EscapeString(m.Heard))
		at = m.End
	}
	return b.String() + html.EscapeString(s.Content[at:])
}

const pageHead = `<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1"><title>Clinical note</title>
<style>
:root{color-scheme:light dark;--ink:#1a2330;--soft:#5b6675;--line:#dfe4ea;--paper:#fff;--back:#f4f6f8;--accent:#0b6e6e;--warn:#fff4dc;--mark:#ffe9a8}
@media(prefers-color-scheme:dark){:root{--ink:#e8edf2;--soft:#9aa7b5;--line:#313a45;--paper:#1b222b;--back:#12171d;--accent:#58c4c0;--warn:#3a3017;--mark:#6b5a1d}}
*{box-sizing:border-box}body{margin:0;font:16px/1.55 system-ui,sans-serif;color:var(--ink);background:var(--back)}
header,main,.notice{max-width:46rem;margin:0 auto;padding:0 1.25rem}.notice{max-width:43.5rem}header{padding-top:2rem}h1{margin:0;font-size:1.5rem}header p{margin:.25rem 0 1rem;color:var(--soft);overflow-wrap:anywhere}
small{color:var(--soft);font-size:.8rem;font-weight:400;border:1px solid var(--line);border-radius:1rem;padding:.05rem .5rem;white-space:nowrap}
.notice{background:var(--warn);border-radius:.5rem;padding:.75rem 1.25rem;margin-bottom:1rem}
section{background:var(--paper);border:1px solid var(--line);border-radius:.6rem;padding:1rem 1.25rem;margin-bottom:1rem}
h2{margin:0 0 .5rem;font-size:.85rem;letter-spacing:.06em;text-transform:uppercase;color:var(--accent)}
summary{cursor:pointer;list-style:none;padding:.2rem .4rem .2rem 1.2rem;margin:0 -.4rem;border-radius:.3rem;position:relative}summary:hover,details[open]>summary{background:var(--back)}
summary::before{content:"";position:absolute;left:.4rem;top:.72rem;border:.28rem solid transparent;border-left-color:var(--soft);border-right-width:0}
details[open]>summary::before{transform:rotate(90deg)}
summary:focus-visible{outline:2px solid var(--accent)}summary::-webkit-details-marker{display:none}mark{background:var(--mark);color:inherit;border-radius:.2rem;padding:0 .15rem}
details ul{margin:.25rem 0 .6rem .9rem;padding:.1rem 0 .1rem 1rem;border-left:3px solid var(--accent);list-style:none;color:var(--soft)}time{font-variant-numeric:tabular-nums;margin:0 .4rem}
footer{color:var(--soft);font-size:.85rem;padding-bottom:2rem}.none{margin:0;color:var(--soft)}
@media print{:root{color-scheme:light;--ink:#000;--soft:#444;--line:#999;--paper:#fff;--back:#fff;--accent:#000;--warn:#fff}header,main,.notice{max-width:none;padding:0}
.notice{border:1px solid #999;padding:.5rem}section{border:0;padding:0;break-inside:avoid-page}h2{break-after:avoid}details{break-inside:avoid}summary{padding-left:.9rem}summary::before{content:"–";border:0;left:0;top:.2rem;transform:none!important}}
</style>
`
