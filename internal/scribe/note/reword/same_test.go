// SPDX-License-Identifier: Apache-2.0

package reword_test

import (
	"testing"

	"galen/internal/scribe/note/reword"
)

func TestSame(t *testing.T) {
	const (
		knee      = "She has some pain in her right knee, it's really swollen."
		fever     = "Denies fever or chills."
		breath    = "Reports shortness of breath."
		dose      = "We will start metformin 500 milligrams twice a day."
		two       = "We will increase lisinopril to 20 milligrams and start metformin 500 milligrams."
		hips      = "There is pain in the left knee and swelling in the right hip."
		family    = "Her mother has diabetes and her father has asthma."
		past      = "She had chest pain."
		perhaps   = "It could be pneumonia."
		if_       = "Return if she has fever."
		no        = "She does not smoke."
		stopped   = "She stopped taking warfarin."
		increased = "We will change prednisone from 10 to 20 milligrams."
	)
	for _, c := range []struct {
		text  string
		lines []string
		want  bool
	}{
		{"Right knee pain, swollen.", []string{knee}, true},
		{"The patient has right knee pain, and it is swollen.", []string{knee}, true},
		{"Left knee pain, swollen.", []string{knee}, false},
		{"Right knee pain.", []string{knee}, false},
		{"Denies fever or chills. Reports dyspnea.", []string{fever, breath}, true},
		{"Denies fever, chills or dyspnea.", []string{fever, breath}, false},
		{"Denies fever or chills and dyspnea.", []string{fever, breath}, false},
		{"Reports fever or chills.", []string{fever}, false},
		{"Denies fever or chills or cough.", []string{fever}, false},
		{"We will start metformin 500 mg BID.", []string{dose}, true},
		{"We will start metformin 850 mg BID.", []string{dose}, false},
		{"We will start metformin 500 mcg BID.", []string{dose}, false},
		{"We will start metformin 500 mg TID.", []string{dose}, false},
		{"We will start warfarin 500 mg BID.", []string{dose}, false},
		{"We will stop metformin 500 mg BID.", []string{dose}, false},
		{"She takes metformin 500 mg BID.", []string{dose}, false},
		{"We will increase lisinopril to 500 mg and start metformin 20 mg.", []string{two}, false},
		{"We will start lisinopril to 20 mg and increase metformin 500 mg.", []string{two}, false},
		{"Left knee pain and right hip swelling.", []string{hips}, true},
		{"Right knee pain and left hip swelling.", []string{hips}, false},
		{"Left knee swelling and right hip pain.", []string{hips}, false},
		{"Mother has diabetes, father has asthma.", []string{family}, true},
		{"Father has diabetes, mother has asthma.", []string{family}, false},
		{"She has diabetes and her father has asthma.", []string{family}, false},
		{"Chest pain.", []string{past}, false},
		{"She has chest pain.", []string{past}, false},
		{"Had chest pain.", []string{past}, true},
		{"It is pneumonia.", []string{perhaps}, false},
		{"Return: she has fever.", []string{if_}, false},
		{"Does not smoke.", []string{no}, true},
		{"She doesn't smoke.", []string{no}, true},
		{"She smokes.", []string{no}, false},
		{"He does not smoke.", []string{no}, false},
		{"Taking warfarin.", []string{stopped}, false},
		{"Change prednisone to 10 from 20 mg.", []string{increased}, false},
		{"Change prednisone from 20 to 10 mg.", []string{increased}, false},
		{"We will change prednisone from 10 to 20 mg.", []string{increased}, true},
		{"We will start metformin .500 mg BID.", []string{dose}, false},
		{"We will start metformin 500½ mg BID.", []string{dose}, false},
		{"We will start metformin 500 mg BID?", []string{dose}, false},
		{"We will start ~~metformin~~ 500 mg BID.", []string{dose}, false},
		{"", []string{knee}, false},
	} {
		if got := reword.Same(c.text, c.lines); got != c.want {
			t.Errorf("%q for %q: got %v, want %v", c.text, c.lines, got, c.want)
		}
	}
}

func FuzzSame(f *testing.F) {
	f.Add("Right knee pain.", "She has pain in her right knee.")
	f.Add("Denies fever", "Denies fever, chills")
	f.Fuzz(func(t *testing.T, text, line string) {
		if !reword.Same(text, []string{line}) {
			return
		}
		for _, more := range []string{" 417.3 ", " penicillin ", " left ", " denies "} {
			if reword.Same(text+more, []string{line}) {
				t.Errorf("%q with %q is taken for %q", text, more, line)
			}
		}
	})
}
