# SPDX-License-Identifier: Apache-2.0
"""The scribe's stream, as AWS's own SDK speaks it: HTTP/2, signed events, modelled exceptions."""

import asyncio
import json
import re
import uuid

import pytest
from aws_sdk_connecthealth import models as m

import dataset
from conftest import TURNS
from visit import PATIENCE, Visit, session

SAID = [t["text"] for t in TURNS]


async def documents(client, clinic, session_id):
    """The results of a session that has ended, once they are written, by name."""
    async with asyncio.timeout(PATIENCE):
        while True:
            details = await session(client, clinic, session_id)
            got = details.post_stream_action_result.clinical_note_generation_result
            results = {"transcript": got.transcript_result, "note": got.note_result, "summary": got.after_visit_summary_result}
            if all(r.status != "IN_PROGRESS" for r in results.values()):
                break
            await asyncio.sleep(0.02)
    assert details.stream_status == "COMPLETED" and all(r.status == "COMPLETED" for r in results.values()), details
    return {name: json.loads(clinic.object(r.output_location)) for name, r in results.items()}


def contents(transcript):
    return [s["Content"] for s in transcript["Conversation"]["TranscriptSegments"]]


async def test_a_visit_is_heard_live_and_written_down(clinic):
    clinic.open()
    session_id = str(uuid.uuid4())
    async with clinic.sdk() as client:
        v = await Visit.begin(client, clinic, session_id)
        said = {"session_id": session_id, "domain_id": clinic.domain, "subscription_id": clinic.subscription, "language_code": "en-US",
                "media_sample_rate_hertz": 16000, "media_encoding": "pcm"}
        assert {name: getattr(v.output, name) for name in said} == said and v.output.request_id
        await v.configure(context="Known: asthma\nSeen last in May.")
        assert (await session(client, clinic, session_id)).stream_status == "IN_PROGRESS"
        for i, text in enumerate(SAID):
            await v.say(1)
            got = (await v.hear(until_final=text))[-1]  # it comes while the request is open
            assert got.channel_id == f"ch_{i % 2}" and got.audio_begin_offset == i and got.audio_end_offset == i + 0.9 and got.segment_id
        await v.end()
        await v.leave()
        assert await v.hear() == []
        got = await documents(client, clinic, session_id)
        assert contents(got["transcript"]) == SAID
        note = json.dumps(got["note"])
        assert "Right knee pain." in note and "Denies fever or chills." in note and "meloxicam 15 milligrams" in note, note
        assert got["summary"]
        details = await session(client, clinic, session_id)
        assert [(c.channel_id, c.participant_role) for c in details.channel_definitions] == [(0, "CLINICIAN"), (1, "PATIENT")]
        settings = details.post_stream_action_settings
        assert settings.output_s3_uri == f"s3://{clinic.bucket}/out" and details.stream_creation_time <= details.stream_end_time
        assert settings.clinical_note_generation_settings.note_template_settings.value.template_type == "HISTORY_AND_PHYSICAL"


async def test_a_visit_that_is_left_resumed_and_resumed_after_a_death(clinic):
    clinic.open()
    session_id = str(uuid.uuid4())
    async with clinic.sdk() as client:
        v = await Visit.begin(client, clinic, session_id)
        await v.configure()
        await v.say(2)
        await v.leave()
        heard = sorted(await v.hear(), key=lambda s: s.audio_begin_offset)  # each channel is heard in its own time
        assert [s.content for s in heard] == SAID[:2]
        assert (await session(client, clinic, session_id)).stream_status == "PAUSED"
        v = await Visit.begin(client, clinic, session_id)
        await v.configure()
        await v.say(2)
        await v.hear(until_final=SAID[2])
        clinic.kill()
        with pytest.raises(Exception):  # the SDK tells a connection that broke in several ways
            await v.hear()
            raise EOFError
    clinic.start()
    async with clinic.sdk() as client:
        assert (await session(client, clinic, session_id)).stream_status == "PAUSED"
        v = await Visit.begin(client, clinic, session_id)
        await v.configure()
        await v.say(4)  # what the death cut off, and what follows
        await v.end()
        await v.leave()
        await v.hear()
        assert contents((await documents(client, clinic, session_id))["transcript"]) == SAID, "every segment once"


