# SPDX-License-Identifier: Apache-2.0
"""Create, describe, list, update and delete data stores: what they answer, and everything they refuse."""

import concurrent.futures
import datetime
import json
import uuid

import pytest

import bulk
from house import exception, ok, until

NOBODY = "0" * 32  # an id that nothing has

NAME_PATTERN = r"Member must satisfy regular expression pattern: ^([\p{L}\p{Z}\p{N}_.:/=+\-%@]*)$"

REFUSED = {
    "nothing given": ({}, "1 validation error detected: Value at 'datastoreTypeVersion' failed to satisfy constraint: Member must not be null"),
    "unknown version": ({"DatastoreTypeVersion": "R5"},
                        "1 validation error detected: Value 'R5' at 'datastoreTypeVersion' failed to satisfy constraint: "
                        "Member must satisfy enum value set: [R4]"),
    "empty name": ({"DatastoreName": ""}, "Value '' at 'datastoreName' failed to satisfy constraint: Member must have length greater than or equal to 1"),
    "long name": ({"DatastoreName": "n" * 257}, "at 'datastoreName' failed to satisfy constraint: Member must have length less than or equal to 256"),
    "odd name": ({"DatastoreName": "a;b"}, f"Value 'a;b' at 'datastoreName' failed to satisfy constraint: {NAME_PATTERN}"),
    "long token": ({"ClientToken": "t" * 65}, "at 'clientToken' failed to satisfy constraint: Member must have length less than or equal to 64"),
    "odd token": ({"ClientToken": "a b"}, "Value 'a b' at 'clientToken' failed to satisfy constraint: Member must satisfy regular expression pattern: ^[a-zA-Z0-9-]+$"),
    "no key configuration": ({"SseConfiguration": {}}, "Value at 'sseConfiguration.kmsEncryptionConfig' failed to satisfy constraint: Member must not be null"),
    "unknown key type": ({"SseConfiguration": {"KmsEncryptionConfig": {"CmkType": "MINE"}}}, "Value 'MINE' at 'sseConfiguration.kmsEncryptionConfig.cmkType'"),
    "customer key without id": ({"SseConfiguration": {"KmsEncryptionConfig": {"CmkType": "CUSTOMER_MANAGED_KMS_KEY"}}}, "KmsKeyId"),
    "unknown preload": ({"PreloadDataConfig": {"PreloadDataType": "MIMIC"}}, "Value 'MIMIC' at 'preloadDataConfig.preloadDataType'"),
    "no strategy": ({"IdentityProviderConfiguration": {}}, "Value at 'identityProviderConfiguration.authorizationStrategy'"),
    "short function": ({"IdentityProviderConfiguration": {"AuthorizationStrategy": "SMART_ON_FHIR_V1", "IdpLambdaArn": "arn:aws:lambda"}},
                       "'arn:aws:lambda' at 'identityProviderConfiguration.idpLambdaArn'"),
    "metadata that is no JSON": ({"IdentityProviderConfiguration": {"AuthorizationStrategy": "SMART_ON_FHIR_V1", "Metadata": "{"}}, "Metadata"),
    "tag without value": ({"Tags": [{"Key": "k"}]}, "Value at 'tags.1.member.value' failed to satisfy constraint: Member must not be null"),
    "tag without key": ({"Tags": [{"Value": "v"}]}, "Value at 'tags.1.member.key' failed to satisfy constraint: Member must not be null"),
    "empty tag key": ({"Tags": [{"Key": "", "Value": "v"}]}, "at 'tags.1.member.key' failed to satisfy constraint: Member must have length greater than or equal to 1"),
    "long tag key": ({"Tags": [{"Key": "k" * 129, "Value": "v"}]}, "Member must have length less than or equal to 128"),
    "long tag value": ({"Tags": [{"Key": "k", "Value": "v" * 257}]}, "Member must have length less than or equal to 256"),
    "too many tags": ({"Tags": [{"Key": f"k{i}", "Value": ""} for i in range(201)]}, "at 'tags' failed to satisfy constraint: Member must have length less than or equal to 200"),
    "AWS's own tag": ({"Tags": [{"Key": "aws:x", "Value": "v"}]}, "aws:"),
    "a tag twice": ({"Tags": [{"Key": "k", "Value": "1"}, {"Key": "k", "Value": "2"}]}, "twice"),
    "two mistakes": ({"DatastoreName": "", "ClientToken": "a b"}, "2 validation errors detected: "),
}


