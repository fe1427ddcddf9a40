// SPDX-License-Identifier: Apache-2.0

package transcript_test

import (
	"encoding/csv"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"galen/internal/scribe/transcript"
)

func TestGuessOnKnownVisits(t *testing.T) {
	file, err := os.Open(filepath.Join("..", "..", "..", "..", "shared", "data", "clinical", "aci-bench", "train.csv"))
	if err != nil {
		t.Skip("ACI-Bench is not here: ", err)
	}
	defer file.Close()
	rows, err := csv.NewReader(file).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	right, all := 0.0, 0.0
	for _, row := range rows[1:] {
		var segments []transcript.Segment
		var want []transcript.Role
		for line := range strings.Lines(row[2]) {
			who, said, ok := strings.Cut(strings.TrimSpace(line), "] ")
			if !ok || len(strings.Fields(said)) < 3 {
				continue
			}
			role := transcript.Patient
			if who == "[doctor" {
				role = transcript.Clinician
			}
			segments, want = append(segments, transcript.Segment{Content: said}), append(want, role)
		}
		transcript.Guess(segments)
		for i, s := range segments {
			if s.RoleBy != transcript.ByText || s.RoleFor < 0.5 || s.RoleFor > 1 {
				t.Fatalf("segment %+v", s)
			}
			if all++; s.Role == want[i] {
				right++
			}
		}
	}
	t.Logf("%.3f of %.0f turns of three words at least", right/all, all)
	if right/all < 0.8 {
		t.Errorf("%.3f of the turns are given to who said them", right/all)
	}
}

func TestKnownRolesStay(t *testing.T) {
	segments := []transcript.Segment{{Content: "how are you?", Role: transcript.Patient, RoleBy: transcript.ByChannel, RoleFor: 1}, {Content: "my knee hurts"}}
	transcript.Guess(segments)
	if s := segments[0]; s.Role != transcript.Patient || s.RoleBy != transcript.ByChannel {
		t.Errorf("a role that was known becomes %+v", s)
	}
	if s := segments[1]; s.Role != transcript.Patient || s.RoleBy != transcript.ByText {
		t.Errorf("%q is said by %+v", s.Content, s)
	}
}
