// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"galen/internal/fhir/term"
)

// terminologyFlags are those of galen terminology.
type terminologyFlags struct {
	data    string
	version string
	json    bool
}

func (t *terminologyFlags) folder() string { return filepath.Join(t.data, "terminology") }

func newTerminologyCommand() *cobra.Command {
	t := &terminologyFlags{}
	c := &cobra.Command{
		Use:   "terminology",
		Short: "Add, list and remove code systems: LOINC, SNOMED CT, RxNorm, ICD-10-CM, CVX",
		Args:  noArgs,
		RunE:  func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.PersistentFlags().StringVar(&t.data, "data", "./galen-data", "folder of everything that is kept; code systems are in its folder terminology")
	c.PersistentFlags().BoolVar(&t.json, "json", false, "print JSON")
	add := &cobra.Command{
		Use:   "add loinc|snomed|rxnorm|icd-10-cm|cvx FILE|FOLDER…",
		Short: "Add a code system from the files that it is distributed as",
		Long: `Add a code system from the files of a release: name them, or the folder that the release was unpacked to. A server that is running
knows it after a restart.

  galen terminology add loinc Loinc_2.77/              Loinc.csv; AnswerList.csv, ComponentHierarchyBySystem.csv if they are there
  galen terminology add snomed SnomedCT_Release/       the RF2 snapshot
  galen terminology add rxnorm rrf/                    RXNCONSO.RRF; RXNREL.RRF
  galen terminology add icd-10-cm icd10cm-order-2021.txt
  galen terminology add cvx cvx.txt

You need the licence of what you add. The version is told by the names of the files where they have it; else give --version.`,
		Args: wants(2, 0, "a code system and its files", "galen terminology add loinc Loinc.csv"),
		RunE: func(c *cobra.Command, args []string) error {
			return t.addSystem(c.OutOrStdout(), c.ErrOrStderr(), args[0], args[1:])
		},
	}
	add.Flags().StringVar(&t.version, "version", "", "version of the release, as codes name it")
	c.AddCommand(add,
		&cobra.Command{Use: "list", Short: "List the code systems that were added", Args: noArgs,
			RunE: func(c *cobra.Command, _ []string) error { return t.listSystems(c.OutOrStdout()) }},
		&cobra.Command{Use: "remove NAME…", Short: "Remove code systems, by the names that list gives", Args: wants(1, 0, "names, as list gives them", "galen terminology remove loinc"),
			RunE: func(c *cobra.Command, args []string) error { return t.removeSystems(c.OutOrStdout(), args) }})
	return c
}

func (t *terminologyFlags) addSystem(out, progress io.Writer, name string, paths []string) error {
	release, ok := releases[name]
	if !ok {
		return usageError{fmt.Errorf("there is no importer for %q: it is one of loinc, snomed, rxnorm, icd-10-cm, cvx", name)}
	}
	files, err := findFiles(release, paths)
	if err != nil {
		return err
	}
	defer files.close()
	if t.version == "" {
		t.version = release.version(files)
	}
	if t.version == "" {
		return usageError{fmt.Errorf("the names of the files do not tell the version of %s: give --version", name)}
	}
	files.watch(progress)
	sys, err := release.read(files, t.version)
	files.done()
	if err != nil {
		return err
	}
	file, size, err := keepSystem(t.folder(), name, sys)
	if err != nil {
		return err
	}
	return t.print(out, "added", listedSystem{Name: file, URL: sys.URL, Version: sys.Version, Concepts: sys.Len(), Bytes: size})
}

// keepSystem writes a system into the folder, whole or not at all, and gives the name it has there.
func keepSystem(folder, name string, sys *term.System) (string, int, error) {
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return "", 0, err
	}
	text, err := sys.AppendBinary(nil)
	if err != nil {
		return "", 0, err
	}
	name += "-" + fileName(sys.Version)
	tmp, err := os.CreateTemp(folder, ".new-*")
	if err != nil {
		return "", 0, err
	}
	defer os.Remove(tmp.Name())
	_, err = tmp.Write(text)
	if err := errors.Join(err, tmp.Sync(), tmp.Close()); err != nil {
		return "", 0, err
	}
	return name, len(text), os.Rename(tmp.Name(), filepath.Join(folder, name+systemSuffix))
}

// fileName makes a version part of a file's name: the end of a URI, with nothing that a shell minds.
func fileName(version string) string {
	version = strings.TrimPrefix(version, "http://snomed.info/sct/")
	return strings.Map(func(r rune) rune {
		switch {
		case r >= '0' && r <= '9', r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r == '.', r == '-':
			return r
		}
		return '-'
	}, version)
}

// listedSystem is one line of galen terminology list.
type listedSystem struct {
	Name     string `json:"name"`
	URL      string `json:"url"`
	Version  string `json:"version"`
	Concepts int    `json:"concepts"`
	Bytes    int    `json:"bytes"`
}

func (t *terminologyFlags) print(out io.Writer, verb string, s listedSystem) error {
	if t.json {
		return json.NewEncoder(out).Encode(s)
	}
	if verb != "" {
		verb += " "
	}
	_, err := fmt.Fprintf(out, "%s%s: %s, version %s, %s concepts, %.1f MB\n", verb, s.Name, s.URL, s.Version, thousands(int64(s.Concepts)), float64(s.Bytes)/1e6)
	return err
}

func (t *terminologyFlags) listSystems(out io.Writer) error {
	systems, err := openTerminology(t.folder())
	if err != nil {
		return err
	}
	defer systems.close()
	if len(systems.all) == 0 && !t.json {
		fmt.Fprintf(out, "no code systems in %s: add one with galen terminology add\n", t.folder())
	}
	for i, sys := range systems.all {
		if err := t.print(out, "", listedSystem{systems.names[i], sys.URL, sys.Version, sys.Len(), sys.Memory()}); err != nil {
			return err
		}
	}
	return nil
}

func (t *terminologyFlags) removeSystems(out io.Writer, names []string) error {
	for _, name := range names {
		if name != fileName(name) {
			return usageError{fmt.Errorf("%q is no name that list gives", name)}
		}
		err := os.Remove(filepath.Join(t.folder(), name+systemSuffix))
		if errors.Is(err, os.ErrNotExist) {
			return usageError{fmt.Errorf("there is no %s: galen terminology list gives the names", name)}
		}
		if err != nil {
			return err
		}
		fmt.Fprintf(out, "removed %s\n", name)
	}
	return nil
}
