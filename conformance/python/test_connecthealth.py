# SPDX-License-Identifier: Apache-2.0
"""The control plane of Connect Health: domains, subscriptions and tags, with boto3, the AWS CLI and bare requests."""

import json
import os
import pathlib
import re
import subprocess
import sys
import urllib.parse

import botocore.exceptions
import pytest
import requests

from house import REGION, ACCOUNT, Galen, SigV4, until

DOMAIN_KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/11111111-2222-3333-4444-555555555555"


@pytest.fixture(scope="module")
def health(galen):
    return galen.client("connecthealth", inject_host_prefix=False)


@pytest.fixture
def domain(health, request):
    made = health.create_domain(name=request.node.name[:64])
    yield made["domainId"]
    health.delete_domain(domainId=made["domainId"])


@pytest.fixture
def raw(galen):
    """A request that no SDK checks: method, path with escapes, body; gives (status, error name, JSON)."""
    def ask(method, path, body=None, auth=True, headers=None):
        r = requests.request(method, galen.url + path, data=None if body is None else json.dumps(body),
                             headers={**({} if body is None else {"Content-Type": "application/json"}), **(headers or {})},
                             auth=SigV4(galen.keys(), "health-agent") if auth else None, timeout=30)
        return r.status_code, r.headers.get("x-amzn-ErrorType"), r.json() if r.content else None
    return ask


def refused(call, code, status, /, **params):
    with pytest.raises(botocore.exceptions.ClientError) as e:
        call(**params)
    got = e.value.response
    assert (got["Error"]["Code"], got["ResponseMetadata"]["HTTPStatusCode"]) == (code, status), got
    assert got["Error"]["Message"]
    return got["Error"]["Message"]


def test_a_domain_lives_and_dies(health):
    made = health.create_domain(name="clinic", kmsKeyArn=DOMAIN_KEY, tags={"team": "a"})
    assert made["ResponseMetadata"]["HTTPStatusCode"] == 201
    assert re.fullmatch(r"(hai-|dom-)[a-z0-9]+", made["domainId"]) and 20 <= len(made["domainId"]) <= 25
    assert made["arn"] == f"arn:aws:health-agent:{REGION}:{ACCOUNT}:domain/{made['domainId']}"
    assert made["status"] == "ACTIVE" and made["encryptionContext"] == {"encryptionType": "CUSTOMER_MANAGED_KEY", "kmsKeyArn": DOMAIN_KEY}
    got = health.get_domain(domainId=made["domainId"])
    assert got["tags"] == {"team": "a"} and got["createdAt"] == made["createdAt"] and got["name"] == "clinic"
    assert health.create_domain(name="clinic", kmsKeyArn=DOMAIN_KEY, tags={"team": "a"})["domainId"] == made["domainId"], "the same again"
    sub = health.create_subscription(domainId=made["domainId"])
    for _ in range(2):
        gone = health.delete_domain(domainId=made["domainId"])
        assert gone["status"] in ("DELETING", "DELETED") and gone["arn"] == made["arn"]
    until(lambda: health.get_domain(domainId=made["domainId"])["status"] == "DELETED", "the domain is deleted")
    refused(health.get_subscription, "ResourceNotFoundException", 404, domainId=made["domainId"], subscriptionId=sub["subscriptionId"])
    refused(health.create_subscription, "ResourceNotFoundException", 404, domainId=made["domainId"])
    refused(health.list_tags_for_resource, "ResourceNotFoundException", 404, resourceArn=made["arn"])


def test_lists_page_and_filter(health):
    ids = [health.create_domain(name=f"page {i}")["domainId"] for i in range(5)]
    health.delete_domain(domainId=ids[0])
    until(lambda: health.get_domain(domainId=ids[0])["status"] == "DELETED", "one is deleted")
    pages = list(health.get_paginator("list_domains").paginate(status="ACTIVE", PaginationConfig={"PageSize": 2}))
    assert len(pages) > 1 and all(len(p["domains"]) <= 2 for p in pages)
    seen = [d["domainId"] for p in pages for d in p["domains"]]
    assert [i for i in seen if i in ids] == ids[1:]
    deleted = health.list_domains(status="DELETED")["domains"]
    assert ids[0] in [d["domainId"] for d in deleted] and {d["status"] for d in deleted} == {"DELETED"}
    refused(health.list_domains, "ValidationException", 400, status="DELETED", nextToken=pages[0]["nextToken"])
    refused(health.list_domains, "ValidationException", 400, maxResults=101)
    refused(health.list_domains, "ValidationException", 400, nextToken="junk")
    for i in ids[1:]:
        health.delete_domain(domainId=i)


