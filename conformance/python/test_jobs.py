# SPDX-License-Identifier: Apache-2.0
"""Start, describe and list jobs: what they answer, and everything they refuse."""

import datetime
import json
import uuid

import pytest

import bulk
from house import KEY, ROLE, exception, ok, until

NOBODY = "0" * 32

KINDS = ["Import", "Export"]


@pytest.fixture(scope="module")
def place(galen):
    """A data store and a bucket for jobs that begin."""
    return bulk.Bench(galen, "jobs")


def request(kind, place, **changes):
    """A good request to start a job, with changes; None takes a member out."""
    body = {"DatastoreId": place.store, "DataAccessRoleArn": ROLE}
    if kind == "Import":
        body |= {"InputDataConfig": {"S3Uri": f"s3://{place.bucket}/nothing/"}, "JobOutputDataConfig": bulk.output(f"s3://{place.bucket}/out/")}
    else:
        body |= {"OutputDataConfig": bulk.output(f"s3://{place.bucket}/export/")}
    body |= changes
    return {k: v for k, v in body.items() if v is not None}


def start(kind, place, **changes):
    return place.galen.http().operation(f"StartFHIR{kind}Job", request(kind, place, **changes))


def member(kind):
    return "jobOutputDataConfig" if kind == "Import" else "outputDataConfig"


def output_member(kind):
    return "JobOutputDataConfig" if kind == "Import" else "OutputDataConfig"


@pytest.mark.parametrize("kind", KINDS)
class TestStartRefuses:
    @pytest.mark.parametrize("changes,text", [
        ({"DatastoreId": None}, "Value at 'datastoreId' failed to satisfy constraint: Member must not be null"),
        ({"DatastoreId": "x" * 33}, "'datastoreId' failed to satisfy constraint: Member must have length less than or equal to 32"),
        ({"DataAccessRoleArn": None}, "Value at 'dataAccessRoleArn' failed to satisfy constraint: Member must not be null"),
        ({"DataAccessRoleArn": "arn:aws:iam::1:r"}, "'dataAccessRoleArn' failed to satisfy constraint: Member must have length greater than or equal to 20"),
        ({"DataAccessRoleArn": "arn:aws:iam::not-an-account:role/x"}, "Member must satisfy regular expression pattern: arn:aws(-[^:]+)?:iam::[0-9]{12}:role/.+"),
        ({"JobName": ""}, "'jobName' failed to satisfy constraint: Member must have length greater than or equal to 1"),
        ({"JobName": "n" * 65}, "'jobName' failed to satisfy constraint: Member must have length less than or equal to 64"),
        ({"JobName": "a#b"}, "Value 'a#b' at 'jobName'"),
        ({"ClientToken": "under_score"}, "'clientToken' failed to satisfy constraint: Member must satisfy regular expression pattern"),
    ])
    def test_members(self, place, kind, changes, text):
        exception(start(kind, place, **changes), "ValidationException", text)

    def test_output(self, place, kind):
        at, name = member(kind), output_member(kind)
        for output, text in [
            (None, f"Value at '{at}' failed to satisfy constraint: Member must not be null"),
            ({}, f"Value at '{at}' failed to satisfy constraint: Member must have exactly one member of the union set"),
            ({"S3Configuration": {}}, f"'{at}.s3Configuration.s3Uri'"),
            ({"S3Configuration": {"S3Uri": "s3://bucket"}}, f"Value at '{at}.s3Configuration.kmsKeyId' failed to satisfy constraint: Member must not be null"),
            ({"S3Configuration": {"S3Uri": "https://bucket", "KmsKeyId": KEY}}, f"Value 'https://bucket' at '{at}.s3Configuration.s3Uri'"),
            ({"S3Configuration": {"S3Uri": "s3://B/x", "KmsKeyId": KEY}}, f"Value 's3://B/x' at '{at}.s3Configuration.s3Uri'"),
            ({"S3Configuration": {"S3Uri": "s3://bucket/" + "x" * 1020, "KmsKeyId": KEY}}, "Member must have length less than or equal to 1024"),
            ({"S3Configuration": {"S3Uri": "s3://bucket/x", "KmsKeyId": ""}}, f"'{at}.s3Configuration.kmsKeyId'"),
            ({"S3Configuration": {"S3Uri": "s3://bucket/x", "KmsKeyId": "k" * 401}}, f"'{at}.s3Configuration.kmsKeyId'"),
        ]:
            exception(start(kind, place, **{name: output}), "ValidationException", text)

    def test_a_data_store_that_is_not_there(self, place, kind):
        exception(start(kind, place, DatastoreId=NOBODY), "ResourceNotFoundException")

    def test_a_bucket_that_is_not_there(self, place, kind):
        exception(start(kind, place, **{output_member(kind): bulk.output("s3://there-is-no-such-bucket/x")}), "ValidationException", "bucket")

    def test_nothing_was_started(self, place, kind):
        name = f"never {uuid.uuid4()}"
        exception(start(kind, place, JobName=name, DatastoreId=NOBODY), "ResourceNotFoundException")
        jobs = ok(place.galen.http().operation(f"ListFHIR{kind}Jobs", {"DatastoreId": place.store, "JobName": name}))
        assert jobs[f"{kind}JobPropertiesList"] == []


