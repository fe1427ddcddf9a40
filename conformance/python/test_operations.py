# SPDX-License-Identifier: Apache-2.0
"""FHIR operations over the wire: whole records, exports for download, erasures, GraphQL."""

import json
import re
from datetime import timedelta
from email.utils import parsedate_to_datetime

import bulk
from house import ok, outcome, until

ASYNC = {"Prefer": "respond-async"}


def put(f, kind, id_, **body):
    return ok(f("PUT", f"{kind}/{id_}", body={"resourceType": kind, "id": id_, **body}), 201)


def names(bundle):
    return [e["resource"]["resourceType"] + "/" + e["resource"]["id"] for e in bundle.get("entry", [])]


def record(f):
    put(f, "Organization", "o", name="O")
    put(f, "Patient", "a", name=[{"family": "Berg", "given": ["Ann"]}], birthDate="1970-03-14", managingOrganization={"reference": "Organization/o"})
    put(f, "Patient", "b")
    for i in range(30):
        put(f, "Observation", f"o{i}", status="final", code={"text": "x"}, subject={"reference": "Patient/" + ("a" if i % 3 else "b")})


def finished(f, location):
    """The answer of a status address that is no longer 202."""
    def check():
        r = f("GET", location)
        return r if r.status_code != 202 else None
    return until(check, "the export")


def download(f, location):
    manifest = ok(finished(f, location))
    files = {}
    for o in manifest["output"]:
        r = f("GET", o["url"], Accept="application/fhir+ndjson")
        assert r.status_code == 200 and r.headers["Content-Type"] == "application/fhir+ndjson"
        found = [json.loads(line) for line in r.text.splitlines()]
        assert len(found) == o["count"]
        files.setdefault(o["type"], []).extend(found)
    return manifest, files


def test_everything_is_what_the_references_say(bench):
    f = bench.fhir
    record(f)
    want = {"Patient/a", "Organization/o"} | {f"Observation/o{i}" for i in range(30) if i % 3}
    whole = f.get("Patient/a/$everything")
    assert set(names(whole)) == want and whole["total"] == len(want) == len(names(whole))
    paged = [n for page in f.pages("Patient/a/$everything", {"_count": 7}) for n in names(page)]
    assert paged == names(whole)
    assert names(f.get("Patient/a/$everything", _type="Organization")) == ["Organization/o"]
    outcome(f("GET", "Patient/none/$everything"), 404, "not-found")
    outcome(f("GET", "Patient/a/$everything?nothing=1"), 400, "not-supported")


def test_export_for_download(bench):
    f = bench.fhir
    record(f)
    outcome(f("GET", "$export"), 400, "required")
    r = f("GET", "Patient/$export", {"_type": "Patient,Observation", "_typeFilter": "Patient?family=Berg"}, **ASYNC)
    assert r.status_code == 202 and r.json()["jobStatus"] == "SUBMITTED", r.text
    location = r.headers["Content-Location"]
    assert location == f.base + "export/" + r.json()["jobId"]
    manifest, files = download(f, location)
    assert {k: len(v) for k, v in files.items()} == {"Patient": 1, "Observation": 30}
    assert manifest["requiresAccessToken"] is True and manifest["error"] == [] and "$export?" in manifest["request"]
    assert manifest["exportJobProperties"]["jobStatus"] == "COMPLETED"
    assert re.fullmatch(r"[A-Z][a-z]{2} \d{1,2}, \d{4} \d{1,2}:\d\d:\d\d [AP]M", manifest["exportJobProperties"]["submitTime"])
    assert f("DELETE", location).status_code == 202
    outcome(f("GET", location), 404, "not-found")
    outcome(f("GET", manifest["output"][0]["url"]), 404, "not-found")