async def test_real_speech_as_flac(clinic, recogniser):
    base = dataset.SHARED / "speech/consult"
    if not base.is_dir():
        pytest.skip("the speech data is not here")
    script = json.loads((base / "D2N068_flite_rms_slt.json").read_text())
    speech = (base / "D2N068_flite_rms_slt_stereo.flac").read_bytes()
    speech = speech[:len(speech) // 14]  # cut within a frame, some 26 seconds of 372
    clinic.flags = (*clinic.flags[:4], *recogniser)
    clinic.open()
    session_id = str(uuid.uuid4())
    async with clinic.sdk() as client:
        v = await Visit.begin(client, clinic, session_id, media_encoding="flac")
        await v.configure()
        hearing = asyncio.create_task(v.hear())
        for i in range(0, len(speech), 8000):
            await v.audio(speech[i:i + 8000])
        await v.end()
        await v.leave()
        segments = await hearing
        heard = contents((await documents(client, clinic, session_id))["transcript"])
    assert sorted(s.content for s in segments) == sorted(heard)
    seconds = max(s.audio_end_offset for s in segments)
    assert 15 < seconds < 60 and {s.channel_id for s in segments} == {"ch_0", "ch_1"}
    words = re.findall(r"[a-z']+", " ".join(t["text"] for t in script["turns"] if t["end"] <= seconds))
    got = re.findall(r"[a-z']+", " ".join(heard).lower())
    right = sum(min(words.count(w), got.count(w)) for w in set(words))
    assert right > len(words) / 2, f"{right} of {len(words)} words: {heard}"


async def test_requests_that_are_refused(clinic):
    clinic.open()
    idle = clinic.client("connecthealth", inject_host_prefix=False).create_subscription(domainId=clinic.domain)["subscriptionId"]
    async with clinic.sdk() as client:
        await client.deactivate_subscription(m.DeactivateSubscriptionInput(domain_id=clinic.domain, subscription_id=idle))
        for more, error in (({"media_sample_rate_hertz": 4000}, m.ValidationException), ({"media_encoding": "opus"}, m.ValidationException),
                            ({"language_code": "fr-FR"}, m.ValidationException), ({"session_id": "x"}, m.ValidationException),
                            ({"subscription_id": idle}, m.ValidationException), ({"subscription_id": "sub-abcdefghijklmnopqrstu"}, m.ResourceNotFoundException),
                            ({"domain_id": "dom-a1b2c3d4e5f6g7h8"}, m.ResourceNotFoundException)):
            with pytest.raises(error) as e:
                await Visit.begin(client, clinic, **{"session_id": str(uuid.uuid4()), **more})
            assert e.value.message, more
        with pytest.raises(m.ResourceNotFoundException):
            await session(client, clinic, str(uuid.uuid4()))
        first = str(uuid.uuid4())
        v = await Visit.begin(client, clinic, first)
        await v.configure()
        with pytest.raises(m.ValidationException):
            await Visit.begin(client, clinic, first)
        await v.say(1)
        await v.hear(until_final=SAID[0])  # it is none the worse
        await v.leave()
        await v.hear()
    async with clinic.sdk(aws_access_key_id="AKIAIOSFODNN7EXAMPLE") as client:
        with pytest.raises(m.AccessDeniedException):
            await Visit.begin(client, clinic, str(uuid.uuid4()))


async def test_streams_that_go_wrong(clinic):
    clinic.open()

    async def configured(v, **more):
        await v.configure(**more)

    async def heard(v, what):
        await v.configure()
        await v.say(1)
        await what()

    async with clinic.sdk() as client:
        for name, send, said in (
                ("no configuration", lambda v: v.say(1), []),
                ("a dash in the context", lambda v: configured(v, context="pain – none"), []),
                ("no bucket", lambda v: configured(v, bucket="nowhere"), []),
                ("one channel twice", lambda v: configured(v, channels=("PATIENT",)), []),
                ("33 kB", lambda v: heard(v, lambda: v.audio(bytes(33_000))), SAID[:1]),
                ("configured twice", lambda v: heard(v, v.configure), SAID[:1])):
            session_id = str(uuid.uuid4())
            v = await Visit.begin(client, clinic, session_id)
            sending = asyncio.create_task(send(v))
            segments = []
            with pytest.raises(m.ValidationException) as e:
                while event := await asyncio.wait_for(v.events.receive(), PATIENCE):
                    segments.append(event.value.transcript_segment)
            assert e.value.message and [s.content for s in segments if not s.is_partial] == said, name
            sending.cancel()
            await v.drop()
            assert (await session(client, clinic, session_id)).stream_status == "PAUSED", name


async def test_the_other_operations(clinic):
    clinic.open()
    async with clinic.sdk() as client:
        made = await client.create_domain(m.CreateDomainInput(name="other", tags={"team": "a"}))
        assert (await client.get_domain(m.GetDomainInput(domain_id=made.domain_id))).status == "ACTIVE"
        names, token = [], None
        while True:
            page = await client.list_domains(m.ListDomainsInput(max_results=1, next_token=token))
            names += [d.name for d in page.domains]
            if not (token := page.next_token):
                break
        assert sorted(names) == ["clinic", "other"]
        await client.tag_resource(m.TagResourceInput(resource_arn=made.arn, tags={"floor": "2"}))
        await client.untag_resource(m.UntagResourceInput(resource_arn=made.arn, tag_keys=["team"]))
        assert (await client.list_tags_for_resource(m.ListTagsForResourceInput(resource_arn=made.arn))).tags == {"floor": "2"}
        sub = (await client.create_subscription(m.CreateSubscriptionInput(domain_id=made.domain_id))).subscription_id
        of = {"domain_id": made.domain_id, "subscription_id": sub}
        assert (await client.deactivate_subscription(m.DeactivateSubscriptionInput(**of))).subscription.status == "INACTIVE"
        assert (await client.activate_subscription(m.ActivateSubscriptionInput(**of))).subscription.status == "ACTIVE"
        assert (await client.get_subscription(m.GetSubscriptionInput(**of))).subscription.subscription_id == sub
        assert [s.subscription_id for s in (await client.list_subscriptions(m.ListSubscriptionsInput(domain_id=made.domain_id))).subscriptions] == [sub]
        with pytest.raises(m.ValidationException):
            await client.start_patient_insights_job(m.StartPatientInsightsJobInput(
                domain_id=made.domain_id, patient_context=m.PatientInsightsPatientContext(patient_id="x"), insights_context=m.InsightsContext(insights_type="PRE_VISIT"),
                encounter_context=m.PatientInsightsEncounterContext(encounter_reason="follow-up"), user_context=m.UserContext(role="CLINICIAN", user_id="dr-jones"),
                input_data_config=m.InputDataConfig(), output_data_config=m.OutputDataConfig(s3_output_path="s3://nowhere/x")))
        await client.delete_domain(m.DeleteDomainInput(domain_id=made.domain_id))
        assert (await client.get_domain(m.GetDomainInput(domain_id=made.domain_id))).status in ("DELETING", "DELETED")
