// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"galen/internal/synth"
)

// synthFlags are what the command line says.
type synthFlags struct {
	patients, years int
	seed            uint64
	out, format     string
	modules, date   string
	gzip, json      bool
}

func newSynthCommand() *cobra.Command {
	var f synthFlags
	c := &cobra.Command{
		Use:   "synth",
		Short: "Make up patients with the whole of their records",
		Long: `Write made-up patients as FHIR R4 to a folder: one .ndjson file for each type, or with --format bundle one transaction
Bundle for each patient, after organizations.json, which has to be loaded first. The same flags write the same bytes on every machine.

Illnesses are state machines in JSON; --modules adds your own, in the format of Synthea's Generic Module Framework.`,
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error { return f.run(c) },
	}
	c.Flags().IntVar(&f.patients, "patients", 100, "how many patients")
	c.Flags().Uint64Var(&f.seed, "seed", 1, "another seed makes other people")
	c.Flags().StringVar(&f.out, "out", "", "folder to write to; it is made if it is not there")
	c.Flags().StringVar(&f.format, "format", "ndjson", "ndjson or bundle")
	c.Flags().BoolVar(&f.gzip, "gzip", false, "compress the files")
	c.Flags().StringVar(&f.modules, "modules", "", "folder of modules beside the built-in ones")
	c.Flags().StringVar(&f.date, "date", "", "the present of the patients, YYYY-MM-DD (default "+synth.DefaultDate.Format(time.DateOnly)+")")
	c.Flags().IntVar(&f.years, "years", 10, "years of history that are written; -1 for all")
	c.Flags().BoolVar(&f.json, "json", false, "print a summary as JSON")
	return c
}

// options checks the flags.
func (f *synthFlags) options() (synth.Options, error) {
	o := synth.Options{Patients: f.patients, Seed: f.seed, Years: f.years}
	if f.out == "" {
		return o, usageError{errors.New("--out is needed: the folder to write to")}
	}
	switch f.format {
	case "ndjson":
	case "bundle":
		o.Bundles = true
	default:
		return o, usageError{fmt.Errorf("--format is ndjson or bundle, not %q", f.format)}
	}
	if f.date != "" {
		date, err := time.Parse(time.DateOnly, f.date)
		if err != nil {
			return o, usageError{fmt.Errorf("--date %q is not YYYY-MM-DD", f.date)}
		}
		o.Date = date
	}
	if f.modules != "" {
		if s, err := os.Stat(f.modules); err != nil || !s.IsDir() {
			return o, usageError{fmt.Errorf("--modules %q is not a folder", f.modules)}
		}
		o.Modules = []fs.FS{os.DirFS(f.modules)}
	}
	return o, nil
}

// synthSummary is what was written.
type synthSummary struct {
	Patients  int            `json:"patients"`
	Resources int            `json:"resources"`
	Bytes     int64          `json:"bytes"`
	Seconds   float64        `json:"seconds"`
	Types     map[string]int `json:"types"`
}

func (f *synthFlags) run(c *cobra.Command) error {
	o, err := f.options()
	if err != nil {
		return err
	}
	if err := os.MkdirAll(f.out, 0o755); err != nil {
		return err
	}
	files := &synthFiles{dir: f.out, gzip: f.gzip, bundles: o.Bundles, open: map[string]*synthFile{}}
	sum := synthSummary{Types: map[string]int{}}
	start, told := time.Now(), time.Now()
	err = synth.Generate(c.Context(), o, func(typ string, line []byte) error {
		sum.Types[typ]++
		sum.Resources++
		sum.Bytes += int64(len(line))
		if typ == "Patient" {
			sum.Patients++
		}
		if sum.Resources%1000 == 0 && time.Since(told) > 5*time.Second {
			told = time.Now()
			done := sum.Patients
			if o.Bundles {
				done = sum.Resources - 1
			}
			fmt.Fprintf(c.ErrOrStderr(), "%d of %d patients, %.0f MB\n", done, o.Patients, float64(sum.Bytes)/1e6)
		}
		return files.write(typ, line)
	})
	if err := errors.Join(err, files.close()); err != nil {
		return err
	}
	if o.Bundles {
		sum.Patients = sum.Resources - 1
	}
	sum.Seconds = time.Since(start).Seconds()
	if f.json {
		e := json.NewEncoder(c.OutOrStdout())
		e.SetIndent("", "  ")
		return e.Encode(sum)
	}
	what := "resources"
	if o.Bundles {
		what = "bundles"
	}
	fmt.Fprintf(c.OutOrStdout(), "%d patients in %d %s, %.1f MB, in %.1f s, in %s\n", sum.Patients, sum.Resources, what, float64(sum.Bytes)/1e6, sum.Seconds, f.out)
	return nil
}

// synthFiles writes to one file for each type, or for each bundle.
type synthFiles struct {
	dir     string
	gzip    bool
	bundles bool
	written int
	open    map[string]*synthFile
}

type synthFile struct {
	file *os.File
	buf  *bufio.Writer
	zip  *gzip.Writer
	io.Writer
}

func (s *synthFiles) write(typ string, line []byte) error {
	name := typ + ".ndjson"
	if s.bundles {
		name = "organizations.json"
		if s.written > 0 {
			name = fmt.Sprintf("patient-%07d.json", s.written)
		}
		s.written++
	}
	f, ok := s.open[name]
	if !ok {
		var err error
		if f, err = s.create(name); err != nil {
			return err
		}
	}
	if s.bundles {
		_, err := f.Write(line)
		return errors.Join(err, f.close())
	}
	s.open[name] = f
	_, err := f.Write(line)
	return err
}

func (s *synthFiles) create(name string) (*synthFile, error) {
	if s.gzip {
		name += ".gz"
	}
	file, err := os.Create(filepath.Join(s.dir, name))
	if err != nil {
		return nil, err
	}
	f := &synthFile{file: file, buf: bufio.NewWriterSize(file, 1<<18)}
	f.Writer = f.buf
	if s.gzip {
		if f.zip, err = gzip.NewWriterLevel(f.buf, gzip.BestSpeed); err != nil {
			return nil, errors.Join(err, file.Close())
		}
		f.Writer = f.zip
	}
	return f, nil
}

func (f *synthFile) close() error {
	var err error
	if f.zip != nil {
		err = f.zip.Close()
	}
	return errors.Join(err, f.buf.Flush(), f.file.Close())
}

func (s *synthFiles) close() error {
	var err error
	for _, f := range s.open {
		err = errors.Join(err, f.close())
	}
	return err
}
