// SPDX-License-Identifier: Apache-2.0

package scribe

import (
	"encoding/json"
	"slices"

	"galen/internal/aws/eventstream"
	"galen/internal/fault"
	"galen/internal/scribe"
	"galen/internal/scribe/transcript"
)

// maxFrame is the longest message of a client: a configuration with twenty long instructions fits.
const maxFrame = 512 << 10

// configuration is a configurationEvent.
type configuration struct {
	PostStreamActionSettings *struct {
		OutputS3Uri                    string `json:"outputS3Uri"`
		ClinicalNoteGenerationSettings *struct {
			NoteTemplateSettings *templateSettings `json:"noteTemplateSettings"`
		} `json:"clinicalNoteGenerationSettings"`
		MedicalCodeGenerationSettings struct {
			Enabled bool `json:"enabled"`
		} `json:"medicalCodeGenerationSettings"`
	} `json:"postStreamActionSettings"`
	ChannelDefinitions []struct {
		ChannelID       int             `json:"channelId"`
		ParticipantRole transcript.Role `json:"participantRole"`
	} `json:"channelDefinitions"`
	EncounterContext struct {
		UnstructuredContext  string `json:"unstructuredContext"`
		MedicalCodingContext *struct {
			Sex           string `json:"sex"`
			EncounterDate string `json:"encounterDate"`
		} `json:"medicalCodingContext"`
	} `json:"encounterContext"`
}

type templateSettings struct {
	ManagedTemplate *struct {
		TemplateType string `json:"templateType"`
	} `json:"managedTemplate"`
	CustomTemplate *struct {
		TemplateType         string `json:"templateType"`
		TemplateInstructions []struct {
			SectionHeader      string `json:"sectionHeader"`
			SectionInstruction string `json:"sectionInstruction"`
		} `json:"templateInstructions"`
	} `json:"customTemplate"`
}

// parseConfig reads a configurationEvent.
func parseConfig(payload []byte) (scribe.Config, error) {
	var in configuration
	if err := json.Unmarshal(payload, &in); err != nil {
		return scribe.Config{}, fault.New(fault.Invalid, "the configurationEvent is not the JSON that it should be")
	}
	p := in.PostStreamActionSettings
	if p == nil || p.ClinicalNoteGenerationSettings == nil || p.ClinicalNoteGenerationSettings.NoteTemplateSettings == nil {
		return scribe.Config{}, fault.New(fault.Invalid, "the configurationEvent lacks postStreamActionSettings.clinicalNoteGenerationSettings.noteTemplateSettings")
	}
	c := scribe.Config{Output: p.OutputS3Uri, Context: in.EncounterContext.UnstructuredContext, Codes: p.MedicalCodeGenerationSettings.Enabled}
	if m := in.EncounterContext.MedicalCodingContext; m != nil {
		if !slices.Contains([]string{"", "MALE", "FEMALE", "NON_BINARY", "UNKNOWN"}, m.Sex) {
			return scribe.Config{}, fault.New(fault.Invalid, "medicalCodingContext.sex is MALE, FEMALE, NON_BINARY or UNKNOWN")
		}
		c.Coding = &scribe.Coding{Sex: m.Sex, Date: m.EncounterDate}
	}
	t := p.ClinicalNoteGenerationSettings.NoteTemplateSettings
	switch {
	case (t.ManagedTemplate == nil) == (t.CustomTemplate == nil):
		return scribe.Config{}, fault.New(fault.Invalid, "noteTemplateSettings has either a managedTemplate or a customTemplate")
	case t.ManagedTemplate != nil:
		c.Template.Type = t.ManagedTemplate.TemplateType
	default:
		c.Template = scribe.Template{Type: t.CustomTemplate.TemplateType, Custom: true}
		for _, i := range t.CustomTemplate.TemplateInstructions {
			c.Template.Instructions = append(c.Template.Instructions, scribe.Instruction{Header: i.SectionHeader, Text: i.SectionInstruction})
		}
	}
	for _, d := range in.ChannelDefinitions {
		c.Channels = append(c.Channels, scribe.Channel{ID: d.ChannelID, Role: d.ParticipantRole})
	}
	return c, nil
}

// parseAudio reads the audio of an audioEvent.
func parseAudio(payload []byte) ([]byte, error) {
	var in struct {
		AudioChunk []byte `json:"audioChunk"`
	}
	if err := json.Unmarshal(payload, &in); err != nil {
		return nil, fault.New(fault.Invalid, "the audioEvent is not JSON with audioChunk in base64")
	}
	return in.AudioChunk, nil
}

// parseControl reads a sessionControlEvent; there is one kind.
func parseControl(payload []byte) error {
	var in struct {
		Type string `json:"type"`
	}
	if err := json.Unmarshal(payload, &in); err != nil || in.Type != "END_OF_SESSION" {
		return fault.New(fault.Invalid, "a sessionControlEvent has the type END_OF_SESSION")
	}
	return nil
}

// transcriptSegment is what a client is told of a segment.
type transcriptSegment struct {
	SegmentID        string  `json:"segmentId"`
	AudioBeginOffset float64 `json:"audioBeginOffset"`
	AudioEndOffset   float64 `json:"audioEndOffset"`
	IsPartial        bool    `json:"isPartial"`
	ChannelID        string  `json:"channelId"`
	Content          string  `json:"content"`
}

// transcriptEvent tells of a segment.
func transcriptEvent(s transcript.Segment) eventstream.Event {
	channel := "ch_0"
	if s.Channel == 1 {
		channel = "ch_1"
	}
	payload, _ := json.Marshal(map[string]transcriptSegment{"transcriptSegment": {s.ID, s.Begin, s.End, s.Partial, channel, s.Content}}) // finite numbers and strings cannot fail
	return eventstream.Event{Type: "transcriptEvent", ContentType: "application/json", Payload: payload}
}
