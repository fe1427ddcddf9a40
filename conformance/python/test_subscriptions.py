# SPDX-License-Identifier: Apache-2.0
"""Subscriptions over the wire: rest-hook, websocket and event-bridge, with receivers that behave and receivers that do not."""

import itertools
import json

import pytest
import websockets.sync.client

import bulk
from house import Galen, ok, outcome, until
from receiver import Note, Receiver

BACKPORT = "http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/backport-"
BUS = "arn:aws:events:us-east-1:000000000000:event-bus/mine"


@pytest.fixture(scope="module")
def sink():
    r = Receiver()
    yield r
    r.close()


@pytest.fixture(scope="module")
def server(tmp_path_factory, sink):
    """A server that may send to receivers here. Its end is a test too."""
    g = Galen(tmp_path_factory.mktemp("subscriptions") / "data", "--subscription-private", "127.0.0.0/8", "--event-sink", sink.url).start()
    yield g
    g.stop()


@pytest.fixture
def fhir(server):
    return server.fhir(bulk.new_store(server.client("healthlake"), "subscriptions"))


@pytest.fixture
def receive():
    made = []

    def make(behave=None):
        made.append(Receiver(behave))
        return made[-1]
    yield make
    for r in made:
        r.close()


def channel(endpoint, kind="rest-hook", content="id-only", **more):
    c = {"type": kind, "payload": "application/fhir+json",
         "_payload": {"extension": [{"url": BACKPORT + "payload-content", "valueCode": content}]}, **more}
    if endpoint:
        c["endpoint"] = endpoint
    return c


def subscribe(f, id_, channel, topic="urn:galen:topic:Patient", filters=(), status="active"):
    body = {"resourceType": "Subscription", "id": id_, "status": "requested", "reason": "test", "criteria": topic, "channel": channel}
    if filters:
        body["_criteria"] = {"extension": [{"url": BACKPORT + "filter-criteria", "valueString": t} for t in filters]}
    r = f("PUT", f"Subscription/{id_}", body=body)
    assert r.status_code in (200, 201), r.text
    return until(lambda: (s := f.get(f"Subscription/{id_}"))["status"] == status and s, f"Subscription/{id_} is {status}")


def patient(f, id_, **more):
    r = f("PUT", f"Patient/{id_}", body={"resourceType": "Patient", "id": id_, **more})
    assert r.status_code in (200, 201), r.text


def status(f, id_):
    """What $status tells, by name."""
    [entry] = f.get(f"Subscription/{id_}/$status")["entry"]
    return {p["name"]: next((v for k, v in p.items() if k.startswith("value")), None) for p in entry["resource"]["parameter"]}


def memory(server):
    """The most memory the server has had, in bytes."""
    with open(f"/proc/{server.process.pid}/status") as lines:
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM"))


def test_a_rest_hook_is_shaken_hands_with_and_told_what_the_filter_takes(fhir, receive):
    r = receive()
    subscribe(fhir, "s", channel(r.url, content="full-resource", header=["X-Token: secret"]), filters=["Patient?gender=female"])
    assert r.kinds() == ["handshake"] and r.taken[0].headers["X-Token"] == "secret"
    for i in range(6):
        patient(fhir, f"p{i}", gender=["female", "male"][i % 2])
    patient(fhir, "p1", gender="female")
    ok(fhir("PUT", "Group/g", body={"resourceType": "Group", "id": "g", "type": "person", "actual": True}), 201)
    assert fhir("DELETE", "Patient/p0").status_code == 204
    want = [(1, "Patient/p0"), (2, "Patient/p2"), (3, "Patient/p4"), (4, "Patient/p1"), (5, "Patient/p0")]
    assert r.until_events(5) == want
    methods = [(e["request"]["method"], "resource" in e) for n in r.taken[1:] for e in n.body["entry"][1:]]
    assert methods == [("PUT", True)] * 4 + [("DELETE", False)]
    told = status(fhir, "s")
    assert told["status"] == "active" and told["events-since-subscription-start"] == "5" and told["type"] == "query-status"
    asked = Note(fhir.get("Subscription/s/$events", eventsSinceNumber="2", eventsUntilNumber="4"))
    assert asked.events == want[1:4] and asked.kind == "query-event"
    outcome(fhir("GET", "Subscription/none/$status"), 404)
    outcome(fhir("GET", "Subscription/s/$events?content=all"), 400, "value")


