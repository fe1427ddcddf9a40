# SPDX-License-Identifier: Apache-2.0
"""Histories of a resource, a type and the data store: their pages while others write, and what was at a time."""

import base64
import json
import threading

import pytest

from house import ok

LEVELS = ["Patient/a/_history", "Patient/_history", "_history"]


@pytest.fixture
def f(bench):
    return bench.fhir


def put(f, kind, id_, **more):
    r = f("PUT", f"{kind}/{id_}", body={"resourceType": kind, "id": id_, **more})
    assert r.status_code in (200, 201), r.text
    return r.json()["meta"]["lastUpdated"]


def versions(page):
    """What a page of a history has: address and version of each entry."""
    return [(e["request"]["url"].split("?")[0] if e["request"]["method"] != "POST" else "", e["response"]["etag"]) for e in page.get("entry", [])]


def test_pages_do_not_change_with_what_is_written_meanwhile(galen, bench, f):
    for i in range(60):
        put(f, "Patient", "a", multipleBirthInteger=i)
        put(f, "Patient", f"b{i % 7}", multipleBirthInteger=i)
        put(f, "Basic", f"c{i % 5}", code={"text": "x"})
    end = threading.Event()

    def write():
        g, n = galen.fhir(bench.store), 0
        while not end.is_set():
            put(g, "Patient", "a", multipleBirthInteger=n)
            put(g, "Patient", f"new{n}")
            assert g("DELETE", f"Patient/b{n % 7}").status_code == 204
            put(g, "Basic", f"c{n % 5}", code={"text": "y"})
            n += 1
    writers = [threading.Thread(target=write) for _ in range(2)]
    for w in writers:
        w.start()
    try:
        for level in LEVELS:
            pages = list(f.pages(level, {"_count": 7}))
            seen = [v for page in pages for v in versions(page)]
            assert len({page["total"] for page in pages}) == 1 and len(seen) == len(set(seen)) == pages[0]["total"], level
            first = max((int(tag[3:-1]) for url, tag in seen if url == "Patient/a"), default=0)
            assert [int(tag[3:-1]) for url, tag in seen if url == "Patient/a"] == list(range(first, 0, -1)), "none is left out, newest first"
    finally:
        end.set()
        for w in writers:
            w.join()


@pytest.mark.parametrize("level", ["Binary/big/_history", "Binary/_history", "_history"])
def test_pages_of_large_versions_end_early(f, level):
    for i in range(40):
        put(f, "Binary", "big", contentType="text/plain", data="eHh4" * (500_000 + i))
    pages = list(f.pages(level, {"_count": 1000}))
    assert len(pages) == 2 and {p["total"] for p in pages} == {40}
    assert [tag for p in pages for _, tag in versions(p)] == [f'W/"{n}"' for n in range(40, 0, -1)]


@pytest.mark.parametrize("level", LEVELS)
def test_at_a_time(f, level):
    times = []
    for i in range(4):
        times.append(put(f, "Patient", "a", multipleBirthInteger=i))
        while put(f, "Basic", "tick", code={"text": "x"}) == times[-1]:
            pass  # each at a millisecond of its own
    def at(when):
        return [tag for url, tag in versions(f.get(level, _at=when)) if url == "Patient/a"]
    for n, when in enumerate(times):
        assert at(when) == [f'W/"{n + 1}"'], "an instant: the one version that was current"
    everything = [f'W/"{n}"' for n in (4, 3, 2, 1)]
    if len({t[:16] for t in times}) == 1:
        for span in (times[0][:4], times[0][:7], times[0][:10], times[0][:16] + "Z"):
            assert at(span) == everything, "a span: what was current at some time in it"
    assert at("2001") == [] and at("2001-02-03") == []
    assert at(str(int(times[0][:4]) + 2)) == ['W/"4"'], "later: what is current"


def test_conditions_of_reads(f):
    put(f, "Patient", "a")
    r = f("GET", "Patient/a")
    for header in ({"If_None_Match": r.headers["ETag"]}, {"If_None_Match": 'W/"7", W/"1"'}, {"If_Modified_Since": r.headers["Last-Modified"]}):
        for method in ("GET", "HEAD"):
            answer = f(method, "Patient/a", **header)
            assert answer.status_code == 304 and answer.content == b"" and answer.headers["ETag"] == 'W/"1"', header
    for header in ({"If_None_Match": 'W/"2"'}, {"If_Modified_Since": "Mon, 01 Jan 2001 00:00:00 GMT"}, {"If_Modified_Since": "no date"},
                   {"If_None_Match": 'W/"2"', "If_Modified_Since": r.headers["Last-Modified"]}, {"Accept_Charset": "iso-8859-1"}):
        assert f("GET", "Patient/a", **header).content == r.content, header
    head = f("HEAD", "Patient/a")
    assert head.content == b"" and {k: head.headers[k] for k in ("ETag", "Last-Modified", "Content-Type", "Content-Length")} == {
        k: r.headers[k] for k in ("ETag", "Last-Modified", "Content-Type", "Content-Length")}


@pytest.mark.parametrize("kind", ["batch", "transaction"])
def test_patches_by_criteria_in_bundles(f, kind):
    put(f, "Patient", "a", active=True, gender="male", identifier=[{"system": "urn:s", "value": "1"}])
    as_json = {"resourceType": "Binary", "contentType": "application/json-patch+json",
               "data": base64.b64encode(json.dumps([{"op": "replace", "path": "/active", "value": False}]).encode()).decode()}
    as_path = {"resourceType": "Parameters", "parameter": [{"name": "operation", "part": [
        {"name": "type", "valueCode": "replace"}, {"name": "path", "valueString": "Patient.gender"}, {"name": "value", "valueCode": "female"}]}]}

    def send(resource, criteria, **more):
        return f("POST", body={"resourceType": "Bundle", "type": kind, "entry": [{"resource": resource, "request": {"method": "PATCH", "url": f"Patient?{criteria}", **more}}]},
                 Prefer="return=OperationOutcome")
    for resource, member, value in ((as_json, "active", False), (as_path, "gender", "female")):
        for criteria, more, status in (("identifier=urn:s|2", {}, 404), ("identifier=urn:s|1", {"ifMatch": 'W/"9"'}, 412)):
            r = send(resource, criteria, **more)
            assert (r.status_code if kind == "transaction" else int(ok(r)["entry"][0]["response"]["status"])) == status
        response = ok(send(resource, "identifier=urn:s|1"))["entry"][0]["response"]
        assert response["status"] == "200" and response["outcome"]["issue"][0]["severity"] == "information"
        assert f.get("Patient/a")[member] == value
