// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"galen/internal/fhir"
	"galen/internal/fhir/def"
	"galen/internal/fhir/validate"
	"galen/internal/fhir/xml"
)

// maxValidated is the most bytes of a document that is validated: a file, or a line of NDJSON.
const maxValidated = 64 << 20

// validation is a run of galen validate.
type validation struct {
	where    packageFlags
	profiles []string
	json     bool
	rules    validate.Rules

	base  *validate.Validator
	extra *validate.Profiles
	bare  bool // no package is installed, nor is anything asked for that needs one
	tape  fhir.Tape
	report
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
		Use:   "validate FILE|FOLDER…",
		Short: "Check resources (JSON, XML, NDJSON) against FHIR R4 and profiles",
		Long: `validate checks resources against the definitions of FHIR R4, the profiles of --profile and those that their meta.profile names. Profiles come
from packages: galen package add. Before the first is added, meta.profile is left alone, and the last line says so.

A file is one resource as JSON or XML, a Bundle too, or by its name (.ndjson, .jsonl) one resource a line; each may be gzipped (.gz). Of a
folder all files of these names are read, in folders below it too; - is standard input. The last line sums up; the exit code is 1 if
there was an error.`,
		Args: wants(1, 0, "files or folders", "galen validate patient.json"),
		RunE: func(c *cobra.Command, args []string) error { return v.run(c.OutOrStdout(), args) },
	}
	v.where.add(c)
	c.Flags().StringArrayVar(&v.profiles, "profile", nil, "profile to check against, a canonical URL or its end (us-core-patient), |version may follow; may repeat")
	c.Flags().BoolVar(&v.json, "json", false, "write the findings as a JSON array, and no summary")
	c.Flags().BoolVar(&v.rules.Displays, "displays", false, "refuse a display that its code system does not give to the code")
	c.Flags().BoolVar(&v.rules.Global, "global", false, "apply the profiles that installed guides give as global to all resources of a type, and R4's vital signs by LOINC code")
	c.Flags().BoolVar(&v.rules.KnownExtensions, "known-extensions", false, "refuse extensions whose definitions are not installed")
	c.Flags().StringArrayVar(&v.rules.Domains, "domain", nil, "with --known-extensions, how urls of extensions that may be used begin; may repeat")
	return c
}

func (v *validation) run(out io.Writer, args []string) error {
	set, err := openPackages(v.where.folder())
	if err != nil {
		return err
	}
	if v.profiles, err = canonicals(set, v.profiles); err != nil {
		return err
	}
	v.base, v.extra = validate.New(def.R4()), validate.NewProfiles(def.R4(), set, nil).With(v.rules)
	v.report, v.bare = report{out: out, json: v.json}, len(set.Packages()) == 0 && !v.rules.Displays && !v.rules.Global && !v.rules.KnownExtensions
	for doc, err := range documents(args) {
		if err != nil {
			return err
		}
		var found []finding
		if !doc.empty {
			if found, err = v.document(doc); err != nil {
				return err
			}
		}
		if err := v.add(doc, found); err != nil {
			return err
		}
	}
	return v.end()
}

// document validates one document.
func (v *validation) document(doc input) (found []finding, err error) {
	position := func(offset int) (line, column int) { return fhir.Position(doc.src, offset) }
	note := func(line, column int, severity fhir.Severity, code, expression, text string) {
		found = append(found, finding{doc.name, doc.before + line, column, string(severity), code, expression, text})
	}
	text := doc.src
	var syntax *fhir.SyntaxError
	fatal := func() {
		text := strings.TrimSuffix(syntax.Error(), fmt.Sprintf(", line %d column %d", syntax.Line, syntax.Column))
		note(syntax.Line, syntax.Column, fhir.Fatal, "structure", "", text)
	}
	if start := bytes.TrimLeft(doc.src, "\ufeff \t\r\n"); len(start) > 0 && start[0] == '<' {
		decoded, err := xml.Decode(doc.src, fhir.Limits{Size: maxValidated})
		if errors.As(err, &syntax) {
			fatal()
			return found, nil
		} else if err != nil {
			return nil, fmt.Errorf("%s: %w", doc.name, err)
		}
		for _, f := range decoded.Findings {
			note(f.Line, f.Column, fhir.Error, "structure", f.Expression, f.Text)
		}
		text, position = decoded.JSON, decoded.Position
	}
	if err := v.tape.Parse(text, fhir.Limits{Size: maxValidated}); errors.As(err, &syntax) {
		fatal()
		return found, nil
	} else if err != nil {
		return nil, fmt.Errorf("%s: %w", doc.name, err)
	}
	root := v.tape.Root()
	level := validate.Strict
	if v.bare {
		level = validate.StructureOnly // of profiles, those of --profile only
		if root.Field("meta").Field("profile").Ok() {
			v.unchecked++
		}
	}
	list := append(v.base.Resource(root, validate.Strict), v.extra.Check(root, level, v.profiles...)...)
	slices.SortStableFunc(list, func(a, b validate.Finding) int { return a.Offset - b.Offset })
	for _, f := range list {
		line, column := position(f.Offset)
		note(line, column, f.Severity, f.Code, f.Expression, f.Text)
	}
	return found, nil
}
