# SPDX-License-Identifier: Apache-2.0
"""Requests that ask for more than anybody may have: refused or bounded, in the memory that is said here, while others are served."""

import concurrent.futures
import gzip
import json
import socket
import threading
import urllib.parse

import pytest

import bulk
from house import Galen, ok, until

OBSERVATIONS = 4000
PEAK = 900 << 20  # bytes that the server may ever have had, whatever came
FORM = "application/x-www-form-urlencoded"


def memory(server):
    """The most memory the server has had, in bytes."""
    with open(f"/proc/{server.process.pid}/status") as lines:
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM"))


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """A server that takes bodies of 128 MiB, so that they reach what looks into them."""
    g = Galen(tmp_path_factory.mktemp("bombs") / "data", "--max-body-mb", "128").start()
    yield g
    g.stop()


@pytest.fixture(scope="module")
def f(server):
    """A data store in which everything is about one patient, and each observation comes from the one before."""
    f = server.fhir(bulk.new_store(server.client("healthlake"), "bombs"))
    entries = [{"resource": {"resourceType": "Patient", "id": "p", "name": [{"family": "Berg"}]}, "request": {"method": "PUT", "url": "Patient/p"}}]
    for i in range(OBSERVATIONS):
        o = {"resourceType": "Observation", "id": f"o{i}", "status": "final", "code": {"text": "x" * 500}, "subject": {"reference": "Patient/p"}}
        if i:
            o["derivedFrom"] = [{"reference": f"Observation/o{i - 1}"}]
        entries.append({"resource": o, "request": {"method": "PUT", "url": f"Observation/o{i}"}})
    ok(f("POST", body={"resourceType": "Bundle", "type": "transaction", "entry": entries}))
    return f


def nested(levels, inner='{"resourceType":"Patient"}'):
    return '{"resourceType":"Patient","contained":[' * levels + inner + "]}" * levels


def graph(query):
    return "POST", "$graphql", json.dumps({"query": query}).encode(), "application/json"


def patch(*ops):
    return "PATCH", "Patient/p", json.dumps(ops).encode(), "application/json-patch+json"


def search(kind, **params):
    return "POST", kind + "/_search", urllib.parse.urlencode(params, doseq=True).encode(), FORM


def path_patch(path):
    p = {"resourceType": "Parameters", "parameter": [{"name": "operation", "part": [
        {"name": "type", "valueCode": "replace"}, {"name": "path", "valueString": path}, {"name": "value", "valueString": "x"}]}]}
    return "PATCH", "Patient/p", json.dumps(p).encode(), "application/fhir+json"


JSON, XML = "application/fhir+json", "application/fhir+xml"

BOMBS = {
    "a bundle of a million entries": lambda: ("POST", "", b'{"resourceType":"Bundle","type":"transaction","entry":[' + b",".join(
        [b'{"request":{"method":"GET","url":"Patient/p"}}'] * 1_000_000) + b"]}", JSON),
    "a batch of a million empty entries": lambda: ("POST", "", b'{"resourceType":"Bundle","type":"batch","entry":[' + b"{}," * 999_999 + b"{}]}", JSON),
    "a batch of 5,000 searches": lambda: ("POST", "", json.dumps({"resourceType": "Bundle", "type": "batch", "entry": [
        {"request": {"method": "GET", "url": "Observation?_count=1000"}}] * 5000}).encode(), JSON),
    "a transaction of 5,000 histories": lambda: ("POST", "", json.dumps({"resourceType": "Bundle", "type": "transaction", "entry": [
        {"request": {"method": "GET", "url": "_history?_count=1000"}}] * 5000}).encode(), JSON),
    "a packed body of a gigabyte": lambda: ("POST", "Patient", gzip.compress(b'{"resourceType":"Patient"' + b" " * (1 << 30) + b"}", 9), JSON),
    "a resource 100,000 deep": lambda: ("POST", "Patient", nested(100_000).encode(), JSON),
    "XML 100,000 deep": lambda: ("POST", "Patient", b'<Patient xmlns="http://hl7.org/fhir">' + b"<contained><Patient>" * 100_000, XML),
    "a hundred megabytes of one string": lambda: ("POST", "Patient", b'{"resourceType":"Patient","language":"' + b"x" * (100 << 20) + b'"}', JSON),
    "a million names": lambda: ("POST", "Patient", b'{"resourceType":"Patient","name":[' + b",".join([b'{"text":"x"}'] * 1_000_000) + b"]}", JSON),
    "a page of a billion": lambda: search("Observation", _count=10**9),
    "everything includes everything": lambda: search("Observation", _count=1000, **{"_include:iterate": "*", "_revinclude:iterate": ["Observation:derived-from", "Observation:subject"]}),
    "all there is about a patient": lambda: search("Patient", _revinclude=["Observation:subject", "Observation:patient"]),
    "a chain of 10,000 links": lambda: search("Observation", **{"derived-from:Observation." * 10_000 + "code": "x"}),
    "1,000 times reversed": lambda: search("Observation", **{"_has:Observation:derived-from:" * 1000 + "code": "x"}),
    "100,000 alternatives": lambda: search("Observation", code=",".join(f"c{i}" for i in range(100_000))),
    "10,000 criteria": lambda: search("Observation", code=[f"c{i}" for i in range(10_000)]),
    "a filter of 10,000 brackets": lambda: search("Patient", _filter="(" * 10_000 + "gender eq male" + ")" * 10_000),
    "a filter of 10,000 tests": lambda: search("Patient", _filter=" or ".join(["gender eq male"] * 10_000)),
    "10,000 orders": lambda: search("Patient", _sort=",".join(["family", "-birthdate"] * 5000)),
    "100,000 elements": lambda: search("Patient", _elements=",".join(f"e{i}" for i in range(100_000))),
    "a value of a megabyte": lambda: search("Patient", **{"name:contains": "x" * (1 << 20)}),
    "GraphQL 100 deep": lambda: graph("{Patient(id:p)" + "{link{other{resource{... on Patient" * 100 + "{id}" + "}}}" * 100 + "}"),
    "GraphQL 100,000 brackets": lambda: graph("{" * 100_000),
    "GraphQL with 1,000 times the same": lambda: graph("{" + " ".join(f"a{i}:ObservationList(_count:1000){{id code{{text}}}}" for i in range(1000)) + "}"),
    "GraphQL that follows everything": lambda: graph("{ObservationList(_count:1000){derivedFrom{resource{... on Observation{derivedFrom{resource{... on Observation{code{text} derivedFrom{resource{... on Observation{code{text}}}}}}}}}}}}"),
    "GraphQL whose fragments double": lambda: graph("{Patient(id:p){...f0}}" + "".join(f"fragment f{i} on Patient{{...f{i + 1} ...f{i + 1}}}" for i in range(40)) + "fragment f40 on Patient{id}"),
    "GraphQL whose fragment is in itself": lambda: graph("{Patient(id:p){...f}} fragment f on Patient{id ...f}"),
    "a patch that doubles 40 times": lambda: patch(*[{"op": "add", "path": "/name", "value": [{"text": "x"}]}] + [{"op": "copy", "from": "/name", "path": "/name/0/extension"}] * 40),
    "a patch of 200,000 operations": lambda: patch(*[{"op": "test", "path": "/id", "value": "p"}] * 200_000),
    "a path that multiplies": lambda: path_patch("Patient" + ".descendants()" * 50),
    "a path that repeats": lambda: path_patch("Patient.repeat(children() | $this.descendants())" + ".repeat(children())" * 20),
    "a path 10,000 deep": lambda: path_patch("(" * 10_000 + "Patient.name" + ")" * 10_000),
    "a group of 100,000 to match": lambda: ("POST", "Group/$bulk-member-match", json.dumps(
        {"resourceType": "Parameters", "parameter": [{"name": "MemberBundle", "part": []}] * 100_000}).encode(), JSON),
    "$validate of a million issues": lambda: ("POST", "Patient/$validate", b'{"resourceType":"Patient","name":[' + b",".join([b'{"x":1}'] * 1_000_000) + b"]}", JSON),
}