@pytest.mark.parametrize("case", REFUSED)
def test_create_refuses(galen, case):
    body, text = REFUSED[case]
    if body:
        body = {"DatastoreTypeVersion": "R4", "DatastoreName": "never made", **body}
    exception(galen.http().operation("CreateFHIRDatastore", body), "ValidationException", text)
    made = galen.client("healthlake").list_fhir_datastores(Filter={"DatastoreName": "never made"})
    assert made["DatastorePropertiesList"] == []


def test_create_with_everything(galen, healthlake):
    key = {"CmkType": "CUSTOMER_MANAGED_KMS_KEY", "KmsKeyId": bulk.KEY}
    identity = {"AuthorizationStrategy": "SMART_ON_FHIR", "FineGrainedAuthorizationEnabled": True, "Metadata": json.dumps({"issuer": "https://id.example"}),
                "IdpLambdaArn": "arn:aws:lambda:us-east-1:000000000000:function:identity-provider"}
    before = datetime.datetime.now(datetime.timezone.utc)
    store = bulk.new_store(healthlake, "Größe 1.2:3/4=5+6-7%8@9_", SseConfiguration={"KmsEncryptionConfig": key}, IdentityProviderConfiguration=identity,
                           Tags=[{"Key": "b", "Value": "2"}, {"Key": "a", "Value": ""}], NlpConfiguration={"Status": "DISABLED"},
                           AnalyticsConfiguration={"Status": "DISABLED"})
    p = healthlake.describe_fhir_datastore(DatastoreId=store)["DatastoreProperties"]
    assert len(store) == 32 and set(store) <= set("0123456789abcdef")
    assert p["DatastoreName"] == "Größe 1.2:3/4=5+6-7%8@9_"
    assert p["DatastoreTypeVersion"] == "R4"
    assert p["SseConfiguration"] == {"KmsEncryptionConfig": key}
    assert p["IdentityProviderConfiguration"] == identity
    assert (p["NlpConfiguration"], p["AnalyticsConfiguration"]) == ({"Status": "DISABLED"}, {"Status": "DISABLED"})
    assert abs(p["CreatedAt"] - before) < datetime.timedelta(seconds=30)
    assert healthlake.list_tags_for_resource(ResourceARN=p["DatastoreArn"])["Tags"] == [{"Key": "a", "Value": ""}, {"Key": "b", "Value": "2"}]


def test_preload_goes_through_an_import(galen, healthlake):
    store = bulk.new_store(healthlake, "preloaded", PreloadDataConfig={"PreloadDataType": "SYNTHEA"})
    p = healthlake.describe_fhir_datastore(DatastoreId=store)["DatastoreProperties"]
    assert p["PreloadDataConfig"] == {"PreloadDataType": "SYNTHEA"}
    assert galen.fhir(store).total("Patient") > 0


def test_times_are_numbers_with_milliseconds(galen, store):
    text = galen.http().operation("DescribeFHIRDatastore", {"DatastoreId": store}).text
    created = json.loads(text, parse_float=str, parse_int=str)["DatastoreProperties"]["CreatedAt"]
    whole, _, fraction = created.partition(".")
    assert len(whole) == 10 and len(fraction) <= 3, created