def test_a_receiver_that_fails_and_recovers_is_told_everything_in_order(fhir, receive):
    attempts, failing = [], itertools.chain([503, 500, 404, 302], itertools.repeat(200))

    def behave(_, note):
        if note.kind != "event-notification":
            return 200
        attempts.append(note.events)
        return next(failing)
    r = receive(behave)
    subscribe(fhir, "s", channel(r.url))
    for i in range(20):
        patient(fhir, f"p{i}")
    until(lambda: "answers with status" in json.dumps(fhir.get("Subscription/s/$status")), "$status tells why it was refused")
    got = r.until_events(20)
    assert got == [(i + 1, f"Patient/p{i}") for i in range(20)], "each once, in order"
    assert len(r.refused) == 4 and all(a[0][0] == 1 for a in attempts[:5]), "the first event is tried until it is taken"
    assert all(len(a) == 1 for a in attempts[1:5]), "after a failure one event is sent at a time"
    until(lambda: status(fhir, "s")["events-since-subscription-start"] == "20", "all is counted")


def test_heartbeats_come_when_nothing_happens(fhir, receive):
    r = receive()
    subscribe(fhir, "s", channel(r.url, extension=[{"url": BACKPORT + "heartbeat-period", "valueUnsignedInt": 1}]))
    until(lambda: r.kinds().count("heartbeat") >= 2, "two heartbeats")
    patient(fhir, "p")
    assert r.until_events(1) == [(1, "Patient/p")]


def test_a_handshake_that_fails_is_an_error_until_it_is_asked_for_again(fhir, receive):
    r = receive(lambda _, note: 403)
    assert "403" in subscribe(fhir, "s", channel(r.url), status="error")["error"]
    patient(fhir, "missed")
    r.behave = None
    subscribe(fhir, "s", channel(r.url))
    patient(fhir, "p")
    assert r.until_events(1) == [(1, "Patient/p")], "what was while it was an error is no event"


def test_who_is_deleted_or_off_is_told_nothing(fhir, receive):
    r = receive()
    s = subscribe(fhir, "s", channel(r.url))
    patient(fhir, "a")
    r.until_events(1)
    ok(fhir("PUT", "Subscription/s", body={**s, "status": "off"}))
    until(lambda: fhir.get("Subscription/s")["status"] == "off", "it is off")
    patient(fhir, "b")
    subscribe(fhir, "s", channel(r.url))
    patient(fhir, "c")
    assert [focus for _, focus in r.until_events(2)] == ["Patient/a", "Patient/c"]
    assert fhir("DELETE", "Subscription/s").status_code == 204
    other = receive()
    subscribe(fhir, "other", channel(other.url))
    patient(fhir, "d")
    other.until_events(1)
    assert len(r.events()) == 2
    outcome(fhir("GET", "Subscription/s/$events"), 404)


def test_receivers_that_never_answer_or_never_end_harm_nobody(server, fhir, receive):
    def mute(handler, note):
        return 200 if note.kind == "handshake" else receivers["mute"].closing.wait(60) and None

    def endless(handler, note):  # an answer of 10 GB
        if note.kind == "handshake":
            return 200
        handler.send_response(200)
        handler.send_header("Content-Length", str(10 << 30))
        handler.end_headers()
        try:
            for _ in range(10 << 10):
                handler.wfile.write(bytes(1 << 20))
        except OSError:
            pass
        return None
    receivers = {"mute": receive(mute), "flood": receive(endless), "good": receive()}
    timeout = [{"url": BACKPORT + "timeout", "valueUnsignedInt": 1}]
    for name, r in receivers.items():
        subscribe(fhir, name, channel(r.url, content="full-resource", extension=timeout))
    before = memory(server)
    for i in range(100):
        patient(fhir, f"p{i}", name=[{"family": "x" * 1000}])
    assert receivers["good"].until_events(100) == [(i + 1, f"Patient/p{i}") for i in range(100)]
    until(lambda: "does not answer in time" in json.dumps(fhir.get("Subscription/mute/$status")), "the silent one is told as failing")
    until(lambda: status(fhir, "flood")["events-since-subscription-start"] == "100", "the endless one is told everything")
    assert fhir.total("Patient") == 100
    assert memory(server) - before < 256 << 20, "their answers are not kept"


