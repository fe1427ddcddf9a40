# SPDX-License-Identifier: Apache-2.0
"""Who is let in: signatures, clocks, keys, accounts. What is not let in does nothing."""

import datetime
import os

import boto3
import botocore.auth
import botocore.awsrequest
import botocore.credentials
import botocore.exceptions
import pytest
import requests

import bulk
from conftest import OTHER_ACCOUNT
from house import REGION, SigV4, Signed, exception, ok, outcome, until

BODY = b'{"DatastoreTypeVersion":"R4","DatastoreName":"made without leave"}'
HEADERS = {"Content-Type": "application/x-amz-json-1.0", "X-Amz-Target": "HealthLake.CreateFHIRDatastore"}


def send(galen, auth=None, body=BODY, headers=HEADERS, url=None, method="POST"):
    return requests.request(method, url or galen.url + "/", data=body, headers=headers, auth=auth, timeout=30)


def signed_at(monkeypatch, when):
    """Lets botocore's signers believe that it is another time."""
    monkeypatch.setattr(botocore.auth, "get_current_datetime", lambda remove_tzinfo=True: when.replace(tzinfo=None) if remove_tzinfo else when)


def now(**delta):
    return datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(**delta)


@pytest.fixture(autouse=True)
def nothing_done(healthlake):
    yield
    assert healthlake.list_fhir_datastores(Filter={"DatastoreName": "made without leave"})["DatastorePropertiesList"] == []


class Tampering(SigV4):
    """Signs, and then changes what it signed."""

    def __init__(self, credentials, change):
        super().__init__(credentials)
        self.change = change

    def __call__(self, r):
        super().__call__(r)
        self.change(r)
        return r


def test_not_signed(galen):
    exception(send(galen), "MissingAuthenticationTokenException", status=403)


def test_unknown_key(galen):
    nobody = botocore.credentials.Credentials("AKIAAAAAAAAAAAAAAAAA", galen.keys().secret_key)
    exception(send(galen, SigV4(nobody)), "UnrecognizedClientException", status=403)


def test_wrong_secret(galen):
    thief = botocore.credentials.Credentials(galen.keys().access_key, "not the secret")
    exception(send(galen, SigV4(thief)), "InvalidSignatureException", "The request signature we calculated does not match", status=403)


def test_boto3_with_a_wrong_secret(galen):
    client = boto3.session.Session(galen.keys().access_key, "not the secret", None, REGION).client("healthlake", endpoint_url=galen.url)
    with pytest.raises(botocore.exceptions.ClientError) as failed:
        client.list_fhir_datastores()
    assert failed.value.response["Error"]["Code"] == "InvalidSignatureException"
    assert failed.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403


@pytest.mark.parametrize("service,region", [("s3", REGION), ("execute-api", REGION)])
def test_wrong_service(galen, service, region):
    answer = send(galen, SigV4(galen.keys(), service, region))
    assert answer.status_code == 403 and answer.headers["x-amzn-ErrorType"] == "InvalidSignatureException"


def test_session_token_that_nobody_gave(galen):
    k = galen.keys()
    answer = send(galen, SigV4(botocore.credentials.Credentials(k.access_key, k.secret_key, "a token")))
    exception(answer, "UnrecognizedClientException", status=403)


@pytest.mark.parametrize("minutes", [-6, -60, 6])
def test_skewed_clock(galen, monkeypatch, minutes):
    signed_at(monkeypatch, now(minutes=minutes))
    exception(send(galen, SigV4(galen.keys())), "InvalidSignatureException", status=403)


@pytest.mark.parametrize("minutes", [-4, 4])
def test_a_clock_that_is_nearly_right(galen, monkeypatch, store, minutes):
    signed_at(monkeypatch, now(minutes=minutes))
    ok(galen.http().operation("DescribeFHIRDatastore", {"DatastoreId": store}))


@pytest.mark.parametrize("change", [
    lambda r: setattr(r, "body", BODY.replace(b"without", b"WITHOUT")),
    lambda r: r.headers.update({"X-Amz-Date": r.headers["X-Amz-Date"][:-2] + "0Z"}) if r.headers["X-Amz-Date"][-2] != "0"
    else r.headers.update({"X-Amz-Date": r.headers["X-Amz-Date"][:-2] + "1Z"}),
    lambda r: setattr(r, "url", r.url + "?x=1"),
    lambda r: r.headers.update({"Content-Type": "application/x-amz-json-1.1"}),
    lambda r: r.headers.update({"Authorization": r.headers["Authorization"][:-1] + ("0" if r.headers["Authorization"][-1] != "0" else "1")}),
], ids=["body", "date", "query", "signed header", "signature"])
def test_tampered(galen, change):
    exception(send(galen, Tampering(galen.keys(), change)), "InvalidSignatureException", status=403)


@pytest.mark.parametrize("value", ["AWS4-HMAC-SHA256", "AWS4-HMAC-SHA256 Credential=x", "AWS4-HMAC-SHA256 Credential=a/b/c, SignedHeaders=host, Signature=x",
                                   "Basic dXNlcjpwYXNzd29yZA==", "Bearer token"])
