# SPDX-License-Identifier: Apache-2.0
"""Bundles, conditional changes and patches over the wire."""

import json
import uuid

import pytest

import bulk
from house import Galen, ok, outcome


@pytest.fixture
def fhir(bench):
    return bench.fhir


def entry(method, url, resource=None, full=None, **request):
    e = {"request": {"method": method, "url": url, **request}}
    if resource:
        e["resource"] = resource
    if full:
        e["fullUrl"] = full
    return e


def bundle(kind, *entries):
    return {"resourceType": "Bundle", "type": kind, "entry": list(entries)}


def send(fhir, *args, **kw):
    answer = fhir(*args, **kw)
    return answer.status_code, (answer.json() if answer.content else None)


def test_a_transaction_links_what_it_makes(fhir):
    mark, urn = uuid.uuid4().hex, f"urn:uuid:{uuid.uuid4()}"
    status, made = send(fhir, "POST", "", body=bundle("transaction",
        entry("POST", "Observation", {"resourceType": "Observation", "status": "final", "code": {"text": mark}, "subject": {"reference": urn}}),
        entry("POST", "Patient", {"resourceType": "Patient", "name": [{"family": mark}]}, urn)))
    assert status == 200 and [e["response"]["status"][:3] for e in made["entry"]] == ["201", "201"], made
    patient = made["entry"][1]["response"]["location"].split("/_history")[0].split("/r4/")[-1]
    status, found = send(fhir, "GET", "Observation", [("subject", patient)])
    assert found["total"] == 1 and found["entry"][0]["resource"]["subject"]["reference"] == patient


def test_a_transaction_that_fails_leaves_nothing(fhir):
    mark = uuid.uuid4().hex
    status, refused = send(fhir, "POST", "", body=bundle("transaction",
        entry("POST", "Patient", {"resourceType": "Patient", "name": [{"family": mark}]}),
        entry("POST", "Patient", {"resourceType": "Patient", "gender": "no such code"})))
    assert status == 400 and refused["resourceType"] == "OperationOutcome" and "entry[1]" in json.dumps(refused)
    assert send(fhir, "GET", "Patient", [("family", mark), ("_summary", "count")])[1]["total"] == 0


def test_a_batch_goes_on_after_a_failure(fhir):
    status, done = send(fhir, "POST", "", body=bundle("batch", entry("GET", "Patient/there-is-none"), entry("GET", "Patient?_count=1")))
    assert status == 200 and [e["response"]["status"][:3] for e in done["entry"]] == ["404", "200"]


def test_a_conditional_create_makes_one(fhir):
    mark = uuid.uuid4().hex
    person = {"resourceType": "Patient", "identifier": [{"system": "urn:test", "value": mark}]}
    seen = [send(fhir, "POST", "Patient", body=person, **{"If-None-Exist": f"identifier=urn:test|{mark}"})[0] for _ in range(3)]
    assert seen == [201, 200, 200]
    assert send(fhir, "GET", "Patient", [("identifier", f"urn:test|{mark}"), ("_summary", "count")])[1]["total"] == 1


def test_a_patch_changes_what_it_says(fhir):
    made = send(fhir, "POST", "Patient", body={"resourceType": "Patient", "gender": "male", "multipleBirthInteger": 2})[1]
    patch = [{"op": "test", "path": "/gender", "value": "male"}, {"op": "replace", "path": "/gender", "value": "female"}]
    answer = fhir("PATCH", f"Patient/{made['id']}", body=patch, **{"Content-Type": "application/json-patch+json"})
    assert answer.status_code == 200 and answer.json()["gender"] == "female" and answer.json()["meta"]["versionId"] == "2"


def test_an_operation_that_has_no_place_in_a_bundle_is_not_begun(bench):
    """Whose entry says 400 has done nothing."""
    f = bench.fhir
    assert f("PUT", "Patient/a", body={"resourceType": "Patient", "id": "a"}).status_code == 201
    urls = ["Patient/a/$erase", "Patient/a/$purge", "Patient/$bulk-delete", "$bulk-patch", "$export", "Patient/$export", "$import", "Group/$bulk-member-match", "$graphql"]
    answers = ok(f("POST", body={"resourceType": "Bundle", "type": "batch", "entry": [{"request": {"method": "POST", "url": url}} for url in urls]}))["entry"]
    for url, answer in zip(urls, answers, strict=True):
        assert answer["response"]["status"] == "400" and "no place in a Bundle" in answer["response"]["outcome"]["issue"][0]["diagnostics"], (url, answer)
    assert f.get("Patient/a")["meta"]["versionId"] == "1"


def test_the_limit_of_entries_is_configured(tmp_path):
    server = Galen(tmp_path / "data", "--max-entries", "12000").start()
    f = server.fhir(bulk.new_store(server.client("healthlake"), "large"))
    def put(n):
        return f("POST", body={"resourceType": "Bundle", "type": "transaction", "entry": [
            {"resource": {"resourceType": "Basic", "id": f"b{i}", "code": {"text": "x"}}, "request": {"method": "PUT", "url": f"Basic/b{i}"}} for i in range(n)]})
    assert outcome(put(12_001), 413, "too-long")["diagnostics"] == "the Bundle has more than 12000 entries"
    assert f.total("Basic") == 0
    assert len(ok(put(12_000))["entry"]) == f.total("Basic") == 12_000
    server.stop()
