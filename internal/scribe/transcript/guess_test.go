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

// TestGuessOnKnownVisits: of what was said in visits that the weights were not made of, nine of ten turns are given to who said them.
func TestGuessOnKnownVisits(t *testing.T) {
	for _, set := range []string{"valid.csv", "test1.csv"} {
		file, err := os.Open(filepath.Join("..", "..", "..", "..", "shared", "data", "clinical", "aci-bench", set))
		if err != nil {
			t.Skip("ACI-Bench is not here: ", err)
		}
		rows, err := csv.NewReader(file).ReadAll()
		file.Close()
		if err != nil {
			t.Fatal(err)
		}
		var turns, sentences share
		for _, row := range rows[1:] {
			var segments, pieces []transcript.Segment
			var want, wantPieces []transcript.Role
			for line := range strings.Lines(row[2]) {
				who, said, ok := strings.Cut(strings.TrimSpace(line), "] ")
				if !ok {
					continue
				}
				role := transcript.Patient
				if who == "[doctor" {
					role = transcript.Clinician
				}
				segments, want = append(segments, transcript.Segment{Content: said}), append(want, role)
				for piece := range strings.SplitSeq(said, " . ") {
					pieces, wantPieces = append(pieces, transcript.Segment{Content: piece}), append(wantPieces, role)
				}
			}
			turns.count(t, segments, want)
			sentences.count(t, pieces, wantPieces)
		}
		t.Logf("%s: %.3f of %.0f turns of three words at least, %.3f of %.0f sentences", set, turns.right/turns.all, turns.all, sentences.right/sentences.all, sentences.all)
		if turns.right/turns.all < 0.88 || sentences.right/sentences.all < 0.82 {
			t.Errorf("%s: too few are given to who said them", set)
		}
	}
}

// share counts guesses.
type share struct{ right, all float64 }

func (s *share) count(t *testing.T, segments []transcript.Segment, want []transcript.Role) {
	t.Helper()
	transcript.Guess(segments)
	for i, x := range segments {
		if x.RoleBy != transcript.ByText || x.RoleFor < 0.5 || x.RoleFor > 1 {
			t.Fatalf("segment %+v", x)
		}
		if len(strings.Fields(x.Content)) < 3 {
			continue
		}
		if s.all++; x.Role == want[i] {
			s.right++
		}
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
