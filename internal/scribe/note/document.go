// SPDX-License-Identifier: Apache-2.0

package note

import (
	"encoding/json"
	"fmt"
	"html"
	"strings"

	"galen/internal/scribe"
	"galen/internal/scribe/transcript"
)

// folder is where the documents are, below the session's.
const folder = "clinical-notes/"

// lines splits text into its lines and sentences.
func lines(text string) []string {
	var list []string
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(strings.TrimLeft(strings.TrimSpace(line), "*-# "))
		for s := range strings.SplitSeq(line, ". ") {
			if s = strings.TrimSpace(s); s != "" {
				list = append(list, strings.TrimSuffix(s, ".")+".")
			}
		}
	}
	return list
}

func jsonFile(name string, v any) scribe.File {
	body, _ := json.MarshalIndent(v, "", "  ") // maps and lists of strings and finite numbers cannot fail
	return scribe.File{Name: folder + name, ContentType: "application/json", Body: append(body, '\n')}
}

// documentFile is clinicalDoc.json. Notice, Source and Writer are galen's own: the contract has no place for what they say.
//
// https://docs.aws.amazon.com/connecthealth/latest/userguide/al-outputs.html
func documentFile(v scribe.Visit, n Note) scribe.File {
	type link struct {
		SegmentID string `json:"SegmentId,omitempty"`
		Source    string `json:",omitempty"`
	}
	type item struct {
		EvidenceLinks     []link
		SummarizedSegment string
		Writer            string `json:",omitempty"`
	}
	type part struct {
		SectionName string
		Summary     []item
	}
	var doc struct {
		ClinicalDocumentation struct {
			Sections  []part
			SessionID string `json:"SessionId"`
		}
		Notice string `json:",omitempty"`
		Writer string
	}
	doc.ClinicalDocumentation.SessionID, doc.Notice, doc.Writer = v.Session.ID, n.Notice, n.Writer
	for _, s := range n.Sections {
		p := part{s.Name, []item{}}
		for _, x := range s.Sentences {
			i := item{EvidenceLinks: []link{}, SummarizedSegment: x.Text}
			for _, id := range x.Segments {
				i.EvidenceLinks = append(i.EvidenceLinks, link{SegmentID: id})
			}
			if x.Context {
				i.EvidenceLinks = append(i.EvidenceLinks, link{Source: "ENCOUNTER_CONTEXT"})
			}
			if x.Template {
				i.EvidenceLinks = append(i.EvidenceLinks, link{Source: "TEMPLATE"})
			}
			if x.Writer != Rules {
				i.Writer = x.Writer
			}
			p.Summary = append(p.Summary, i)
		}
		doc.ClinicalDocumentation.Sections = append(doc.ClinicalDocumentation.Sections, p)
	}
	return jsonFile("clinicalDoc.json", doc)
}

// title is a section's name as a heading.
func title(name string) string {
	if strings.ToUpper(name) != name {
		return name
	}
	words := strings.Split(strings.ToLower(name), "_")
	for i, w := range words {
		if w != "of" && w != "" {
			words[i] = strings.ToUpper(w[:1]) + w[1:]
		}
	}
	return strings.Join(words, " ")
}

func markdownFile(v scribe.Visit, n Note) scribe.File {
	var b strings.Builder
	fmt.Fprintf(&b, "# Clinical note\n\n%s, session %s\n", v.Session.Created.UTC().Format("2006-01-02 15:04 UTC"), v.Session.ID)
	if n.Notice != "" {
		fmt.Fprintf(&b, "\n> %s\n", n.Notice)
	}
	for _, s := range n.Sections {
		fmt.Fprintf(&b, "\n## %s\n\n", title(s.Name))
		if len(s.Sentences) == 0 {
			b.WriteString("Nothing was said of this.\n")
		}
		for _, x := range s.Sentences {
			b.WriteString("- " + x.Text)
			if x.Context {
				b.WriteString(" *(known before the visit)*")
			}
			if x.Template {
				b.WriteString(" *(nothing was said of this: the template's words)*")
			}
			if x.Writer != Rules {
				b.WriteString(" " + mark)
			}
			b.WriteString("\n")
		}
	}
	b.WriteString("\n---\n\n" + n.written() + "\n")
	return scribe.File{Name: folder + "note.md", ContentType: "text/markdown; charset=utf-8", Body: []byte(b.String())}
}

// pageFile is the note as a page of its own: each sentence opens what was said.
func pageFile(v scribe.Visit, n Note) scribe.File {
	said := map[string]transcript.Segment{}
	for _, s := range v.Segments {
		said[s.ID] = s
	}
	var b strings.Builder
	b.WriteString(pageHead)
	fmt.Fprintf(&b, "<header><h1>Clinical note</h1><p>%s · %d min · session <code>%s</code></p></header>\n",
		v.Session.Created.UTC().Format("2 January 2006, 15:04 UTC"), int(v.Session.Heard+59)/60, html.EscapeString(v.Session.ID))
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
	text := x.Text
	if x.Writer != Rules {
		text += " " + mark
	}
	fmt.Fprintf(b, "<details><summary>%s</summary><ul>", html.EscapeString(text))
	if x.Context {
		b.WriteString("<li>Known before the visit: the encounter context.</li>")
	}
	if x.Template {
		b.WriteString("<li>Nothing was said of this: the template's own words.</li>")
	}
	for _, id := range x.Segments {
		s := said[id]
		who := "Speaker"
		switch s.Role {
		case transcript.Clinician:
			who = "Clinician"
		case transcript.Patient:
			who = "Patient"
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
:root{color-scheme:light dark;--ink:#1a2330;--soft:#5b6675;--line:#dfe4ea;--paper:#fff;--back:#f4f6f8;--accent:#0b6e6e;--warn:#fff4dc}
@media(prefers-color-scheme:dark){:root{--ink:#e8edf2;--soft:#9aa7b5;--line:#313a45;--paper:#1b222b;--back:#12171d;--accent:#58c4c0;--warn:#3a3017}}
*{box-sizing:border-box}body{margin:0;font:16px/1.55 system-ui,sans-serif;color:var(--ink);background:var(--back)}
header,main,.notice{max-width:46rem;margin:0 auto;padding:0 1.25rem}header{padding-top:2rem}h1{margin:0;font-size:1.5rem}header p{margin:.25rem 0 1rem;color:var(--soft)}
.notice{background:var(--warn);border-radius:.5rem;padding:.75rem 1.25rem;margin-bottom:1rem}
section{background:var(--paper);border:1px solid var(--line);border-radius:.6rem;padding:1rem 1.25rem;margin-bottom:1rem}
h2{margin:0 0 .5rem;font-size:.85rem;letter-spacing:.06em;text-transform:uppercase;color:var(--accent)}
summary{cursor:pointer;list-style:none;padding:.2rem .4rem;margin:0 -.4rem;border-radius:.3rem}summary:hover,details[open]>summary{background:var(--back)}
summary:focus-visible{outline:2px solid var(--accent)}summary::-webkit-details-marker{display:none}
details ul{margin:.25rem 0 .6rem;padding:.1rem 0 .1rem 1rem;border-left:3px solid var(--accent);list-style:none;color:var(--soft)}time{font-variant-numeric:tabular-nums;margin:0 .4rem}
footer{color:var(--soft);font-size:.85rem;padding-bottom:2rem}.none{margin:0;color:var(--soft)}@media print{body{background:none}section{border:0;padding:0}}
</style>
`