@pytest.mark.parametrize("bomb", BOMBS)
def test_a_bomb_is_refused_or_bounded(server, f, bomb):
    method, path, body, kind = BOMBS[bomb]()
    headers = {"Content_Encoding": "gzip"} if "packed" in bomb else {}
    r = f(method, path, body=body, Content_Type=kind, **headers)
    assert r.status_code in (200, 201) or 400 <= r.status_code < 500, f"{r.status_code}: {r.text[:500]}"
    answer = r.json()
    print(f"{r.status_code}, {len(r.content)} bytes, {memory(server) >> 20} MiB at most so far")
    if r.status_code >= 400:
        assert answer["resourceType"] == "OperationOutcome" and len(r.content) < 1 << 20
    assert len(r.content) < 72 << 20
    assert ok(f("GET", "Patient/p"))["meta"]["versionId"] == "1", "the patient was changed"
    assert memory(server) < PEAK, f"{memory(server) >> 20} MiB"


def test_all_at_once_and_others_do_not_notice(server, f):
    """Eight callers with all of the bombs but the largest; a ninth reads, and is never refused."""
    small = [b for make in BOMBS.values() if len((b := make())[2]) < 5 << 20]
    end, reads = threading.Event(), 0

    def read():
        nonlocal reads
        while not end.is_set():
            ok(f("GET", "Patient/p"))
            reads += 1
    reader = threading.Thread(target=read)
    reader.start()
    with concurrent.futures.ThreadPoolExecutor(8) as callers:
        for r in callers.map(lambda b: f(b[0], b[1], body=b[2], Content_Type=b[3]), [b for b in small for _ in range(3)]):
            assert r.status_code in (200, 503) or 400 <= r.status_code < 500, r.text[:500]
    end.set()
    reader.join()
    assert reads > 0
    assert memory(server) < 2 * PEAK, f"{memory(server) >> 20} MiB"
    print(f"{reads} reads meanwhile, {memory(server) >> 20} MiB at most")


def test_a_body_above_the_limit_is_refused_before_it_is_sent(galen, fhir):
    """Of a body of 10 GB, announced or not, the server takes no more than its limit."""
    host, port = galen.url.removeprefix("http://").split(":")
    path = urllib.parse.urlsplit(fhir.base).path + "Patient"
    for announced in (True, False):
        with socket.create_connection((host, int(port)), timeout=60) as s:
            length = f"Content-Length: {10 << 30}" if announced else "Transfer-Encoding: chunked"
            s.sendall(f"POST {path} HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/fhir+json\r\n{length}\r\n\r\n".encode())
            sent, answer = 0, b""
            try:
                while sent < 64 << 20:
                    s.sendall(b"100000\r\n" + bytes(1 << 20) + b"\r\n" if not announced else bytes(1 << 20))
                    sent += 1 << 20
            except OSError:
                pass  # the server has closed the connection
            try:
                s.settimeout(5)
                answer = s.recv(1 << 16)
            except OSError:
                pass
            assert sent < 64 << 20 or answer.startswith(b"HTTP/1.1 4"), f"{sent} bytes were taken, {answer[:100]}"
    until(lambda: fhir("GET", "metadata").status_code == 200, "the server answers")
