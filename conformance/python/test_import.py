# SPDX-License-Identifier: Apache-2.0
"""Imports of what is not as it should be: each line and file is counted and reported, and none stops the rest."""

import gzip
import json
import random

import pytest

import bulk
from dataset import SHARED, Dataset


def patient(id, **more):
    return json.dumps({"resourceType": "Patient", "id": id, **more})


def figures(properties):
    r = properties["JobProgressReport"]
    return {short: r[long] for short, long in {
        "files": "TotalNumberOfScannedFiles", "read": "TotalNumberOfImportedFiles", "unread": "TotalNumberOfFilesReadWithCustomerError",
        "lines": "TotalNumberOfResourcesScanned", "good": "TotalNumberOfResourcesImported", "bad": "TotalNumberOfResourcesWithCustomerError"}.items()}


def failures(files, name):
    return [(line, status, blob["issue"][0]["diagnostics"]) for line, status, blob in bulk.log_lines(files[f"FAILURE/{name}"])]


BAD_LINES = [
    (patient("good"), None),
    ("", None),
    ("{not json", "Invalid JSON found in input file"),
    (patient("x")[:-1], "Invalid JSON found in input file"),
    (patient("x") + patient("y"), "Invalid JSON found in input file"),
    ("[]", "Invalid JSON found in input file"),
    ('"text"', "Invalid JSON found in input file"),
    ('{"resourceType":"Patient"}', "Missing required id field in resource json"),
    ('{"id":"x"}', "Missing required resourceType field in resource json"),
    ('{"resourceType":"Patient123","id":"x"}', "Value at 'resourceType' failed to satisfy constraint: Member must satisfy regular expression pattern: [A-Za-z]{1,256}"),
    ('{"resourceType":"Patient","id":"under_score"}', "Value at 'id' failed to satisfy constraint: Member must satisfy regular expression pattern: [A-Za-z0-9-.]{1,64}"),
    ('{"resourceType":"Patient","id":7}', "Value at 'id'"),
    ('{"resourceType":"Nonsense","id":"x"}', ""),
    ('{"resourceType":"Observation","id":"x"}', ""),
    ('{"resourceType":"Patient","id":"x","gender":"female","gender":"male"}', ""),
    (patient("x", nmae=[]), ""),
    (patient("x", gender="F"), ""),
    (patient("x", birthDate="1970-02-30"), ""),
    ("   \t ", None),
    (patient("last"), None),
]


def test_bad_lines(bench):
    bench.put("in/Patient.ndjson", "\n".join(line for line, _ in BAD_LINES))
    properties, files = bench.load()
    assert properties["JobStatus"] == "COMPLETED_WITH_ERRORS"
    want = [(n, text) for n, (_, text) in enumerate(BAD_LINES, 1) if text is not None]
    assert figures(properties) == {"files": 1, "read": 1, "unread": 0, "lines": len(want) + 2, "good": 2, "bad": len(want)}
    got = failures(files, "Patient.ndjson")
    assert [(n, s) for n, s, _ in got] == [(n, 400) for n, _ in want]
    for (n, text), (_, _, diagnostics) in zip(want, got):
        assert text in diagnostics and diagnostics, f"line {n}: {diagnostics}"
    assert [(n, s, blob["id"]) for n, s, blob in bulk.log_lines(files["SUCCESS/Patient.ndjson"])] == [(1, 201, "good"), (len(BAD_LINES), 201, "last")]
    manifest = json.loads(files["Manifest.json"])
    assert (manifest["numberOfResourcesScanned"], manifest["numberOfResourcesImportedSuccessfully"], manifest["numberOfResourcesWithCustomerError"],
            manifest["numberOfResourcesWithServerError"]) == (len(want) + 2, 2, len(want), 0)
    assert sorted(bench.fhir.ids("Patient")) == ["good", "last"]


def test_failures_name_the_place(bench):
    bench.put("in/Patient.ndjson", patient("x", name=[{"family": "a"}, {"given": "b"}]))
    _, files = bench.load()
    issue = bulk.log_lines(files["FAILURE/Patient.ndjson"])[0][2]["issue"][0]
    assert (issue["severity"], issue["expression"]) == ("error", ["Patient.name[1].given"])
    assert sorted(files) == ["FAILURE/Patient.ndjson", "Manifest.json", "manifest.json"], "no SUCCESS log without lines"


