// SPDX-License-Identifier: Apache-2.0

package fhir_test

import (
	"slices"
	"testing"

	"galen/internal/fhir"
	"galen/internal/fhir/fhirtest"
)

func TestAbsentNodeIsSafe(t *testing.T) {
	for _, n := range []fhir.Node{{}, fhirtest.Parse(t, `{"a":1}`).Field("b").Field("c").First().Next()} {
		if n.Ok() || n.Kind() != fhir.Absent || n.Name() != "" || n.Text() != "" || n.Number() != "" || n.Bool() ||
			n.Raw() != nil || n.Len() != 0 || n.Offset() != 0 || n.End() != 0 || n.Is("") || n.AppendText(nil) != nil || n.Tape() != nil {
			t.Errorf("the absent node shows something")
		}
		for range n.Members() {
			t.Error("the absent node has a member")
		}
		for range n.Elements() {
			t.Error("the absent node has an element")
		}
	}
	var tape fhir.Tape
	if tape.Root().Ok() {
		t.Error("an empty tape has a root")
	}
}

func TestNodeReads(t *testing.T) {
	root := fhirtest.Parse(t, ` {"s":"plain", "e":"\u00e9\n\"x\ud83d\ude00", "n":-1.50e+3, "t":true, "f":false, "z":null,
  "a":[1,[2,3],{"x":{}},"4"], "o":{}, "\u006bey":"v", "":"empty"}`)
	for _, c := range []struct{ got, want string }{
		{root.Field("s").Text(), "plain"},
		{root.Field("e").Text(), "é\n\"x😀"},
		{string(root.Field("e").AppendText([]byte("-"))), "-é\n\"x😀"},
		{root.Field("n").Number(), "-1.50e+3"},
		{root.Field("n").Text(), ""},
		{root.Field("s").Number(), ""},
		{string(root.Field("a").Raw()), `[1,[2,3],{"x":{}},"4"]`},
		{root.Field("key").Text(), "v"},
		{root.Field("key").Name(), "key"},
		{root.Field("").Text(), "empty"},
		{root.Field("a").Field("x").Text(), ""},
	} {
		if c.got != c.want {
			t.Errorf("got %q, want %q", c.got, c.want)
		}
	}
	if !root.Field("t").Bool() || root.Field("f").Bool() || root.Field("z").Kind() != fhir.Null || !root.Field("z").Ok() {
		t.Error("a literal is wrong")
	}
	if !root.Field("e").Is("é\n\"x😀") || root.Field("e").Is("é") || !root.Field("s").Is("plain") || root.Field("n").Is("-1.50e+3") {
		t.Error("Is is wrong")
	}
	var names []string
	for name := range root.Members() {
		names = append(names, name)
	}
	if want := []string{"s", "e", "n", "t", "f", "z", "a", "o", "key", ""}; !slices.Equal(names, want) {
		t.Errorf("members %q, want %q", names, want)
	}
	var kinds []fhir.Kind
	for i, e := range root.Field("a").Elements() {
		if i != len(kinds) {
			t.Errorf("element %d comes as %d", len(kinds), i)
		}
		kinds = append(kinds, e.Kind())
	}
	if want := []fhir.Kind{fhir.Number, fhir.Array, fhir.Object, fhir.String}; !slices.Equal(kinds, want) {
		t.Errorf("elements %v, want %v", kinds, want)
	}
	if root.Len() != 10 || root.Field("a").Len() != 4 || root.Field("o").Len() != 0 || root.Field("s").Len() != 0 {
		t.Error("Len is wrong")
	}
	if line, column := root.Field("a").Position(); line != 2 || column != 7 {
		t.Errorf("a is at line %d column %d, want 2, 7", line, column)
	}
}
