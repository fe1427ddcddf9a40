// SPDX-License-Identifier: Apache-2.0

package section_test

import (
	"bytes"
	"encoding/csv"
	"os"
	"path/filepath"
	"testing"

	"galen/internal/scribe/note/section"
)

// TestValidationSet holds the classifier to MTS-Dialog's validation set: 0.72 of the 100 dialogues at least.
func TestValidationSet(t *testing.T) {
	file, err := os.Open(filepath.Join("..", "..", "..", "..", "..", "shared", "data", "clinical", "mts-dialog", "MTS-Dialog-ValidationSet.csv"))
	if err != nil {
		t.Skip("MTS-Dialog is not here: ", err)
	}
	defer file.Close()
	rows, err := csv.NewReader(file).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	right := 0.0
	for _, row := range rows[1:] {
		got, lead := section.Of(section.ParseTurns(row[3]))
		if got == section.Section(row[1]) {
			right++
		}
		if lead < 0 {
			t.Errorf("the best section of dialogue %s is behind the next by %f", row[0], -lead)
		}
	}
	share := right / float64(len(rows)-1)
	t.Logf("%.2f of %d dialogues", share, len(rows)-1)
	if share < 0.72 {
		t.Errorf("%.2f of the dialogues are put into their section", share)
	}
}

func TestPassages(t *testing.T) {
	for _, c := range []struct {
		doctor, patient string
		want            section.Section
	}{
		{"are you allergic to any medications?", "yes, penicillin gives me a rash", section.Allergies},
		{"what medications are you taking?", "lisinopril, and metformin for my diabetes", section.Medications},
		{"have you had any surgeries?", "i had my appendix out in 2005", section.PastSurgical},
		{"do you smoke or drink?", "i smoke a pack a day, no alcohol", section.FamilyAndSocial},
	} {
		if got, _ := section.Of([]section.Turn{{Clinician: true, Text: c.doctor}, {Text: c.patient}}); got != c.want {
			t.Errorf("%s %s: %s, want %s", c.doctor, c.patient, got, c.want)
		}
	}
	section.Of(nil)
}

func TestTableIsWhole(t *testing.T) {
	b, err := os.ReadFile("weights_gen.bin")
	if err != nil {
		t.Fatal(err)
	}
	m, err := section.Decode(b)
	if err != nil {
		t.Fatal(err)
	}
	again, err := m.Encode()
	if err != nil || !bytes.Equal(again, b) {
		t.Errorf("the table changes when it is written again: %d bytes, %d bytes, %v", len(b), len(again), err)
	}
	if _, err := section.Decode(b[:len(b)/2]); err == nil {
		t.Error("half a table is taken for a whole one")
	}
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte{0x1f, 0x8b})
	f.Fuzz(func(t *testing.T, b []byte) {
		if _, err := section.Decode(b); err == nil {
			t.Log("a table")
		}
	})
}
