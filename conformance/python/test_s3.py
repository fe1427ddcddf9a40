# SPDX-License-Identifier: Apache-2.0
"""The embedded object store with boto3's S3 client as it comes: checksums, parts, presigned URLs."""

import hashlib
import io
import os
import socket
import uuid

import boto3.s3.transfer
import botocore.exceptions
import pytest
import requests

import bulk

PARTS = boto3.s3.transfer.TransferConfig(multipart_threshold=5 << 20, multipart_chunksize=5 << 20)


@pytest.fixture(scope="module")
def bucket(s3):
    return bulk.new_bucket(s3)


def code(failed):
    return failed.value.response["Error"]["Code"]


def refused(call, **args):
    with pytest.raises(botocore.exceptions.ClientError) as failed:
        call(**args)
    return code(failed)


def test_buckets(s3):
    name = bulk.new_bucket(s3)
    assert name in [b["Name"] for b in s3.list_buckets()["Buckets"]]
    s3.head_bucket(Bucket=name)
    assert refused(s3.create_bucket, Bucket=name) in ("BucketAlreadyOwnedByYou", "BucketAlreadyExists")
    s3.put_object(Bucket=name, Key="x", Body=b"")
    assert refused(s3.delete_bucket, Bucket=name) == "BucketNotEmpty"
    s3.delete_object(Bucket=name, Key="x")
    s3.delete_bucket(Bucket=name)
    assert refused(s3.head_bucket, Bucket=name) == "404"
    assert refused(s3.list_objects_v2, Bucket=name) == "NoSuchBucket"


@pytest.mark.parametrize("key", ["a", "a/b/c", "with space+plus", "ünï/côdé 漢字", "%41%2F", "a..b", "~-_.!*'()", "x" * 200, "q?a=b&c=d#e"])
@pytest.mark.parametrize("body", [b"", b"hello", os.urandom(300_000)], ids=["empty", "small", "larger"])
def test_put_and_get(s3, bucket, key, body):
    put = s3.put_object(Bucket=bucket, Key=key, Body=body)
    got = s3.get_object(Bucket=bucket, Key=key)
    assert (got["Body"].read(), got["ContentLength"], got["ETag"]) == (body, len(body), put["ETag"])
    assert key in [o["Key"] for o in s3.list_objects_v2(Bucket=bucket, Prefix=key)["Contents"]]
    s3.delete_object(Bucket=bucket, Key=key)
    assert refused(s3.get_object, Bucket=bucket, Key=key) == "NoSuchKey"
    assert refused(s3.head_object, Bucket=bucket, Key=key) == "404"


def test_a_streaming_body_has_its_checksum_in_a_trailer(s3, bucket):
    body = os.urandom(1 << 20)
    s3.put_object(Bucket=bucket, Key="streamed", Body=io.BytesIO(body), ChecksumAlgorithm="SHA256")
    assert s3.get_object(Bucket=bucket, Key="streamed")["Body"].read() == body


def test_a_wrong_checksum_is_refused(s3, bucket):
    assert refused(s3.put_object, Bucket=bucket, Key="wrong", Body=b"body", ChecksumCRC32="AAAAAA==") in ("BadDigest", "XAmzContentChecksumMismatch")
    assert refused(s3.put_object, Bucket=bucket, Key="wrong", Body=b"body", ContentMD5="1B2M2Y8AsgTpgAmY7PhCfg==") in ("BadDigest", "InvalidDigest")
    assert refused(s3.head_object, Bucket=bucket, Key="wrong") == "404"


def test_large_files_go_in_parts(s3, bucket, tmp_path):
    body = os.urandom((12 << 20) + 7)
    (tmp_path / "up").write_bytes(body)
    s3.upload_file(str(tmp_path / "up"), bucket, "parts", Config=PARTS)
    assert s3.head_object(Bucket=bucket, Key="parts")["ContentLength"] == len(body)
    s3.download_file(bucket, "parts", str(tmp_path / "down"), Config=PARTS)
    assert hashlib.sha256((tmp_path / "down").read_bytes()).digest() == hashlib.sha256(body).digest()