def test_an_export_since_a_time_tells_what_was_deleted_and_when_it_ends(bench):
    f = bench.fhir
    for i in range(150):
        put(f, "Basic", f"b{i}", code={"text": "x"})
    since = f.get("Basic/b0")["meta"]["lastUpdated"]
    for i in range(120):
        assert f("DELETE", f"Basic/b{i}").status_code == 204
    put(f, "Basic", "b0", code={"text": "back"})
    location = f("GET", "$export", {"_since": since}, **ASYNC).headers["Content-Location"]
    r = finished(f, location)
    manifest = ok(r)
    kept_for = parsedate_to_datetime(r.headers["Expires"]) - parsedate_to_datetime(r.headers["Date"])
    assert timedelta(hours=47) < kept_for <= timedelta(hours=48)
    [file] = manifest["deleted"]
    assert (file["type"], file["count"]) == ("Bundle", 2)
    bundles = [json.loads(line) for line in f("GET", file["url"], Accept="application/fhir+ndjson").text.splitlines()]
    assert all(b["type"] == "transaction" for b in bundles)
    assert {(e["request"]["method"], e["request"]["url"]) for b in bundles for e in b["entry"]} == {("DELETE", f"Basic/b{i}") for i in range(1, 120)}
    assert sum(o["count"] for o in manifest["output"]) == 31
    other = bench.galen.fhir(bulk.new_store(bench.healthlake, "copy"))
    for b in bundles:  # they can be carried out as they are
        assert ok(other("POST", body=b))["type"] == "transaction-response"


def test_export_of_a_group_to_a_bucket(bench):
    f = bench.fhir
    record(f)
    put(f, "Group", "g", type="person", actual=True, member=[{"entity": {"reference": "Patient/a"}}])
    r = f("POST", "Group/g/$export", body={"JobName": "n", "OutputDataConfig": {"S3Configuration": {"S3Uri": f"s3://{bench.bucket}/out", "KmsKeyId": "k"}}}, **ASYNC)
    assert r.status_code == 202, r.text
    manifest = ok(finished(f, r.headers["Content-Location"]))
    assert {o["type"]: o["count"] for o in manifest["output"]} == {"Group": 1, "Patient": 1, "Organization": 1, "Observation": 20}
    assert all(o["url"].startswith(f"s3://{bench.bucket}/out/") for o in manifest["output"])
    outcome(f("DELETE", r.headers["Content-Location"]), 400, "not-supported")


def test_an_export_survives_a_kill(alone):
    alone.start()
    b = bulk.Bench(alone, "killed")
    b.put("in/Observation.ndjson", "\n".join(json.dumps({"resourceType": "Observation", "id": f"o{i}", "status": "final", "code": {"text": "x"},
                                                        "subject": {"reference": "Patient/p"}}) for i in range(20000)))
    b.load()
    put(b.fhir, "Patient", "p")
    location = b.fhir("GET", "Patient/$export", **ASYNC).headers["Content-Location"]
    job = location.rsplit("/", 1)[1]
    alone.kill()
    alone.start()
    f = alone.fhir(b.store)
    _, files = download(f, "export/" + job)
    assert len({o["id"] for o in files["Observation"]}) == len(files["Observation"]) == 20000 and len(files["Patient"]) == 1


def test_erased_is_gone(bench):
    f = bench.fhir
    record(f)
    page = f.get("Patient/a/$everything", _count=3)
    r = ok(f("POST", "Patient/a/$purge"))
    job = r["issue"][0]["diagnostics"].rsplit(" ", 1)[1]
    status = until(lambda: (s := f.get(f"$purge/{job}"))["status"] == "COMPLETED" and s, "the purge")
    assert status["summary"]["succeeded"] == 21
    outcome(f("GET", "Patient/a"), 404, "not-found")
    outcome(f("GET", "Patient/a/_history"), 404, "not-found")
    outcome(f("GET", "Observation/o1/_history/1"), 404, "not-found")
    assert f.total("Observation") == 10
    following = [link["url"] for link in page["link"] if link["relation"] == "next"][0]
    outcome(f("GET", following), 404, "not-found")
    assert all("o1\"" not in json.dumps(e) for e in f.get("Observation/_history")["entry"])
    one = ok(f("POST", "Observation/o0/$erase"))
    until(lambda: f.get(f"$erase/{one['jobId']}")["status"] == "COMPLETED", "the erasure")
    outcome(f("GET", "Observation/o0"), 404, "not-found")
    outcome(f("GET", "Patient/b/$purge"), 405, "not-supported")