class TestTokens:
    def test_the_same_request_is_one_data_store(self, healthlake):
        token, name = str(uuid.uuid4()), f"once {uuid.uuid4()}"
        make = lambda: healthlake.create_fhir_datastore(DatastoreTypeVersion="R4", DatastoreName=name, ClientToken=token)["DatastoreId"]
        assert make() == make()
        assert len(healthlake.list_fhir_datastores(Filter={"DatastoreName": name})["DatastorePropertiesList"]) == 1

    def test_another_request_is_refused(self, galen, healthlake):
        token = str(uuid.uuid4())
        body = {"DatastoreTypeVersion": "R4", "DatastoreName": "token", "ClientToken": token}
        ok(galen.http().operation("CreateFHIRDatastore", body))
        exception(galen.http().operation("CreateFHIRDatastore", {**body, "DatastoreName": "other"}), "ValidationException", "token")

    def test_at_the_same_time(self, galen):
        body = {"DatastoreTypeVersion": "R4", "DatastoreName": f"at once {uuid.uuid4()}", "ClientToken": str(uuid.uuid4())}
        with concurrent.futures.ThreadPoolExecutor(8) as threads:
            made = list(threads.map(lambda _: ok(galen.http().operation("CreateFHIRDatastore", body))["DatastoreId"], range(16)))
        listed = galen.client("healthlake").list_fhir_datastores(Filter={"DatastoreName": body["DatastoreName"]})["DatastorePropertiesList"]
        assert set(made) == {d["DatastoreId"] for d in listed} and len(listed) == 1

    def test_a_token_outlives_the_server(self, alone):
        def make(client):
            return client.create_fhir_datastore(DatastoreTypeVersion="R4", DatastoreName="t", ClientToken="token-1")["DatastoreId"]
        first = make(alone.start().client("healthlake"))
        alone.stop()
        alone.start()
        assert make(alone.client("healthlake")) == first
        body = {"DatastoreTypeVersion": "R4", "DatastoreName": "u", "ClientToken": "token-1"}
        exception(alone.http().operation("CreateFHIRDatastore", body), "ValidationException", "token")


@pytest.fixture(scope="module")
def three(healthlake):
    """Three data stores with a name of their own, in the order they were made, and one with another."""
    name = f"list {uuid.uuid4()}"
    ids = [bulk.new_store(healthlake, name) for _ in range(3)]
    other = bulk.new_store(healthlake, f"{name} other")
    return name, ids, other


