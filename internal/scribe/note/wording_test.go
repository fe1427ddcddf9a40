// SPDX-License-Identifier: Apache-2.0

package note_test

import (
	"slices"
	"strings"
	"testing"

	"galen/internal/scribe/note"
)

// TestWording: how things that are said stand in the note.
// TestEvidence: a sentence names the segments that say it, and no others of the same speaker.
func TestEvidence(t *testing.T) {
	v := visit(`[doctor] ms. smith is a 50 year old female here for back pain .
[doctor] do you have any numbness ?
[patient] no .
[patient] my back hurts in the morning .
[patient] i take ibuprofen for it .
[doctor] on your back exam you have tenderness over the lumbar spine .
[doctor] so for your first problem , your back pain .
[doctor] i'm going to prescribe meloxicam 15 milligrams
[doctor] once a day .
`, "HISTORY_AND_PHYSICAL")
	got := map[string]string{}
	for _, s := range (&note.Writer{}).Of(t.Context(), v).Sections {
		for _, x := range s.Sentences {
			got[x.Text] = strings.Join(x.Segments, " ")
		}
	}
	for text, want := range map[string]string{"Denies numbness.": "s1 s2", "Her back hurts in the morning.": "s3", "On her back exam she has tenderness over the lumbar spine.": "s5",
		"For her back pain: we will prescribe meloxicam 15 milligrams once a day.": "s6 s7 s8"} {
		if got[text] != want {
			t.Errorf("%q is from %q, want %q", text, got[text], want)
		}
	}
	if t.Failed() {
		t.Log(got)
	}
}

func TestWording(t *testing.T) {
	const she = "[doctor] ms. smith is a 50 year old female here for back pain .\n"
	for _, c := range []struct {
		name, dialogue, section string
		want                    []string
	}{
		{"a question in a question", she + "[doctor] any other symptoms , like , have you had a fever or chills ?\n[patient] no .\n", "REVIEW_OF_SYSTEMS", []string{"Denies fever or chills."}},
		{"a yes with more", she + "[doctor] do you have any numbness or tingling ?\n[patient] yes , sometimes in my foot at night .\n[doctor] any chest pain ?\n[patient] yeah , it hurts when i climb stairs .\n[doctor] any fever ?\n[patient] yeah , not really .\n",
			"HISTORY_OF_PRESENT_ILLNESS", []string{"Ms. Smith is a 50 year old female here for back pain.", "Reports numbness or tingling, sometimes in her foot at night.", "Reports chest pain.", "It hurts when she climbs stairs."}},
		{"a yes, and a yes that is a no", she + "[doctor] any chest pain ?\n[patient] yeah , it hurts when i climb stairs .\n[doctor] any fever ?\n[patient] yeah , not really .\n", "REVIEW_OF_SYSTEMS",
			[]string{"Denies fever."}},
		{"what is asked of the past", she + "[doctor] do you have any other past medical history ?\n[patient] uh , afib .\n[doctor] any allergies ?\n[patient] no .\n[doctor] any surgeries ?\n[patient] appendix .\n[doctor] are you taking any medications for that ?\n[patient] yeah , i am .\n",
			"PAST_MEDICAL_HISTORY", []string{"Medical history: afib.", "Denies allergies.", "Surgeries: appendix."}},
		{"what is not found", she + "[patient] okay .\n[doctor] on your back exam you have tenderness over the lumbar spine . there is no swelling .\n", "PHYSICAL_EXAMINATION",
			[]string{"On her back exam she has tenderness over the lumbar spine.", "There is no swelling."}},
		{"a turn that is interrupted", she + "[patient] i was skiing over the weekend-\n[doctor] okay .\n[patient] . and i got my strap caught on my finger .\n", "HISTORY_OF_PRESENT_ILLNESS",
			[]string{"Ms. Smith is a 50 year old female here for back pain.", "She was skiing over the weekend and she got her strap caught on her finger."}},
		{"repetitions", she + "[patient] i- i-i thought that , that pill helped my back and-and my neck .\n", "HISTORY_OF_PRESENT_ILLNESS",
			[]string{"Ms. Smith is a 50 year old female here for back pain.", "She thought that pill helped her back and her neck."}},
		{"sides are kept", she + "[patient] right knee pain started last monday .\n", "HISTORY_OF_PRESENT_ILLNESS",
			[]string{"Ms. Smith is a 50 year old female here for back pain.", "Right knee pain started last monday."}},
		{"what the patient asks", she + "[patient] is that why my back is stiff ? my back is stiff every morning .\n", "HISTORY_OF_PRESENT_ILLNESS",
			[]string{"Ms. Smith is a 50 year old female here for back pain.", "Her back is stiff every morning."}},
		{"nobody's sex is known", "[patient] i was walking the dog and i hurt my back and my dog pulled me\n", "HISTORY_OF_PRESENT_ILLNESS",
			[]string{"The patient was walking the dog and they hurt their back and their dog pulled them."}},
		{"questions without their mark", "[doctor] how long does your back hurt at night\n[patient] about an hour every night\n", "HISTORY_OF_PRESENT_ILLNESS", []string{"About an hour every night."}},
		{"problems of the plan", she + "[patient] okay .\n[doctor] so for your first problem , your back pain . i think you have a lumbar strain from lifting . let's start some meloxicam 15 milligrams once a day . " +
			"for your next problem , hypertension , i want to increase your lisinopril to 20 milligrams .\n", "PLAN",
			[]string{"For her back pain: we will start some meloxicam 15 milligrams once a day.", "For hypertension: we will increase her lisinopril to 20 milligrams."}},
		{"what is found stands under its problem too", she + "[patient] okay .\n[doctor] so for your first problem , your back pain . i think you have a lumbar strain from lifting .\n", "ASSESSMENT",
			[]string{"For her back pain: she has a lumbar strain from lifting."}},
		{"orders that say it again", she + "[patient] okay .\n[doctor] i'm going to prescribe meloxicam 15 milligrams once a day . order meloxicam 15 milligrams once a day .\n", "PLAN",
			[]string{"We will prescribe meloxicam 15 milligrams once a day."}},
		{"what a clinician says while he examines", she + "[patient] okay .\n[doctor] let's take a look at your back . push against my hands . on your back exam you have tenderness over the lumbar spine .\n", "PHYSICAL_EXAMINATION",
			[]string{"On her back exam she has tenderness over the lumbar spine."}},
		{"you as an object", she + "[patient] okay .\n[doctor] i'd like you to ice it , and we'll have you see the physical therapist in two weeks .\n", "PLAN",
			[]string{"I'd like her to ice it, and we'll have her see the physical therapist in 2 weeks."}},
		{"sentences that nobody ended", "[patient] my back hurts\n[doctor] okay so on your back exam you have tenderness over the lumbar spine and some pain with flexion okay so i'm going to prescribe you some ibuprofen 800 milligrams and i also " +
			"want you to ice your back for 20 minutes three times a day\n", "PLAN",
			[]string{"We will prescribe the patient some ibuprofen 800 milligrams and I also want them to ice their back for 20 minutes 3 times a day."}},
	} {
		if got := texts((&note.Writer{}).Of(t.Context(), visit(c.dialogue, "HISTORY_AND_PHYSICAL")), c.section); !slices.Equal(got, c.want) {
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
		}
	}
}