def test_subscriptions(health, domain):
    made = health.create_subscription(domainId=domain)
    assert made["ResponseMetadata"]["HTTPStatusCode"] == 201
    sub = made["subscriptionId"]
    assert re.fullmatch(r"sub-[a-zA-Z0-9]{21}", sub) and made["arn"].endswith(f":domain/{domain}/subscription/{sub}")
    assert made["status"] == "ACTIVE" and made["activatedAt"] == made["createdAt"] and "deactivatedAt" not in made
    off = health.deactivate_subscription(domainId=domain, subscriptionId=sub)["subscription"]
    assert off["status"] == "INACTIVE" and off["deactivatedAt"] == off["lastUpdatedAt"]
    assert health.deactivate_subscription(domainId=domain, subscriptionId=sub)["subscription"] == off, "asked twice"
    on = health.activate_subscription(domainId=domain, subscriptionId=sub)["subscription"]
    assert on["status"] == "ACTIVE" and on["deactivatedAt"] == off["deactivatedAt"]
    assert health.get_subscription(domainId=domain, subscriptionId=sub)["subscription"] == on
    ids = [sub] + [health.create_subscription(domainId=domain)["subscriptionId"] for _ in range(4)]
    pages = list(health.get_paginator("list_subscriptions").paginate(domainId=domain, PaginationConfig={"PageSize": 2}))
    assert [s["subscriptionId"] for p in pages for s in p["subscriptions"]] == ids and len(pages) == 3
    refused(health.get_subscription, "ResourceNotFoundException", 404, domainId=domain, subscriptionId="sub-" + "a" * 21)
    refused(health.get_subscription, "ValidationException", 400, domainId=domain, subscriptionId="x" * 25)


def test_tags(health, domain):
    arn = health.get_domain(domainId=domain)["arn"]
    sub = health.create_subscription(domainId=domain)["arn"]
    for on in (arn, sub):
        assert health.list_tags_for_resource(resourceArn=on)["tags"] == {}
        assert health.tag_resource(resourceArn=on, tags={"team": "x", "Ünï/c o=d&e": ""})["ResponseMetadata"]["HTTPStatusCode"] == 204
        health.tag_resource(resourceArn=on, tags={"team": "y"})
        assert health.list_tags_for_resource(resourceArn=on)["tags"] == {"team": "y", "Ünï/c o=d&e": ""}
        assert health.untag_resource(resourceArn=on, tagKeys=["Ünï/c o=d&e", "never there"])["ResponseMetadata"]["HTTPStatusCode"] == 204
        assert health.list_tags_for_resource(resourceArn=on)["tags"] == {"team": "y"}
    assert health.get_domain(domainId=domain)["tags"] == {"team": "y"}
    refused(health.list_tags_for_resource, "ResourceNotFoundException", 404, resourceArn=arn[:-1] + "0" if arn[-1] != "0" else arn[:-1] + "1")
    refused(health.list_tags_for_resource, "ResourceNotFoundException", 404, resourceArn=arn.replace(REGION, "eu-west-2"))
    refused(health.list_tags_for_resource, "ValidationException", 400, resourceArn="arn:aws:s3:::bucket")
    refused(health.tag_resource, "ValidationException", 400, resourceArn=arn, tags={"aws:x": "y"})
    refused(health.tag_resource, "ValidationException", 400, resourceArn=arn, tags={"k" * 129: "y"})
    refused(health.tag_resource, "ValidationException", 400, resourceArn=arn, tags={"k": "v" * 257})
    refused(health.untag_resource, "ValidationException", 400, resourceArn=arn, tagKeys=[f"k{i}" for i in range(51)])