def test_headers_that_are_no_signature(galen, value):
    answer = send(galen, headers={**HEADERS, "Authorization": value})
    assert answer.status_code in (400, 403)
    assert answer.headers["x-amzn-ErrorType"] in ("IncompleteSignatureException", "MissingAuthenticationTokenException")


class TestFHIR:
    """The same of the FHIR API, whose errors are OperationOutcomes."""

    def test_not_signed(self, galen, store):
        answer = requests.put(f"{galen.url}/datastore/{store}/r4/Patient/forged", json={"resourceType": "Patient", "id": "forged"}, timeout=30)
        assert answer.status_code in (401, 403)
        outcome(answer, answer.status_code, "forbidden")

    def test_wrong_secret(self, galen, store):
        thief = Signed(f"{galen.url}/datastore/{store}/r4/", botocore.credentials.Credentials(galen.keys().access_key, "no"))
        outcome(thief("PUT", "Patient/forged", body={"resourceType": "Patient", "id": "forged"}), 403, "forbidden")

    def test_nothing_was_done(self, fhir):
        outcome(fhir("GET", "Patient/forged"), 404)

    def test_presigned(self, galen, store, fhir):
        path = fhir("POST", "Patient", body={"resourceType": "Patient"}).json()["id"]
        url = f"{galen.url}/datastore/{store}/r4/Patient/{path}"
        assert requests.get(presign(galen, url, 60), timeout=30).json()["id"] == path

    def test_presigned_and_expired(self, galen, store, monkeypatch):
        signed_at(monkeypatch, now(seconds=-90))
        url = presign(galen, f"{galen.url}/datastore/{store}/r4/Patient", 60)
        outcome(requests.get(url, timeout=30), 403, "forbidden")

    def test_presigned_and_changed(self, galen, store):
        url = presign(galen, f"{galen.url}/datastore/{store}/r4/Patient?name=a", 60)
        outcome(requests.get(url.replace("name=a", "name=b"), timeout=30), 403, "forbidden")


def presign(galen, url, seconds):
    request = botocore.awsrequest.AWSRequest("GET", url)
    botocore.auth.SigV4QueryAuth(galen.keys(), "healthlake", REGION, expires=seconds).add_auth(request)
    return request.url


class TestS3:
    """The same of the embedded object store, whose errors are XML."""

    def test_unknown_key_and_wrong_secret(self, galen):
        for access, secret, code in [("AKIAAAAAAAAAAAAAAAAA", "x", "InvalidAccessKeyId"), (galen.keys().access_key, "x", "SignatureDoesNotMatch")]:
            client = boto3.session.Session(access, secret, None, REGION).client("s3", endpoint_url=galen.url)
            with pytest.raises(botocore.exceptions.ClientError) as failed:
                client.create_bucket(Bucket="forged-bucket")
            assert failed.value.response["Error"]["Code"] == code
        assert "forged-bucket" not in [b["Name"] for b in galen.client("s3").list_buckets()["Buckets"]]

    def test_presigned_and_expired(self, galen, s3, monkeypatch):
        bucket = bulk.new_bucket(s3)
        s3.put_object(Bucket=bucket, Key="k", Body=b"secret")
        signed_at(monkeypatch, now(seconds=-90))
        url = s3.generate_presigned_url("get_object", {"Bucket": bucket, "Key": "k"}, ExpiresIn=60)
        answer = requests.get(url, timeout=30)
        assert answer.status_code == 403 and b"secret" not in answer.content and b"<Code>AccessDenied</Code>" in answer.content


def add_profile(galen, name, account=None):
    """Adds a profile to the credentials file of a server that runs."""
    account = f"aws_account_id = {account}\n" if account else ""
    text = galen.credentials_file.read_text()
    galen.credentials_file.write_text(f"{text}\n[{name}]\naws_access_key_id = AKIA{os.urandom(8).hex().upper()}\n"
                                      f"aws_secret_access_key = {os.urandom(20).hex()}\n{account}")
    return lets_in(galen.http(name))


def lets_in(client, let=True):
    """Waits until the server has seen the file: until it lets the client in, or no longer does."""
    until(lambda: (client.operation("ListFHIRDatastores", {}).status_code == 200) == let, f"let in: {let}", seconds=10)
    return client


def test_the_credentials_file_is_read_again(galen):
    before = galen.credentials_file.read_text()
    client = add_profile(galen, "for-a-while")
    galen.credentials_file.write_text(before)
    lets_in(client, False)
    exception(client.operation("ListFHIRDatastores", {}), "UnrecognizedClientException", status=403)
    ok(galen.http().operation("ListFHIRDatastores", {}))


def test_a_broken_credentials_file_changes_nothing(alone):
    alone.start()
    client, before = alone.http(), alone.credentials_file.read_text()
    alone.credentials_file.write_text("[default\nnonsense")
    seen = alone.credentials_file.stat().st_mtime
    until(lambda: client.operation("ListFHIRDatastores", {}).status_code == 200 and now().timestamp() > seen + 1.5, "the server has looked", seconds=10)
    ok(client.operation("ListFHIRDatastores", {}))
    alone.credentials_file.write_text(before)
    lets_in(client)


