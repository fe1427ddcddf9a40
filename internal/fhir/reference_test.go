// SPDX-License-Identifier: Apache-2.0

package fhir_test

import (
	"strings"
	"testing"

	"galen/internal/fhir"
	"galen/internal/fhir/fhirtest"
)

var references = map[string]fhir.Reference{
	"":                         {},
	"Patient/1":                {Kind: fhir.Relative, Key: fhir.Key{Type: "Patient", ID: "1"}},
	"Patient/a-b.C/_history/2": {Kind: fhir.Relative, Key: fhir.Key{Type: "Patient", ID: "a-b.C"}, Version: "2"},
	"http://h/Patient/1":       {Kind: fhir.Absolute, Base: "http://h", Key: fhir.Key{Type: "Patient", ID: "1"}},
	"https://h:1/a/fhir/Patient/1/_history/x": {Kind: fhir.Absolute, Base: "https://h:1/a/fhir",
		Key: fhir.Key{Type: "Patient", ID: "1"}, Version: "x"},
	"http://Patient/1":                     {Kind: fhir.URL, Rest: "http://Patient/1"},
	"http://":                              {},
	"http://hl7.org/fhir/ValueSet/a|4.0.1": {Kind: fhir.URL, Rest: "http://hl7.org/fhir/ValueSet/a", Version: "4.0.1"},
	"http://h/patient/1":                   {Kind: fhir.URL, Rest: "http://h/patient/1"},
	"urn:uuid:3f0e5a3e-9f4b-4f0e-8a57-0d4a4f2f7f11": {Kind: fhir.URN, Rest: "urn:uuid:3f0e5a3e-9f4b-4f0e-8a57-0d4a4f2f7f11"},
	"urn:oid:1.2.3":                     {Kind: fhir.URN, Rest: "urn:oid:1.2.3"},
	"urn:other:1":                       {Kind: fhir.URL, Rest: "urn:other:1"},
	"#m":                                {Kind: fhir.Fragment, Rest: "m"},
	"#":                                 {Kind: fhir.Fragment},
	"#a b":                              {},
	"Patient?identifier=http://s/T/1|2": {Kind: fhir.Conditional, Key: fhir.Key{Type: "Patient"}, Rest: "identifier=http://s/T/1|2"},
	"Patient":                           {},
	"Patient/":                          {},
	"patient/1":                         {},
	"Patient/1/":                        {},
	"Patient/1/_history/":               {},
	"Patient/1/_history/a b":            {},
	"x/Patient/1":                       {},
	"/Patient/1":                        {},
	"Patient/" + "0123456789012345678901234567890123456789012345678901234567890123": {Kind: fhir.Relative,
		Key: fhir.Key{Type: "Patient", ID: "0123456789012345678901234567890123456789012345678901234567890123"}},
	"Patient/" + "01234567890123456789012345678901234567890123456789012345678901234": {},
	"mailto:a@b": {Kind: fhir.URL, Rest: "mailto:a@b"},
	":a":         {},
}

func TestParseReference(t *testing.T) {
	for text, want := range references {
		if got := fhir.ParseReference(text); got != want {
			t.Errorf("ParseReference(%q) = %+v, want %+v", text, got, want)
		}
	}
}

func TestReferenceOf(t *testing.T) {
	for element, want := range map[string]fhir.Reference{
		`{"reference":"Patient/1"}`:                     {Kind: fhir.Relative, Key: fhir.Key{Type: "Patient", ID: "1"}},
		`{"identifier":{"value":"1"},"type":"Patient"}`: {Kind: fhir.Logical, Key: fhir.Key{Type: "Patient"}},
		`{"reference":"#x","identifier":{"value":"1"}}`: {Kind: fhir.Fragment, Rest: "x"},
		`{"display":"somebody"}`:                        {},
		`"Patient/1"`:                                   {},
		`{"reference":7}`:                               {},
	} {
		if got := fhir.ReferenceOf(fhirtest.Parse(t, element)); got != want {
			t.Errorf("ReferenceOf(%s) = %+v, want %+v", element, got, want)
		}
	}
}

func TestParseCanonical(t *testing.T) {
	for text, want := range map[string]fhir.Canonical{
		"http://a/b":       {URL: "http://a/b"},
		"http://a/b|1.0":   {URL: "http://a/b", Version: "1.0"},
		"http://a/b|1.0#f": {URL: "http://a/b", Version: "1.0", Fragment: "f"},
		"http://a/b#f":     {URL: "http://a/b", Fragment: "f"},
		"#f":               {Fragment: "f"},
		"":                 {},
	} {
		if got := fhir.ParseCanonical(text); got != want {
			t.Errorf("ParseCanonical(%q) = %+v, want %+v", text, got, want)
		}
	}
}

func TestNames(t *testing.T) {
	for text, want := range map[string]bool{"a": true, "A-1.z": true, "": false, "a b": false, "a_b": false, "é": false,
		strings.Repeat("a", 64): true, strings.Repeat("a", 65): false} {
		if got := fhir.ValidID(text); got != want {
			t.Errorf("ValidID(%q) = %v", text, got)
		}
	}
	for text, want := range map[string]bool{"Patient": true, "patient": false, "P": false, "Pat1": false, "": false, "[at": false} {
		if got := fhir.ValidTypeName(text); got != want {
			t.Errorf("ValidTypeName(%q) = %v", text, got)
		}
	}
	for text, want := range map[string]bool{"Patient/1": true, "Patient/1/2": false, "Patient": false, "/1": false} {
		if key, ok := fhir.ParseKey(text); ok != want || ok && key.String() != text {
			t.Errorf("ParseKey(%q) = %v, %v", text, key, ok)
		}
	}
	n := fhirtest.Parse(t, fhirtest.Smalls()[1].JSON)
	if fhir.Type(n) != "Patient" || fhir.ID(n) != "ann" || fhir.VersionID(n) != "7" || fhir.LastUpdated(n) != "2020-01-02T03:04:05.678Z" {
		t.Error("an accessor of a resource is wrong")
	}
}

func FuzzReference(f *testing.F) {
	for text := range references {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, s string) {
		r := fhir.ParseReference(s)
		text := r.Key.String()
		if r.Version != "" {
			text += "/_history/" + r.Version
		}
		switch r.Kind {
		case fhir.Absolute:
			text = r.Base + "/" + text
		case fhir.URN:
			text = r.Rest
		case fhir.Fragment:
			text = "#" + r.Rest
		case fhir.Conditional:
			text = r.Key.Type + "?" + r.Rest
		case fhir.URL:
			if text = s; !strings.HasPrefix(s, r.Rest) || !strings.Contains(s, r.Version) {
				t.Errorf("%q: %+v", s, r)
			}
		case fhir.NoReference:
			if text = s; r != (fhir.Reference{}) {
				t.Errorf("%q is no reference, but %+v", s, r)
			}
		}
		if text != s {
			t.Errorf("%q: %+v, which is %q", s, r, text)
		}
	})
}
