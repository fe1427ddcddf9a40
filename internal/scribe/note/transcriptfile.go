// SPDX-License-Identifier: Apache-2.0

package note

import (
	"regexp"
	"strconv"
	"unicode/utf8"

	"galen/internal/scribe"
	"galen/internal/scribe/note/assertion"
	"galen/internal/scribe/transcript"
)

// The shapes of transcript.json.
//
// https://docs.aws.amazon.com/transcribe/latest/dg/health-scribe-output-streaming.html
type (
	alternative struct {
		Confidence float64
		Content    string
	}
	item struct {
		Alternatives                 []alternative
		BeginAudioTime, EndAudioTime float64
		Type                         string
	}
	participant struct {
		ParticipantRole string
		RoleSource      string  `json:",omitempty"` // galen's own: CHANNEL or TEXT
		Confidence      float64 `json:",omitempty"` // of a role that is a guess
	}
	mend struct { // galen's own: a name in Content that was corrected
		BeginCharacterOffset int
		Content              string
		EndCharacterOffset   int // of the last character
		Heard                string
	}
	segment struct {
		BeginAudioTime     float64
		Content            string
		EndAudioTime       float64
		ParticipantDetails participant
		SectionDetails     struct{ SectionName string }
		SegmentID          string `json:"SegmentId"`
		Corrections        []mend `json:",omitempty"`
	}
	span struct {
		BeginCharacterOffset int
		Content              string
		EndCharacterOffset   int    // of the last character
		SegmentID            string `json:"SegmentId"`
	}
	attribute struct {
		AttributeID string `json:"AttributeId"`
		Spans       []span
		Type        string
	}
	insight struct {
		Attributes  []attribute
		Category    string
		InsightID   string `json:"InsightId"`
		InsightType string
		Spans       []span
		Type        string
	}
	conversation struct {
		ClinicalInsights   []insight
		ConversationID     string `json:"ConversationId"`
		LanguageCode       string
		SessionID          string `json:"SessionId"`
		TranscriptItems    []item
		TranscriptSegments []segment
		Recogniser         string `json:",omitempty"`
		Notice             string `json:",omitempty"`
	}
)

func transcriptFile(v scribe.Visit) scribe.File {
	c := conversation{ConversationID: v.Session.ID, SessionID: v.Session.ID, LanguageCode: v.Session.Language, ClinicalInsights: []insight{},
		TranscriptItems: []item{}, TranscriptSegments: []segment{}, Recogniser: v.Session.Recogniser, Notice: v.Session.Notice}
	if len(v.Segments) == 0 {
		c.Notice = sentence(c.Notice, silence)
	}
	for _, s := range v.Segments {
		x := segment{BeginAudioTime: s.Begin, EndAudioTime: s.End, Content: s.Content, SegmentID: s.ID}
		x.ParticipantDetails = speaker(s)
		x.SectionDetails.SectionName = "OTHER"
		for _, m := range s.Mended {
			begin, name := utf8.RuneCountInString(s.Content[:m.Begin]), s.Content[m.Begin:m.End]
			x.Corrections = append(x.Corrections, mend{begin, name, begin + utf8.RuneCountInString(name) - 1, m.Heard})
		}
		c.TranscriptSegments = append(c.TranscriptSegments, x)
		for _, w := range s.Words {
			spoken := []alternative{{w.Confidence, w.Text}}
			if w.Heard != "" {
				spoken = append(spoken, alternative{Content: w.Heard})
			}
			c.TranscriptItems = append(c.TranscriptItems, item{spoken, w.Begin, w.End, "PRONUNCIATION"})
		}
		c.ClinicalInsights = append(c.ClinicalInsights, insights(s, len(c.ClinicalInsights))...)
	}
	return jsonFile("transcript.json", map[string]conversation{"Conversation": c})
}

func speaker(s transcript.Segment) participant {
	p := participant{ParticipantRole: "UNKNOWN_0"}
	switch s.Role {
	case transcript.Clinician:
		p.ParticipantRole = "CLINICIAN_0"
	case transcript.Patient:
		p.ParticipantRole = "PATIENT_0"
	}
	switch s.RoleBy {
	case transcript.ByChannel:
		p.RoleSource = "CHANNEL"
	case transcript.ByText:
		p.RoleSource, p.Confidence = "TEXT", s.RoleFor
	}
	return p
}

// entities are what is looked for in what is said.
var entities = []struct {
	pattern        *regexp.Regexp
	category, kind string
}{
	{drugs, "MEDICATION", "GENERIC_NAME"},
	{tests, "TEST_TREATMENT_PROCEDURE", "TEST_NAME"},
	{symptoms, "MEDICAL_CONDITION", "DX_NAME"},
}

var (
	drugs    = regexp.MustCompile(`(?i)\b([a-z]{3,}(pril|sartan|olol|statin|formin|prazole|conazole|cillin|thromycin|cycline|floxacin|oxetine|dipine|zepam|zolam|triptan|gliptin|glutide|setron|ilast|parin|xaban|profen|oxicam|codone|thiazide|semide|asterol|solone|dronate)|insulin|aspirin|tylenol|ibuprofen|motrin|advil|digoxin|prednisone|lasix|metoprolol|gabapentin|tramadol|allopurinol|albuterol)\b`)
	tests    = regexp.MustCompile(`(?i)\b(x-?rays?|ct scan|mri|ekg|ecg|echocardiogram|ultrasound|hemoglobin a1c|a1c|creatinine|urinalysis|biopsy|colonoscopy|endoscopy|mammogram|stress test)\b`)
	symptoms = regexp.MustCompile(`(?i)\b(chest pain|back pain|knee pain|abdominal pain|shortness of breath|fever|chills|cough|nausea|vomiting|diarrhea|headaches?|dizziness|fatigue|swelling|numbness|tingling|rash|palpitations|hypertension|high blood pressure|diabetes|asthma|copd|heart failure|atrial fibrillation|depression|anxiety|arthritis|pneumonia|pain)\b`)
)

// insights are what is said of in a segment, and how.
func insights(s transcript.Segment, number int) []insight {
	var list []insight
	for _, e := range entities {
		for _, at := range e.pattern.FindAllStringIndex(s.Content, -1) {
			begin := utf8.RuneCountInString(s.Content[:at[0]])
			text := s.Content[at[0]:at[1]]
			x := insight{Attributes: []attribute{}, Category: e.category, InsightID: s.ID + "-" + strconv.Itoa(number+len(list)), InsightType: "ClinicalEntity",
				Type: e.kind, Spans: []span{{begin, text, begin + utf8.RuneCountInString(text) - 1, s.ID}}}
			if assertion.Of(s.Content, at[0], at[1]).Negated {
				x.Attributes = append(x.Attributes, attribute{x.InsightID + "-negation", x.Spans, "NEGATION"})
			}
			list = append(list, x)
		}
	}
	return list
}
