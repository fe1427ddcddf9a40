// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"galen/internal/fhir"
)

// report writes findings as they come, and keeps nothing but their number.
type report struct {
	out  io.Writer
	json bool

	file                    string // the last one
	clean                   bool   // it has had no findings
	listed                  bool   // it was found in a folder
	files, resources        int
	errors, warnings, notes int
	wrote                   bool // JSON: a finding
	unchecked               int  // resources whose meta.profile no package could be asked about
}

// add takes what was found in a document.
func (r *report) add(doc input, found []finding) error {
	if doc.name != r.file {
		r.endFile()
		r.file, r.clean, r.listed = doc.name, true, doc.listed
		r.files++
	}
	if !doc.empty {
		r.resources++
	}
	r.clean = r.clean && len(found) == 0
	for _, f := range found {
		switch fhir.Severity(f.Severity) {
		case fhir.Error, fhir.Fatal:
			r.errors++
		case fhir.Warning:
			r.warnings++
		default:
			r.notes++
		}
	}
	if r.json {
		return r.addJSON(found)
	}
	printFindings(r.out, doc, found)
	return nil
}

// addJSON goes on with an array, a member at a time.
func (r *report) addJSON(found []finding) error {
	for _, f := range found {
		text, err := json.MarshalIndent(f, "  ", "  ")
		if err != nil {
			return err
		}
		before := ",\n  "
		if !r.wrote {
			before = "[\n  "
		}
		r.wrote = true
		if _, err := fmt.Fprintf(r.out, "%s%s", before, text); err != nil {
			return err
		}
	}
	return nil
}

// endFile says of a file that was named, and is done, that nothing was found.
func (r *report) endFile() {
	if r.file != "" && r.clean && !r.listed && !r.json {
		fmt.Fprintf(r.out, "%s: no findings\n", r.file)
	}
}

// end sums up. It fails if there was an error among the findings.
func (r *report) end() error {
	r.endFile()
	switch {
	case r.json && r.wrote:
		fmt.Fprintln(r.out, "\n]")
	case r.json:
		fmt.Fprintln(r.out, "[]")
	default:
		fmt.Fprintf(r.out, "%s, %s: %s, %s, %s\n", number(r.files, "file"), number(r.resources, "resource"),
			number(r.errors, "error"), number(r.warnings, "warning"), number(r.notes, "note"))
		if r.unchecked > 0 {
			fmt.Fprintf(r.out, "%s with profiles in meta.profile, which were not checked: no package is installed (galen package add)\n", number(r.unchecked, "resource"))
		}
	}
	if r.errors > 0 {
		return errors.New(number(r.errors, "error"))
	}
	return nil
}

// number is a number of things, such as 1 error or 2,000 errors.
func number(n int, thing string) string {
	if n != 1 {
		thing += "s"
	}
	return thousands(int64(n)) + " " + thing
}

// printFindings writes findings for people: place, text, and the line with a caret under where it is.
func printFindings(out io.Writer, doc input, found []finding) {
	if len(found) == 0 {
		return
	}
	lines := bytes.Split(doc.src, []byte("\n"))
	for _, f := range found {
		fmt.Fprintf(out, "%s:%d:%d: %s: %s\n", f.File, f.Line, f.Column, f.Severity, f.Text)
		if f.Expression != "" {
			fmt.Fprintf(out, "    at %s (%s)\n", f.Expression, f.Code)
		}
		if at := f.Line - doc.before; at >= 1 && at <= len(lines) {
			text, caret := excerpt(string(lines[at-1]), f.Column)
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