def test_folders_compression_and_other_files(bench):
    bench.put("in/a.ndjson", patient("a"))
    bench.put("in/v1/deep/er/b.ndjson", patient("b") + "\n")
    bench.put("in/v1/c.ndjson.gz", gzip.compress((patient("c1") + "\n" + patient("c2")).encode()))
    bench.put("in/two-members.ndjson.gz", gzip.compress(patient("d1").encode() + b"\n") + gzip.compress(patient("d2").encode()))
    bench.put("in/windows.ndjson", b"\xef\xbb\xbf" + (patient("e1") + "\r\n" + patient("e2") + "\r\n").encode())
    bench.put("in/empty.ndjson", "")
    bench.put("in/blank.ndjson", "\n\n  \n")
    bench.put("in/readme.txt", "not read")
    bench.put("in/f.json", patient("not-read"))
    bench.put("in-other/g.ndjson", patient("not-below"))
    properties, files = bench.load()
    assert properties["JobStatus"] == "COMPLETED"
    assert figures(properties) == {"files": 7, "read": 7, "unread": 0, "lines": 8, "good": 8, "bad": 0}
    assert sorted(bench.fhir.ids("Patient")) == ["a", "b", "c1", "c2", "d1", "d2", "e1", "e2"]
    assert sorted(f for f in files if f.startswith("SUCCESS/")) == [
        "SUCCESS/a.ndjson", "SUCCESS/two-members.ndjson", "SUCCESS/v1/c.ndjson", "SUCCESS/v1/deep/er/b.ndjson", "SUCCESS/windows.ndjson"]


@pytest.mark.parametrize("name", ["one.ndjson", "one.ndjson.gz", "of any name.txt"])
def test_a_single_object(bench, name):
    text = patient("one").encode()
    bench.put(f"in/{name}", gzip.compress(text) if name.endswith(".gz") else text)
    bench.put(f"in/{name}.ndjson", patient("two"))
    properties, _ = bench.load(f"in/{name}")
    assert (properties["JobStatus"], bench.fhir.ids("Patient")) == ("COMPLETED", ["one"])


