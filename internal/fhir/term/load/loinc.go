// SPDX-License-Identifier: Apache-2.0

package load

import (
	"encoding/csv"
	"errors"
	"io"
	"strings"

	"galen/internal/fault"
	"galen/internal/fhir/term"
)

// LOINCFiles are files of a LOINC release.
type LOINCFiles struct {
	Table     io.Reader // LoincTable/Loinc.csv
	Answers   io.Reader // AccessoryFiles/AnswerFile/AnswerList.csv; nil: no answer lists
	Hierarchy io.Reader // AccessoryFiles/ComponentHierarchyBySystem/ComponentHierarchyBySystem.csv; nil: no hierarchy
}

// The columns that become properties, by the names that FHIR gives them, which are those of the table.
var loincProperties = []string{"COMPONENT", "PROPERTY", "TIME_ASPCT", "SYSTEM", "SCALE_TYP", "METHOD_TYP", "CLASS", "STATUS",
	"CLASSTYPE", "ORDER_OBS", "VersionLastChanged", "CHNG_TYPE", "EXAMPLE_UCUM_UNITS", "MAP_TO"}

// Columns that become designations.
var loincNames = []string{"SHORTNAME", "CONSUMER_NAME", "DisplayName", "RELATEDNAMES2"}

// LOINC reads a release: concepts with their long common name, their axes as properties, answers with the property answer-list,
// parts that group them as a hierarchy. Deprecated concepts are inactive.
//
// http://hl7.org/fhir/R4/loinc.html
func LOINC(files LOINCFiles, version string) (*term.System, error) {
	info := term.Info{URL: "http://loinc.org", Version: version, Name: "LOINC", Title: "Logical Observation Identifiers, Names and Codes (LOINC)",
		Content: term.Complete, CaseInsensitive: true, Hierarchy: "is-a", ValueSet: "http://loinc.org/vs", Language: "en-US"}
	for _, p := range loincProperties {
		info.PropertyDefinitions = append(info.PropertyDefinitions, term.PropertyDefinition{Code: p, Type: term.PropertyString, URI: "http://loinc.org/property/" + p})
	}
	info.PropertyDefinitions = append(info.PropertyDefinitions, term.PropertyDefinition{Code: "answer-list", Type: term.PropertyString})
	b := term.NewBuilder(info)
	if err := eachRow("Loinc.csv", files.Table, []string{"LOINC_NUM", "LONG_COMMON_NAME"}, func(row row) { loincRow(b, row) }); err != nil {
		return nil, err
	}
	if files.Answers != nil {
		err := eachRow("AnswerList.csv", files.Answers, []string{"AnswerListId", "AnswerStringId", "DisplayText"}, func(row row) { answerRow(b, row) })
		if err != nil {
			return nil, err
		}
	}
	if files.Hierarchy != nil {
		err := eachRow("ComponentHierarchyBySystem.csv", files.Hierarchy, []string{"IMMEDIATE_PARENT", "CODE", "CODE_TEXT"}, func(row row) { hierarchyRow(b, row) })
		if err != nil {
			return nil, err
		}
	}
	return build("Loinc.csv", b)
}

func loincRow(b *term.Builder, row row) {
	code := row.get("LOINC_NUM")
	if code == "" {
		return
	}
	i := b.Concept(code)
	b.Display(i, row.get("LONG_COMMON_NAME"))
	for _, p := range loincProperties {
		if v := row.get(p); v != "" {
			b.Property(i, p, v)
		}
	}
	for _, name := range loincNames {
		if v := row.get(name); v != "" {
			b.Designate(i, term.Designation{Language: "en-US", Use: term.Coding{System: "http://loinc.org", Code: name}, Value: v})
		}
	}
	if row.get("STATUS") == "DEPRECATED" {
		b.Inactive(i)
	}
}

func answerRow(b *term.Builder, row row) {
	code, list := row.get("AnswerStringId"), row.get("AnswerListId")
	if code == "" || list == "" {
		return
	}
	i := b.Concept(code)
	if !b.HasDisplay(i) {
		b.Display(i, row.get("DisplayText"))
	}
	b.Property(i, "answer-list", list)
}

func hierarchyRow(b *term.Builder, row row) {
	if row.get("CODE") == "" {
		return
	}
	i := b.Concept(row.get("CODE"))
	if !b.HasDisplay(i) {
		b.Display(i, row.get("CODE_TEXT"))
	}
	if parent := row.get("IMMEDIATE_PARENT"); parent != "" {
		b.Parent(i, b.Concept(parent))
	}
}

// row is a line of a CSV file by the names of its columns.
type row struct {
	columns map[string]int
	fields  []string
}

func (r row) get(column string) string {
	if i, ok := r.columns[column]; ok && i < len(r.fields) {
		return r.fields[i]
	}
	return ""
}

// eachRow reads a CSV file whose first line names its columns.
func eachRow(name string, r io.Reader, needed []string, each func(row row)) error {
	if r == nil {
		return fault.New(fault.Invalid, "%s is missing", name)
	}
	in := csv.NewReader(&bounded{r: r})
	in.ReuseRecord = true
	in.FieldsPerRecord = -1
	head, err := in.Read()
	if err != nil {
		return csvError(name, err)
	}
	columns := map[string]int{}
	for i, c := range head {
		columns[strings.Clone(strings.TrimPrefix(c, "\ufeff"))] = i
	}
	for _, c := range needed {
		if _, ok := columns[c]; !ok {
			return fault.New(fault.Invalid, "%s has no column %s", name, c)
		}
	}
	for {
		fields, err := in.Read()
		switch {
		case err == io.EOF:
			return nil
		case err != nil:
			return csvError(name, err)
		}
		each(row{columns, fields})
	}
}

func csvError(name string, err error) error {
	var bad *csv.ParseError
	switch {
	case err == io.EOF:
		return fault.New(fault.Invalid, "%s is empty", name)
	case errors.As(err, &bad):
		return fault.New(fault.Invalid, "line %d of %s is no CSV", bad.Line, name)
	case errors.Is(err, errRecord):
		return fault.New(fault.TooLarge, "%s has a field of more than %d bytes", name, maxField)
	}
	return fault.Wrap(fault.Unavailable, err, "%s cannot be read", name)
}

const maxField = 8 << 20 // bytes within quotes

var errRecord = errors.New("a quoted field does not end")

// bounded stops a quote that never closes from taking the rest of the file as one field.
type bounded struct {
	r      io.Reader
	within int // bytes since the quote
	quoted bool
}

func (b *bounded) Read(p []byte) (int, error) {
	n, err := b.r.Read(p)
	for _, c := range p[:n] {
		if c == '"' {
			b.quoted, b.within = !b.quoted, 0
		} else if b.quoted {
			b.within++
		}
	}
	if b.quoted && b.within > maxField {
		return 0, errRecord
	}
	return n, err
}
