// SPDX-License-Identifier: Apache-2.0

package connecthealth

import (
	"context"
	"strings"

	"galen/internal/scribe"
)

// getSession describes a session of the scribe. Instructions of a custom template are not told again.
func (s *service) getSession(ctx context.Context, in *GetMedicalScribeListeningSessionInput) (*GetMedicalScribeListeningSessionOutput, error) {
	account, err := s.account(ctx)
	if err != nil {
		return nil, err
	}
	x, err := s.Sessions.Get(ctx, scribe.Key{Account: account, Domain: in.DomainId, Subscription: in.SubscriptionId, ID: strings.ToLower(in.SessionId)})
	if err != nil {
		return nil, err
	}
	rate, given, coding := int32(x.Rate), false, false
	d := &MedicalScribeListeningSessionDetails{SessionId: x.ID, DomainId: x.Domain, SubscriptionId: x.Subscription,
		LanguageCode: MedicalScribeLanguageCode(x.Language), MediaSampleRateHertz: &rate, MediaEncoding: MedicalScribeMediaEncoding(x.Encoding),
		StreamStatus: MedicalScribeStreamStatus(x.Status), StreamCreationTime: x.Created, StreamEndTime: x.Ended,
		EncounterContextProvided: &given, MedicalCodingContextProvided: &coding}
	if c := x.Config; c != nil {
		given, coding = c.Context != "", c.Coding != nil
		d.PostStreamActionSettings = settings(c)
		for _, channel := range c.Channels {
			d.ChannelDefinitions = append(d.ChannelDefinitions,
				MedicalScribeChannelDefinition{ChannelId: int32(channel.ID), ParticipantRole: MedicalScribeParticipantRole(channel.Role)})
		}
	}
	if x.Note.Status != "" {
		d.PostStreamActionResult = &MedicalScribePostStreamActionsResult{ClinicalNoteGenerationResult: &ClinicalNoteGenerationResult{
			NoteResult: artifact(x.Note), TranscriptResult: artifact(x.Transcript), AfterVisitSummaryResult: artifact(x.Summary)}}
		if x.Codes.Status != "" {
			d.PostStreamActionResult.MedicalCodeGenerationResult = &MedicalCodeGenerationResult{MedicalCodesResult: artifact(x.Codes)}
		}
	}
	return &GetMedicalScribeListeningSessionOutput{MedicalScribeListeningSessionDetails: d}, nil
}

func settings(c *scribe.Config) *MedicalScribePostStreamActionSettingsResponse {
	t := &NoteTemplateSettingsResponse{ManagedTemplate: &ManagedTemplateResponse{TemplateType: ManagedNoteTemplate(c.Template.Type)}}
	if c.Template.Custom {
		t = &NoteTemplateSettingsResponse{CustomTemplate: &CustomTemplateResponse{TemplateType: CustomTemplateBase(c.Template.Type)}}
	}
	return &MedicalScribePostStreamActionSettingsResponse{OutputS3Uri: c.Output,
		ClinicalNoteGenerationSettings: &ClinicalNoteGenerationSettingsResponse{NoteTemplateSettings: t},
		MedicalCodeGenerationSettings:  &MedicalCodeGenerationSettingsResponse{Enabled: &c.Codes}}
}

func artifact(d scribe.Document) *ArtifactDetails {
	return &ArtifactDetails{OutputLocation: d.Location, Status: PostStreamArtifactGenerationStatus(d.Status), FailureReason: d.Reason}
}
