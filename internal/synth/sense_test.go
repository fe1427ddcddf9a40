// SPDX-License-Identifier: Apache-2.0

package synth_test

import (
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"

	"galen/internal/synth"
)

// entry is what the checks read of any resource.
type entry struct {
	ResourceType, ID, Gender, BirthDate, DeceasedDateTime      string
	OnsetDateTime, AbatementDateTime, RecordedDate             string
	EffectiveDateTime, OccurrenceDateTime, AuthoredOn, Started string
	Period, PerformedPeriod, BillablePeriod                    struct{ Start, End string }
	DispenseRequest                                            struct{ ValidityPeriod struct{ Start, End string } }
	Code, MedicationCodeableConcept                            concept
	Encounter                                                  struct{ Reference string }
	Total                                                      json.RawMessage
	Payment                                                    struct{ Amount struct{ Value float64 } }
	Content                                                    []struct{ Attachment struct{ Data string } }
	Context                                                    struct{ Encounter []struct{ Reference string } }
	Item                                                       []struct{ Net struct{ Value float64 } }
	ValueQuantity                                              *struct{ Value float64 }
	Component                                                  []struct{ ValueQuantity struct{ Value float64 } }
}

type concept struct {
	Coding []struct{ Code string }
	Text   string
}

func (e *entry) is(code string) bool { return len(e.Code.Coding) > 0 && e.Code.Coding[0].Code == code }

// times are all moments of a resource, in order where there is one.
func (e *entry) spans() [][2]string {
	return [][2]string{
		{e.Period.Start, e.Period.End}, {e.PerformedPeriod.Start, e.PerformedPeriod.End}, {e.OnsetDateTime, e.AbatementDateTime},
		{e.DispenseRequest.ValidityPeriod.Start, e.DispenseRequest.ValidityPeriod.End}, {e.OnsetDateTime, e.RecordedDate},
		{e.EffectiveDateTime, ""}, {e.OccurrenceDateTime, ""}, {e.AuthoredOn, ""}, {e.Started, ""},
		{e.BillablePeriod.Start, e.BillablePeriod.End},
	}
}

// record is one patient's resources, the patient first.
type record []entry