def test_what_sdks_do_not_check(raw):
    long = {"name": "x" * 65}
    assert raw("POST", "/domain", long)[:2] == (400, "ValidationException")
    assert raw("POST", "/domain", {"name": "x", "kmsKeyArn": "nope"})[:2] == (400, "ValidationException")
    assert raw("POST", "/domain", {"name": 5})[:2] == (400, "SerializationException")
    assert raw("POST", "/domain")[:2] == (400, "ValidationException")
    assert raw("PATCH", "/domain")[:2] == (405, "UnknownOperationException")
    assert raw("GET", "/domain/a/b")[:2] == (404, "UnknownOperationException")
    assert raw("GET", "/domain/short")[:2] == (400, "ValidationException")
    assert raw("GET", "/domain/dom-aaaaaaaaaaaaaaaaaaaa")[:2] == (404, "ResourceNotFoundException")
    status, name, body = raw("POST", "/domain", {"name": "lenient", "unknown": {"a": [1]}}, headers={"Content-Type": "application/json; charset=utf-8"})
    assert status == 201, body
    assert raw("POST", f"/domains/{body['domainId']}/subscriptions", {})[0] == 201, "an empty object is no body"
    assert raw("POST", f"/domains/{body['domainId']}/subscriptions")[0] == 201, "no body, no content type"
    arn = urllib.parse.quote(body["arn"], safe="")
    assert raw("GET", f"/tags/{arn}")[2] == {"tags": {}}
    assert raw("DELETE", f"/domain/{body['domainId']}")[2]["status"] == "DELETING"


def test_who_asks(galen, raw):
    status, name, body = raw("GET", "/domain", auth=False)
    assert (status, name) == (401, "AccessDeniedException") and body["message"]
    keys = galen.keys()
    stranger = type(keys)("AKIDSTRANGER00000000", keys.secret_key)
    r = requests.get(galen.url + "/domain", auth=SigV4(stranger, "health-agent"), timeout=30)
    assert (r.status_code, r.headers["x-amzn-ErrorType"]) == (401, "AccessDeniedException")
    r = requests.get(galen.url + "/domain", auth=SigV4(keys, "healthlake"), timeout=30)
    assert (r.status_code, r.headers["x-amzn-ErrorType"]) == (403, "InvalidSignatureException")


def test_quotas(tmp_path):
    small = Galen(tmp_path / "data", "--max-domains", "2", "--max-subscriptions", "1").start()
    try:
        health = small.client("connecthealth", inject_host_prefix=False)
        ids = [health.create_domain(name=str(i))["domainId"] for i in range(2)]
        assert "domains" in refused(health.create_domain, "ServiceQuotaExceededException", 402, name="2")
        health.create_subscription(domainId=ids[0])
        refused(health.create_subscription, "ServiceQuotaExceededException", 402, domainId=ids[0])
        health.delete_domain(domainId=ids[1])
        until(lambda: health.get_domain(domainId=ids[1])["status"] == "DELETED", "one is deleted")
        assert health.create_domain(name="2")["status"] == "ACTIVE"
    finally:
        small.stop()


@pytest.fixture
def aws(galen, tmp_path):
    program = pathlib.Path(sys.executable).with_name("aws")
    env = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "LANG": "C.UTF-8", "AWS_DISABLE_HOST_PREFIX_INJECTION": "true", **galen.environment()}

    def run(*args):
        done = subprocess.run([program, "connecthealth", *args], env=env, cwd=tmp_path, capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, f"aws connecthealth {' '.join(args)}\n{done.stdout}{done.stderr}"
        return json.loads(done.stdout) if done.stdout.strip() else None
    return run


def test_with_the_cli(aws):
    made = aws("create-domain", "--name", "cli", "--tags", "a=b")
    domain, arn = made["domainId"], made["arn"]
    assert aws("get-domain", "--domain-id", domain)["tags"] == {"a": "b"}
    assert domain in [d["domainId"] for d in aws("list-domains", "--status", "ACTIVE")["domains"]]
    sub = aws("create-subscription", "--domain-id", domain)["subscriptionId"]
    one = ("--domain-id", domain, "--subscription-id", sub)
    assert aws("deactivate-subscription", *one)["subscription"]["status"] == "INACTIVE"
    assert aws("activate-subscription", *one)["subscription"]["status"] == "ACTIVE"
    assert aws("get-subscription", *one)["subscription"]["subscriptionId"] == sub
    assert [s["subscriptionId"] for s in aws("list-subscriptions", "--domain-id", domain)["subscriptions"]] == [sub]
    aws("tag-resource", "--resource-arn", arn, "--tags", "c=d")
    aws("untag-resource", "--resource-arn", arn, "--tag-keys", "a")
    assert aws("list-tags-for-resource", "--resource-arn", arn)["tags"] == {"c": "d"}
    assert aws("delete-domain", "--domain-id", domain)["status"] == "DELETING"
