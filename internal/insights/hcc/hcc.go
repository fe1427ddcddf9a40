// SPDX-License-Identifier: Apache-2.0

// Package hcc maps ICD-10-CM codes to the hierarchical condition categories of risk adjustment: those of Medicare
// (CMS-HCC) and of the individual and small group market (HHS-HCC).
//
// The tables are CMS's, by payment year (CMS-HCC) and benefit year (HHS-HCC); gen writes them. They are read once and
// never change; any goroutine may use a Model. Scores, interactions and the rules by age and sex are not here: a category
// says what a coder should confirm, not what is paid.
//
// https://www.cms.gov/medicare/payment/medicare-advantage-rates-statistics/risk-adjustment
package hcc

import (
	"embed"
	"slices"
	"strings"
	"sync"
)

//go:generate go run ./gen reference_data tables
//go:embed tables
var tables embed.FS

// Category is one condition category.
type Category struct {
	Number string // "37", "35.1"
	Name   string
	drops  []string
}

// Model is one table: a model's version for one year.
type Model struct {
	Name    string // "CMS-HCC", "HHS-HCC"
	Version string // "V28"
	Year    int

	file string
	read func() map[string][]*Category
}

var models = []*Model{
	newModel("CMS-HCC", "V28", 2027, "cms-v28-2027"), newModel("CMS-HCC", "V28", 2026, "cms-v28-2026"),
	newModel("CMS-HCC", "V24", 2025, "cms-v24-2025"),
	newModel("HHS-HCC", "V08", 2026, "hhs-v08-2026"), newModel("HHS-HCC", "V08", 2025, "hhs-v08-2025"),
}

func newModel(name, version string, year int, file string) *Model {
	m := &Model{Name: name, Version: version, Year: year, file: "tables/" + file + "_gen.txt"}
	m.read = sync.OnceValue(m.parse)
	return m
}

// CMS is the newest V28 table whose payment year is not after year, or else the oldest. Diagnoses of one year are paid in
// the next.
func CMS(year int) *Model { return pick("CMS-HCC", "V28", year) }

// CMSV24 is the last V24 table, which some programmes still use.
func CMSV24() *Model { return pick("CMS-HCC", "V24", 0) }

// HHS is the newest table whose benefit year is not after year, or else the oldest.
func HHS(year int) *Model { return pick("HHS-HCC", "V08", year) }

func pick(name, version string, year int) (found *Model) {
	for _, m := range models {
		if m.Name == name && m.Version == version {
			if found = m; m.Year <= year {
				break
			}
		}
	}
	return found
}

// Lookup gives the categories of an ICD-10-CM code, with or without its dot; none if the code has none.
func (m *Model) Lookup(code string) []*Category {
	return m.read()[strings.ToUpper(strings.ReplaceAll(strings.TrimSpace(code), ".", ""))]
}

// Displaces reports whether c, by the model's hierarchy, takes the place of d.
func (c *Category) Displaces(d *Category) bool { return slices.Contains(c.drops, d.Number) }

func (m *Model) parse() map[string][]*Category {
	src, err := tables.ReadFile(m.file)
	if err != nil {
		panic(err) // the table is compiled in
	}
	out := map[string][]*Category{}
	for line := range strings.Lines(string(src)) {
		f := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		c := &Category{Number: f[0], Name: f[1], drops: strings.Fields(f[2])}
		for _, code := range strings.Fields(f[3]) {
			out[code] = append(out[code], c)
		}
	}
	return out
}
