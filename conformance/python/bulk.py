# SPDX-License-Identifier: Apache-2.0
"""What the tests of imports and exports share."""

import json
import uuid

from house import KEY, ROLE

FAST = {"Delay": 0.05, "MaxAttempts": 4000}  # AWS's waiters look once a minute or two


def new_store(healthlake, name="test", **more):
    """Makes a data store, waits until it is active and returns its id."""
    made = healthlake.create_fhir_datastore(DatastoreTypeVersion="R4", DatastoreName=name, **more)
    healthlake.get_waiter("fhir_datastore_active").wait(DatastoreId=made["DatastoreId"], WaiterConfig=FAST)
    return made["DatastoreId"]


def new_bucket(s3):
    name = f"bucket-{uuid.uuid4().hex[:12]}"
    s3.create_bucket(Bucket=name)
    return name


def output(uri):
    return {"S3Configuration": {"S3Uri": uri, "KmsKeyId": KEY}}


def start_import(healthlake, store, uri, to, **more):
    return healthlake.start_fhir_import_job(DatastoreId=store, InputDataConfig={"S3Uri": uri}, JobOutputDataConfig=output(to),
                                            DataAccessRoleArn=ROLE, **more)["JobId"]


def start_export(healthlake, store, to, **more):
    return healthlake.start_fhir_export_job(DatastoreId=store, OutputDataConfig=output(to), DataAccessRoleArn=ROLE, **more)["JobId"]


def wait_import(healthlake, store, job):
    """Waits for the end of an import and returns its properties."""
    healthlake.get_waiter("fhir_import_job_completed").wait(DatastoreId=store, JobId=job, WaiterConfig=FAST)
    return healthlake.describe_fhir_import_job(DatastoreId=store, JobId=job)["ImportJobProperties"]


def wait_export(healthlake, store, job):
    """Waits for the end of an export and returns its properties."""
    healthlake.get_waiter("fhir_export_job_completed").wait(DatastoreId=store, JobId=job, WaiterConfig=FAST)
    return healthlake.describe_fhir_export_job(DatastoreId=store, JobId=job)["ExportJobProperties"]


def split(uri):
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    return bucket, key


def tree(s3, uri):
    """The objects below an S3 URI: their keys, without what the URI says already, and their bytes."""
    bucket, prefix = split(uri)
    found = {}
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
        for o in page.get("Contents", []):
            found[o["Key"].removeprefix(prefix)] = s3.get_object(Bucket=bucket, Key=o["Key"])["Body"].read()
    return found


def log_lines(text):
    """The lines of a SUCCESS or FAILURE log as (line number, status, jsonBlob)."""
    lines = [json.loads(line) for line in text.splitlines()]
    return [(li["lineId"], li["UpdateResourceResponse"]["statusCode"], li["UpdateResourceResponse"]["jsonBlob"]) for li in lines]


class Bench:
    """A data store and a bucket of a test's own, and what one does with them."""

    def __init__(self, galen, name):
        self.galen = galen
        self.healthlake, self.s3 = galen.client("healthlake"), galen.client("s3")
        self.store = new_store(self.healthlake, name)
        self.bucket = new_bucket(self.s3)
        self.fhir = galen.fhir(self.store)

    def put(self, key, body):
        self.s3.put_object(Bucket=self.bucket, Key=key, Body=body if isinstance(body, bytes) else body.encode())

    def load(self, prefix="in/", **more):
        """Imports what lies below prefix. Returns the job's properties and the files it wrote."""
        job = start_import(self.healthlake, self.store, f"s3://{self.bucket}/{prefix}", f"s3://{self.bucket}/out/", **more)
        properties = wait_import(self.healthlake, self.store, job)
        return properties, tree(self.s3, properties["JobOutputDataConfig"]["S3Configuration"]["S3Uri"])

    def dump(self):
        """Exports the data store. Returns the job's properties and the files it wrote."""
        job = start_export(self.healthlake, self.store, f"s3://{self.bucket}/export")
        properties = wait_export(self.healthlake, self.store, job)
        return properties, tree(self.s3, properties["OutputDataConfig"]["S3Configuration"]["S3Uri"])
