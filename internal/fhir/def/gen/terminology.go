// SPDX-License-Identifier: Apache-2.0

package main

import (
	"maps"
	"slices"
)

type codeSystem struct {
	URL, Version, Content string
	CaseSensitive         bool
	Concept               []concept
}

type concept struct {
	Code     string
	Concept  []concept
	Property []struct{ Code, ValueCode string }
}

var terminologyFiles = []string{"valuesets.json", "v2-tables.json", "v3-codesystems.json"}

// terminology writes every code system with its codes, then every value set:
//
//	Y url version flags codes… flags: c complete, s case-sensitive; a code has its depth before it as one byte from 'a'
//	H parent codes…            more children of a code of the system above, which has them under other parents too
//	V url flags                flags: e enumerable
//	I system codes…            codes of an enumerable value set; * alone stands for the whole system
func terminology(from string, w *lines) error {
	systems := map[string]codeSystem{}
	sets := map[string]valueSet{}
	for _, file := range terminologyFiles {
		found, err := resources[codeSystem](from, file, "CodeSystem")
		if err != nil {
			return err
		}
		for _, s := range found {
			systems[s.URL] = s
		}
		values, err := resources[valueSet](from, file, "ValueSet")
		if err != nil {
			return err
		}
		for _, v := range values {
			sets[v.URL] = v
		}
	}
	for _, url := range slices.Sorted(maps.Keys(systems)) {
		writeSystem(systems[url], w)
	}
	x := expander{systems: systems, sets: sets}
	for _, url := range slices.Sorted(maps.Keys(sets)) {
		x.write(sets[url], w)
	}
	return nil
}

func writeSystem(s codeSystem, w *lines) {
	flags := ""
	if s.Content == "complete" {
		flags += "c"
	}
	if s.CaseSensitive {
		flags += "s"
	}
	var codes []string
	more := map[string][]string{}
	var walk func(list []concept, depth byte)
	walk = func(list []concept, depth byte) {
		for _, c := range list {
			codes = append(codes, string('a'+depth)+c.Code)
			for _, p := range c.Property {
				if p.Code == "child" {
					more[c.Code] = append(more[c.Code], p.ValueCode)
				}
			}
			walk(c.Concept, depth+1)
		}
	}
	walk(s.Concept, 0)
	w.line(append([]string{"Y", s.URL, s.Version, flags}, codes...)...)
	for _, parent := range slices.Sorted(maps.Keys(more)) {
		w.line(append([]string{"H", parent}, more[parent]...)...)
	}
}
