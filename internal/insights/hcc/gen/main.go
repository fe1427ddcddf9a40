// SPDX-License-Identifier: Apache-2.0

// Command gen makes the tables of package hcc from a folder of CMS's published risk adjustment tables, laid out as
// MODEL/VERSION/YEAR with diag_to_category_map.txt (code, category, D for one more), category_definition.json (names) and
// hierarchy_definition.json (what a category displaces). The Python package risk_adjustment_model (MIT) carries them so,
// under reference_data; the tables themselves are works of the United States Government.
//
// A line of the output is a category: its number, its name, the categories it displaces and its ICD-10-CM codes without
// dots, each list with blanks between, the columns with tabs between.
package main

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// tables are the tables made: the folder read and the file written.
var tables = [][2]string{
	{"medicare/v24/2025", "cms-v24-2025"}, {"medicare/v28/2026", "cms-v28-2026"}, {"medicare/v28/2027", "cms-v28-2027"},
	{"commercial/v08/2025", "hhs-v08-2025"}, {"commercial/v08/2026", "hhs-v08-2026"},
}

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: gen reference_data tables")
		os.Exit(2)
	}
	for _, t := range tables {
		if err := write(filepath.Join(os.Args[1], t[0]), filepath.Join(os.Args[2], t[1]+"_gen.txt")); err != nil {
			fmt.Fprintln(os.Stderr, "gen:", err)
			os.Exit(1)
		}
	}
}

type definition struct {
	Descr  string   `json:"descr"`
	Type   string   `json:"type"`
	Remove []string `json:"remove_code"`
}

func write(from, to string) error {
	var names, hierarchy map[string]definition
	if err := read(filepath.Join(from, "category_definition.json"), &names); err != nil {
		return err
	}
	if err := read(filepath.Join(from, "hierarchy_definition.json"), &hierarchy); err != nil {
		return err
	}
	codes, err := readCodes(filepath.Join(from, "diag_to_category_map.txt"))
	if err != nil {
		return err
	}
	var lines []string
	for key, d := range names {
		n := number(key)
		if d.Type != "disease" || len(codes[n]) == 0 {
			continue
		}
		var drops []string
		for _, r := range hierarchy[key].Remove {
			drops = append(drops, number(r))
		}
		slices.Sort(codes[n])
		lines = append(lines, strings.Join([]string{n, d.Descr, strings.Join(drops, " "), strings.Join(slices.Compact(codes[n]), " ")}, "\t"))
		delete(codes, n)
	}
	if len(codes) > 0 {
		return fmt.Errorf("%s: %d categories have codes and no name", from, len(codes))
	}
	slices.SortFunc(lines, func(a, b string) int { return cmp.Compare(order(a), order(b)) })
	return os.WriteFile(to, []byte(strings.Join(lines, "\n")+"\n"), 0o644)
}

func read(name string, into any) error {
	src, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	return json.Unmarshal(src, into)
}

// readCodes gives the codes by category. A code may be in two.
func readCodes(name string) (map[string][]string, error) {
	src, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	out := map[string][]string{}
	for lines := bufio.NewScanner(bytes.NewReader(src)); lines.Scan(); {
		f := strings.Fields(lines.Text())
		if len(f) < 2 {
			continue
		}
		out[f[1]] = append(out[f[1]], f[0])
	}
	return out, nil
}

// number is the number of a category: 37 for HCC37, 35.1 for HHS_HCC035_1.
func number(key string) string {
	_, n, _ := strings.Cut(key, "HCC")
	return strings.ReplaceAll(strings.TrimLeft(n, "0"), "_", ".")
}

func order(line string) float64 {
	n, _, _ := strings.Cut(line, "\t")
	f, _ := strconv.ParseFloat(n, 64)
	return f
}