// records gives each patient's resources to a function.
func records(t *testing.T, o synth.Options, each func(r record)) {
	t.Helper()
	var r record
	err := synth.Generate(t.Context(), o, func(typ string, line []byte) error {
		if typ == "Patient" {
			if len(r) > 0 {
				each(r)
			}
			r = r[:0]
		} else if len(r) == 0 {
			return nil
		}
		var e entry
		if err := json.Unmarshal(line, &e); err != nil {
			return err
		}
		r = append(r, e)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	each(r)
}

func (r record) any(match func(e *entry) bool) bool {
	for i := range r {
		if match(&r[i]) {
			return true
		}
	}
	return false
}

// rules are what has to hold of every record; each gives what is wrong, or nothing.
var rules = []struct {
	name  string
	check func(r record) string
}{
	{"nothing before birth or after death", func(r record) string {
		birth, end := r[0].BirthDate, r[0].DeceasedDateTime
		for i := range r[1:] {
			e := &r[1:][i]
			if e.ResourceType == "Provenance" {
				continue
			}
			for _, s := range e.spans() {
				for _, at := range s {
					if at != "" && (at < birth || end != "" && at > end) {
						return e.ResourceType + " " + at + " is not within " + birth + " and " + end
					}
				}
			}
		}
		return ""
	}},
	{"what ends does so after it starts", func(r record) string {
		for i := range r {
			for _, s := range r[i].spans() {
				if s[1] != "" && s[1] < s[0] {
					return r[i].ResourceType + " from " + s[0] + " to " + s[1]
				}
			}
		}
		return ""
	}},
	{"no pregnancy in men", func(r record) string {
		if r[0].Gender == "male" && r.any(func(e *entry) bool { return e.is("72892002") || e.is("11466000") || e.is("177184002") }) {
			return "a man is pregnant"
		}
		return ""
	}},
	{"no breast cancer or mammogram before 30", func(r record) string {
		for i := range r {
			if e := &r[i]; e.is("254837009") && e.OnsetDateTime[:4] < plus(r[0].BirthDate, 30) {
				return "breast cancer at " + e.OnsetDateTime
			}
		}
		return ""
	}},
	{"a diabetic has HbA1c and a drug", func(r record) string {
		if r.any(func(e *entry) bool { return e.ResourceType == "Condition" && e.is("44054006") }) {
			if !r.any(func(e *entry) bool { return e.ResourceType == "Observation" && e.is("4548-4") }) {
				return "no HbA1c"
			}
			if !r.any(func(e *entry) bool {
				return e.ResourceType == "MedicationRequest" && strings.Contains(e.MedicationCodeableConcept.Text, "metformin")
			}) {
				return "no metformin"
			}
		}
		return ""
	}},
	{"a systolic pressure is above the diastolic", func(r record) string {
		for i := range r {
			if e := &r[i]; e.is("85354-9") && e.Component[0].ValueQuantity.Value <= e.Component[1].ValueQuantity.Value {
				return "at " + e.EffectiveDateTime
			}
		}
		return ""
	}},
	{"a dementia begins after 60", func(r record) string {
		for i := range r {
			if e := &r[i]; e.is("26929004") && e.OnsetDateTime[:4] < plus(r[0].BirthDate, 60) {
				return "at " + e.OnsetDateTime
			}
		}
		return ""
	}},
	{"what is paid is no more than what is asked", func(r record) string {
		for i := range r {
			asked := 0.0
			for _, it := range r[i].Item {
				asked += it.Net.Value
			}
			if e := &r[i]; e.ResourceType == "ExplanationOfBenefit" && (e.Payment.Amount.Value > asked || asked <= 0) {
				return "asked less than is paid"
			}
		}
		return ""
	}},
	{"a note names what its encounter diagnosed", notesAgree},
}

// notesAgree checks that the text of notes has the conditions and drugs of their encounters.
func notesAgree(r record) string {
	notes := map[string]string{}
	for i := range r {
		if e := &r[i]; e.ResourceType == "DocumentReference" {
			text, err := base64.StdEncoding.DecodeString(e.Content[0].Attachment.Data)
			if err != nil {
				return err.Error()
			}
			notes[e.Context.Encounter[0].Reference] = string(text)
		}
	}
	for i := range r {
		e := &r[i]
		want := ""
		switch e.ResourceType {
		case "Condition":
			want, _, _ = strings.Cut(e.Code.Text, " (")
		case "MedicationRequest":
			want = e.MedicationCodeableConcept.Text
		case "Procedure":
			want, _, _ = strings.Cut(e.Code.Text, " (")
		}
		if e.Encounter.Reference != "" && !strings.Contains(notes[e.Encounter.Reference], want) {
			return "the note does not say " + want
		}
	}
	return ""
}

// plus adds years to the year of a date.
func plus(date string, years int) string {
	y := 0
	for _, c := range date[:4] {
		y = y*10 + int(c-'0')
	}
	y += years
	return string([]byte{byte('0' + y/1000), byte('0' + y/100%10), byte('0' + y/10%10), byte('0' + y%10)})
}

func TestClinicalSense(t *testing.T) {
	wrong := map[string]int{}
	n := 0
	records(t, synth.Options{Patients: 3 * population(t), Seed: 11, Years: -1}, func(r record) {
		n++
		for _, rule := range rules {
			if what := rule.check(r); what != "" {
				if wrong[rule.name]++; wrong[rule.name] < 4 {
					t.Errorf("%s: patient %s: %s", rule.name, r[0].ID, what)
				}
			}
		}
	})
	t.Logf("%d rules hold for %d patients", len(rules)-len(wrong), n)
}