def test_damaged_files(bench):
    random.seed(7)
    whole = "\n".join(patient(f"p{i}", name=[{"family": f"{random.random()}"}]) for i in range(20000)).encode()
    packed = gzip.compress(whole)
    bench.put("in/1-cut.ndjson.gz", packed[:len(packed) // 2])
    bench.put("in/2-none.ndjson.gz", b"this is not gzip")
    bench.put("in/3-flipped.ndjson.gz", packed[:-6] + bytes([packed[-6] ^ 1]) + packed[-5:])
    bench.put("in/4-good.ndjson", patient("good"))
    properties, files = bench.load()
    assert properties["JobStatus"] == "COMPLETED_WITH_ERRORS"
    got = figures(properties)
    assert (got["files"], got["read"], got["unread"]) == (4, 1, 3)
    assert got["good"] + got["bad"] == got["lines"]
    for name in ("1-cut", "2-none", "3-flipped"):
        assert "could not be read" in failures(files, f"{name}.ndjson")[-1][2]
    assert bench.fhir.total("Patient", ("_id", "good")) == 1
    logged = sum(len(text.splitlines()) for name, text in files.items() if name.startswith("SUCCESS/"))
    assert logged == got["good"]


def test_long_lines(bench):
    story = "c3Rv" * (500 << 10)
    document = json.dumps({"resourceType": "DocumentReference", "id": "large", "status": "current", "content": [{"attachment": {"contentType": "text/plain", "data": story}}]})
    too_long = json.dumps({"resourceType": "Patient", "id": "too-long", "implicitRules": "x" * (17 << 20)})
    bench.put("in/mixed.ndjson", "\n".join([patient("a"), document, too_long, patient("b")]))
    properties, files = bench.load()
    assert figures(properties) == {"files": 1, "read": 1, "unread": 0, "lines": 4, "good": 3, "bad": 1}
    assert [(n, blob["id"]) for n, _, blob in bulk.log_lines(files["SUCCESS/mixed.ndjson"])] == [(1, "a"), (2, "large"), (4, "b")]
    assert failures(files, "mixed.ndjson")[0][0] == 3
    assert bench.fhir.get("DocumentReference/large")["content"][0]["attachment"]["data"] == story


def test_the_same_id_again_is_a_new_version(bench):
    bench.put("in/Patient.ndjson", "\n".join([patient("x", gender="male"), patient("x", gender="female"), patient("y")]))
    _, files = bench.load()
    assert [(n, s, b["meta"]["versionId"]) for n, s, b in bulk.log_lines(files["SUCCESS/Patient.ndjson"])] == [(1, 201, "1"), (2, 200, "2"), (3, 201, "1")]
    assert bench.fhir.get("Patient/x")["gender"] == "female"
    bench.load()
    assert bench.fhir.get("Patient/x")["meta"]["versionId"] == "4"
    assert bench.fhir.total("Patient") == 2


def test_meta_of_the_input(bench):
    meta = {"versionId": "77", "lastUpdated": "1999-01-01T00:00:00Z", "tag": [{"code": "t"}], "security": [{"code": "R"}]}
    bench.put("in/Patient.ndjson", patient("x", meta=meta))
    bench.load()
    got = bench.fhir.get("Patient/x")["meta"]
    assert (got["versionId"], got["tag"], got["security"]) == ("1", meta["tag"], meta["security"]) and got["lastUpdated"] > "2020"


@pytest.mark.parametrize("level,kept", [("strict", ["good"]), ("structure-only", ["good"]), ("minimal", ["bad-date", "good"])])
def test_levels(bench, level, kept):
    bench.put("in/Patient.ndjson", "\n".join([patient("good"), patient("bad-date", birthDate="yesterday"), "{not json", '{"resourceType":"Patient"}']))
    properties, files = bench.load(ValidationLevel=level)
    assert properties["ValidationLevel"] == level
    assert sorted(bench.fhir.ids("Patient")) == kept
    assert figures(properties)["bad"] == 4 - len(kept)
    warned = "SUCCESS_WITH_SEARCH_VALIDATION_FAILURES/Patient.ndjson"
    assert (warned in files) == (level == "minimal")
    if level == "minimal":
        assert [n for n, _, _ in bulk.log_lines(files[warned])] == [2]


def test_the_level_is_strict_if_none_is_given(bench):
    bench.put("in/Patient.ndjson", patient("bad", gender="F"))
    properties, _ = bench.load()
    assert (properties["ValidationLevel"], figures(properties)["bad"]) == ("strict", 1)


def test_references_need_not_resolve_and_are_searched(bench):
    bench.put("in/b.ndjson", patient("p"))
    bench.put("in/a.ndjson", "\n".join(json.dumps({"resourceType": "Condition", "id": f"c{i}", "subject": {"reference": f"Patient/{who}"}})
                                       for i, who in enumerate(["p", "later", "p"])))
    assert bench.load()[0]["JobStatus"] == "COMPLETED"
    assert sorted(bench.fhir.ids("Condition", [("subject", "Patient/p")])) == ["c0", "c2"]
    assert bench.fhir.ids("Condition", [("patient", "later")]) == ["c1"]


def test_output_below_the_bucket_itself(bench):
    bench.put("in/Patient.ndjson", patient("x"))
    job = bulk.start_import(bench.healthlake, bench.store, f"s3://{bench.bucket}/in/Patient.ndjson", f"s3://{bench.bucket}")
    done = bulk.wait_import(bench.healthlake, bench.store, job)
    folder = f"s3://{bench.bucket}/{bench.store}-FHIR_IMPORT-{job}/"
    assert done["JobOutputDataConfig"]["S3Configuration"]["S3Uri"] == folder
    assert "Manifest.json" in bulk.tree(bench.s3, folder)


def test_the_write_check_is_left_behind(bench):
    bench.put("in/Patient.ndjson", patient("x"))
    bench.load()
    assert bulk.tree(bench.s3, f"s3://{bench.bucket}/out/")[".healthlake_write_access_check_file.temp"] == b""


def test_writes_go_on_during_an_import(bench):
    bench.put("in/Patient.ndjson", "\n".join(patient(f"i{i}") for i in range(20000)))
    job = bulk.start_import(bench.healthlake, bench.store, f"s3://{bench.bucket}/in/", f"s3://{bench.bucket}/out/")
    written, ended = 0, False
    while not ended:
        p = bench.healthlake.describe_fhir_import_job(DatastoreId=bench.store, JobId=job)["ImportJobProperties"]
        ended = p["JobStatus"] not in ("SUBMITTED", "QUEUED", "IN_PROGRESS")
        assert bench.fhir("PUT", f"Patient/w{written}", body={"resourceType": "Patient", "id": f"w{written}"}).status_code == 201
        written += 1
    assert p["JobStatus"] == "COMPLETED"
    assert bench.fhir.total("Patient") == 20000 + written


def test_the_official_examples(bench):
    """At level minimal everything goes in but the two types that are never stored."""
    folder = SHARED / "r4-examples"
    if not folder.is_dir():
        pytest.skip("../shared/data/r4-examples is not here")
    examples = Dataset("r4-examples", folder)
    for kind, path in examples.files.items():
        bench.s3.upload_file(str(path), bench.bucket, f"in/{kind}.ndjson")
    properties, _ = bench.load(ValidationLevel="minimal")
    refused = sum(examples.counts.get(kind, 0) for kind in ("OperationOutcome", "Parameters"))
    got = figures(properties)
    assert (got["lines"], got["good"], got["bad"]) == (examples.total, examples.total - refused, refused)
    exported = {(r["resourceType"], r["id"]) for text in bench.dump()[1].values() for r in map(json.loads, text.splitlines())}
    assert exported == {key for key in examples.exact() if key[0] not in ("OperationOutcome", "Parameters")}
