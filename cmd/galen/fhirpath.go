// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"galen/internal/fhir"
	"galen/internal/fhir/def"
	"galen/internal/fhir/fhirpath"
	"galen/internal/fhir/term"
	"galen/internal/fhir/term/ask"
	"galen/internal/fhir/validate"
	"galen/internal/fhir/xml"
	"galen/internal/terminology"
)

// newFHIRPathCommand is galen fhirpath EXPR [FILE]: the result of an expression on a resource, as a JSON array.
func newFHIRPathCommand() *cobra.Command {
	var q pathQuestion
	c := &cobra.Command{
		Use:   "fhirpath EXPR [FILE]",
		Short: "Evaluate a FHIRPath expression on a resource (from standard input without FILE)",
		Long: `fhirpath prints what a FHIRPath expression yields on a resource, JSON or XML, as a JSON array. memberOf, subsumes, conformsTo and slice are answered
from R4, the installed packages (galen package add) and the code systems that were added (galen terminology add); resolve() finds what is
contained, and the resources of a Bundle by their fullUrl.`,
		Args: wants(1, 2, "an expression and perhaps a file", "galen fhirpath Patient.name.family patient.json"),
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
			q.expression = args[0]
			return q.answer(in, c.OutOrStdout(), c.ErrOrStderr())
		},
	}
	c.Flags().BoolVar(&q.explain, "explain", false, "print the steps to standard error")
	c.Flags().BoolVar(&q.strict, "strict", false, "refuse paths that the definitions do not know")
	q.where.add(c)
	return c
}

// pathQuestion is a call of galen fhirpath.
type pathQuestion struct {
	expression      string
	explain, strict bool
	where           packageFlags
}

func (q *pathQuestion) answer(in io.Reader, out, log io.Writer) error {
	root, err := readResource(in)
	if err != nil {
		return err
	}
	mode := fhirpath.Language
	if q.strict {
		mode = fhirpath.Strict
	}
	d := def.R4()
	focus := fhirpath.Root(d, root)
	var context []*def.Structure
	if focus.Type != nil {
		context = append(context, focus.Type)
	}
	p, err := fhirpath.CompileMode(mode, d, q.expression, context...)
	if err != nil {
		return caret(q.expression, err)
	}
	var e fhirpath.Evaluator
	done, err := q.environment(&e.Env, root)
	if err != nil {
		return err
	}
	defer done()
	e.Env.Trace = func(name string, items []fhirpath.Value) {
		fmt.Fprintf(log, "trace %s: %s\n", name, fhirpath.AppendJSON(nil, items))
	}
	if q.explain {
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

// asking are the functions that are answered from packages and code systems, which take a moment to open.
var asking = []string{"memberOf", "subsume", "conformsTo", "slice"}

// environment sets what an expression may ask. done is called when all is answered.
func (q *pathQuestion) environment(env *fhirpath.Environment, root fhir.Node) (done func(), err error) {
	added, options := &systems{}, term.Options{Unit: terminology.KnownUnit}
	var profiles *validate.Profiles
	if slices.ContainsFunc(asking, func(name string) bool { return strings.Contains(q.expression, name) }) {
		set, err := openPackages(q.where.folder())
		if err != nil {
			return nil, err
		}
		if added, err = openTerminology(filepath.Join(q.where.data, "terminology")); err != nil {
			return nil, err
		}
		options.Systems, options.Source = added.all, terminology.Packages(set)
		profiles = validate.NewProfiles(def.R4(), set, nil)
	}
	*env = validate.NewWithProfiles(def.R4(), profiles).Environment(root, nil)
	env.Now, env.Terminology = time.Now(), ask.FHIRPath(term.New(options))
	return func() { _ = added.close() }, nil
}

// readResource reads a resource, JSON or XML.
func readResource(in io.Reader) (fhir.Node, error) {
	src, err := io.ReadAll(io.LimitReader(in, fhir.DefaultSize+1))
	if err != nil {
		return fhir.Node{}, err
	}
	if start := bytes.TrimLeft(src, "\ufeff \t\r\n"); len(start) > 0 && start[0] == '<' {
		decoded, err := xml.Decode(src, fhir.Limits{})
		if err != nil {
			return fhir.Node{}, err
		}
		src = decoded.JSON
	}
	tape := new(fhir.Tape)
	err = tape.Parse(src, fhir.Limits{})
	return tape.Root(), err
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
