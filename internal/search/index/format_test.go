// SPDX-License-Identifier: Apache-2.0

package index_test

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"testing"

	"galen/internal/fhir/def"
	"galen/internal/fhir/fhirtest"
	"galen/internal/ordkey"
	"galen/internal/search/index"
)

// TestFormat holds terms to docs/formats/terms.md, byte for byte.
func TestFormat(t *testing.T) {
	hash := func(s string) string { sum := sha256.Sum256([]byte(s)); return string(sum[:16]) }
	head := func(typ, url string, class index.Class) string {
		d := def.R4()
		key := ordkey.AppendUint16([]byte{'p'}, uint16(d.Type(typ).ID))
		return string(append(ordkey.AppendUint16(key, uint16(d.ParamByURL("http://hl7.org/fhir/SearchParameter/"+url).ID)), byte(class)))
	}
	unhex := func(s string) string { b, _ := hex.DecodeString(strings.ReplaceAll(s, " ", "")); return string(b) }
	long := strings.Repeat("x", 300)
	patientType := string(ordkey.AppendUint16(nil, uint16(def.R4().Type("Patient").ID)))
	mmHg := "mm[Hg]\x00" + hash("http://unitsofmeasure.org")
	decimal, _ := ordkey.AppendDecimal(nil, "107")
	tests := map[string][]string{
		ann: {
			head("Patient", "individual-gender", '?'),
			head("Patient", "individual-gender", 'c') + "female\x00" + hash(""),
			head("Patient", "individual-telecom", 'c') + "a@b\x00" + hash("") + "\x01",
			head("Patient", "individual-email", 'c') + "a@b\x00" + hash("") + "\x01",
			head("Patient", "Resource-tag", 'c') + "x\x00" + hash("urn:t") + "\x01",
			head("Patient", "Resource-security", 'c') + "r\x00" + hash("") + "\x01R",
			head("Patient", "Patient-identifier", 'c') + "17\x00" + hash("urn:mrn"),
			head("Patient", "Patient-identifier", 's') + hash("urn:mrn"),
			head("Patient", "Patient-identifier", 't') + "medical record",
			head("Patient", "Patient-identifier", 'i') + hash("http://v2") + "MR\x0017\x00",
			head("Patient", "individual-given", 'n') + "ann maria",
			head("Patient", "Resource-profile", 'u') + "http://p/a\x002.0",
			head("Patient", "individual-birthdate", 'm') + unhex("00005c5a"),                         // 1970 × 12 + 2
			head("Patient", "individual-birthdate", 'd') + unhex("800004a2e0a32000 06 026f9d14a000"), // 1970-03-01, 31 days
			head("Patient", "Patient-link", 'r') + patientType + "bob",
			head("Patient", "Patient-link", '?') + patientType,
			head("Patient", "Patient-general-practitioner", 'a') + "http://far/fhir/Practitioner/9\x00",
		},
		condition: {
			head("Condition", "Condition-abatement-date", 'l') + unhex("80058a37cff00000 08 7ffa75c8300fffff"),
			head("Condition", "Condition-abatement-date", 'h') + unhex("ffffffffffffffff 80058a37cff00000"),
		},
		pressure: {
			head("Observation", "Observation-component-value-quantity", 'q') + mmHg + string(decimal),
			head("Observation", "Observation-component-value-quantity", 'q') + "mmHg\x00" + hash("") + string(decimal),
			head("Observation", "Observation-component-code-value-quantity", 'k') + "8480-6\x00" + hash("http://loinc.org") + "\x00" + mmHg + string(decimal),
		},
		`{"resourceType":"Patient","name":[{"family":"` + long + `"}]}`: {
			head("Patient", "individual-family", 'n') + long[:256] + hex.EncodeToString([]byte(hash(long))),
		},
	}
	x := newIndex(t)
	for doc, want := range tests {
		var terms index.Terms
		if err := x.AppendTerms(&terms, fhirtest.Parse(t, doc)); err != nil {
			t.Fatal(err)
		}
		have := map[string]bool{}
		for i := range terms.Len() {
			have[string(terms.Key(i))] = true
		}
		for _, key := range want {
			if have[key] {
				continue
			}
			var near []string
			for k := range have {
				if k[:index.HeaderLength] == key[:index.HeaderLength] {
					near = append(near, k)
				}
			}
			t.Errorf("no term %q; of that class there is %q", key, near)
		}
	}
}
