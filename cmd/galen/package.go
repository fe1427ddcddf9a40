// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"galen/internal/fault"
	"galen/internal/fhir/def"
	"galen/internal/fhir/pack"
	"galen/internal/fhir/validate"
)

// packageFlags says where packages are kept.
type packageFlags struct{ data, packages string }

func (p *packageFlags) add(c *cobra.Command) {
	c.PersistentFlags().StringVar(&p.data, "data", "./galen-data", "folder of everything that is kept; packages are in its folder packages")
	c.PersistentFlags().StringVar(&p.packages, "packages", "", "folder of packages, instead of DATA/packages")
}

func (p *packageFlags) folder() string {
	if p.packages != "" {
		return p.packages
	}
	return filepath.Join(p.data, "packages")
}

func newPackageCommand() *cobra.Command {
	var where packageFlags
	c := &cobra.Command{
		Use:   "package",
		Short: "Add, list and remove FHIR packages: profiles, value sets, code systems",
		Args:  noArgs,
		RunE:  func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	where.add(c)
	c.AddCommand(
		&cobra.Command{Use: "add FILE|FOLDER…", Short: "Add packages: package.tgz files, or folders that one was unpacked to", Args: wants(1, 0, "files or folders", "galen package add us-core.tgz"),
			RunE: func(c *cobra.Command, args []string) error { return addPackages(c.OutOrStdout(), where.folder(), args) }},
		&cobra.Command{Use: "list", Short: "List the packages that are there, and what they lack", Args: noArgs,
			RunE: func(c *cobra.Command, _ []string) error { return listPackages(c.OutOrStdout(), where.folder()) }},
		&cobra.Command{Use: "remove NAME#VERSION…", Short: "Remove packages", Args: wants(1, 0, "packages, as list names them", "galen package remove hl7.fhir.us.core#6.1.0"),
			RunE: func(c *cobra.Command, args []string) error {
				return removePackages(c.OutOrStdout(), where.folder(), args)
			}},
	)
	return c
}

func addPackages(out io.Writer, folder string, names []string) error {
	var added []string
	for _, name := range names {
		p, err := readPackage(name)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		if err := keepPackage(folder, p); err != nil {
			return err
		}
		fmt.Fprintf(out, "added %s: %d resources\n", p.ID(), len(p.Resources))
		added = append(added, p.ID())
	}
	return printMissing(out, folder, added...)
}

// keepPackage writes a package into the folder, whole or not at all.
func keepPackage(folder string, p *pack.Package) error {
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return err
	}
	tmp, err := os.CreateTemp(folder, ".new-*")
	if err != nil {
		return err
	}
	defer os.Remove(tmp.Name())
	if err := errors.Join(pack.Write(tmp, p), tmp.Sync(), tmp.Close()); err != nil {
		return err
	}
	return os.Rename(tmp.Name(), filepath.Join(folder, p.ID()+".tgz"))
}

func listPackages(out io.Writer, folder string) error {
	set, err := openPackages(folder)
	if err != nil {
		return err
	}
	if len(set.Packages()) == 0 {
		fmt.Fprintf(out, "no packages in %s: add one with galen package add FILE\n", folder)
		return nil
	}
	for _, p := range set.Packages() {
		fmt.Fprintf(out, "%-40s %5d resources\n", p.ID(), len(p.Resources))
	}
	return printMissing(out, folder)
}

// printMissing says which packages are missing that those named need, without a name any.
func printMissing(out io.Writer, folder string, of ...string) error {
	set, err := openPackages(folder)
	if err != nil {
		return err
	}
	for _, text := range set.Missing(of...) {
		fmt.Fprintln(out, "note:", text)
	}
	return nil
}

func removePackages(out io.Writer, folder string, ids []string) error {
	for _, id := range ids {
		if name, version, ok := strings.Cut(id, "#"); !ok || name == "" || version == "" || strings.ContainsAny(id, `/\`) {
			return usageError{fmt.Errorf("%q is no package: name it as galen package list does, name#version", id)}
		}
		err := os.Remove(filepath.Join(folder, id+".tgz"))
		if errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("there is no package %s in %s", id, folder)
		}
		if err != nil {
			return err
		}
		fmt.Fprintln(out, "removed", id)
	}
	return nil
}

// readPackage reads a package from an archive or a folder.
func readPackage(name string) (*pack.Package, error) {
	info, err := os.Stat(name)
	if err != nil {
		return nil, err
	}
	if info.IsDir() {
		return pack.ReadFolder(os.DirFS(name))
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return pack.Read(f)
}

// openPackages reads all packages of a folder: archives and unpacked ones. One that is not there has none.
func openPackages(folder string, preferred ...string) (*pack.Set, error) {
	entries, err := os.ReadDir(folder)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	var list []*pack.Package
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), ".") || !e.IsDir() && !strings.HasSuffix(e.Name(), ".tgz") {
			continue
		}
		p, err := readPackage(filepath.Join(folder, e.Name()))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", filepath.Join(folder, e.Name()), err)
		}
		list = append(list, p)
	}
	return pack.NewSet(list, preferred...), nil
}

// installed tells whether default profiles of a data store can be had.
func installed(set *pack.Set) func(names []string) error {
	return func(names []string) error {
		_, missing := set.Choose(names...)
		if len(missing) == 0 {
			return nil
		}
		return fault.New(fault.Invalid, "The profiles %s are not installed: add their package with \"galen package add FILE\" and start the server again; "+
			"\"galen package list\" shows what is there, and hl7.fhir.us.core#6.1.0 is us-core-6.1.0 here.", strings.Join(missing, ", ")).At("profileConfiguration.defaultProfiles")
	}
}

// profilesOf makes the profiles of packages usable; nil if there are no packages.
func profilesOf(set *pack.Set, defs *def.Definitions) *validate.Profiles {
	if len(set.Packages()) == 0 {
		return nil
	}
	return validate.NewProfiles(defs, set, nil)
}
