// SPDX-License-Identifier: Apache-2.0

package coding

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"time"
	"unicode/utf8"

	"galen/internal/blob"
	"galen/internal/coding/icd10"
	"galen/internal/fault"
	"galen/internal/job"
)

// run is the job. Doing it again after a crash writes the same file.
func (s *Service) run(ctx context.Context, run *job.Run) (job.State, error) {
	var spec Spec
	if err := json.Unmarshal(run.Job.Spec, &spec); err != nil {
		return "", fault.Wrap(fault.Internal, err, "the job's specification cannot be read")
	}
	file, notice, err := s.Code(spec.Text, spec.Patient.Sex, spec.Encounter.Date)
	if err != nil {
		return "", err
	}
	out, err := blob.ParseURI(spec.Output)
	if err != nil {
		return "", err
	}
	at := out.Join(run.Job.ID, "medical-codes.json")
	if err := blob.Put(ctx, s.o.Objects, at, file); err != nil {
		return "", fault.Wrap(fault.KindOf(err), err, "outputDataConfig.s3OutputPath: the codes could not be stored there")
	}
	return job.Done, run.Progress(ctx, Result{at.String(), notice})
}

// The shapes of medical-codes.json.
//
// https://docs.aws.amazon.com/connecthealth/latest/userguide/mc-outputs.html
type (
	codes struct {
		MedicalCodes []medicalCode `json:"medicalCodes"`
		Notice       string        `json:"notice"` // galen's own
	}
	medicalCode struct {
		Sequence    int        `json:"sequence"`
		System      string     `json:"system"`
		Version     string     `json:"version"`
		Name        string     `json:"name"` // the code
		Description string     `json:"description"`
		Unit        int        `json:"unit"`
		Evidence    []evidence `json:"evidence"`
		Linked      []struct{} `json:"linkedCodes"` // of procedures to what they are done for: none
		Modifiers   []struct{} `json:"modifiers"`   // of procedures
		Confidence  float64    `json:"confidence"`
	}
	evidence struct {
		Text  string `json:"text"`
		Start int    `json:"startOffset"` // in characters of the note
		End   int    `json:"endOffset"`   // of the character after the last
	}
)

// Code makes the file of codes of a note, with sex and date as Patient and Encounter have them, and says what its reader must know. It fails with
// fault.Unprocessable if ICD-10-CM was not imported.
func (s *Service) Code(text, sex, date string) (file []byte, notice string, err error) {
	r, notice := s.releaseFor(date)
	if r == nil {
		return nil, "", fault.New(fault.Unprocessable, "ICD-10-CM is not here. Import the year's order file (icd10cm-order-YYYY.txt, public domain, from cms.gov or cdc.gov) with: "+
			"galen terminology add icd-10-cm FILE, and start the server again")
	}
	index, err := r.open()
	if err != nil {
		return nil, "", err
	}
	found := codes{MedicalCodes: []medicalCode{}, Notice: notice}
	offsets := characters{text: text}
	for i, c := range index.Codes(text, icd10.Patient{Female: sex == "FEMALE", Male: sex == "MALE"}) {
		m := medicalCode{Sequence: i + 1, System: "ICD10", Version: index.Version(), Name: c.Code, Description: c.Title, Unit: 1,
			Linked: []struct{}{}, Modifiers: []struct{}{}, Confidence: c.Confidence}
		slices.SortFunc(c.Evidence, func(a, b icd10.Evidence) int { return a.Begin - b.Begin })
		for _, e := range c.Evidence {
			m.Evidence = append(m.Evidence, evidence{text[e.Begin:e.End], offsets.at(e.Begin), offsets.at(e.End)})
		}
		found.MedicalCodes = append(found.MedicalCodes, m)
	}
	file, err = json.MarshalIndent(found, "", "  ")
	return append(file, '\n'), notice, err
}

// characters turns places in bytes of a text into places in characters. Those that rise are counted on from one another.
type characters struct {
	text        string
	byte, count int
}

func (c *characters) at(b int) int {
	if b < c.byte {
		c.byte, c.count = 0, 0
	}
	c.count += utf8.RuneCountInString(c.text[c.byte:b])
	c.byte = b
	return c.count
}

// releaseFor gives the release that a date's codes are of, or else the newest, and what is to be said of it; nil if there is none.
func (s *Service) releaseFor(date string) (*release, string) {
	if len(s.releases) == 0 {
		return nil, ""
	}
	const always = "Only diagnoses are coded, by rules; a coder must review them. Procedures are not: the names of CPT codes are licensed by the American Medical Association."
	day, err := time.Parse(time.DateOnly, date)
	if err != nil { // no date
		return s.releases[0], fmt.Sprintf("ICD-10-CM %s. %s", s.releases[0].system.Version, always)
	}
	year := strconv.Itoa(day.AddDate(0, 3, 0).Year()) // a release is good from October of the year before
	for _, r := range s.releases {
		if r.system.Version == year {
			return r, fmt.Sprintf("ICD-10-CM %s. %s", year, always)
		}
	}
	return s.releases[0], fmt.Sprintf("ICD-10-CM %s, though the encounter's date asks for %s, which is not here. %s", s.releases[0].system.Version, year, always)
}