def test_the_credentials_file_is_the_owners_only(galen):
    assert galen.credentials_file.stat().st_mode & 0o777 == 0o600


@pytest.fixture(scope="module")
def stranger(galen):
    """A caller of another account."""
    return add_profile(galen, "stranger", OTHER_ACCOUNT)


class TestOtherAccount:
    def test_lists_nothing(self, stranger, store):
        assert ok(stranger.operation("ListFHIRDatastores", {}))["DatastorePropertiesList"] == []

    def test_has_data_stores_of_its_own(self, galen, stranger, healthlake):
        mine = ok(stranger.operation("CreateFHIRDatastore", {"DatastoreTypeVersion": "R4", "DatastoreName": "mine"}))
        assert mine["DatastoreArn"].split(":")[4] == OTHER_ACCOUNT
        assert [d["DatastoreId"] for d in ok(stranger.operation("ListFHIRDatastores", {}))["DatastorePropertiesList"]] == [mine["DatastoreId"]]
        assert healthlake.list_fhir_datastores(Filter={"DatastoreName": "mine"})["DatastorePropertiesList"] == []
        galen.client("healthlake", "stranger").get_waiter("fhir_datastore_active").wait(DatastoreId=mine["DatastoreId"], WaiterConfig=bulk.FAST)
        assert galen.fhir(mine["DatastoreId"], "stranger")("POST", "Patient", body={"resourceType": "Patient"}).status_code == 201
        outcome(galen.fhir(mine["DatastoreId"])("GET", "Patient"), 404)
        assert ok(stranger.operation("DeleteFHIRDatastore", {"DatastoreId": mine["DatastoreId"]}))

    def test_does_not_find_the_others_data_store(self, galen, stranger, bench):
        job = {"DatastoreId": bench.store, "DataAccessRoleArn": bulk.ROLE}
        arn = bench.healthlake.describe_fhir_datastore(DatastoreId=bench.store)["DatastoreProperties"]["DatastoreArn"]
        export = bulk.start_export(bench.healthlake, bench.store, f"s3://{bench.bucket}/x")
        for operation, body in [
            ("DescribeFHIRDatastore", {"DatastoreId": bench.store}),
            ("UpdateFHIRDatastore", {"DatastoreId": bench.store, "DatastoreName": "stolen"}),
            ("DeleteFHIRDatastore", {"DatastoreId": bench.store}),
            ("StartFHIRExportJob", {**job, "OutputDataConfig": bulk.output(f"s3://{bench.bucket}/x")}),
            ("StartFHIRImportJob", {**job, "InputDataConfig": {"S3Uri": f"s3://{bench.bucket}/x"}, "JobOutputDataConfig": bulk.output(f"s3://{bench.bucket}/x")}),
            ("ListFHIRExportJobs", {"DatastoreId": bench.store}),
            ("ListFHIRImportJobs", {"DatastoreId": bench.store}),
            ("DescribeFHIRExportJob", {"DatastoreId": bench.store, "JobId": export}),
            ("TagResource", {"ResourceARN": arn, "Tags": [{"Key": "k", "Value": "v"}]}),
            ("ListTagsForResource", {"ResourceARN": arn}),
            ("ListTagsForResource", {"ResourceARN": arn.replace("000000000000", OTHER_ACCOUNT)}),
        ]:
            exception(stranger.operation(operation, body), "ResourceNotFoundException")
        properties = bench.healthlake.describe_fhir_datastore(DatastoreId=bench.store)["DatastoreProperties"]
        assert (properties["DatastoreStatus"], properties["DatastoreName"] != "stolen") == ("ACTIVE", True)

    def test_does_not_reach_the_others_records(self, galen, stranger, bench):
        patient = {"resourceType": "Patient", "id": "x"}
        ok(bench.fhir("PUT", "Patient/x", body=patient), 201)
        theirs = galen.fhir(bench.store, "stranger")
        for method, path, body in [("GET", "Patient/x", None), ("GET", "Patient", None), ("GET", "Patient/x/_history", None),
                                   ("GET", "Patient/x/_history/1", None), ("PUT", "Patient/x", patient), ("DELETE", "Patient/x", None),
                                   ("POST", "Patient", {"resourceType": "Patient"})]:
            answer = theirs(method, path, body=body)
            assert answer.status_code in (403, 404), f"{method} {path}: {answer.status_code}"
            outcome(answer, answer.status_code)
        assert [v["resource"]["meta"]["versionId"] for v in bench.fhir.get("Patient/x/_history")["entry"]] == ["1"]

    def test_tokens_are_an_accounts_own(self, galen, stranger, healthlake):
        body = {"DatastoreTypeVersion": "R4", "DatastoreName": "t", "ClientToken": "both-use-this"}
        a, b = ok(galen.http().operation("CreateFHIRDatastore", body)), ok(stranger.operation("CreateFHIRDatastore", body))
        assert a["DatastoreId"] != b["DatastoreId"]


def test_logs_hold_no_secret(galen):
    log = galen.log(10**9)
    assert galen.keys().secret_key not in log and "made without leave" not in log
