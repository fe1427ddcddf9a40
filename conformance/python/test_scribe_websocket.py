# SPDX-License-Identifier: Apache-2.0
"""The scribe over a WebSocket with clients that share nothing with the server: botocore signs the address and reads the events, websockets carries
them, and what a message is made of is written out here."""

import datetime
import hashlib
import hmac
import json
import struct
import time
import urllib.parse
import uuid
import zlib

import botocore.auth
import botocore.awsrequest
import botocore.eventstream
import pytest
import websockets.exceptions
import websockets.sync.client

import bulk
from house import REGION, until

TURNS = [{"channel": 0, "start": i, "end": i + 0.9, "text": f"turn number {i}"} for i in range(6)]
CONFIGURATION = {"postStreamActionSettings": {"outputS3Uri": "", "clinicalNoteGenerationSettings": {
    "noteTemplateSettings": {"managedTemplate": {"templateType": "DAP"}}}}}


@pytest.fixture
def clinic(alone, tmp_path):
    """A server that hears the turns, whatever is said; with a domain, a subscription and a bucket."""
    script = tmp_path / "script.json"
    script.write_text(json.dumps({"turns": TURNS}))
    alone.flags = ("--recogniser", f"replay:{script}")
    alone.start()
    health = alone.client("connecthealth", inject_host_prefix=False)
    alone.domain = health.create_domain(name="websocket")["domainId"]
    alone.subscription = health.create_subscription(domainId=alone.domain)["subscriptionId"]
    alone.bucket = bulk.new_bucket(alone.client("s3"))
    return alone


def message(headers, payload):
    """A message of an event stream: type 7 is text, 6 bytes, 8 a time in milliseconds."""
    head = b""
    for name, (kind, value) in headers.items():
        head += struct.pack(">B", len(name)) + name.encode() + struct.pack(">B", kind)
        head += struct.pack(">q", value) if kind == 8 else struct.pack(">H", len(value)) + value
    start = struct.pack(">II", 16 + len(head) + len(payload), len(head))
    start += struct.pack(">I", zlib.crc32(start))
    whole = start + head + payload
    return whole + struct.pack(">I", zlib.crc32(whole))


class Visit:
    """One connection to a session."""

    def __init__(self, clinic, session, expires=60, **more):
        self.clinic = clinic
        query = {"session-id": session, "domain-id": clinic.domain, "subscription-id": clinic.subscription, "language-code": "en-US",
                 "sample-rate": "16000", "media-encoding": "pcm", **more}
        request = botocore.awsrequest.AWSRequest("GET", f"{clinic.url}/medical-scribe-stream-websocket?" + urllib.parse.urlencode(query))
        self.keys = clinic.keys()
        botocore.auth.SigV4QueryAuth(self.keys, "health-agent", REGION, expires=expires).add_auth(request)
        self.previous = urllib.parse.parse_qs(urllib.parse.urlsplit(request.url).query)["X-Amz-Signature"][0]
        self.socket = websockets.sync.client.connect(request.url.replace("http", "ws", 1), max_size=None).__enter__()
        self.events = botocore.eventstream.EventStreamBuffer()

    def frame(self, inner):
        """A signed message around one that is encoded; the signature goes on from the last."""
        now = int(time.time() * 1000)
        date = b"\x05:date\x08" + struct.pack(">q", now)
        at = datetime.datetime.fromtimestamp(now / 1000, datetime.timezone.utc)
        scope = f"{at:%Y%m%d}/{REGION}/health-agent/aws4_request"
        text = "\n".join(["AWS4-HMAC-SHA256-PAYLOAD", f"{at:%Y%m%dT%H%M%SZ}", scope, self.previous,
                          hashlib.sha256(date).hexdigest(), hashlib.sha256(inner).hexdigest()])
        key = ("AWS4" + self.keys.secret_key).encode()
        for part in scope.split("/"):
            key = hmac.new(key, part.encode(), hashlib.sha256).digest()
        signature = hmac.new(key, text.encode(), hashlib.sha256)
        self.previous = signature.hexdigest()
        return message({":date": (8, now), ":chunk-signature": (6, signature.digest())}, inner)

    def send(self, kind, payload, content_type="application/json"):
        body = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
        self.socket.send(self.frame(message({":message-type": (7, b"event"), ":event-type": (7, kind.encode()), ":content-type": (7, content_type.encode())}, body)))

    def configure(self):
        self.send("configurationEvent", json.loads(json.dumps(CONFIGURATION).replace('"outputS3Uri": ""', f'"outputS3Uri": "s3://{self.clinic.bucket}/notes"')))

    def say(self, seconds):
        for _ in range(seconds * 4):
            self.send("binaryAudioEvent", b"\0" * 8000, "application/octet-stream")

    def end(self):
        self.send("sessionControlEvent", {"type": "END_OF_SESSION"})

    def leave(self):
        self.socket.send(self.frame(b""))

    def hear(self, until_final=None):
        """What was said for good, up to that text or the end; then the events that are no transcript, and how it was closed."""
        said, other = [], []
        try:
            while True:
                self.events.add_data(self.socket.recv(timeout=60))
                for e in self.events:
                    if e.headers.get(":event-type") != "transcriptEvent":
                        other.append(e)
                        continue
                    segment = json.loads(e.payload)["transcriptSegment"]
                    if not segment["isPartial"]:
                        said.append(segment["content"])
                        if segment["content"] == until_final:
                            return said, other, None
        except websockets.exceptions.ConnectionClosed as closed:
            return said, other, closed.rcvd