def test_parts_by_hand(s3, bucket):
    upload = s3.create_multipart_upload(Bucket=bucket, Key="by-hand")["UploadId"]
    parts = {n: os.urandom(5 << 20 if n < 3 else 99) for n in (1, 2, 3)}
    tags = {n: s3.upload_part(Bucket=bucket, Key="by-hand", UploadId=upload, PartNumber=n, Body=parts[n])["ETag"] for n in (3, 1, 2)}
    assert [p["PartNumber"] for p in s3.list_parts(Bucket=bucket, Key="by-hand", UploadId=upload)["Parts"]] == [1, 2, 3]
    assert upload in [u["UploadId"] for u in s3.list_multipart_uploads(Bucket=bucket)["Uploads"]]
    assert refused(s3.head_object, Bucket=bucket, Key="by-hand") == "404", "not there before it is complete"
    s3.complete_multipart_upload(Bucket=bucket, Key="by-hand", UploadId=upload,
                                 MultipartUpload={"Parts": [{"PartNumber": n, "ETag": tags[n]} for n in (1, 2, 3)]})
    assert s3.get_object(Bucket=bucket, Key="by-hand")["Body"].read() == b"".join(parts.values())
    abandoned = s3.create_multipart_upload(Bucket=bucket, Key="abandoned")["UploadId"]
    s3.upload_part(Bucket=bucket, Key="abandoned", UploadId=abandoned, PartNumber=1, Body=b"x")
    s3.abort_multipart_upload(Bucket=bucket, Key="abandoned", UploadId=abandoned)
    assert refused(s3.list_parts, Bucket=bucket, Key="abandoned", UploadId=abandoned) == "NoSuchUpload"


def test_ranges_and_conditions(s3, bucket):
    tag = s3.put_object(Bucket=bucket, Key="range", Body=b"0123456789")["ETag"]
    for span, want in [("bytes=0-3", b"0123"), ("bytes=4-", b"456789"), ("bytes=-2", b"89"), ("bytes=8-100", b"89")]:
        got = s3.get_object(Bucket=bucket, Key="range", Range=span)
        assert (got["Body"].read(), got["ResponseMetadata"]["HTTPStatusCode"]) == (want, 206), span
    assert refused(s3.get_object, Bucket=bucket, Key="range", Range="bytes=10-") == "InvalidRange"
    assert refused(s3.get_object, Bucket=bucket, Key="range", IfNoneMatch=tag) == "304"
    assert refused(s3.get_object, Bucket=bucket, Key="range", IfMatch='"other"') == "PreconditionFailed"
    assert refused(s3.put_object, Bucket=bucket, Key="range", Body=b"x", IfNoneMatch="*") == "PreconditionFailed"


def test_copy(s3, bucket):
    other = bulk.new_bucket(s3)
    s3.put_object(Bucket=bucket, Key="from here", Body=b"copied")
    s3.copy_object(Bucket=other, Key="to/there", CopySource={"Bucket": bucket, "Key": "from here"})
    assert s3.get_object(Bucket=other, Key="to/there")["Body"].read() == b"copied"
    assert refused(s3.copy_object, Bucket=other, Key="x", CopySource={"Bucket": bucket, "Key": "never"}) == "NoSuchKey"


def test_presigned(s3, bucket):
    put = s3.generate_presigned_url("put_object", {"Bucket": bucket, "Key": "pre signed"}, ExpiresIn=60)
    assert requests.put(put, data=b"by URL alone", timeout=30).status_code == 200
    get = s3.generate_presigned_url("get_object", {"Bucket": bucket, "Key": "pre signed"}, ExpiresIn=60)
    assert requests.get(get, timeout=30).content == b"by URL alone"
    assert requests.put(get, data=b"x", timeout=30).status_code == 403
    assert requests.get(get.replace("pre%20signed", "range"), timeout=30).status_code == 403
    assert requests.get(f"{get.split('?')[0]}", timeout=30).status_code in (403, 404)


