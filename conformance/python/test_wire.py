# SPDX-License-Identifier: Apache-2.0
"""The awsJson1_0 protocol and the edge: forms of requests and answers, bad input, addresses."""

import gzip
import json
import re
import socket

import pytest
import requests

from house import exception, ok, outcome


@pytest.fixture
def call(galen):
    return galen.http().operation


def test_an_answer_has_its_headers(call, store):
    answer = call("DescribeFHIRDatastore", {"DatastoreId": store})
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "application/x-amz-json-1.0"
    assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", answer.headers["x-amzn-RequestId"])
    assert "x-amzn-ErrorType" not in answer.headers
    other = call("DescribeFHIRDatastore", {"DatastoreId": store})
    assert other.headers["x-amzn-RequestId"] != answer.headers["x-amzn-RequestId"]


def test_an_error_has_its_form(call):
    message = exception(call("DescribeFHIRDatastore", {"DatastoreId": "0" * 32}), "ResourceNotFoundException")
    assert message


@pytest.mark.parametrize("target", ["HealthLake.NoSuchOperation", "HealthLake.", "Nobody.DescribeFHIRDatastore", "DescribeFHIRDatastore",
                                    "HealthLake.DescribeFHIRDatastore.More", "HealthLake.describefhirdatastore"])
def test_unknown_targets(galen, target):
    answer = galen.http()("POST", "/", body=b"{}", Content_Type="application/x-amz-json-1.0", X_Amz_Target=target)
    exception(answer, "UnknownOperationException", status=answer.status_code)
    assert answer.status_code in (400, 404)


def test_no_target(galen):
    answer = galen.http()("POST", "/", body=b"{}", Content_Type="application/x-amz-json-1.0")
    exception(answer, "UnknownOperationException", status=answer.status_code)


@pytest.mark.parametrize("body", [b"{", b'{"DatastoreId":}', b"[]", b'"text"', b"7", b"null x", b"{} {}", b'{"DatastoreId":"\xff"}', b"\x00",
                                  b"[" * 100000, b'{"a":' * 100000])
def test_bodies_that_are_no_request(call, body):
    exception(call("DescribeFHIRDatastore", body), "SerializationException")


@pytest.mark.parametrize("operation,body", [
    ("DescribeFHIRDatastore", {"DatastoreId": 7}),
    ("DescribeFHIRDatastore", {"DatastoreId": ["x"]}),
    ("DescribeFHIRDatastore", {"DatastoreId": {"x": 1}}),
    ("ListFHIRDatastores", {"MaxResults": "7"}),
    ("ListFHIRDatastores", {"MaxResults": True}),
    ("ListFHIRDatastores", {"MaxResults": 1.5}),
    ("ListFHIRDatastores", {"MaxResults": 10**30}),
    ("ListFHIRDatastores", {"Filter": []}),
    ("ListFHIRDatastores", {"Filter": {"CreatedAfter": "2020-01-01"}}),
    ("CreateFHIRDatastore", {"DatastoreTypeVersion": "R4", "Tags": {"k": "v"}}),
    ("CreateFHIRDatastore", {"DatastoreTypeVersion": "R4", "Tags": ["k"]}),
    ("CreateFHIRDatastore", {"DatastoreTypeVersion": "R4", "IdentityProviderConfiguration":
                             {"AuthorizationStrategy": "AWS_AUTH", "FineGrainedAuthorizationEnabled": "true"}}),
])
def test_wrong_types(call, operation, body):
    exception(call(operation, body), "SerializationException")


def test_members_that_nobody_knows_and_nulls_are_passed_over(call, store):
    p = ok(call("DescribeFHIRDatastore", {"DatastoreId": store, "FromTheFuture": {"x": [1, None]}}))
    assert p["DatastoreProperties"]["DatastoreId"] == store
    ok(call("ListFHIRDatastores", {"Filter": None, "MaxResults": None}))
    ok(call("ListFHIRDatastores", b""))


def test_a_body_over_the_limit(call, galen, store):
    answer = call("DescribeFHIRDatastore", b'{"DatastoreId":"' + b"x" * (6 << 20) + b'"}')
    assert answer.status_code == 413 and answer.headers["x-amzn-ErrorType"] == "RequestEntityTooLargeException"
    ok(call("DescribeFHIRDatastore", {"DatastoreId": store}))


def test_a_small_body_that_inflates_over_the_limit(call):
    bomb = gzip.compress(b'{"DatastoreId":"' + b"x" * (64 << 20) + b'"}')
    assert call("DescribeFHIRDatastore", bomb, Content_Encoding="gzip").status_code == 413


def test_a_compressed_body(call, store):
    body = gzip.compress(json.dumps({"DatastoreId": store}).encode())
    assert ok(call("DescribeFHIRDatastore", body, Content_Encoding="gzip"))["DatastoreProperties"]["DatastoreId"] == store


def test_a_body_over_the_limit_is_refused_by_the_fhir_api_in_its_own_form(fhir):
    big = {"resourceType": "Patient", "text": {"status": "generated", "div": '<div xmlns="http://www.w3.org/1999/xhtml">' + "x" * (6 << 20) + "</div>"}}
    outcome(fhir("POST", "Patient", body=big), 413, "too-long")


def test_health(galen):
    for path in ("healthz", "readyz"):
        assert requests.get(f"{galen.url}/{path}", timeout=10).status_code == 200
    metrics = requests.get(f"{galen.url}/metrics", timeout=10)
    assert metrics.status_code == 200 and "galen_http_requests_total" in metrics.text


def test_addresses_where_nothing_is(galen):
    assert galen.http()("GET", "/nothing/here").status_code == 404
    outcome(galen.http()("GET", "/datastore/"), 404)
    outcome(galen.http()("GET", f"/datastore/{'0' * 32}/r4/Patient"), 404)
    outcome(galen.http()("GET", f"/datastore/{'0' * 32}/r5/Patient"), 404)


@pytest.mark.parametrize("text", [b"GET / HTTP/1.1\r\n\r\n", b"this is no line of HTTP at all\r\n\r\n", b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
                                  b"POST / HTTP/1.1\r\nHost: x\r\nX-Amz-Target: HealthLake.x\r\nX: " + b"y" * 200000 + b"\r\n\r\n",
                                  b"GET /datastore/%zz/r4/Patient HTTP/1.1\r\nHost: x\r\n\r\n"])
def test_what_is_hardly_http(galen, text):
    host, port = galen.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        connection.sendall(text)
        assert connection.recv(100).startswith((b"HTTP/1.1 4", b"HTTP/1.0 4"))
    assert requests.get(f"{galen.url}/healthz", timeout=10).status_code == 200