@pytest.mark.parametrize("changes,text", [
    ({"InputDataConfig": None}, "Value at 'inputDataConfig' failed to satisfy constraint: Member must not be null"),
    ({"InputDataConfig": {}}, "Value at 'inputDataConfig' failed to satisfy constraint: Member must have exactly one member of the union set"),
    ({"InputDataConfig": {"S3Uri": "file:///etc/passwd"}}, "Value 'file:///etc/passwd' at 'inputDataConfig.s3Uri'"),
    ({"InputDataConfig": {"S3Uri": "s3://there-is-no-such-bucket/"}}, "bucket"),
    ({"ValidationLevel": "lax"}, "Value 'lax' at 'validationLevel' failed to satisfy constraint: Member must satisfy enum value set: [strict, structure-only, minimal]"),
])
def test_start_import_refuses(place, changes, text):
    exception(start("Import", place, **changes), "ValidationException", text)


@pytest.mark.parametrize("kind", KINDS)
class TestTokens:
    def test_the_same_request_is_one_job(self, place, kind):
        """Whatever has become of the job: an import of nothing fails at once."""
        token, describe = str(uuid.uuid4()), place.galen.http().operation
        first = ok(start(kind, place, ClientToken=token))
        assert (first["JobStatus"], first["DatastoreId"]) == ("SUBMITTED", place.store)
        job = {"DatastoreId": place.store, "JobId": first["JobId"]}
        until(lambda: "EndTime" in ok(describe(f"DescribeFHIR{kind}Job", job))[f"{kind}JobProperties"], "the job ends")
        assert ok(start(kind, place, ClientToken=token)) == first

    def test_another_request_is_refused(self, place, kind):
        token = str(uuid.uuid4())
        ok(start(kind, place, ClientToken=token))
        exception(start(kind, place, ClientToken=token, JobName="another"), "ValidationException", "token")

    def test_without_a_token_each_is_a_job(self, place, kind):
        assert ok(start(kind, place))["JobId"] != ok(start(kind, place))["JobId"]


@pytest.mark.parametrize("kind", KINDS)
class TestDescribe:
    @pytest.mark.parametrize("body,code,text", [
        ({}, "ValidationException", "2 validation errors detected: "),
        ({"JobId": "x"}, "ValidationException", "'datastoreId'"),
        ({"DatastoreId": "x"}, "ValidationException", "'jobId'"),
        ({"DatastoreId": NOBODY, "JobId": "j" * 33}, "ValidationException", "'jobId' failed to satisfy constraint: Member must have length less than or equal to 32"),
        ({"DatastoreId": NOBODY, "JobId": NOBODY}, "ResourceNotFoundException", ""),
        ({"JobId": NOBODY, "DatastoreId": "mine"}, "ResourceNotFoundException", ""),
    ])
    def test_refuses(self, place, kind, body, code, text):
        if body.get("DatastoreId") == "mine":
            body = {**body, "DatastoreId": place.store}
        exception(place.galen.http().operation(f"DescribeFHIR{kind}Job", body), code, text)

    def test_a_job_of_another_data_store_or_kind_is_not_found(self, place, kind, store):
        job = ok(start(kind, place))["JobId"]
        call = place.galen.http().operation
        exception(call(f"DescribeFHIR{kind}Job", {"DatastoreId": store, "JobId": job}), "ResourceNotFoundException")
        other = "Export" if kind == "Import" else "Import"
        exception(call(f"DescribeFHIR{other}Job", {"DatastoreId": place.store, "JobId": job}), "ResourceNotFoundException")

    def test_times_are_numbers_with_milliseconds(self, place, kind):
        job = ok(start(kind, place))["JobId"]
        answer = place.galen.http().operation(f"DescribeFHIR{kind}Job", {"DatastoreId": place.store, "JobId": job})
        p = json.loads(answer.text, parse_float=str, parse_int=str)[f"{kind}JobProperties"]
        assert len(p["SubmitTime"].partition(".")[0]) == 10 and len(p["SubmitTime"].partition(".")[2]) <= 3


def test_an_import_of_nothing_fails_and_says_so(place):
    job = ok(start("Import", place))["JobId"]
    with pytest.raises(Exception, match="terminal failure state"):
        bulk.wait_import(place.healthlake, place.store, job)
    p = place.healthlake.describe_fhir_import_job(DatastoreId=place.store, JobId=job)["ImportJobProperties"]
    assert p["JobStatus"] == "FAILED" and "ndjson" in p["Message"] and p["EndTime"] >= p["SubmitTime"]


@pytest.fixture(scope="module")
def own(galen):
    return bulk.Bench(galen, "listed jobs")


@pytest.fixture(scope="module")
def seven(own):
    """Seven jobs of each kind, in the order of their submission; the third is called by name."""
    return {kind: [ok(start(kind, own, JobName="the third" if i == 2 else None))["JobId"] for i in range(7)] for kind in KINDS}


