// SPDX-License-Identifier: Apache-2.0

package facts

import (
	"cmp"
	"encoding/base64"
	"slices"
	"strings"

	"galen/internal/fhir"
)

// Plan is an active care plan.
type Plan struct {
	Fact
	Concept
	Start      Date     `json:"start"`
	Addresses  []string `json:"addresses,omitempty"`
	Activities []string `json:"activities,omitempty"`
}

func (b *builder) plans() (out []Plan) {
	for _, n := range b.Of("CarePlan") {
		p := Plan{Start: b.date(n.Field("period").Field("start"))}
		if n.Field("status").Text() != "active" || b.later(p.Start) {
			continue
		}
		p.Text = plainName(n.Field("title").Text())
		for _, c := range n.Field("category").Elements() {
			if k := concept(c); !k.Has("http://hl7.org/fhir/us/core/CodeSystem/careplan-category", "assess-plan") {
				p.Codes = append(p.Codes, k.Codes...)
				p.Text = cmp.Or(p.Text, k.Text)
			}
		}
		if p.Text == "" {
			continue
		}
		p.Evidence = prove(n, "title", "category", "status", "period", "addresses", "activity")
		for _, ref := range n.Field("addresses").Elements() {
			if c := b.Resource(b.Key(ref)); fhir.Type(c) == "Condition" && !verdict(c, "entered-in-error", "refuted") {
				p.Addresses = append(p.Addresses, concept(c.Field("code")).Text)
				p.Evidence = append(p.Evidence, prove(c, "code")...)
			}
		}
		for _, a := range n.Field("activity").Elements() {
			d := a.Field("detail")
			switch d.Field("status").Text() {
			case "completed", "cancelled", "stopped", "entered-in-error":
				continue
			}
			if t := concept(d.Field("code")).Text; t != "" {
				p.Activities = append(p.Activities, t)
			}
		}
		p.Addresses, p.Activities = dedupe(p.Addresses), dedupe(p.Activities)
		out = append(out, p)
	}
	newest(out, func(p *Plan) Date { return p.Start })
	return out
}

// Goal is a goal that is pursued.
type Goal struct {
	Fact
	Text        string `json:"text"`
	Achievement string `json:"achievement,omitempty"`
	Start       Date   `json:"start"`
	Due         Date   `json:"due"`
}

func (b *builder) goals() (out []Goal) {
	for _, n := range b.Of("Goal") {
		switch n.Field("lifecycleStatus").Text() {
		case "active", "accepted", "planned", "on-hold":
		default:
			continue
		}
		g := Goal{Text: concept(n.Field("description")).Text, Achievement: concept(n.Field("achievementStatus")).Text,
			Start: b.date(n.Field("startDate")), Due: b.date(n.Field("target").First().Field("dueDate"))}
		if g.Text == "" || b.later(g.Start) {
			continue
		}
		g.Evidence = prove(n, "description", "lifecycleStatus", "achievementStatus", "startDate", "target")
		out = append(out, g)
	}
	slices.SortStableFunc(out, func(x, y Goal) int {
		return cmp.Or(cmp.Compare(y.Start.Micros(), x.Start.Micros()), strings.Compare(x.Text, y.Text))
	})
	return out
}

// Relative is what a family member had.
type Relative struct {
	Fact
	Relation   string   `json:"relation"`
	Conditions []string `json:"conditions"`
}

func (b *builder) family() (out []Relative) {
	for _, n := range b.Of("FamilyMemberHistory") {
		r := Relative{Relation: concept(n.Field("relationship")).Text, Fact: Fact{Evidence: prove(n, "relationship", "condition")}}
		for _, c := range n.Field("condition").Elements() {
			if t := concept(c.Field("code")).Text; t != "" {
				r.Conditions = append(r.Conditions, t)
			}
		}
		if r.Relation != "" && len(r.Conditions) > 0 {
			out = append(out, r)
		}
	}
	return out
}

// Document is a report or document of the record, with its text where that can be read here.
type Document struct {
	Fact
	Title      string `json:"title"`
	Date       Date   `json:"date"`
	Conclusion string `json:"conclusion,omitempty"` // DiagnosticReport.conclusion
	Text       string `json:"-"`                    // plain text, for quoting
}

// maxText is the most that is kept of a document's text.
const maxText = 1 << 20

func (b *builder) documents() (out []Document) {
	for _, n := range b.Of("DocumentReference") {
		if s := n.Field("status").Text(); s == "superseded" {
			continue
		}
		d := Document{Title: cmp.Or(plainName(n.Field("description").Text()), concept(n.Field("type")).Text, "Document"), Date: b.date(n.Field("date"))}
		for _, c := range n.Field("content").Elements() {
			d.Text += b.attachment(c.Field("attachment"))
		}
		d.Evidence = prove(n, "type", "description", "date", "content")
		out = append(out, d)
	}
	for _, n := range b.Of("DiagnosticReport") {
		d := Document{Title: concept(n.Field("code")).Text, Conclusion: strings.Join(strings.Fields(n.Field("conclusion").Text()), " ")}
		if d.Date = b.date(n.Field("effectiveDateTime")); !d.Date.Known() {
			d.Date = b.date(n.Field("issued"))
		}
		for _, a := range n.Field("presentedForm").Elements() {
			d.Text += b.attachment(a)
		}
		if d.Title == "" || d.Conclusion == "" && d.Text == "" {
			continue // its results are series
		}
		d.Evidence = prove(n, "code", "conclusion", "presentedForm", "effectiveDateTime", "issued")
		out = append(out, d)
	}
	out = slices.DeleteFunc(out, func(d Document) bool { return b.later(d.Date) })
	newest(out, func(d *Document) Date { return d.Date })
	return out
}

// attachment is the text of an attachment that holds text, in itself or in a Binary.
func (b *builder) attachment(a fhir.Node) string {
	data, kind := a.Field("data").Text(), a.Field("contentType").Text()
	if u := a.Field("url").Text(); data == "" && u != "" {
		if ref := fhir.ParseReference(u); ref.Key.Type == "Binary" {
			data = b.Resource(ref.Key.String()).Field("data").Text()
		}
	}
	if !strings.HasPrefix(kind, "text/plain") || len(data) > maxText {
		return ""
	}
	text, err := base64.StdEncoding.DecodeString(data)
	if err != nil {
		return ""
	}
	return strings.ToValidUTF8(string(text), "") + "\n"
}
