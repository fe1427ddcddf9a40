// SPDX-License-Identifier: Apache-2.0

package hcc_test

import (
	"testing"

	"galen/internal/insights/hcc"
)

func TestLookup(t *testing.T) {
	for _, c := range []struct {
		model        *hcc.Model
		code, number string
	}{
		{hcc.CMS(2026), "E11.9", "38"}, {hcc.CMS(2026), "E1122", "37"}, {hcc.CMS(2027), "I50.22", "226"}, {hcc.CMSV24(), "E11.9", "19"},
		{hcc.HHS(2026), "E11.9", "21"}, {hcc.HHS(2025), "e11.9 ", "21"}, {hcc.CMS(2026), "J06.9", ""}, {hcc.HHS(2026), "I10", ""},
		{hcc.CMS(2026), "", ""},
	} {
		got := ""
		for _, k := range c.model.Lookup(c.code) {
			got += k.Number
		}
		if got != c.number {
			t.Errorf("%s %s %d: %s is in %q, want %q", c.model.Name, c.model.Version, c.model.Year, c.code, got, c.number)
		}
	}
}

func TestYears(t *testing.T) {
	for _, c := range []struct{ asked, want int }{{2020, 2026}, {2026, 2026}, {2027, 2027}, {2040, 2027}} {
		if got := hcc.CMS(c.asked).Year; got != c.want {
			t.Errorf("CMS(%d) is of %d, want %d", c.asked, got, c.want)
		}
	}
	for _, c := range []struct{ asked, want int }{{2020, 2025}, {2025, 2025}, {2026, 2026}, {2040, 2026}} {
		if got := hcc.HHS(c.asked).Year; got != c.want {
			t.Errorf("HHS(%d) is of %d, want %d", c.asked, got, c.want)
		}
	}
}

func TestHierarchy(t *testing.T) {
	m := hcc.CMS(2026)
	with, without := m.Lookup("E1122")[0], m.Lookup("E119")[0]
	if !with.Displaces(without) || without.Displaces(with) {
		t.Errorf("diabetes with complications must displace diabetes without, not the other way round")
	}
}
