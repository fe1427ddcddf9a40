// SPDX-License-Identifier: Apache-2.0

package def_test

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"testing"

	"galen/internal/fhir/def"
)

// The numbers of types and parameters are on disk. This test never changes: a failure means that stored data would be
// read wrongly.
func TestNumbersNeverChange(t *testing.T) {
	d := def.R4()
	for name, want := range map[string]def.TypeID{"Account": 1, "ActivityDefinition": 2, "Bundle": 12, "DomainResource": 43,
		"Observation": 97, "Patient": 104, "Resource": 121, "VisionPrescription": 148} {
		if got := d.Type(name).ID; got != want {
			t.Errorf("type %s: got %d, want %d", name, got, want)
		}
	}
	for url, want := range map[string]def.ParamID{"Account-identifier": 1, "Resource-id": 1172, "Resource-lastUpdated": 1173,
		"Patient-link": 975, "clinical-code": 1336, "individual-birthdate": 1363} {
		if got := d.ParamByURL("http://hl7.org/fhir/SearchParameter/" + url).ID; got != want {
			t.Errorf("parameter %s: got %d, want %d", url, got, want)
		}
	}
	types, params := sha256.New(), sha256.New()
	for i, x := range d.Types() {
		number(t, types, i, int(x.ID), x.Name)
	}
	for i, p := range d.Params() {
		number(t, params, i, int(p.ID), p.URL)
	}
	if len(d.Types()) != 148 || len(d.Params()) != 1375 || len(d.Params()) >= int(def.FirstFreeParam) {
		t.Errorf("got %d types and %d parameters, want 148 and 1375", len(d.Types()), len(d.Params()))
	}
	if got, want := hex.EncodeToString(types.Sum(nil)[:8]), "fd7d4a6922a8a533"; got != want {
		t.Errorf("types: got the digest %s, want %s", got, want)
	}
	if got, want := hex.EncodeToString(params.Sum(nil)[:8]), "0dcf76609d6b949f"; got != want {
		t.Errorf("parameters: got the digest %s, want %s", got, want)
	}
}

func number(t *testing.T, h hash.Hash, i, id int, name string) {
	t.Helper()
	if id != i+1 {
		t.Errorf("%s has the number %d at place %d", name, id, i)
	}
	fmt.Fprintf(h, "%d %s\n", id, name)
}

func TestLookupsByNumber(t *testing.T) {
	d := def.R4()
	for _, x := range d.Types() {
		if d.TypeByID(x.ID) != x || d.Type(x.Name) != x {
			t.Errorf("type %s is not found by its number and name", x.Name)
		}
	}
	for _, p := range d.Params() {
		if d.ParamByID(p.ID) != p || d.ParamByURL(p.URL) != p {
			t.Errorf("parameter %s is not found by its number and URL", p.URL)
		}
	}
	if d.TypeByID(0) != nil || d.TypeByID(149) != nil || d.ParamByID(0) != nil || d.ParamByID(def.FirstFreeParam) != nil {
		t.Error("numbers that nobody has are found")
	}
}