class TestList:
    def find(self, healthlake, **filters):
        return [d["DatastoreId"] for d in healthlake.list_fhir_datastores(Filter=filters)["DatastorePropertiesList"]]

    def test_by_name(self, healthlake, three):
        name, ids, other = three
        assert self.find(healthlake, DatastoreName=name) == ids
        assert self.find(healthlake, DatastoreName=f"{name} other") == [other]
        assert self.find(healthlake, DatastoreName="nothing has this name") == []

    def test_by_status(self, healthlake, three):
        name, ids, _ = three
        assert self.find(healthlake, DatastoreName=name, DatastoreStatus="ACTIVE") == ids
        assert self.find(healthlake, DatastoreName=name, DatastoreStatus="DELETED") == []

    def test_by_time(self, healthlake, three):
        name, ids, _ = three
        times = [healthlake.describe_fhir_datastore(DatastoreId=i)["DatastoreProperties"]["CreatedAt"] for i in ids]
        assert times == sorted(times)
        ms = datetime.timedelta(milliseconds=1)
        assert self.find(healthlake, DatastoreName=name, CreatedAfter=times[0] - ms, CreatedBefore=times[2] + ms) == ids
        assert self.find(healthlake, DatastoreName=name, CreatedAfter=times[2] + ms) == []
        assert self.find(healthlake, DatastoreName=name, CreatedBefore=times[0] - ms) == []

    @pytest.mark.parametrize("size", [1, 2, 3, 500])
    def test_pages_to_the_end(self, healthlake, three, size):
        name, ids, _ = three
        got, token, pages = [], {}, 0
        while True:
            page = healthlake.list_fhir_datastores(Filter={"DatastoreName": name}, MaxResults=size, **token)
            assert len(page["DatastorePropertiesList"]) <= size
            got += [d["DatastoreId"] for d in page["DatastorePropertiesList"]]
            pages += 1
            if "NextToken" not in page:
                break
            token = {"NextToken": page["NextToken"]}
        assert (got, pages) == (ids, max(1, -(-3 // size)))

    def test_a_token_belongs_to_its_query(self, galen, healthlake, three):
        name, _, _ = three
        token = healthlake.list_fhir_datastores(Filter={"DatastoreName": name}, MaxResults=1)["NextToken"]
        call = galen.http().operation
        for body in ({}, {"Filter": {"DatastoreName": name + "x"}}, {"Filter": {"DatastoreName": name, "DatastoreStatus": "ACTIVE"}}):
            exception(call("ListFHIRDatastores", {**body, "NextToken": token}), "ValidationException", "NextToken")
        exception(call("ListFHIRDatastores", {"Filter": {"DatastoreName": name}, "NextToken": token[:-2] + "xx"}), "ValidationException", "NextToken")

    @pytest.mark.parametrize("body,text", [
        ({"MaxResults": 0}, "Value '0' at 'maxResults' failed to satisfy constraint: Member must have value greater than or equal to 1"),
        ({"MaxResults": 501}, "Value '501' at 'maxResults' failed to satisfy constraint: Member must have value less than or equal to 500"),
        ({"NextToken": "garbage"}, "NextToken"),
        ({"NextToken": "ü"}, "'nextToken'"),
        ({"NextToken": "x" * 8193}, "Member must have length less than or equal to 8192"),
        ({"Filter": {"DatastoreStatus": "SLEEPING"}}, "Value 'SLEEPING' at 'filter.datastoreStatus'"),
        ({"Filter": {"DatastoreName": ""}}, "'filter.datastoreName'"),
    ])
    def test_refuses(self, galen, body, text):
        exception(galen.http().operation("ListFHIRDatastores", body), "ValidationException", text)


class TestUpdate:
    def test_name_and_configurations(self, galen, healthlake, bench):
        changes = {"DatastoreName": "renamed", "AnalyticsConfiguration": {"Status": "PAUSED"}, "NlpConfiguration": {"Status": "DISABLED"},
                   "IdentityProviderConfiguration": {"AuthorizationStrategy": "AWS_AUTH"}}
        ok(galen.http().operation("UpdateFHIRDatastore", {"DatastoreId": bench.store, **changes}))

        def settled():
            p = healthlake.describe_fhir_datastore(DatastoreId=bench.store)["DatastoreProperties"]
            return p if p["DatastoreStatus"] == "ACTIVE" else None
        p = until(settled, "active again")
        assert p["DatastoreName"] == changes["DatastoreName"]
        assert (p["AnalyticsConfiguration"], p["NlpConfiguration"]) == (changes["AnalyticsConfiguration"], changes["NlpConfiguration"])

    def test_with_the_clients_own_operation(self, healthlake, bench):
        p = healthlake.update_fhir_datastore(DatastoreId=bench.store, DatastoreName="renamed by boto3")["DatastoreProperties"]
        assert p["DatastoreName"] == "renamed by boto3"

    def test_what_is_left_out_stays_and_an_identity_provider_is_replaced_whole(self, galen, healthlake):
        identity = {"AuthorizationStrategy": "SMART_ON_FHIR_V1", "Metadata": "{}"}
        store = bulk.new_store(healthlake, "stays", IdentityProviderConfiguration=identity)
        ok(galen.http().operation("UpdateFHIRDatastore", {"DatastoreId": store, "DatastoreName": "new"}))
        assert healthlake.describe_fhir_datastore(DatastoreId=store)["DatastoreProperties"]["IdentityProviderConfiguration"]["Metadata"] == "{}"
        ok(galen.http().operation("UpdateFHIRDatastore", {"DatastoreId": store, "IdentityProviderConfiguration": {"AuthorizationStrategy": "AWS_AUTH"}}))
        p = healthlake.describe_fhir_datastore(DatastoreId=store)["DatastoreProperties"]
        assert (p["DatastoreName"], p["IdentityProviderConfiguration"]) == ("new", {"AuthorizationStrategy": "AWS_AUTH"})

    @pytest.mark.parametrize("body,code,text", [
        ({}, "ValidationException", "'datastoreId'"),
        ({"DatastoreId": NOBODY}, "ResourceNotFoundException", ""),
        ({"DatastoreName": ""}, "ValidationException", "'datastoreName'"),
        ({"NlpConfiguration": {}}, "ValidationException", "'nlpConfiguration.status'"),
        ({"NlpConfiguration": {"Status": "ON"}}, "ValidationException", "'nlpConfiguration.status'"),
        ({"NlpConfiguration": {"Status": "ENABLING"}}, "ValidationException", "NlpConfiguration.Status"),
        ({"AnalyticsConfiguration": {"Status": "PAUSING"}}, "ValidationException", "AnalyticsConfiguration.Status"),
        ({"ProfileConfiguration": {"DefaultProfiles": [""]}}, "ValidationException", "'profileConfiguration.defaultProfiles.1.member'"),
        ({"IdentityProviderConfiguration": {"AuthorizationStrategy": "PASSWORD"}}, "ValidationException", "'identityProviderConfiguration.authorizationStrategy'"),
    ])
    def test_refuses(self, galen, store, body, code, text):
        if body and "DatastoreId" not in body:
            body = {"DatastoreId": store, **body}
        exception(galen.http().operation("UpdateFHIRDatastore", body), code, text)


class TestDelete:
    def test_a_deleted_data_store_is_still_described_and_does_nothing(self, galen, healthlake, bench):
        bench.fhir("PUT", "Patient/x", body={"resourceType": "Patient", "id": "x"})
        healthlake.delete_fhir_datastore(DatastoreId=bench.store)
        healthlake.get_waiter("fhir_datastore_deleted").wait(DatastoreId=bench.store, WaiterConfig=bulk.FAST)
        p = healthlake.describe_fhir_datastore(DatastoreId=bench.store)["DatastoreProperties"]
        assert p["DatastoreStatus"] == "DELETED"
        listed = healthlake.list_fhir_datastores(Filter={"DatastoreName": p["DatastoreName"], "DatastoreStatus": "DELETED"})
        assert bench.store in [d["DatastoreId"] for d in listed["DatastorePropertiesList"]]
        assert bench.fhir("GET", "Patient/x").status_code == 404
        call = galen.http().operation
        exception(call("DeleteFHIRDatastore", {"DatastoreId": bench.store}), "ConflictException")
        exception(call("UpdateFHIRDatastore", {"DatastoreId": bench.store, "DatastoreName": "x"}), "ConflictException")
        job = {"DatastoreId": bench.store, "DataAccessRoleArn": bulk.ROLE, "OutputDataConfig": bulk.output(f"s3://{bench.bucket}/")}
        exception(call("StartFHIRExportJob", job), "ResourceNotFoundException")

    def test_while_jobs_run_and_wait(self, bench):
        bench.put("in/Patient.ndjson", "\n".join(json.dumps({"resourceType": "Patient", "id": f"p{i}"}) for i in range(50000)))
        jobs = [bulk.start_import(bench.healthlake, bench.store, f"s3://{bench.bucket}/in/", f"s3://{bench.bucket}/out/") for _ in range(3)]
        bench.healthlake.delete_fhir_datastore(DatastoreId=bench.store)
        bench.healthlake.get_waiter("fhir_datastore_deleted").wait(DatastoreId=bench.store, WaiterConfig=bulk.FAST)
        for job in jobs:
            p = bench.healthlake.describe_fhir_import_job(DatastoreId=bench.store, JobId=job)["ImportJobProperties"]
            assert p["JobStatus"] in ("COMPLETED", "FAILED", "CANCEL_COMPLETED") and p["EndTime"]
        assert bench.fhir("GET", "Patient/p0").status_code == 404

    @pytest.mark.parametrize("operation", ["DeleteFHIRDatastore", "DescribeFHIRDatastore"])
    @pytest.mark.parametrize("body,code,text", [
        ({}, "ValidationException", "Value at 'datastoreId' failed to satisfy constraint: Member must not be null"),
        ({"DatastoreId": ""}, "ValidationException", "Member must have length greater than or equal to 1"),
        ({"DatastoreId": "a" * 33}, "ValidationException", "Member must have length less than or equal to 32"),
        ({"DatastoreId": "a;b"}, "ValidationException", NAME_PATTERN),
        ({"DatastoreId": NOBODY}, "ResourceNotFoundException", ""),
    ])
    def test_refuses(self, galen, operation, body, code, text):
        exception(galen.http().operation(operation, body), code, text)


def test_data_stores_outlive_the_server(alone):
    alone.start()
    store = bulk.new_store(alone.client("healthlake"), "kept", Tags=[{"Key": "k", "Value": "v"}])
    before = alone.http().operation("DescribeFHIRDatastore", {"DatastoreId": store}).json()["DatastoreProperties"]
    ok(alone.fhir(store)("PUT", "Patient/x", body={"resourceType": "Patient", "id": "x"}), 201)
    alone.stop()
    alone.start()
    after = alone.http().operation("DescribeFHIRDatastore", {"DatastoreId": store}).json()["DatastoreProperties"]
    assert after.pop("DatastoreEndpoint").startswith(alone.url)
    before.pop("DatastoreEndpoint")
    assert after == before
    assert alone.fhir(store).get("Patient/x")["meta"]["versionId"] == "1"
    assert alone.fhir(store).total("Patient") == 1