def test_private_addresses_are_refused_unless_allowed(galen, receive):
    f = galen.fhir(bulk.new_store(galen.client("healthlake"), "private"))
    r = receive()
    body = {"resourceType": "Subscription", "id": "s", "status": "requested", "reason": "test", "criteria": "urn:galen:topic:Patient", "channel": channel(r.url)}
    answer = f("PUT", "Subscription/s", body=body)
    if answer.status_code < 300:  # it is found out when it is connected to
        assert "error" == until(lambda: (s := f.get("Subscription/s"))["status"] != "requested" and s, "it is tried")["status"]
    else:
        outcome(answer, 422)
    assert not r.taken and not r.refused


def test_an_event_bus_gets_healthlakes_events(fhir, sink):
    subscribe(fhir, "bus", channel(BUS, "event-bridge", "full-resource"))
    patient(fhir, "a", gender="female")
    mine = lambda: [n.body for n in list(sink.taken) if n.body["detail"]["subscriptionUrl"].startswith(fhir.base)]  # noqa: E731
    until(lambda: len(mine()) == 2, "the handshake and the event")
    shake, event = mine()
    for e in (shake, event):
        assert e["source"] == "healthlake" and e["detail-type"] == "FHIR Subscription Notification" and e["resources"][0].startswith("arn:aws:healthlake:")
    payload = event["detail"]["notificationBundlePayload"]
    first, second = (e["resource"] for e in payload["entry"])
    assert shake["detail"]["notificationBundlePayload"]["entry"][0]["resource"]["type"] == "handshake"
    assert first["resourceType"] == "SubscriptionStatus" and first["type"] == "event-notification" and second["id"] == "a"
    [told] = first["notificationEvent"]
    assert told["id"] and told["additionalContext"][0]["reference"].endswith("Patient/a/_history/1")


def binding(f, *ids):
    p = {"resourceType": "Parameters", "parameter": [{"name": "id", "valueId": i} for i in ids]}
    return {q["name"]: next(v for k, v in q.items() if k.startswith("value")) for q in ok(f("POST", "Subscription/$get-ws-binding-token", body=p))["parameter"]}


def test_a_websocket_hears_what_waited_and_what_comes(fhir):
    subscribe(fhir, "s", channel(None, "websocket"))
    patient(fhir, "before")
    token = binding(fhir, "s")
    with websockets.sync.client.connect(token["websocket-url"]) as socket:
        socket.send("bind-with-token " + token["token"])
        heard = [Note(json.loads(socket.recv(timeout=20))) for _ in range(2)]
        assert [n.kind for n in heard] == ["handshake", "event-notification"] and heard[1].events == [(1, "Patient/before")]
        patient(fhir, "now")
        assert Note(json.loads(socket.recv(timeout=20))).events == [(2, "Patient/now")]
    patient(fhir, "later")
    with websockets.sync.client.connect(token["websocket-url"]) as socket:
        socket.send("bind-with-token " + token["token"])
        heard = []
        while (3, "Patient/later") not in heard:  # what the first one took without a sign of it may come again
            heard += Note(json.loads(socket.recv(timeout=20))).events
        assert [n for n, _ in heard] == sorted(n for n, _ in heard)
    with websockets.sync.client.connect(token["websocket-url"]) as socket:
        socket.send("bind-with-token nonsense")
        with pytest.raises(websockets.exceptions.ConnectionClosed):
            while True:
                socket.recv(timeout=20)
