// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"galen/internal/fhir"
	"galen/internal/fhir/def"
	"galen/internal/fhir/validate"
	"galen/internal/fhir/xml"
)

// maxValidated is the largest file that is validated.
const maxValidated = 64 << 20

// validation is a run of galen validate.
type validation struct {
	where    packageFlags
	profiles []string
	json     bool
	rules    validate.Rules

	base   *validate.Validator
	extra  *validate.Profiles
	errors int
}

// finding is one finding as --json writes it.
type finding struct {
	File       string `json:"file"`
	Line       int    `json:"line"`
	Column     int    `json:"column"`
	Severity   string `json:"severity"`
	Code       string `json:"code"`
	Expression string `json:"expression,omitempty"`
	Text       string `json:"text"`
}

func newValidateCommand() *cobra.Command {
	var v validation
	c := &cobra.Command{
		Use:   "validate FILE…",
		Short: "Check resources (JSON or XML) against FHIR R4 and profiles",
		Long: `validate checks each file, a resource as JSON or XML, against the definitions of FHIR R4, the profiles of --profile and those that its
meta.profile names. Profiles come from packages: galen package add.`,
		Args: wants(1, 0, "files or folders", "galen validate patient.json"),
		RunE: func(c *cobra.Command, args []string) error { return v.run(c.OutOrStdout(), args) },
	}
	v.where.add(c)
	c.Flags().StringArrayVar(&v.profiles, "profile", nil, "profile to check against, a canonical URL, |version may follow; may repeat")
	c.Flags().BoolVar(&v.json, "json", false, "write the findings as a JSON array")
	c.Flags().BoolVar(&v.rules.Displays, "displays", false, "refuse a display that its code system does not give to the code")
	c.Flags().BoolVar(&v.rules.Global, "global", false, "apply the profiles that installed guides give as global to all resources of a type")
	c.Flags().BoolVar(&v.rules.KnownExtensions, "known-extensions", false, "refuse extensions whose definitions are not installed")
	c.Flags().StringArrayVar(&v.rules.Domains, "domain", nil, "with --known-extensions, how urls of extensions that may be used begin; may repeat")
	return c
}

func (v *validation) run(out io.Writer, files []string) error {
	set, err := openPackages(v.where.folder())
	if err != nil {
		return err
	}
	v.base, v.extra = validate.New(def.R4()), validate.NewProfiles(def.R4(), set, nil).With(v.rules)
	all := []finding{}
	for _, name := range files {
		src, found, err := v.file(name)
		if err != nil {
			return err
		}
		if v.json {
			all = append(all, found...)
			continue
		}
		printFindings(out, name, src, found)
	}
	if v.json {
		e := json.NewEncoder(out)
		e.SetIndent("", "  ")
		if err := e.Encode(all); err != nil {
			return err
		}
	}
	switch v.errors {
	case 0:
		return nil
	case 1:
		return errors.New("1 error")
	}
	return fmt.Errorf("%d errors", v.errors)
}

// file validates one file.
func (v *validation) file(name string) (src []byte, found []finding, err error) {
	src, err = os.ReadFile(name)
	if err != nil {
		return nil, nil, err
	}
	position := func(offset int) (line, column int) { return fhir.Position(src, offset) }
	text := src
	var syntax *fhir.SyntaxError
	if start := bytes.TrimLeft(src, "\ufeff \t\r\n"); len(start) > 0 && start[0] == '<' {
		doc, err := xml.Decode(src, fhir.Limits{Size: maxValidated})
		if errors.As(err, &syntax) {
			v.errors++
			return src, []finding{{name, syntax.Line, syntax.Column, string(fhir.Fatal), "structure", "", syntax.Error()}}, nil
		} else if err != nil {
			return nil, nil, fmt.Errorf("%s: %w", name, err)
		}
		for _, f := range doc.Findings {
			v.errors++
			found = append(found, finding{name, f.Line, f.Column, string(fhir.Error), "structure", f.Expression, f.Text})
		}
		text, position = doc.JSON, doc.Position
	}
	var tape fhir.Tape
	if err := tape.Parse(text, fhir.Limits{Size: maxValidated}); errors.As(err, &syntax) {
		v.errors++
		return src, []finding{{name, syntax.Line, syntax.Column, string(fhir.Fatal), "structure", "", syntax.Error()}}, nil
	} else if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", name, err)
	}
	list := append(v.base.Resource(tape.Root(), validate.Strict), v.extra.Check(tape.Root(), validate.Strict, v.profiles...)...)
	slices.SortStableFunc(list, func(a, b validate.Finding) int { return a.Offset - b.Offset })
	for _, f := range list {
		if f.Severity == fhir.Error || f.Severity == fhir.Fatal {
			v.errors++
		}
		line, column := position(f.Offset)
		found = append(found, finding{name, line, column, string(f.Severity), f.Code, f.Expression, f.Text})
	}
	return src, found, nil
}

// printFindings writes findings for people: place, text, and the line with a caret under where it is.
func printFindings(out io.Writer, name string, src []byte, found []finding) {
	if len(found) == 0 {
		fmt.Fprintf(out, "%s: no findings\n", name)
		return
	}
	lines := bytes.Split(src, []byte("\n"))
	for _, f := range found {
		fmt.Fprintf(out, "%s:%d:%d: %s: %s\n", f.File, f.Line, f.Column, f.Severity, f.Text)
		if f.Expression != "" {
			fmt.Fprintf(out, "    at %s (%s)\n", f.Expression, f.Code)
		}
		if f.Line >= 1 && f.Line <= len(lines) {
			text, caret := excerpt(string(lines[f.Line-1]), f.Column)
			fmt.Fprintf(out, "    %s\n    %s^\n", text, strings.Repeat(" ", caret))
		}
	}
}

// excerpt cuts a long line around a column (in bytes, from 1), and gives the caret's place in what is left.
func excerpt(line string, column int) (text string, caret int) {
	const width = 100
	at := min(max(column-1, 0), len(line))
	start := max(0, at-width/2)
	end := min(len(line), start+width)
	clean := func(s string) string {
		return strings.Map(func(r rune) rune {
			if r < ' ' {
				return ' '
			}
			return r
		}, strings.ToValidUTF8(s, ""))
	}
	return clean(line[start:end]), len([]rune(clean(line[start:at])))
}
