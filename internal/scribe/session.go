// SPDX-License-Identifier: Apache-2.0

package scribe

import (
	"time"

	"galen/internal/scribe/audio"
	"galen/internal/scribe/transcript"
)

// Key names a session.
type Key struct {
	Account      string `json:"account"`
	Domain       string `json:"domain"`
	Subscription string `json:"subscription"`
	ID           string `json:"id"` // a UUID that the client chose
}

// Status is where a session is in its life.
type Status string

// The states. A session that was left is Paused until it is resumed or its time is over.
const (
	InProgress Status = "IN_PROGRESS"
	Paused     Status = "PAUSED"
	Completed  Status = "COMPLETED" // the client has said that it is over; its documents may still be in the making
	Failed     Status = "FAILED"
)

// Session is a session as it stands.
type Session struct {
	Key
	Language  string         `json:"language"`
	Rate      int            `json:"rate"` // Hz
	Encoding  audio.Encoding `json:"encoding"`
	Transport Transport      `json:"transport"`
	Config    *Config        `json:"config,omitempty"` // nil until the client has given it
	Status    Status         `json:"status"`
	Created   time.Time      `json:"created"`
	Ended     time.Time      `json:"ended,omitzero"`
	Heard     float64        `json:"heard"` // seconds of audio

	Recogniser string   `json:"recogniser,omitempty"` // which heard it
	Notice     string   `json:"notice,omitempty"`     // what must be known of it
	Transcript Document `json:"transcript"`
	Note       Document `json:"note"`
	Summary    Document `json:"summary"`
	Codes      Document `json:"codes,omitzero"` // none if Config.Codes does not ask for them
}

// Transport is how a client connects. A session stays with the one it began with.
type Transport string

// The transports.
const (
	HTTP2     Transport = "http2"
	WebSocket Transport = "websocket"
)

// Config is how a session is to be documented.
type Config struct {
	Output   string    `json:"output"` // S3 URI of a bucket or folder
	Template Template  `json:"template"`
	Channels []Channel `json:"channels,omitempty"` // two, or none for audio of one channel
	Context  string    `json:"context,omitempty"`  // what the client knows of the encounter

	Codes  bool    `json:"codes,omitempty"`  // the note is to be coded
	Coding *Coding `json:"coding,omitempty"` // what is known for that
}

// Coding is what the client knows of patient and encounter for the coding of the note.
type Coding struct {
	Sex  string `json:"sex,omitempty"`  // MALE, FEMALE or another
	Date string `json:"date,omitempty"` // of the encounter, YYYY-MM-DD
}

// Template is the form of the note.
type Template struct {
	Type         string        `json:"type"` // of the managed templates, such as HISTORY_AND_PHYSICAL
	Custom       bool          `json:"custom,omitempty"`
	Instructions []Instruction `json:"instructions,omitempty"` // of a custom one
}

// Instruction is what a custom template asks of one section.
type Instruction struct {
	Header string `json:"header"`
	Text   string `json:"text"`
}

// Channel says who speaks on a channel.
type Channel struct {
	ID   int             `json:"id"` // 0 or 1
	Role transcript.Role `json:"role"`
}

// Document is one of the documents of a session.
type Document struct {
	Status   DocumentStatus `json:"status,omitempty"`
	Location string         `json:"location,omitempty"` // URI, once it is written
	Reason   string         `json:"reason,omitempty"`   // why it failed
}

// DocumentStatus is where a document is.
type DocumentStatus string

// The states of documents. A document of a session that has not ended has none.
const (
	Writing DocumentStatus = "IN_PROGRESS"
	Written DocumentStatus = "COMPLETED"
	Spoiled DocumentStatus = "FAILED"
)

// channels is how many channels the session's audio has.
func (c *Config) channels() int {
	if len(c.Channels) == 2 {
		return 2
	}
	return 1
}

// role is who speaks on a channel, as far as the client said.
func (c *Config) role(channel int) transcript.Role {
	for _, d := range c.Channels {
		if d.ID == channel {
			return d.Role
		}
	}
	return transcript.Unknown
}
