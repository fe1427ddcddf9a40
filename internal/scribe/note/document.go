// SPDX-License-Identifier: Apache-2.0

package note

import (
	"encoding/json"
	"fmt"
	"strings"

	"galen/internal/scribe"
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
