# SPDX-License-Identifier: Apache-2.0
"""Medical coding with boto3: the codes of a note, where they come from, what is refused, and a server that dies meanwhile."""

import json
import subprocess

import botocore.exceptions
import pytest

import bulk
from house import ACCOUNT, BINARY, REGION, ROOT, until

ORDER = ROOT / "internal/coding/icd10/testdata/order.txt"  # a few lines of the release of 2021
NOTE = "ASSESSMENT\n\n1. Hypertension – stable.\n2. CKD, stage 4.\n3. Right knee pain. She denies asthma.\n\nFAMILY HISTORY\nDepression."


def open_domain(galen):
    health = galen.client("connecthealth", inject_host_prefix=False)
    return health, health.create_domain(name="coding")["domainId"], bulk.new_bucket(galen.client("s3"))


def ended(health, domain, job):
    def look():
        got = health.get_medical_coding_job(domainId=domain, jobId=job)
        return got if got["jobStatus"] in ("SUCCEEDED", "FAILED") else None
    return until(look, f"job {job} ends")


def refused(call, code, status, /, **params):
    with pytest.raises(botocore.exceptions.ClientError) as e:
        call(**params)
    got = e.value.response
    assert (got["Error"]["Code"], got["ResponseMetadata"]["HTTPStatusCode"]) == (code, status), got


def test_a_note_is_coded(alone):
    subprocess.run([BINARY, "terminology", "add", "icd-10-cm", ORDER, "--version", "2021", "--data", alone.data], check=True, capture_output=True)
    alone.start()
    health, domain, bucket = open_domain(alone)
    params = dict(domainId=domain, text=NOTE, outputDataConfig={"s3OutputPath": f"s3://{bucket}/coded"},
                  patientContext={"sex": "FEMALE", "status": "ESTABLISHED", "dateOfBirth": "1970-01-02", "insurance": "Medicare"},
                  encounterContext={"encounterType": "IN_PERSON", "encounterReason": "follow-up", "afterHours": False, "encounterDate": "2021-03-04"})
    made = health.start_medical_coding_job(clientToken="one", **params)
    assert made["jobArn"] == f"arn:aws:health-agent:{REGION}:{ACCOUNT}:domain/{domain}/medical-coding-job/{made['jobId']}"
    alone.kill()  # a job that was answered is done
    alone.start()
    health = alone.client("connecthealth", inject_host_prefix=False)
    got = ended(health, domain, made["jobId"])
    assert got["jobStatus"] == "SUCCEEDED" and "CPT" in got["statusDetails"] and "2021" in got["statusDetails"], got
    for name in ("text", "outputDataConfig", "patientContext", "encounterContext"):
        assert got[name] == params[name]
    assert got["medicalCodingOutput"]["uri"] == f"s3://{bucket}/coded/{made['jobId']}/medical-codes.json"
    assert health.start_medical_coding_job(clientToken="one", **params)["jobId"] == made["jobId"], "the same again"
    refused(health.start_medical_coding_job, "ConflictException", 409, clientToken="one", **{**params, "text": "Asthma."})
    files = bulk.tree(alone.client("s3"), f"s3://{bucket}/coded/")
    assert list(files) == [f"{made['jobId']}/medical-codes.json"]
    codes = json.loads(files.popitem()[1])["medicalCodes"]
    assert [c["name"] for c in codes] == ["I12.9", "N18.4", "M25.561"], codes
    for i, c in enumerate(codes):
        assert c["sequence"] == i + 1 and c["system"] == "ICD10" and c["version"] == "2021" and c["unit"] == 1 and 0 < c["confidence"] <= 1
        assert c["evidence"] and all(NOTE[e["startOffset"]:e["endOffset"]] == e["text"] for e in c["evidence"])
    assert [e["text"] for e in codes[0]["evidence"]] == ["Hypertension", "CKD, stage 4"]
    health.tag_resource(resourceArn=made["jobArn"], tags={"team": "a"})
    assert health.list_tags_for_resource(resourceArn=made["jobArn"])["tags"] == {"team": "a"}
    health.delete_domain(domainId=domain)
    refused(health.get_medical_coding_job, "ResourceNotFoundException", 404, domainId=domain, jobId=made["jobId"])


def test_what_is_refused(galen):
    health, domain, bucket = open_domain(galen)
    params = dict(domainId=domain, text=NOTE, outputDataConfig={"s3OutputPath": f"s3://{bucket}/coded"})
    start = health.start_medical_coding_job
    refused(start, "ValidationException", 400, **{**params, "text": "x" * 100_001})
    refused(start, "ValidationException", 400, **{**params, "text": " "})
    refused(start, "ValidationException", 400, **{**params, "outputDataConfig": {"s3OutputPath": "s3://there-is-no-bucket/x"}})
    refused(start, "ValidationException", 400, **params, patientContext={"sex": "X"})
    refused(start, "ValidationException", 400, **params, encounterContext={"encounterReason": "it's"})
    refused(start, "ResourceNotFoundException", 404, **params, datasetId="a1")
    refused(start, "ResourceNotFoundException", 404, **{**params, "domainId": "dom-a1b2c3d4e5f6g7h8"})
    refused(health.get_medical_coding_job, "ResourceNotFoundException", 404, domainId=domain, jobId="x")
    got = ended(health, domain, start(**params)["jobId"])
    assert got["jobStatus"] == "FAILED" and "galen terminology add icd-10-cm" in got["statusDetails"], "there is no classification"
