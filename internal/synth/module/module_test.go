// SPDX-License-Identifier: Apache-2.0

package module_test

import (
	"errors"
	"os"
	"strings"
	"testing"
	"testing/fstest"

	"galen/internal/fault"
	"galen/internal/synth/module"
)

// folder is a folder with one module.
func folder(body string) fstest.MapFS { return fstest.MapFS{"m.json": {Data: []byte(body)}} }

func TestBuiltIn(t *testing.T) {
	set, err := module.Load(os.DirFS("../modules"))
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range set.Modules {
		if m.Title == "" || len(m.States) < 2 {
			t.Errorf("module %s has title %q and %d states", m.Name, m.Title, len(m.States))
		}
	}
}

// TestErrors holds loading to errors that name the file and the state.
func TestErrors(t *testing.T) {
	for _, c := range []struct{ name, body, want string }{
		{"state type", `{"states":{"Initial":{"type":"Initial","direct_transition":"X"},"X":{"type":"Teleport"}}}`,
			`module m.json, state "X": state type "Teleport" is not known`},
		{"transition", `{"states":{"Initial":{"type":"Initial","direct_transition":"Y"}}}`,
			`module m.json, state "Initial": there is no state "Y"`},
		{"no transition", `{"states":{"Initial":{"type":"Initial"}}}`, `it has no transition`},
		{"no initial", `{"states":{"X":{"type":"Terminal"}}}`, `module m.json has no state of type Initial`},
		{"condition", `{"states":{"Initial":{"type":"Initial","conditional_transition":[{"condition":{"condition_type":"Mood"},"transition":"Initial"}]}}}`,
			`module m.json, state "Initial": condition type "Mood" is not known`},
		{"unit", `{"states":{"Initial":{"type":"Initial","direct_transition":"D"},"D":{"type":"Delay","exact":{"quantity":1,"unit":"moons"},"direct_transition":"D"}}}`,
			`module m.json, state "D": the unit of time "moons" is not known`},
		{"submodule", `{"states":{"Initial":{"type":"Initial","direct_transition":"C"},"C":{"type":"CallSubmodule","submodule":"m","direct_transition":"C"}}}`,
			`state "C": submodule "m" calls itself`},
		{"missing submodule", `{"states":{"Initial":{"type":"Initial","direct_transition":"C"},"C":{"type":"CallSubmodule","submodule":"x/y","direct_transition":"C"}}}`,
			`state "C": there is no file x/y.json`},
		{"json", `{`, `module m.json: it is not JSON of a module`},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := module.Load(folder(c.body))
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q in it", err, c.want)
			}
			if !errors.Is(err, fault.Invalid) {
				t.Errorf("got kind %v, want invalid", fault.KindOf(err))
			}
		})
	}
}

func TestLaterFolderReplaces(t *testing.T) {
	a := folder(`{"name":"first","states":{"Initial":{"type":"Initial","direct_transition":"T"},"T":{"type":"Terminal"}}}`)
	b := folder(`{"name":"second","states":{"Initial":{"type":"Initial","direct_transition":"T"},"T":{"type":"Terminal"}}}`)
	set, err := module.Load(a, b)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := set.Modules[0].Title, "second"; len(set.Modules) != 1 || got != want {
		t.Errorf("got %d modules, the first %q, want one, %q", len(set.Modules), got, want)
	}
}

func FuzzLoad(f *testing.F) {
	for _, name := range []string{"urinary_infection", "hypertension"} {
		b, err := os.ReadFile("../modules/" + name + ".json")
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Add([]byte(`{"states":{"Initial":{"type":"Initial","lookup_table_transition":[{"transition":"T","default_probability":1,"lookup_table_name":"t.csv"}]},"T":{"type":"Terminal"}}}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		set, err := module.Load(fstest.MapFS{"m.json": {Data: b}, "lookup_tables/t.csv": {Data: []byte("age,T\n0-10,1\n")}})
		if err == nil && len(set.Modules) != 1 {
			t.Errorf("got %d modules from one file", len(set.Modules))
		}
	})
}
