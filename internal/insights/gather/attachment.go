// SPDX-License-Identifier: Apache-2.0

package gather

import (
	"cmp"
	"context"
	"encoding/base64"
	"fmt"
	"slices"
	"strings"

	"galen/internal/fault"
	"galen/internal/fhir"
	"galen/internal/insights"
	"galen/internal/insights/document"
)

// attachment is a document that a DocumentReference holds or points to.
type attachment struct {
	reference   string // DocumentReference/id
	title       string
	date        string
	contentType string
	data        string // base64; empty if it is elsewhere
	url         string
}

// attachments reads the documents of the record's DocumentReferences, newest first, as many as may still be read.
func (g *Gatherer) attachments(ctx context.Context, c *collection, s server) error {
	all := attachmentsOf(c.record.Resources)
	unread := map[string]int{}
	for _, a := range all {
		if c.left == 0 {
			unread[fmt.Sprintf("a job reads at most %d documents", maxDocuments)]++
			continue
		}
		text, err := g.attachmentText(ctx, s, a)
		if err != nil {
			if ctx.Err() != nil {
				return err
			}
			unread[fault.All(err)[0].Text]++
			continue
		}
		c.left--
		c.record.Documents = append(c.record.Documents, insights.Document{Name: cmp.Or(a.title, "Document"), Reference: a.reference, Date: a.date, Text: text})
	}
	for _, why := range sorted(unread) {
		c.note(fmt.Sprintf("%d of %d documents of the record were not read: %s.", unread[why], len(all), why))
	}
	return nil
}

func sorted(m map[string]int) []string {
	var keys []string
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// attachmentsOf finds the attachments of resources that are not in error, newest first.
func attachmentsOf(resources [][]byte) []attachment {
	var all []attachment
	var tape fhir.Tape
	for _, r := range resources {
		if tape.Parse(r, fhir.Limits{Size: max(len(r), 1)}) != nil {
			continue // it was read before, so this cannot be
		}
		d := tape.Root()
		if !d.Field("resourceType").Is("DocumentReference") || d.Field("status").Is("entered-in-error") || d.Field("docStatus").Is("entered-in-error") {
			continue
		}
		date := cmp.Or(d.Field("date").Text(), d.Field("context").Field("period").Field("start").Text())
		title := cmp.Or(d.Field("description").Text(), d.Field("type").Field("text").Text(),
			d.Field("type").Field("coding").First().Field("display").Text())
		for _, content := range d.Field("content").Elements() {
			a := content.Field("attachment")
			all = append(all, attachment{reference: strings.Clone("DocumentReference/" + d.Field("id").Text()),
				title: strings.Clone(cmp.Or(a.Field("title").Text(), title)), date: strings.Clone(cmp.Or(a.Field("creation").Text(), date)),
				contentType: strings.Clone(a.Field("contentType").Text()), data: strings.Clone(a.Field("data").Text()), url: strings.Clone(a.Field("url").Text())})
		}
	}
	slices.SortStableFunc(all, func(a, b attachment) int {
		return cmp.Or(cmp.Compare(b.date, a.date), cmp.Compare(a.reference, b.reference))
	})
	return all
}

// attachmentText is the text of a document of the record.
func (g *Gatherer) attachmentText(ctx context.Context, s server, a attachment) (string, error) {
	data, contentType, err := g.attachmentData(ctx, s, a)
	if err != nil {
		return "", err
	}
	kind := document.KindOf("", contentType, data)
	if kind == document.JSON || kind == document.NDJSON {
		return "", fault.New(fault.Unprocessable, "they hold data, not text")
	}
	return g.o.Documents.Text(ctx, kind, strings.NewReader(string(data)))
}

// attachmentData is the content of a document of the record and its type: inline, or a Binary of the same server.
func (g *Gatherer) attachmentData(ctx context.Context, s server, a attachment) (data []byte, contentType string, err error) {
	if a.data != "" {
		data, err = decode(a.data)
		return data, a.contentType, err
	}
	if a.url == "" {
		return nil, "", fault.New(fault.Unprocessable, "they have no content")
	}
	body, err := s.get(ctx, a.url)
	if err != nil {
		return nil, "", fault.Wrap(fault.KindOf(err), err, "they could not be fetched")
	}
	var tape fhir.Tape
	if tape.Parse(body, fhir.Limits{Size: max(g.o.MaxAnswer, len(body))}) != nil || !tape.Root().Field("resourceType").Is("Binary") {
		return body, a.contentType, nil // the content itself
	}
	binary := tape.Root()
	data, err = decode(binary.Field("data").Text())
	return data, strings.Clone(cmp.Or(binary.Field("contentType").Text(), a.contentType)), err
}

// decode reads base64, with line breaks as some systems write it.
func decode(text string) ([]byte, error) {
	if strings.ContainsAny(text, " \n\r\t") {
		text = strings.Join(strings.Fields(text), "")
	}
	data, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return nil, fault.New(fault.Unprocessable, "their content is not base64")
	}
	return data, nil
}