def test_bulk_patch(bench):
    f = bench.fhir
    record(f)
    body = {"resourceType": "Observation", "operations": [{"op": "replace", "path": "/status", "value": "amended"}], "clientToken": "t"}
    job = ok(f("POST", "$bulk-patch", body=body))["jobId"]
    assert ok(f("POST", "$bulk-patch", body=body))["jobId"] == job, "the same token is the same job"
    status = until(lambda: (s := f.get(f"$bulk-patch/{job}"))["status"].startswith("COMPLETED") and s, "the patch")
    assert status["summary"]["succeeded"] == 30 and f.total("Observation", ("status", "amended")) == 30


def test_graphql(bench):
    f = bench.fhir
    record(f)
    query = '{name{family} managingOrganization{resource{... on Organization{name}}} ObservationList(_reference:patient,_count:2){status}}'
    answer = ok(f("POST", "Patient/a/$graphql", body={"query": query}))
    assert answer["data"] == {"name": [{"family": "Berg"}], "managingOrganization": {"resource": {"name": "O"}},
                              "ObservationList": [{"status": "final"}] * 2}
    outcome(f("POST", "Patient/a/$graphql", body={"query": "{a" * 100 + "}" * 100}), 422, "too-costly")
    outcome(f("POST", "Patient/a/$graphql", body={"query": "{...f} fragment f on Patient{...f}"}), 422, "too-costly")


def test_match_and_meta(bench):
    f = bench.fhir
    record(f)
    found = ok(f("POST", "Patient/$match", body={"resourceType": "Patient", "name": [{"family": "Berg", "given": ["Ann"]}], "birthDate": "1970-03-14"}))
    assert names(found) == ["Patient/a"] and found["entry"][0]["search"]["score"] > 0.9
    tag = {"system": "urn:t", "code": "x"}
    ok(f("POST", "Patient/a/$meta-add", body={"resourceType": "Parameters", "parameter": [{"name": "meta", "valueMeta": {"tag": [tag]}}]}))
    assert f.get("Patient/a/$meta")["parameter"][0]["valueMeta"]["tag"] == [tag]
    assert f.total("Patient", ("_tag", "urn:t|x")) == 1


def test_what_is_advertised_has_a_definition(fhir):
    """Each operation of the CapabilityStatement names an OperationDefinition that is served."""
    rest = fhir.get("metadata")["rest"][0]
    operations = {o["documentation"] for where in [rest, *rest["resource"]] for o in where.get("operation", [])}
    assert len(operations) > 20
    for url in operations:
        assert fhir.get(url)["resourceType"] == "OperationDefinition"
    for name in ("$reindexed", "$nothing"):
        outcome(fhir("GET", name), 404, "not-supported")


def test_import(bench):
    f = bench.fhir
    bench.put("a/one.ndjson", '{"resourceType":"Patient","id":"p1"}\n{"resourceType":"Patient"}\n')
    bench.put("a/two.txt", '{"resourceType":"Patient","id":"p2"}\n')
    bench.put("a/three.ndjson", '{"resourceType":"Patient","id":"p3"}\n')
    body = {"resourceType": "Parameters", "parameter": [{"name": "inputFormat", "valueCode": "application/fhir+ndjson"}] + [
        {"name": "input", "part": [{"name": "type", "valueCode": "Patient"}, {"name": "url", "valueUri": f"s3://{bench.bucket}/a/{name}"}]} for name in ("one.ndjson", "two.txt")]}
    r = f("POST", "$import", body=body, **ASYNC)
    assert r.status_code == 202, r.text
    status = ok(finished(f, r.headers["Content-Location"]))
    assert (status["jobStatus"], status["resourcesImported"], status["resourcesRefused"]) == ("COMPLETED_WITH_ERRORS", 2, 1)
    assert f.total("Patient") == 2
    body["parameter"][1]["part"][1]["valueUri"] = "https://example.org/x.ndjson"
    outcome(f("POST", "$import", body=body, **ASYNC), 400, "not-supported")
    outcome(f("GET", "$import/none"), 404, "not-found")
