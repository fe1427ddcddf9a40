// SPDX-License-Identifier: Apache-2.0

// Package transcript is what was said in a visit: segments with their times, words and speakers, and the file that tells of them.
package transcript

// Role is who speaks.
type Role string

// The roles. Unknown is where neither the channel nor the text says.
const (
	Clinician Role = "CLINICIAN"
	Patient   Role = "PATIENT"
	Unknown   Role = ""
)

// Segment is what one speaker says at a stretch.
type Segment struct {
	ID      string  `json:"id"` // a UUID
	Channel int     `json:"channel"`
	Begin   float64 `json:"begin"` // seconds from the session's beginning, pauses left out
	End     float64 `json:"end"`
	Content string  `json:"content"`
	Words   []Word  `json:"words,omitempty"`
	Partial bool    `json:"-"` // it may still change
	Mended  []Mend  `json:"mended,omitempty"`

	Role    Role    `json:"role,omitempty"`
	RoleBy  By      `json:"roleBy,omitempty"`
	RoleFor float64 `json:"roleConfidence,omitempty"` // 0 to 1, of a guess
}

// By says how a role is known.
type By string

// The ways.
const (
	ByChannel By = "channel" // the client said which channel is whose
	ByText    By = "text"    // a guess from what is said
)

// Word is a word of a segment.
type Word struct {
	Text       string  `json:"text"`
	Begin      float64 `json:"begin"`
	End        float64 `json:"end"`
	Confidence float64 `json:"confidence,omitempty"` // 0 to 1; 0: not said
	Heard      string  `json:"heard,omitempty"`      // what the recogniser wrote, if that was corrected
}

// Mend is a name of a drug that stands in a segment in the place of what the recogniser wrote.
type Mend struct {
	Begin int    `json:"begin"` // of the name, in bytes of the content
	End   int    `json:"end"`
	Heard string `json:"heard"` // what the recogniser wrote
}
