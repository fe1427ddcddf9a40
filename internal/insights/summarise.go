// SPDX-License-Identifier: Apache-2.0

package insights

import (
	"context"
	"strings"

	"galen/internal/fault"
	"galen/internal/fhir"
	"galen/internal/insights/facts"
	"galen/internal/insights/ips"
	"galen/internal/insights/render"
	"galen/internal/insights/rephrase"
	"galen/internal/llm"
)

// The limits of Input.
const (
	MaxDocuments = 10      // more are ignored, and said
	maxText      = 4 << 20 // bytes of a document's text that are read
)

// Summariser makes summaries. The zero Summariser asks no model. Any goroutine may use it.
type Summariser struct {
	Model *llm.Model // rewords the first screen; what it says is checked, and without it or its answer the summary is whole too
}

// Summarise makes the summary of a record. It fails with fault.NotFound if the patient is not among the resources, with
// fault.Unprocessable if Request.BirthDate contradicts the record, and with fault.Invalid if Now is not set. It does not
// fail because of the model: Output.Problems says if it could not be used.
func (m Summariser) Summarise(ctx context.Context, in Input) (Output, error) {
	s, record, out, err := compose(ctx, in)
	if err != nil {
		return Output{}, err
	}
	if m.Model != nil {
		if _, err := rephrase.Rephrase(ctx, m.Model, s); err != nil {
			out.Problems = append(out.Problems, "the language model could not be used ("+string(fault.KindOf(err))+"): the summary is written by rules")
		}
	}
	out.Files = []File{
		{"summary.json", "application/json", s.JSON(in.Now)},
		{"summary.md", "text/markdown; charset=utf-8", s.Markdown()},
		{"summary.html", "text/html; charset=utf-8", s.HTML()},
		{"facts.json", "application/json", s.Facts()},
		{"ips.json", "application/fhir+json", ips.Document(record, s.Base, ips.Options{Base: in.Server, Now: in.Now})},
	}
	return out, ctx.Err()
}

// Compose makes the summary before it takes the form of files; its Output has problems only. It
// asks no model, and fails as Summarise does.
func Compose(ctx context.Context, in Input) (*render.Summary, Output, error) {
	s, _, out, err := compose(ctx, in)
	return s, out, err
}

func compose(ctx context.Context, in Input) (*render.Summary, *facts.Record, Output, error) {
	if in.Now.IsZero() {
		return nil, nil, Output{}, fault.New(fault.Invalid, "a summary needs the time at which it is made")
	}
	record, err := facts.Read(in.Resources, in.Patient)
	if err != nil {
		return nil, nil, Output{}, err
	}
	if err := sameBirth(in.BirthDate, record.Patient().Field("birthDate").Text()); err != nil {
		return nil, nil, Output{}, err
	}
	out := Output{Problems: record.Problems}
	base := facts.Build(record, facts.Options{Now: in.Now})
	s := render.Write(base, render.Request{JobID: in.JobID, PatientID: in.Patient, Reason: strings.TrimSpace(in.Reason), Pronouns: in.Pronouns,
		Specialty: in.Specialty, Quotes: quotes(in.Documents, &out)})
	return s, record, out, ctx.Err()
}

// sameBirth fails if a date that the caller gives is not the record's, as far as both are known.
func sameBirth(asked, recorded string) error {
	a, ok := fhir.ParseDate(asked)
	if asked == "" || recorded == "" {
		return nil
	}
	if !ok {
		return fault.New(fault.Invalid, "dateOfBirth must be a date: YYYY-MM-DD")
	}
	r, ok := fhir.ParseDate(recorded)
	if order, comparable := a.Compare(r); ok && comparable && order != 0 || ok && a.Year != r.Year {
		return fault.New(fault.Unprocessable, "dateOfBirth is not the birth date in the patient's record: check patientId and dateOfBirth")
	}
	return nil
}

// quotes takes from each document what it says in short.
func quotes(documents []Document, out *Output) (list []render.Quote) {
	if len(documents) > MaxDocuments {
		documents = documents[:MaxDocuments]
		out.Problems = append(out.Problems, "only the first 10 documents were read")
	}
	for _, d := range documents {
		text := render.Excerpt(strings.ToValidUTF8(d.Text[:min(len(d.Text), maxText)], ""))
		if text == "" {
			out.Problems = append(out.Problems, "a document has no text")
			continue
		}
		list = append(list, render.Quote{Document: d.Name, Evidence: d.Reference, Text: text})
	}
	return list
}