def details(clinic, session):
    health = clinic.client("connecthealth", inject_host_prefix=False)
    return health.get_medical_scribe_listening_session(domainId=clinic.domain, subscriptionId=clinic.subscription, sessionId=session)["medicalScribeListeningSessionDetails"]


def transcript(clinic, session):
    """What is in the transcript of a session that has ended, once it is written."""
    def look():
        result = details(clinic, session)["postStreamActionResult"]["clinicalNoteGenerationResult"]["transcriptResult"]
        return result if result["status"] != "IN_PROGRESS" else None
    result = until(look, "the transcript is written")
    assert result["status"] == "COMPLETED", result
    bucket, key = bulk.split(result["outputLocation"])
    body = json.loads(clinic.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read())
    return [s["Content"] for s in body["Conversation"]["TranscriptSegments"]]


def test_a_visit_that_is_left_and_resumed(clinic):
    session = str(uuid.uuid4())
    v = Visit(clinic, session)
    v.configure()
    v.say(2)
    v.leave()
    said, other, closed = v.hear()
    assert said == ["turn number 0", "turn number 1"] and not other and closed.code == 1000
    assert details(clinic, session)["streamStatus"] == "PAUSED"
    v = Visit(clinic, session)
    v.configure()
    v.say(4)
    v.end()
    said, other, closed = v.hear()
    assert said == [t["text"] for t in TURNS[2:]] and not other and closed.code == 1000
    assert details(clinic, session)["streamStatus"] == "COMPLETED"
    assert transcript(clinic, session) == [t["text"] for t in TURNS]


def test_a_visit_over_a_death_of_the_server(clinic):
    session = str(uuid.uuid4())
    v = Visit(clinic, session)
    v.configure()
    v.say(3)
    v.hear(until_final="turn number 1")
    clinic.kill()
    clinic.start()
    assert details(clinic, session)["streamStatus"] == "PAUSED"
    v = Visit(clinic, session)
    v.configure()
    v.say(6)  # what was cut off, and what follows
    v.end()
    _, other, closed = v.hear()
    assert not other and closed.code == 1000
    assert transcript(clinic, session) == [t["text"] for t in TURNS], "every segment once"


def test_what_is_refused(clinic):
    for expires, more, status in ((301, {}, 400), (60, {"sample-rate": "1"}, 400), (60, {"domain-id": "dom-a1b2c3d4e5f6g7h8"}, 404)):
        with pytest.raises(websockets.exceptions.InvalidStatus) as e:
            Visit(clinic, str(uuid.uuid4()), expires, **more)
        assert e.value.response.status_code == status and e.value.response.headers["x-amzn-ErrorType"]
    session = str(uuid.uuid4())
    v = Visit(clinic, session)
    v.configure()
    with pytest.raises(websockets.exceptions.InvalidStatus) as e:
        Visit(clinic, session)
    assert e.value.response.status_code == 400, "a second connection"
    v.say(1)
    v.previous = "0" * 64  # as if a message was left out
    v.say(1)
    said, other, closed = v.hear()
    assert said == ["turn number 0"] and closed.code == 1008 and closed.reason
    assert [(e.headers[":message-type"], e.headers[":error-code"]) for e in other] == [("error", "InvalidSignatureException")]
    v = Visit(clinic, session)
    v.configure()
    v.socket.send("text")
    said, other, closed = v.hear()
    assert closed.code == 1008 and [e.headers[":exception-type"] for e in other] == ["validationException"]
    assert details(clinic, session)["streamStatus"] == "PAUSED"


def test_the_server_stops(clinic):
    session = str(uuid.uuid4())
    v = Visit(clinic, session)
    v.configure()
    v.say(2)
    v.hear(until_final="turn number 0")
    clinic.stop()
    _, other, closed = v.hear()
    assert closed.code == 1001 and [e.headers[":exception-type"] for e in other] == ["internalFailureException"]
    clinic.start()
    assert details(clinic, session)["streamStatus"] == "PAUSED"
