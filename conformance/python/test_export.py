# SPDX-License-Identifier: Apache-2.0
"""Exports: every current resource exactly once, as it was stored, whatever is written meanwhile."""

import json
import re
import threading

import bulk
import dataset
from house import ok


def lines(files):
    return [line for text in files.values() for line in text.decode().splitlines()]


def test_only_what_is_current(bench):
    f = bench.fhir
    for name in ("kept", "changed", "deleted", "back"):
        ok(f("PUT", f"Patient/{name}", body={"resourceType": "Patient", "id": name, "gender": "male"}), 201)
    ok(f("PUT", "Patient/changed", body={"resourceType": "Patient", "id": "changed", "gender": "female"}))
    for name in ("deleted", "back"):
        assert f("DELETE", f"Patient/{name}").status_code == 204
    ok(f("PUT", "Patient/back", body={"resourceType": "Patient", "id": "back"}), 201)
    ok(f("PUT", "Practitioner/gone", body={"resourceType": "Practitioner", "id": "gone"}), 201)
    assert f("DELETE", "Practitioner/gone").status_code == 204
    properties, files = bench.dump()
    assert properties["JobStatus"] == "COMPLETED" and properties["EndTime"] >= properties["SubmitTime"]
    assert len(files) == 1 and re.fullmatch(r"Patient/Patient-\d{19}-\d+-0\.ndjson", *files), "a type without resources has no file"
    got = {r["id"]: r for r in map(json.loads, lines(files))}
    assert {n: r["meta"]["versionId"] for n, r in got.items()} == {"kept": "1", "changed": "2", "back": "3"}
    assert got["changed"] == f.get("Patient/changed")


def test_of_nothing(bench):
    properties, files = bench.dump()
    assert (properties["JobStatus"], files) == ("COMPLETED", {})


def test_a_body_comes_back_as_it_went(bench):
    text = '{"resourceType":"Observation","id":"o","status":"final","code":{"text":"é \\u00e9 \\ud83d\\ude00 / \\/ \\t"},' \
           '"component":[{"code":{"text":"a"},"valueQuantity":{"value":1.10}},{"code":{"text":"b"},"valueQuantity":{"value":-0.0}},' \
           '{"code":{"text":"c"},"valueQuantity":{"value":12345678901234567890.123456789012345678}},{"code":{"text":"d"},"valueQuantity":{"value":1e-7}}]}'
    ok(bench.fhir("PUT", "Observation/o", body=text.encode(), Content_Type="application/fhir+json"), 201)
    _, files = bench.dump()
    [line] = lines(files)
    assert dataset.exact(line) == dataset.exact(text)


def test_is_a_snapshot(galen, bench):
    """Pairs of Patients change together, one after the other; an export may see at most one pair in between."""
    bench.put("in/Patient.ndjson", "\n".join(json.dumps({"resourceType": "Patient", "id": f"p{i}"}) for i in range(5000)))
    bench.load()
    f, stop, written = galen.fhir(bench.store), threading.Event(), []

    def write():
        n = 0
        while not stop.is_set():
            n += 1
            name = f"new{n}"
            assert f("PUT", f"Patient/{name}", body={"resourceType": "Patient", "id": name}).status_code == 201
            assert f("DELETE", f"Patient/p{n - 1}").status_code == 204
            written.append(n)
    writer = threading.Thread(target=write)
    writer.start()
    try:
        exports = [bench.dump()[1] for _ in range(3)]
    finally:
        stop.set()
        writer.join()
    assert written
    for files in exports:
        names = [json.loads(line)["id"] for line in lines(files)]
        assert len(names) == len(set(names))
        made = sorted(int(n[3:]) for n in names if n.startswith("new"))
        assert made == list(range(1, len(made) + 1))
        gone = 5000 - sum(1 for n in names if n.startswith("p"))
        assert len(made) - 1 <= gone <= len(made), f"{len(made)} made, {gone} deleted"


def test_two_at_a_time_and_an_import(bench):
    bench.put("in/Patient.ndjson", "\n".join(json.dumps({"resourceType": "Patient", "id": f"p{i}"}) for i in range(2000)))
    bench.load()
    imported = bulk.start_import(bench.healthlake, bench.store, f"s3://{bench.bucket}/in/", f"s3://{bench.bucket}/out/")
    jobs = [bulk.start_export(bench.healthlake, bench.store, f"s3://{bench.bucket}/export") for _ in range(2)]
    for job in jobs:
        done = bulk.wait_export(bench.healthlake, bench.store, job)
        assert len(lines(bulk.tree(bench.s3, done["OutputDataConfig"]["S3Configuration"]["S3Uri"]))) == 2000
    assert bulk.wait_import(bench.healthlake, bench.store, imported)["JobStatus"] == "COMPLETED"
