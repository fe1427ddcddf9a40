// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"galen/internal/engine"
	"galen/internal/fhir/pack"
	"galen/internal/fhir/term"
	"galen/internal/search/index"
	"galen/internal/terminology"
)

// systemSuffix is what the files of code systems end in.
const systemSuffix = ".terms"

// openCodes opens the terminology of all data stores, with the code systems of a folder.
func (h *house) openCodes(folder string, e engine.Engine, terms *index.Index, packages *pack.Set) (*terminology.Service, error) {
	added, err := openTerminology(folder)
	if err != nil {
		return nil, err
	}
	h.closeLater(added.close)
	h.systems = added.all
	return terminology.New(e, terms, terminology.Options{Systems: added.all, Packages: packages, Index: h.stores.Index})
}

// systems are code systems that lie in files, which are mapped into memory.
type systems struct {
	all    []*term.System // of each URL the newest first
	names  []string       // of their files, without suffix
	mapped []func() error
}

// openTerminology opens the code systems of a folder. One that is not there has none.
func openTerminology(folder string) (*systems, error) {
	entries, err := os.ReadDir(folder)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	slices.Reverse(entries) // names end in the version
	s := &systems{}
	for _, e := range entries {
		name, ok := strings.CutSuffix(e.Name(), systemSuffix)
		if !ok || strings.HasPrefix(name, ".") {
			continue
		}
		path := filepath.Join(folder, e.Name())
		data, unmap, err := mapFile(path)
		if err == nil {
			s.mapped = append(s.mapped, unmap)
			var sys *term.System
			if sys, err = term.Open(data); err == nil {
				s.all, s.names = append(s.all, sys), append(s.names, name)
				continue
			}
		}
		return nil, errors.Join(fmt.Errorf("%s: %w: remove it, or add it again", path, err), s.close())
	}
	return s, nil
}

// close gives the memory back; nothing of the systems may be used any more.
func (s *systems) close() error {
	var errs []error
	for _, unmap := range s.mapped {
		errs = append(errs, unmap())
	}
	s.mapped = nil
	return errors.Join(errs...)
}
