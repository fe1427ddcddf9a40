# SPDX-License-Identifier: Apache-2.0
"""The main job with boto3, configured by the three environment variables that the README names, and nothing else."""

import json

import boto3
import pytest

import bulk
import dataset
from house import ok


@pytest.fixture
def clients(galen, monkeypatch):
    for name, value in galen.environment().items():
        monkeypatch.setenv(name, value)
    session = boto3.session.Session()
    return session.client("healthlake"), session.client("s3")


def test_from_nothing_to_an_export_and_back(galen, clients, data):
    healthlake, s3 = clients
    store = create(galen, healthlake, data)
    bucket = upload(s3, data)
    load(healthlake, s3, store, bucket, data)
    fhir = galen.fhir(store)
    count_every_type(fhir, data)
    changed = update_one(fhir, data)
    compare_export(healthlake, s3, store, bucket, data, changed)
    delete(healthlake, store, fhir)


def create(galen, healthlake, data):
    made = healthlake.create_fhir_datastore(DatastoreTypeVersion="R4", DatastoreName=f"walk {data.name}",
                                            Tags=[{"Key": "data", "Value": data.name}])
    store = made["DatastoreId"]
    assert made["DatastoreStatus"] in ("CREATING", "ACTIVE")
    assert made["DatastoreArn"] == f"arn:aws:healthlake:us-east-1:000000000000:datastore/fhir/{store}"
    assert made["DatastoreEndpoint"] == f"{galen.url}/datastore/{store}/r4/"
    healthlake.get_waiter("fhir_datastore_active").wait(DatastoreId=store, WaiterConfig=bulk.FAST)
    properties = healthlake.describe_fhir_datastore(DatastoreId=store)["DatastoreProperties"]
    assert (properties["DatastoreStatus"], properties["DatastoreName"]) == ("ACTIVE", f"walk {data.name}")
    return store


def upload(s3, data):
    bucket = bulk.new_bucket(s3)
    for kind, path in data.files.items():
        s3.upload_file(str(path), bucket, f"in/{kind}.ndjson")
    return bucket


def load(healthlake, s3, store, bucket, data):
    job = bulk.start_import(healthlake, store, f"s3://{bucket}/in/", f"s3://{bucket}/out/", JobName="walk", ValidationLevel="strict")
    done = bulk.wait_import(healthlake, store, job)
    folder = f"s3://{bucket}/out/{store}-FHIR_IMPORT-{job}/"
    assert done["JobStatus"] == "COMPLETED"
    assert (done["JobId"], done["JobName"], done["ValidationLevel"]) == (job, "walk", "strict")
    assert done["InputDataConfig"] == {"S3Uri": f"s3://{bucket}/in/"}
    assert done["JobOutputDataConfig"] == bulk.output(folder)
    assert done["SubmitTime"] <= done["EndTime"]

    size = sum(path.stat().st_size for path in data.files.values()) / 2**20
    report = done["JobProgressReport"]
    assert report.pop("Throughput") > 0
    assert report.pop("TotalSizeOfScannedFilesInMB") == pytest.approx(size, rel=1e-6)
    assert report == {
        "TotalNumberOfScannedFiles": len(data.files), "TotalNumberOfImportedFiles": len(data.files),
        "TotalNumberOfResourcesScanned": data.total, "TotalNumberOfResourcesImported": data.total,
        "TotalNumberOfResourcesWithCustomerError": 0, "TotalNumberOfFilesReadWithCustomerError": 0}

    files = bulk.tree(s3, folder)
    assert sorted(files) == sorted(["Manifest.json", "manifest.json", *(f"SUCCESS/{kind}.ndjson" for kind in data.files)])
    assert files["Manifest.json"] == files["manifest.json"]
    manifest = json.loads(files["Manifest.json"])
    assert manifest["sizeOfScannedFilesInMB"] == pytest.approx(size, rel=1e-6)
    assert 0 < manifest["sizeOfDataImportedSuccessfullyInMB"] <= size
    assert {k: v for k, v in manifest.items() if not k.startswith("sizeOf")} == {
        "inputDataConfig": {"s3Uri": f"s3://{bucket}/in/"},
        "outputDataConfig": {"s3Uri": folder, "encryptionKeyID": bulk.KEY},
        "successOutput": {"successOutputS3Uri": folder + "SUCCESS/"},
        "failureOutput": {"failureOutputS3Uri": folder + "FAILURE/"},
        "numberOfScannedFiles": len(data.files), "numberOfFilesImported": len(data.files),
        "numberOfResourcesScanned": data.total, "numberOfResourcesImportedSuccessfully": data.total,
        "numberOfResourcesWithCustomerError": 0, "numberOfResourcesWithServerError": 0}
    for kind, count in data.counts.items():
        log = bulk.log_lines(files[f"SUCCESS/{kind}.ndjson"])
        assert [(line, status) for line, status, _ in log] == [(n, 201) for n in range(1, count + 1)], kind
        assert [blob["id"] for _, _, blob in log] == [json.loads(line)["id"] for line in data.lines(kind)], kind


def count_every_type(fhir, data):
    for kind, count in data.counts.items():
        counted = fhir.get(kind, _summary="count")
        assert (counted["total"], counted.get("entry", [])) == (count, []), kind
        page = fhir.get(kind, _total="accurate", _count=3)
        assert (page["total"], len(page["entry"])) == (count, min(3, count)), kind


def update_one(fhir, data):
    patient = data.resources("Patient")[0]
    path = f"Patient/{patient['id']}"
    read = ok(fhir("GET", path))
    assert read["meta"]["versionId"] == "1"
    read["maritalStatus"] = {"text": "changed by the walkthrough"}
    answer = fhir("PUT", path, body=read, If_Match='W/"1"')
    assert ok(answer)["meta"]["versionId"] == "2"
    assert fhir.get(path)["maritalStatus"] == read["maritalStatus"]
    return dataset.exact(answer.text)


def compare_export(healthlake, s3, store, bucket, data, changed):
    job = bulk.start_export(healthlake, store, f"s3://{bucket}/export", JobName="walk")
    done = bulk.wait_export(healthlake, store, job)
    folder = f"s3://{bucket}/export/{store}-FHIR_EXPORT-{job}/"
    assert (done["JobStatus"], done["OutputDataConfig"]) == ("COMPLETED", bulk.output(folder))
    got = {}
    for key, text in bulk.tree(s3, folder).items():
        kind, _, name = key.partition("/")
        assert name.startswith(f"{kind}-") and name.endswith(".ndjson"), key
        for line in text.decode().splitlines():
            resource = dataset.exact(line)
            assert resource["resourceType"] == kind, key
            assert (kind, resource["id"]) not in got, "exported twice"
            got[kind, resource["id"]] = resource
    want = data.exact()
    want["Patient", changed["id"]] = changed
    assert got.keys() == want.keys()
    different = [key for key in want if got[key] != want[key]]
    assert not different, f"{len(different)} differ, the first is {got[different[0]]}, want {want[different[0]]}"


def delete(healthlake, store, fhir):
    gone = healthlake.delete_fhir_datastore(DatastoreId=store)
    assert gone["DatastoreStatus"] in ("DELETING", "DELETED")
    healthlake.get_waiter("fhir_datastore_deleted").wait(DatastoreId=store, WaiterConfig=bulk.FAST)
    properties = healthlake.describe_fhir_datastore(DatastoreId=store)["DatastoreProperties"]
    assert (properties["DatastoreStatus"], properties["DatastoreId"]) == ("DELETED", store)
    assert fhir("GET", "Patient").status_code == 404