def test_lists_in_pages(s3):
    bucket = bulk.new_bucket(s3)
    keys = sorted([f"a/{i:03}" for i in range(25)] + [f"b/{i}/x" for i in range(5)] + ["c", "ü"], key=lambda k: k.encode())
    for key in keys:
        s3.put_object(Bucket=bucket, Key=key, Body=b"x")
    for operation in ("list_objects_v2", "list_objects"):
        pages = list(s3.get_paginator(operation).paginate(Bucket=bucket, PaginationConfig={"PageSize": 7}))
        assert [o["Key"] for p in pages for o in p["Contents"]] == keys and len(pages) == 5
    top = s3.list_objects_v2(Bucket=bucket, Delimiter="/")
    assert ([p["Prefix"] for p in top["CommonPrefixes"]], [o["Key"] for o in top["Contents"]]) == (["a/", "b/"], ["c", "ü"])
    below = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix="b/", Delimiter="/", PaginationConfig={"PageSize": 2})
    assert [p["Prefix"] for page in below for p in page.get("CommonPrefixes", [])] == [f"b/{i}/" for i in range(5)]
    assert [o["Key"] for o in s3.list_objects_v2(Bucket=bucket, StartAfter="b/3/x")["Contents"]] == ["b/4/x", "c", "ü"]
    gone = s3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": k} for k in [*keys, "never"]]})
    assert "Errors" not in gone and s3.list_objects_v2(Bucket=bucket)["KeyCount"] == 0
    s3.delete_bucket(Bucket=bucket)


@pytest.mark.parametrize("name", ["a", "Upper-Case", "under_score", "..", "x" * 64])
def test_names_that_are_no_bucket(galen, name):
    client = galen.client("s3")
    with pytest.raises((botocore.exceptions.ClientError, botocore.exceptions.ParamValidationError)):
        client.create_bucket(Bucket=name)


def test_keys_that_would_leave_the_folder(galen, bucket):
    client = galen.client("s3")
    for key in ("../../escaped", "a/../../../escaped", "/escaped", "a//b"):
        try:
            client.put_object(Bucket=bucket, Key=key, Body=b"x")
            assert client.get_object(Bucket=bucket, Key=key)["Body"].read() == b"x"
        except botocore.exceptions.ClientError as e:
            assert e.response["ResponseMetadata"]["HTTPStatusCode"] in (400, 403, 404), key
    assert not [p for p in galen.data.parent.rglob("escaped") if galen.data / "s3" / bucket not in p.parents]


def test_objects_outlive_the_server(alone):
    alone.start()
    bucket, key = f"kept-{uuid.uuid4().hex[:8]}", "deep/er/key"
    alone.client("s3").create_bucket(Bucket=bucket)
    tag = alone.client("s3").put_object(Bucket=bucket, Key=key, Body=b"kept")["ETag"]
    alone.stop()
    alone.start()
    got = alone.client("s3").get_object(Bucket=bucket, Key=key)
    assert (got["Body"].read(), got["ETag"]) == (b"kept", tag)
    assert (alone.data / "s3" / bucket / key).read_bytes() == b"kept", "a bucket is a folder"


def test_continue_is_said_for_an_empty_body_too(galen, bucket):
    """botocore, once answered without it, would misread the next answer on the connection and wait for a minute."""
    url = galen.client("s3").generate_presigned_url("put_object", {"Bucket": bucket, "Key": "empty"}, ExpiresIn=60)
    host, _, path = url.removeprefix("http://").partition("/")
    with socket.create_connection(host.split(":"), timeout=10) as connection:
        connection.sendall(f"PUT /{path} HTTP/1.1\r\nHost: {host}\r\nContent-Length: 0\r\nExpect: 100-continue\r\n\r\n".encode())
        answers = connection.makefile("rb")
        assert answers.readline().startswith(b"HTTP/1.1 100 ")
        while answers.readline() != b"\r\n":
            pass
        assert answers.readline().startswith(b"HTTP/1.1 200 ")
