# SPDX-License-Identifier: Apache-2.0
"""One connection to a session of the scribe, made with the SDK."""

import asyncio
import contextlib

from aws_sdk_connecthealth import models as m

PATIENCE = 60  # seconds for what should come soon


async def session(client, clinic, session_id):
    """The session as it stands."""
    got = await client.get_medical_scribe_listening_session(m.GetMedicalScribeListeningSessionInput(
        session_id=session_id, domain_id=clinic.domain, subscription_id=clinic.subscription))
    return got.medical_scribe_listening_session_details


class Visit:
    """A stream that is open. What goes wrong while it opens is raised by begin; what ends it later, by hear."""

    @classmethod
    async def begin(cls, client, clinic, session_id, **more):
        self = cls()
        self.clinic = clinic
        self.stream = await client.start_medical_scribe_listening_session(m.StartMedicalScribeListeningSessionInput(**{
            "session_id": session_id, "domain_id": clinic.domain, "subscription_id": clinic.subscription, "language_code": "en-US",
            "media_sample_rate_hertz": 16000, "media_encoding": "pcm", **more}))
        try:
            self.output, self.events = await asyncio.wait_for(self.stream.await_output(), PATIENCE)
        except Exception:
            await self.drop()
            raise
        return self

    async def configure(self, bucket=None, context=None, channels=("CLINICIAN", "PATIENT")):
        await self.stream.input_stream.send(m.MedicalScribeInputStreamConfigurationEvent(m.MedicalScribeConfigurationEvent(
            post_stream_action_settings=m.MedicalScribePostStreamActionSettings(
                output_s3_uri=f"s3://{bucket or self.clinic.bucket}/out",
                clinical_note_generation_settings=m.ClinicalNoteGenerationSettings(
                    note_template_settings=m.NoteTemplateSettingsManagedTemplate(m.ManagedTemplate(template_type="HISTORY_AND_PHYSICAL")))),
            channel_definitions=[m.MedicalScribeChannelDefinition(channel_id=i, participant_role=r) for i, r in enumerate(channels)],
            encounter_context=context and m.EncounterContext(unstructured_context=context))))

    async def audio(self, piece, as_json=False):
        if as_json:
            await self.stream.input_stream.send(m.MedicalScribeInputStreamAudioEvent(m.MedicalScribeAudioEvent(audio_chunk=piece)))
        else:
            await self.stream.input_stream.send(m.MedicalScribeInputStreamBinaryAudioEvent(m.MedicalScribeBinaryAudioEvent(audio_chunk=piece)))

    async def say(self, seconds):
        """Sends seconds of two silent channels, in both forms."""
        for i in range(seconds * 4):
            await self.audio(bytes(16000), as_json=i % 2 == 1)

    async def end(self):
        await self.stream.input_stream.send(m.MedicalScribeInputStreamSessionControlEvent(m.MedicalScribeSessionControlEvent(type="END_OF_SESSION")))

    async def leave(self):
        """The signed empty message, and no more of the request."""
        await self.stream.input_stream.close()

    async def drop(self):
        """Leaves a stream that the server has ended. The SDK may wait for ever to send what nobody reads."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self.leave(), 0.5)

    async def hear(self, until_final=None):
        """The final segments up to that text, or to the end."""
        said = []
        while (event := await asyncio.wait_for(self.events.receive(), PATIENCE)) is not None:
            segment = event.value.transcript_segment
            if not segment.is_partial:
                said.append(segment)
                if segment.content == until_final:
                    break
        return said
