// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"galen/internal/fhir"
	"galen/internal/fhir/def"
	"galen/internal/fhir/fhirpath"
	"galen/internal/fhir/term"
	"galen/internal/fhir/term/ask"
)

// newFHIRPathCommand is galen fhirpath EXPR [FILE]: the result of an expression on a resource, as a JSON array.
func newFHIRPathCommand() *cobra.Command {
	var explain, strict bool
	c := &cobra.Command{
		Use:   "fhirpath EXPR [FILE]",
		Short: "Evaluate a FHIRPath expression on a resource (from standard input without FILE)",
		Args:  wants(1, 2, "an expression and perhaps a file", "galen fhirpath Patient.name.family patient.json"),
		RunE: func(c *cobra.Command, args []string) error {
			if _, err := fhirpath.CompileMode(fhirpath.Language, def.R4(), args[0]); err != nil {
				return caret(args[0], err)
			}
			in := c.InOrStdin()
			if len(args) == 2 {
				f, err := os.Open(args[1])
				if err != nil {
					return err
				}
				defer f.Close()
				in = f
			}
			return evaluateFHIRPath(in, c.OutOrStdout(), c.ErrOrStderr(), args[0], explain, strict)
		},
	}
	c.Flags().BoolVar(&explain, "explain", false, "print the steps to standard error")
	c.Flags().BoolVar(&strict, "strict", false, "refuse paths that the definitions do not know")
	return c
}

func evaluateFHIRPath(in io.Reader, out, log io.Writer, expression string, explain, strict bool) error {
	src, err := io.ReadAll(io.LimitReader(in, fhir.DefaultSize+1))
	if err != nil {
		return err
	}
	var tape fhir.Tape
	if err := tape.Parse(src, fhir.Limits{}); err != nil {
		return err
	}
	mode := fhirpath.Language
	if strict {
		mode = fhirpath.Strict
	}
	d := def.R4()
	focus := fhirpath.Root(d, tape.Root())
	var context []*def.Structure
	if focus.Type != nil {
		context = append(context, focus.Type)
	}
	p, err := fhirpath.CompileMode(mode, d, expression, context...)
	if err != nil {
		return caret(expression, err)
	}
	var e fhirpath.Evaluator
	e.Env.Now = time.Now()
	e.Env.Terminology = ask.FHIRPath(term.New(term.Options{}))
	e.Env.Trace = func(name string, items []fhirpath.Value) {
		fmt.Fprintf(log, "trace %s: %s\n", name, fhirpath.AppendJSON(nil, items))
	}
	if explain {
		e.Explain = func(column int, name string, items []fhirpath.Value) {
			fmt.Fprintf(log, "%4d  %-16s %s\n", column, name, fhirpath.AppendJSON(nil, items))
		}
	}
	items, err := e.Evaluate(p, focus, focus)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, "%s\n", json.RawMessage(fhirpath.AppendJSON(nil, items)))
	return err
}

// caret puts the expression's line before a syntax error, and a caret under its column.
func caret(expression string, err error) error {
	var syntax *fhirpath.SyntaxError
	if !errors.As(err, &syntax) {
		return err
	}
	at := min(max(syntax.Column-1, 0), len(expression))
	from := strings.LastIndexByte(expression[:at], '\n') + 1
	line, _, _ := strings.Cut(expression[from:], "\n")
	const width = 60 // shown either side of the column
	if at-from > width {
		line, from = line[at-from-width:], at-width
	}
	line = line[:min(len(line), 2*width)]
	blank := strings.Map(func(r rune) rune {
		if r == '\t' {
			return r
		}
		return ' '
	}, expression[from:at])
	return fmt.Errorf("%w\n%s\n%s^", err, line, blank)
}
