// SPDX-License-Identifier: Apache-2.0

// Package fhirtest gives tests resources to work on: a dozen small hand-written ones, each with its reason, and the
// larger sets beside the repository, which may be absent.
package fhirtest

import (
	"testing"

	"galen/internal/fhir"
)

// Small is one hand-written resource and why it is here.
type Small struct {
	Name string
	Why  string
	JSON string
}

// Smalls lists the hand-written resources.
var Smalls []Small

// Parse parses a document that must be right.
func Parse(t testing.TB, doc []byte) fhir.Node {
	t.Helper()
	tape := new(fhir.Tape)
	if err := tape.Parse(doc, fhir.Limits{}); err != nil {
		t.Fatalf("parse: %v", err)
	}
	return tape.Root()
}

// Synthea reads the Synthea set of that name ("synthea-10", "synthea-100", "synthea-600"): its lines by resource type, without line ends.
// It skips the test if the set is absent.
func Synthea(t testing.TB, name string) map[string][][]byte { panic("todo") }

// Examples reads the official R4 examples, by resource type. It skips the test if they are absent.
func Examples(t testing.TB) map[string][][]byte { panic("todo") }

// Data is the folder of that name beside the repository's shared data. It skips the test if it is absent.
func Data(t testing.TB, name string) string { panic("todo") }
