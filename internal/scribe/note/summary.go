// SPDX-License-Identifier: Apache-2.0

package note

import (
	"regexp"
	"strings"

	"galen/internal/scribe"
)

// plain are words of clinicians in words of everybody.
var plain = []struct{ clinical, words string }{
	{"hypertension", "high blood pressure"}, {"hyperlipidemia", "high cholesterol"}, {"hypercholesterolemia", "high cholesterol"}, {"myocardial infarction", "heart attack"},
	{"cerebrovascular accident", "stroke"}, {"edema", "swelling"}, {"dyspnea", "shortness of breath"}, {"erythema", "redness"}, {"hemoglobin a1c", "average blood sugar test (A1c)"},
	{"echocardiogram", "heart ultrasound"}, {"ekg", "heart tracing (EKG)"}, {"palpation", "pressing on it"}, {"follow up", "come back"}, {"bilateral", "on both sides"},
	{"analgesics", "pain medicine"}, {"antibiotics", "antibiotics (medicine against germs)"}, {"nsaids", "anti-inflammatory pain medicine"}, {"contusion", "bruise"}, {"laceration", "cut"},
	{"fracture", "broken bone"}, {"benign", "harmless"}, {"chronic", "long-lasting"}, {"acute", "new"}, {"renal", "kidney"}, {"hepatic", "liver"}, {"cardiac", "heart"}, {"pulmonary", "lung"},
	{"medications", "medicines"}, {"medication", "medicine"}, {"initiate", "start"}, {"discontinue", "stop"}, {"physician", "doctor"},
}

// summaryFile is afterVisitSummary.json: why the patient came, what was found, and what is to be done, told to the patient.
func summaryFile(v scribe.Visit, n Note) scribe.File {
	type line struct{ SummarizedSegment string }
	var lines []line
	say := func(text string) { lines = append(lines, line{text}) }
	if n.Silent {
		say("Nothing was said in this visit, so there is no summary of it.")
	}
	for _, s := range n.Sections {
		for _, x := range s.Sentences {
			if x.Context {
				continue
			}
			switch s.Name {
			case chiefComplaint, "GOAL":
				say("You came in for: " + lower(simple(x.Text)))
			case assessment, "PROGRESS":
				say("What we found: " + simple(told(x.Text)))
			case plan:
				say("What happens next: " + simple(told(x.Text)))
			}
		}
	}
	if lines == nil {
		say("There are no instructions from this visit. Ask your care team if you are not sure what to do next.")
	} else if !n.Silent {
		say("Call your care team if you have questions or if you feel worse.")
	}
	var doc struct {
		AfterVisitSummary struct{ SummarizedSegments []line }
	}
	doc.AfterVisitSummary.SummarizedSegments = lines
	return jsonFile("afterVisitSummary.json", doc)
}

func lower(s string) string {
	if s == "" {
		return s
	}
	return strings.ToLower(s[:1]) + s[1:]
}

// simple puts clinical words into plain ones.
func simple(text string) string {
	for i, p := range plain {
		text = plainly[i].ReplaceAllString(text, p.words)
	}
	return text
}

var plainly = func() []*regexp.Regexp {
	var list []*regexp.Regexp
	for _, p := range plain {
		list = append(list, regexp.MustCompile(`(?i)\b`+regexp.QuoteMeta(p.clinical)+`\b`))
	}
	return list
}()

var (
	theirs  = regexp.MustCompile(`(?i)\b(the patient's|(his|her) (?:own )?)\b`)
	object  = regexp.MustCompile(`(?i)\b(have|put|give|refer|see|send|start|to|for|with|on|get|keep|call|help) (him|her|the patient)\b`)
	theyAre = regexp.MustCompile(`(?i)\b(he|she|the patient) (is|was|has|does|goes|takes|uses|feels|needs|gets|had|can|will|should|would|may|could|did)\b`)
	they    = regexp.MustCompile(`(?i)\b(he|she|the patient)\b`)
)

// again gives a verb its form after "you".
var toYou = map[string]string{"is": "are", "was": "were", "has": "have", "does": "do", "goes": "go", "takes": "take", "uses": "use", "feels": "feel", "needs": "need", "gets": "get"}

// told says to the patient what a note says of him.
func told(text string) string {
	text = object.ReplaceAllString(text, "$1 you")
	text = theyAre.ReplaceAllStringFunc(text, func(m string) string {
		verb := m[strings.LastIndexByte(m, ' ')+1:]
		if v, ok := toYou[strings.ToLower(verb)]; ok {
			verb = v
		}
		return "you " + verb
	})
	text = they.ReplaceAllString(text, "you")
	text = theirs.ReplaceAllStringFunc(text, func(m string) string {
		if strings.HasSuffix(m, " ") {
			return "your "
		}
		return "your"
	})
	return capital(text)
}
