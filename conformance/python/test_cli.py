# SPDX-License-Identifier: Apache-2.0
"""The main job with the AWS CLI."""

import json
import os
import pathlib
import subprocess
import sys

import pytest

import dataset
from house import KEY, ROLE, until


@pytest.fixture
def aws(galen, tmp_path):
    """Runs the AWS CLI with the three environment variables that the README names."""
    program = pathlib.Path(sys.executable).with_name("aws")
    env = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "LANG": "C.UTF-8", **galen.environment()}

    def run(*args, fails=False):
        done = subprocess.run([program, *args], env=env, cwd=tmp_path, capture_output=True, text=True, timeout=120)
        assert (done.returncode != 0) == fails, f"aws {' '.join(args)}: exit code {done.returncode}\n{done.stdout}{done.stderr}"
        if fails:
            return done.stderr
        return json.loads(done.stdout) if done.stdout.lstrip().startswith(("{", "[")) else done.stdout
    return run


@pytest.fixture
def small(made_up):
    return dataset.load("synthea-10" if (dataset.SHARED / "synthea-10").is_dir() else "made-up", made_up)


def test_the_whole_job(galen, aws, small, tmp_path):
    folder = next(iter(small.files.values())).parent
    made = aws("healthlake", "create-fhir-datastore", "--datastore-type-version", "R4", "--datastore-name", "cli")
    store = made["DatastoreId"]
    aws("healthlake", "wait", "fhir-datastore-active", "--datastore-id", store)
    assert store in [d["DatastoreId"] for d in aws("healthlake", "list-fhir-datastores", "--filter", "DatastoreName=cli")["DatastorePropertiesList"]]

    aws("s3", "mb", "s3://cli-bucket")
    aws("s3", "sync", str(folder), "s3://cli-bucket/in/")
    listing = aws("s3", "ls", "s3://cli-bucket/in/")
    assert sorted(line.split()[-1] for line in listing.splitlines()) == sorted(p.name for p in folder.iterdir())

    config = ["--data-access-role-arn", ROLE, "--datastore-id", store]
    job = aws("healthlake", "start-fhir-import-job", "--input-data-config", "S3Uri=s3://cli-bucket/in/", "--job-output-data-config",
              f"S3Configuration={{S3Uri=s3://cli-bucket/out/,KmsKeyId={KEY}}}", *config)
    assert job["JobStatus"] == "SUBMITTED"
    ends(galen.client("healthlake").describe_fhir_import_job, "ImportJobProperties", store, job["JobId"])
    aws("healthlake", "wait", "fhir-import-job-completed", "--datastore-id", store, "--job-id", job["JobId"])
    done = aws("healthlake", "describe-fhir-import-job", "--datastore-id", store, "--job-id", job["JobId"])["ImportJobProperties"]
    assert done["JobStatus"] == "COMPLETED"
    assert done["JobProgressReport"]["TotalNumberOfResourcesImported"] == small.total
    manifest = aws("s3", "cp", done["JobOutputDataConfig"]["S3Configuration"]["S3Uri"] + "Manifest.json", "-")
    assert manifest["numberOfResourcesImportedSuccessfully"] == small.total
    assert len(aws("healthlake", "list-fhir-import-jobs", "--datastore-id", store)["ImportJobPropertiesList"]) == 1

    job = aws("healthlake", "start-fhir-export-job", "--output-data-config",
              f"S3Configuration={{S3Uri=s3://cli-bucket/export,KmsKeyId={KEY}}}", *config)
    ends(galen.client("healthlake").describe_fhir_export_job, "ExportJobProperties", store, job["JobId"])
    aws("healthlake", "wait", "fhir-export-job-completed", "--datastore-id", store, "--job-id", job["JobId"])
    aws("s3", "cp", "--recursive", "--quiet", f"s3://cli-bucket/export/{store}-FHIR_EXPORT-{job['JobId']}/", "exported")
    lines = [line for p in (tmp_path / "exported").rglob("*.ndjson") for line in p.read_text(encoding="utf-8").splitlines()]
    got = {(r["resourceType"], r["id"]): r for r in map(dataset.exact, lines)}
    assert len(lines) == small.total
    assert got == small.exact()

    aws("healthlake", "tag-resource", "--resource-arn", made["DatastoreArn"], "--tags", "Key=made,Value=by the CLI")
    assert aws("healthlake", "list-tags-for-resource", "--resource-arn", made["DatastoreArn"])["Tags"] == [{"Key": "made", "Value": "by the CLI"}]
    assert aws("healthlake", "delete-fhir-datastore", "--datastore-id", store)["DatastoreStatus"] in ("DELETING", "DELETED")
    deleted = galen.client("healthlake").describe_fhir_datastore
    until(lambda: deleted(DatastoreId=store)["DatastoreProperties"]["DatastoreStatus"] == "DELETED", "deleted")
    aws("healthlake", "wait", "fhir-datastore-deleted", "--datastore-id", store)
    aws("s3", "rm", "--recursive", "--quiet", "s3://cli-bucket/")
    aws("s3", "rb", "s3://cli-bucket")


def ends(describe, member, store, job):
    """AWS's own waiters look again after two minutes: they are called when there is nothing left to wait for."""
    until(lambda: describe(DatastoreId=store, JobId=job)[member].get("EndTime"), "the job ends")


def test_errors_come_through(aws):
    said = aws("healthlake", "describe-fhir-datastore", "--datastore-id", "0" * 32, fails=True)
    assert "(ResourceNotFoundException)" in said and "DescribeFHIRDatastore" in said
    said = aws("s3", "ls", "s3://there-is-no-such-bucket", fails=True)
    assert "NoSuchBucket" in said


def test_files_of_many_sizes_come_back_as_they_went(aws, tmp_path):
    files = {"empty": b"", "small.txt": b"small", "deep/er/ünï côdé.bin": bytes(range(256)) * 100, "large.bin": os.urandom(20 << 20)}
    for name, content in files.items():
        path = tmp_path / "up" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        os.utime(path, (1e9, 1e9))  # long ago: sync compares with the time of the upload in whole seconds
    aws("s3", "mb", "s3://cli-files")
    aws("s3", "sync", "--quiet", "up", "s3://cli-files/x/")  # the large one goes in parts
    aws("s3", "sync", "--quiet", "s3://cli-files/x/", "down")
    assert {str(p.relative_to(tmp_path / "down")): p.read_bytes() for p in (tmp_path / "down").rglob("*") if p.is_file()} == files
    assert aws("s3", "sync", "up", "s3://cli-files/x/") == "", "nothing has changed"
    aws("s3", "cp", "--quiet", "s3://cli-files/x/small.txt", "s3://cli-files/y/copy.txt")
    assert aws("s3", "cp", "s3://cli-files/y/copy.txt", "-") == "small"
    aws("s3", "rm", "--quiet", "s3://cli-files/y/copy.txt")
    assert "y/" not in aws("s3", "ls", "s3://cli-files/")
    aws("s3", "rb", "--force", "s3://cli-files")
    assert "cli-files" not in aws("s3", "ls")