@pytest.mark.parametrize("kind", KINDS)
class TestList:
    def list(self, own, kind, **filters):
        answer = ok(own.galen.http().operation(f"ListFHIR{kind}Jobs", {"DatastoreId": own.store, **filters}))
        return [p["JobId"] for p in answer[f"{kind}JobPropertiesList"]], answer.get("NextToken")

    def test_all(self, own, seven, kind):
        got, token = self.list(own, kind)
        assert sorted(got) == sorted(seven[kind]) and token is None
        assert got in (seven[kind], seven[kind][::-1]), "in the order of submission, one way or the other"

    def test_by_name(self, own, seven, kind):
        assert self.list(own, kind, JobName="the third")[0] == [seven[kind][2]]
        assert self.list(own, kind, JobName="nobody")[0] == []

    def test_by_status(self, own, seven, kind):
        status = "COMPLETED" if kind == "Export" else "FAILED"
        until(lambda: sorted(self.list(own, kind, JobStatus=status)[0]) == sorted(seven[kind]), f"all are {status}")
        assert self.list(own, kind, JobStatus="CANCEL_COMPLETED")[0] == []

    def test_by_time(self, own, seven, kind):
        call = own.galen.http().operation
        times = [p["SubmitTime"] for p in ok(call(f"ListFHIR{kind}Jobs", {"DatastoreId": own.store}))[f"{kind}JobPropertiesList"]]
        first, last = min(times), max(times)
        assert sorted(self.list(own, kind, SubmittedAfter=first - 0.001, SubmittedBefore=last + 0.001)[0]) == sorted(seven[kind])
        assert self.list(own, kind, SubmittedAfter=last + 0.001)[0] == []
        assert self.list(own, kind, SubmittedBefore=first - 0.001)[0] == []

    @pytest.mark.parametrize("size", [1, 3, 7, 500])
    def test_pages_to_the_end(self, own, seven, kind, size):
        whole, _ = self.list(own, kind)
        got, token = self.list(own, kind, MaxResults=size)
        pages = 1
        while token:
            assert len(got) == pages * size
            more, token = self.list(own, kind, MaxResults=size, NextToken=token)
            got, pages = got + more, pages + 1
        assert (got, pages) == (whole, -(-7 // size))

    def test_a_token_belongs_to_its_query(self, own, seven, kind, store):
        _, token = self.list(own, kind, MaxResults=2)
        call, name = own.galen.http().operation, f"ListFHIR{kind}Jobs"
        for body in ({"DatastoreId": store}, {"DatastoreId": own.store, "JobName": "the third"}, {"DatastoreId": own.store, "SubmittedAfter": 1}):
            exception(call(name, {**body, "NextToken": token}), "ValidationException", "NextToken")

    @pytest.mark.parametrize("body,code,text", [
        ({"DatastoreId": None}, "ValidationException", "'datastoreId'"),
        ({"DatastoreId": NOBODY}, "ResourceNotFoundException", ""),
        ({"MaxResults": 0}, "ValidationException", "Value '0' at 'maxResults'"),
        ({"MaxResults": 501}, "ValidationException", "Value '501' at 'maxResults'"),
        ({"JobStatus": "LATE"}, "ValidationException", "Value 'LATE' at 'jobStatus'"),
        ({"JobName": "n" * 65}, "ValidationException", "'jobName'"),
        ({"NextToken": "garbage"}, "ValidationException", "NextToken"),
        ({"SubmittedAfter": "yesterday"}, "SerializationException", ""),
    ])
    def test_refuses(self, own, kind, body, code, text):
        body = {k: v for k, v in {"DatastoreId": own.store, **body}.items() if v is not None}
        exception(own.galen.http().operation(f"ListFHIR{kind}Jobs", body), code, text)


def test_jobs_queue_first_in_first_out(bench):
    for n in range(3):
        bench.put(f"in{n}/Patient.ndjson", "\n".join(json.dumps({"resourceType": "Patient", "id": f"p{i}", "active": n == 2}) for i in range(3000)))
    jobs = [bulk.start_import(bench.healthlake, bench.store, f"s3://{bench.bucket}/in{n}/", f"s3://{bench.bucket}/out/") for n in range(3)]
    ends = [bulk.wait_import(bench.healthlake, bench.store, job)["EndTime"] for job in jobs]
    assert ends == sorted(ends)
    patient = bench.fhir.get("Patient/p7")
    assert (patient["active"], patient["meta"]["versionId"]) == (True, "3")


def test_a_token_of_a_job_outlives_the_server(alone):
    alone.start()
    b = bulk.Bench(alone, "token")
    first = ok(start("Export", b, ClientToken="job-1"))
    bulk.wait_export(b.healthlake, b.store, first["JobId"])
    alone.stop()
    alone.start()
    assert ok(start("Export", b, ClientToken="job-1")) == first
    exception(start("Export", b, ClientToken="job-1", JobName="other"), "ValidationException", "token")
    listed = alone.client("healthlake").list_fhir_export_jobs(DatastoreId=b.store)["ExportJobPropertiesList"]
    assert [j["JobId"] for j in listed] == [first["JobId"]]
    assert listed[0]["SubmitTime"] <= datetime.datetime.now(datetime.timezone.utc)
