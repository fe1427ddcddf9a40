# SPDX-License-Identifier: Apache-2.0
"""kill -9: nothing that was answered is lost, and an import ends complete with no line twice. conformance/kill_test.go does it for longer."""

import json
import random
import threading

import requests

import bulk
from house import ok, until

ROUNDS = 6


def test_during_writes(alone):
    """Each writer makes its own Patients, one after the other; then the server dies under them."""
    alone.start()
    store = bulk.new_store(alone.client("healthlake"), "killed")
    answered, lock = {}, threading.Lock()
    for r in range(ROUNDS):
        writers = [threading.Thread(target=write, args=(alone.fhir(store), f"r{r}-{w}", answered, lock)) for w in range(4)]
        for t in writers:
            t.start()
        goal = len(answered) + random.randint(50, 400)
        until(lambda: len(answered) > goal, "enough writes")
        alone.kill()
        for t in writers:
            t.join()
        alone.start()
        compare(alone.fhir(store), answered)
    assert len(answered) > 100, "too few writes for this to say anything"


def write(fhir, prefix, answered, lock):
    """Creates Patients, and updates or deletes some of them, until the server is gone; notes what was answered."""
    n = 0
    try:
        while True:
            name, n = f"{prefix}-{n}", n + 1
            for version, body in [("1", patient(name)), ("2", patient(name, "female")), ("3", None)][:1 + n % 3]:
                with lock:
                    answered[name] = (answered.get(name, ("0", False))[0], True)  # whether this one gets there is not known
                answer = fhir("PUT", f"Patient/{name}", body=body) if body else fhir("DELETE", f"Patient/{name}")
                assert answer.status_code in (200, 201, 204), answer.text
                with lock:
                    answered[name] = (version, False)
    except requests.exceptions.RequestException:
        return


def patient(name, gender="male"):
    return {"resourceType": "Patient", "id": name, "gender": gender}


def compare(fhir, answered):
    """Every Patient is at the version that was answered, or at the next one if that was under way. That is then settled."""
    found = {}
    for page in fhir.pages("Patient", [("_count", "1000")]):
        for e in page.get("entry", []):
            found[e["resource"]["id"]] = e["resource"]["meta"]["versionId"]
    for name, (version, under_way) in list(answered.items()):
        got = found.pop(name, None)
        want = {version} | ({str(int(version) + 1)} if under_way else set())
        alive = want - {"0", "3"}
        assert got in alive or got is None and want & {"0", "3"}, f"{name}: found {got}, want one of {want}"
        answered[name] = (got or ("0" if version == "0" else "3"), False)
    assert found == {}, "nobody wrote these"


def test_during_an_import(alone):
    alone.start()
    healthlake, s3 = alone.client("healthlake"), alone.client("s3")
    store, bucket = bulk.new_store(healthlake, "killed"), bulk.new_bucket(s3)
    files, lines = 6, 20_000
    for f in range(files):
        text = "\n".join(line(f, i) for i in range(lines))
        s3.put_object(Bucket=bucket, Key=f"in/{f}.ndjson", Body=text.encode())
    job = bulk.start_import(healthlake, store, f"s3://{bucket}/in/", f"s3://{bucket}/out/")
    killed = []
    for _ in range(ROUNDS):
        client = alone.client("healthlake")
        for _ in range(80):  # until some moment while it runs
            status = client.describe_fhir_import_job(DatastoreId=store, JobId=job)["ImportJobProperties"]["JobStatus"]
            if status == "IN_PROGRESS" and random.random() < 0.15:
                break
        alone.kill()
        killed.append(status)
        alone.start()
    assert "IN_PROGRESS" in killed, "the import was too short for this to say anything"
    healthlake, s3, fhir = alone.client("healthlake"), alone.client("s3"), alone.fhir(store)
    done = bulk.wait_import(healthlake, store, job)
    bad = files * (lines // 100)
    assert done["JobStatus"] == "COMPLETED_WITH_ERRORS"
    report = done["JobProgressReport"]
    assert (report["TotalNumberOfResourcesScanned"], report["TotalNumberOfResourcesImported"], report["TotalNumberOfResourcesWithCustomerError"],
            report["TotalNumberOfScannedFiles"]) == (files * lines, files * lines - bad, bad, files)
    assert fhir.total("Patient") == files * lines - bad
    versions = {}
    for page in fhir.pages("Patient", [("_count", "1000"), ("_elements", "id")]):
        for e in page["entry"]:
            assert e["resource"]["id"] not in versions
            versions[e["resource"]["id"]] = e["resource"]["meta"]["versionId"]
    assert set(versions) == {f"f{f}-{i}" for f in range(files) for i in range(lines) if i % 100 != 99}
    assert set(versions.values()) == {"1"}, "a line was imported twice"
    logs = bulk.tree(s3, done["JobOutputDataConfig"]["S3Configuration"]["S3Uri"])
    for f in range(files):
        good = [n for n, _, _ in bulk.log_lines(logs[f"SUCCESS/{f}.ndjson"])]
        failed = [n for n, _, _ in bulk.log_lines(logs[f"FAILURE/{f}.ndjson"])]
        assert good == [n for n in range(1, lines + 1) if n % 100] and failed == list(range(100, lines + 1, 100))
    exported = bulk.wait_export(healthlake, store, bulk.start_export(healthlake, store, f"s3://{bucket}/export"))
    texts = bulk.tree(s3, exported["OutputDataConfig"]["S3Configuration"]["S3Uri"]).values()
    assert sum(len(text.splitlines()) for text in texts) == files * lines - bad


def line(f, i):
    return "{broken" if i % 100 == 99 else json.dumps({"resourceType": "Patient", "id": f"f{f}-{i}", "name": [{"family": f"F{f}", "given": [str(i)]}]})


def test_during_an_export_and_the_creation_and_deletion_of_data_stores(alone):
    alone.start()
    b = bulk.Bench(alone, "killed")
    b.put("in/Patient.ndjson", "\n".join(json.dumps({"resourceType": "Patient", "id": f"p{i}"}) for i in range(20000)))
    b.load()
    for r in range(3):
        client = alone.client("healthlake")
        job = bulk.start_export(client, b.store, f"s3://{b.bucket}/export")
        made = client.create_fhir_datastore(DatastoreTypeVersion="R4", DatastoreName=f"made {r}")["DatastoreId"]
        doomed = bulk.new_store(client, f"doomed {r}")
        client.delete_fhir_datastore(DatastoreId=doomed)
        alone.kill()
        alone.start()
        client = alone.client("healthlake")
        done = bulk.wait_export(client, b.store, job)
        names = [json.loads(li)["id"] for text in bulk.tree(alone.client("s3"), done["OutputDataConfig"]["S3Configuration"]["S3Uri"]).values()
                 for li in text.splitlines()]
        assert sorted(names) == sorted(f"p{i}" for i in range(20000))
        client.get_waiter("fhir_datastore_active").wait(DatastoreId=made, WaiterConfig=bulk.FAST)
        client.get_waiter("fhir_datastore_deleted").wait(DatastoreId=doomed, WaiterConfig=bulk.FAST)
        ok(alone.fhir(made)("POST", "Patient", body={"resourceType": "Patient"}), 201)
