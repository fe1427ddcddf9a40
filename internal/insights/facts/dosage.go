// SPDX-License-Identifier: Apache-2.0

package facts

import (
	"strings"

	"galen/internal/fhir"
)

// Dose puts a list of Dosage into plain words: the text of each, or else what its parts say: "2 tablets by mouth twice a
// day as needed". It is empty if they say nothing. Numbers are the record's own.
//
// http://hl7.org/fhir/R4/dosage.html
func Dose(list fhir.Node) string {
	var parts []string
	for _, d := range list.Elements() {
		if t := oneDose(d); t != "" {
			parts = append(parts, t)
		}
	}
	return strings.Join(dedupe(parts), ", then ")
}

func oneDose(d fhir.Node) string {
	if t := strings.Join(strings.Fields(d.Field("text").Text()), " "); t != "" {
		return t
	}
	words := []string{amount(d.Field("doseAndRate").First()), route(concept(d.Field("route"))), timing(d.Field("timing"))}
	if d.Field("asNeededBoolean").Bool() {
		words = append(words, "as needed")
	}
	if c := concept(d.Field("asNeededCodeableConcept")); c.Text != "" {
		words = append(words, "as needed for "+c.Text)
	}
	if t := d.Field("patientInstruction").Text(); t != "" {
		words = append(words, "("+t+")")
	}
	out := words[:0]
	for _, w := range words {
		if w != "" {
			out = append(out, w)
		}
	}
	return strings.Join(out, " ")
}

func amount(n fhir.Node) string {
	if q := n.Field("doseQuantity"); q.Ok() {
		return quantity(q)
	}
	if r := n.Field("doseRange"); r.Ok() {
		low, high := quantity(r.Field("low")), quantity(r.Field("high"))
		switch {
		case low == "":
			return "up to " + high
		case high == "":
			return "at least " + low
		}
		return low + " to " + high
	}
	return ""
}

// route turns the usual names of routes into what a patient would say.
func route(c Concept) string {
	switch strings.TrimSuffix(strings.ToLower(c.Text), " route") {
	case "":
		return ""
	case "oral", "po", "by mouth", "per os", "oral use":
		return "by mouth"
	case "subcutaneous", "sc", "subq":
		return "under the skin"
	case "intramuscular", "im":
		return "into a muscle"
	case "intravenous", "iv":
		return "into a vein"
	case "inhalation", "respiratory tract", "inhaled":
		return "inhaled"
	case "topical", "cutaneous", "transdermal":
		return "on the skin"
	case "sublingual":
		return "under the tongue"
	}
	return "(" + c.Text + ")"
}

var unitNames = map[string][2]string{
	"s": {"second", "seconds"}, "min": {"minute", "minutes"}, "h": {"hour", "hours"}, "d": {"day", "days"},
	"wk": {"week", "weeks"}, "mo": {"month", "months"}, "a": {"year", "years"},
}

var moments = map[string]string{
	"MORN": "in the morning", "AFT": "in the afternoon", "EVE": "in the evening", "NIGHT": "at night", "HS": "at bedtime", "WAKE": "on waking",
	"C": "with meals", "CM": "with breakfast", "CD": "with lunch", "CV": "with dinner", "AC": "before meals", "ACM": "before breakfast",
	"ACD": "before lunch", "ACV": "before dinner", "PC": "after meals", "PCM": "after breakfast", "PCD": "after lunch", "PCV": "after dinner",
}

// timing tells how often: from repeat, or else from the code.
func timing(t fhir.Node) string {
	r := t.Field("repeat")
	text := frequency(r)
	for _, w := range r.Field("when").Elements() {
		if m := moments[w.Text()]; m != "" {
			text = strings.TrimSpace(text + " " + m)
		}
	}
	if text != "" {
		return text
	}
	c := concept(t.Field("code"))
	if known := map[string]string{"BID": "twice a day", "TID": "3 times a day", "QID": "4 times a day", "QD": "once a day", "QOD": "every other day",
		"AM": "every morning", "PM": "every afternoon", "BED": "at bedtime"}[strings.ToUpper(c.Text)]; known != "" && !strings.ContainsAny(known, "34") {
		return known
	}
	return c.Text
}

func frequency(r fhir.Node) string {
	times, period, unit := r.Field("frequency").Number(), r.Field("period").Number(), unitNames[r.Field("periodUnit").Text()]
	if high := r.Field("frequencyMax").Number(); high != "" && high != times {
		if times == "" {
			return ""
		}
		times += " to " + high
	}
	if unit[0] == "" || period == "" {
		return ""
	}
	if whole(period) == "1" {
		switch whole(times) {
		case "", "1":
			return "once " + article(unit[0]) + " " + unit[0]
		case "2":
			return "twice " + article(unit[0]) + " " + unit[0]
		}
		return times + " times " + article(unit[0]) + " " + unit[0]
	}
	every := "every " + period
	if high := r.Field("periodMax").Number(); high != "" {
		every += " to " + high
	}
	every += " " + unit[1]
	switch whole(times) {
	case "", "1":
		return every
	case "2":
		return "twice " + every
	}
	return times + " times " + every
}

// whole is an integer without the point that some systems write after it.
func whole(number string) string { return strings.TrimSuffix(number, ".0") }

func article(word string) string {
	if word == "hour" {
		return "an"
	}
	return "a"
}
