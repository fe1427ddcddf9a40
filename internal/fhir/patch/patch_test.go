// SPDX-License-Identifier: Apache-2.0

package patch_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"galen/internal/fault"
	"galen/internal/fhir"
	"galen/internal/fhir/patch"
)

func parse(t testing.TB, text string) fhir.Node {
	t.Helper()
	tape := new(fhir.Tape)
	if err := tape.Parse([]byte(text), fhir.Limits{}); err != nil {
		t.Fatal(err)
	}
	return tape.Root()
}

// shared finds a file beside the repository.
func shared(t testing.TB, name string) []byte {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for ; ; dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			break
		}
	}
	text, err := os.ReadFile(filepath.Join(dir, "..", "shared", name))
	if err != nil {
		t.Skip("the suite is not there")
	}
	return text
}

func TestSuite(t *testing.T) {
	var cases []struct {
		Comment, Error       string
		Doc, Patch, Expected json.RawMessage
	}
	if err := json.Unmarshal(shared(t, "suites/patch/json-patch-tests.json"), &cases); err != nil {
		t.Fatal(err)
	}
	for _, c := range cases {
		got, err := patch.JSON(nil, parse(t, string(c.Doc)), parse(t, string(c.Patch)))
		if (err != nil) != (c.Error != "") {
			t.Errorf("%s: %s, %v", c.Comment, got, err)
			continue
		}
		if c.Expected == nil {
			continue
		}
		var g, w any
		if err := json.Unmarshal(got, &g); err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(c.Expected, &w); err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(g, w) {
			t.Errorf("%s: %s, want %s", c.Comment, got, c.Expected)
		}
	}
}

func TestPatches(t *testing.T) {
	const doc = `{"a":1.50,"b":[1,2,{"c":"x"}],"d/e":null,"f~":{}}`
	for _, c := range []struct{ patch, want string }{
		{`[]`, doc},
		{`[{"op":"remove","path":"/b/0"}]`, `{"a":1.50,"b":[2,{"c":"x"}],"d/e":null,"f~":{}}`},
		{`[{"op":"test","path":"/a","value":1.5},{"op":"copy","from":"/a","path":"/b/-"}]`, `{"a":1.50,"b":[1,2,{"c":"x"},1.50],"d/e":null,"f~":{}}`},
		{`[{"op":"copy","from":"/b","path":"/g"},{"op":"add","path":"/g/2/c","value":"y"},{"op":"remove","path":"/b"}]`, `{"a":1.50,"d/e":null,"f~":{},"g":[1,2,{"c":"y"}]}`},
		{`[{"op":"replace","path":"/d~1e","value":1e2},{"op":"add","path":"/f~0/x","value":[]}]`, `{"a":1.50,"b":[1,2,{"c":"x"}],"d/e":1e2,"f~":{"x":[]}}`},
		{`[{"op":"test","path":"","value":{"f~":{},"d/e":null,"b":[1.0,2,{"c":"x"}],"a":15e-1}},{"op":"replace","path":"","value":{}}]`, `{}`},
		{`[{"op":"move","from":"/b/2/c","path":"/b"}]`, `{"a":1.50,"b":"x","d/e":null,"f~":{}}`},
	} {
		got, err := patch.JSON(nil, parse(t, doc), parse(t, c.patch))
		if err != nil || string(got) != c.want {
			t.Errorf("%s: %s, %v; want %s", c.patch, got, err, c.want)
		}
	}
	for text, want := range map[string]fault.Kind{
		`{}`:                                         fault.Invalid,
		`[1]`:                                        fault.Invalid,
		`[{"op":"add","path":"a","value":1}]`:        fault.Invalid,
		`[{"op":"add","path":"/a~2","value":1}]`:     fault.Invalid,
		`[{"op":"add","path":"/a"}]`:                 fault.Invalid,
		`[{"op":"move","path":"/a"}]`:                fault.Invalid,
		`[{"op":"drop","path":"/a"}]`:                fault.Invalid,
		`[{"op":"remove","path":""}]`:                fault.Unprocessable,
		`[{"op":"remove","path":"/x"}]`:              fault.Unprocessable,
		`[{"op":"remove","path":"/b/3"}]`:            fault.Unprocessable,
		`[{"op":"remove","path":"/b/-"}]`:            fault.Unprocessable,
		`[{"op":"add","path":"/b/04","value":1}]`:    fault.Unprocessable,
		`[{"op":"add","path":"/b/4","value":1}]`:     fault.Unprocessable,
		`[{"op":"add","path":"/b/x","value":1}]`:     fault.Unprocessable,
		`[{"op":"add","path":"/b/","value":1}]`:      fault.Unprocessable,
		`[{"op":"add","path":"/a/x","value":1}]`:     fault.Unprocessable,
		`[{"op":"replace","path":"/x","value":1}]`:   fault.Unprocessable,
		`[{"op":"test","path":"/a","value":"1.50"}]`: fault.Unprocessable,
		`[{"op":"test","path":"/b","value":[1,2]}]`:  fault.Unprocessable,
		`[{"op":"move","from":"/b","path":"/b/0"}]`:  fault.Unprocessable,
		`[` + strings.Repeat(`{"op":"copy","from":"","path":"/b/-"},`, 40) + `{"op":"remove","path":"/a"}]`: fault.TooCostly,
	} {
		if got, err := patch.JSON(nil, parse(t, doc), parse(t, text)); fault.KindOf(err) != want {
			t.Errorf("%s: %.100s, %v; want %s", text, got, err, want)
		}
	}
}

func FuzzJSON(f *testing.F) {
	f.Add(`{"a":[1,{"b":null}]}`, `[{"op":"move","from":"/a/1","path":"/c"},{"op":"copy","from":"","path":"/a/-"}]`)
	f.Add(`{"a":{"":1}}`, `[{"op":"test","path":"/a/","value":1},{"op":"add","path":"/a/~0","value":{}}]`)
	f.Fuzz(func(t *testing.T, doc, ops string) {
		var a, b fhir.Tape
		if a.Parse([]byte(doc), fhir.Limits{}) != nil || b.Parse([]byte(ops), fhir.Limits{}) != nil {
			return
		}
		got, err := patch.JSON(nil, a.Root(), b.Root())
		if err != nil {
			return
		}
		var out fhir.Tape
		if err := out.Parse(got, fhir.Limits{Size: fhir.MaxSize, Depth: fhir.MaxDepth}); err != nil {
			t.Fatalf("%s with %s gives %s: %v", doc, ops, got, err)
		}
	})
}
