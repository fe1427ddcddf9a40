# SPDX-License-Identifier: Apache-2.0
"""Patient insights: jobs with boto3 and the AWS CLI, over galen's own data stores and other FHIR servers, and what they write."""

import base64
import contextlib
import datetime
import http.server
import json
import os
import pathlib
import re
import socket
import struct
import subprocess
import sys
import threading
import urllib.parse
import uuid
import zlib

import botocore.exceptions
import pytest
import requests

import bulk
import dataset
from house import Galen, SigV4, until

SECTIONS = ["PATIENT_AND_ENCOUNTER_OVERVIEW", "SINCE_LAST_VISIT", "TRENDS", "CMS_HCC_CODING_ANALYSIS", "HHS_HCC_CODING_ANALYSIS"]


@pytest.fixture(scope="module")
def health(galen):
    return galen.client("connecthealth", inject_host_prefix=False)


@pytest.fixture(scope="module")
def domain(health):
    made = health.create_domain(name="insights")["domainId"]
    yield made
    health.delete_domain(domainId=made)


@pytest.fixture(scope="module")
def small(made_up_once):
    return dataset.load("synthea-100" if (dataset.SHARED / "synthea-100").is_dir() else "made-up", made_up_once)


@pytest.fixture(scope="module")
def made_up_once(tmp_path_factory):
    folder = tmp_path_factory.mktemp("made-up")
    dataset.make_up(folder)
    return folder


@pytest.fixture(scope="module")
def record(galen, small):
    """A data store that holds patients."""
    b = bulk.Bench(galen, "insights")
    for kind, path in small.files.items():
        b.s3.upload_file(str(path), b.bucket, f"in/{kind}.ndjson")
    properties, _ = b.load()
    assert properties["JobStatus"] == "COMPLETED", properties
    return b


def ask(bench, patient, **more):
    """The parameters of StartPatientInsightsJob."""
    params = {
        "patientContext": {"patientId": patient}, "insightsContext": {"insightsType": "PRE_VISIT"},
        "encounterContext": {"encounterReason": "annual wellness visit"},
        "userContext": {"role": "CLINICIAN", "userId": "dr-jones", "specialty": "PRIMARY_CARE"},
        "inputDataConfig": {"fhirServer": {"fhirEndpoint": f"{bench.galen.url}/datastore/{bench.store}/r4/"}},
        "outputDataConfig": {"s3OutputPath": f"s3://{bench.bucket}/insights"},
    }
    params.update(more)
    return params


def ended(health, domain, job):
    def look():
        got = health.get_patient_insights_job(domainId=domain, jobId=job)
        return got if got["jobStatus"] in ("SUCCEEDED", "FAILED") else None
    return until(look, f"job {job} ends")


def run(health, domain, **params):
    return ended(health, domain, health.start_patient_insights_job(domainId=domain, **params)["jobId"])


def read_object(s3, uri):
    bucket, key = bulk.split(uri)
    return s3.get_object(Bucket=bucket, Key=key)["Body"].read()


def read_summary(text, patient):
    """Reads summary.json as a client of the original service would: sections in order, fragments put together. Gives the text
    of each section and all evidence."""
    whole = json.loads(text)
    assert whole["TotalCount"] == 1 == len(whole["PatientSummaries"]) and isinstance(whole["HccIncluded"], bool)
    one = whole["PatientSummaries"][0]["PatientSummary"]
    assert one["PatientId"] == patient and one["SummaryType"] == "Pre-visit"
    for at in (whole["GeneratedAt"], one["GeneratedAt"]):
        assert datetime.datetime.fromisoformat(at).tzinfo is None
    names = [re.sub(r"^#\s*", "", s["SectionName"]).strip() for s in one["Sections"]]
    assert names == SECTIONS
    texts, evidence = {}, set()
    for name, section in zip(names, one["Sections"]):
        parts = []
        for fragment in section["ClinicalNarrative"]:
            assert set(fragment) == {"Text", "Evidence"} and isinstance(fragment["Evidence"], list)
            if fragment["Text"].startswith("* ") and parts and not parts[-1].endswith("\n"):
                parts.append("\n")
            parts.append(fragment["Text"])
            evidence.update(fragment["Evidence"])
        texts[name] = "".join(parts)
        assert texts[name].strip(), name
    return texts, evidence


def test_three_patients(health, domain, record, small):
    patients = sorted(small.resources("Patient"), key=lambda p: p["id"])[:3]
    for p in patients:
        got = run(health, domain, **ask(record, p["id"], patientContext={"patientId": p["id"], "dateOfBirth": p["birthDate"]}))
        assert got["jobStatus"] == "SUCCEEDED", got
        uri = got["insightsOutput"]["uri"]
        assert uri.startswith(f"s3://{record.bucket}/insights/{got['jobId']}/") and uri.endswith("/summary.json")
        texts, evidence = read_summary(read_object(record.s3, uri), p["id"])
        assert evidence and f"Patient/{p['id']}" in evidence
        for reference in evidence:
            if not reference.startswith("s3://"):
                assert record.fhir.get(reference)["id"] == reference.split("/")[1]
        files = bulk.tree(record.s3, uri.removesuffix("summary.json"))
        assert {"summary.json", "summary.md", "facts.json"} <= set(files)
        json.loads(files["facts.json"])


def test_what_get_tells(health, domain, record, small):
    patient = small.resources("Patient")[0]["id"]
    params = ask(record, patient, clientToken="token-1")
    params["inputDataConfig"]["fhirServer"]["oauthToken"] = "SECRET-TOKEN"
    made = health.start_patient_insights_job(domainId=domain, **params)
    assert made["jobArn"].endswith(f":domain/{domain}/patient-insights-job/{made['jobId']}") and uuid.UUID(made["jobId"])
    got = ended(health, domain, made["jobId"])
    assert got["creationTime"] == made["creationTime"] <= got["updatedTime"]
    assert got["inputDataConfig"] == {"fhirServer": {"fhirEndpoint": params["inputDataConfig"]["fhirServer"]["fhirEndpoint"]}}
    for name in ("patientContext", "insightsContext", "encounterContext", "userContext", "outputDataConfig"):
        assert got[name] == params[name]
    assert health.start_patient_insights_job(domainId=domain, **params)["jobId"] == made["jobId"], "the same again"
    refused(health.start_patient_insights_job, "ConflictException", 409, domainId=domain,
            **{**params, "encounterContext": {"encounterReason": "something else"}})
    arn = made["jobArn"]
    health.tag_resource(resourceArn=arn, tags={"clinic": "north"})
    assert health.list_tags_for_resource(resourceArn=arn)["tags"] == {"clinic": "north"}
    health.untag_resource(resourceArn=arn, tagKeys=["clinic"])
    assert health.list_tags_for_resource(resourceArn=arn)["tags"] == {}


def refused(call, code, status, /, **params):
    with pytest.raises(botocore.exceptions.ClientError) as e:
        call(**params)
    got = e.value.response
    assert (got["Error"]["Code"], got["ResponseMetadata"]["HTTPStatusCode"]) == (code, status), got
    return got["Error"]["Message"]


def test_what_is_refused_at_once(health, domain, record):
    start, good = health.start_patient_insights_job, ask(record, "p")
    bad = "ValidationException"
    refused(start, "ResourceNotFoundException", 404, domainId="dom-" + "0" * 20, **good)
    said = refused(start, bad, 400, domainId=domain, **{**good, "encounterContext": {"encounterReason": "patient's knee"}})
    assert "encounterReason" in said and "knee" not in said
    refused(start, bad, 400, domainId=domain, **{**good, "patientContext": {"patientId": "p", "dateOfBirth": "1980-13-01"}})
    refused(start, bad, 400, domainId=domain, **{**good, "patientContext": {"patientId": "not an id"}})
    refused(start, bad, 400, domainId=domain, **{**good, "inputDataConfig": {}})
    refused(start, bad, 400, domainId=domain, **{**good, "inputDataConfig": {"fhirServer": {"fhirEndpoint": "http://u:p@host/r4"}}})
    refused(start, bad, 400, domainId=domain, **{**good, "inputDataConfig": {"s3Sources": [{"uri": f"s3://bucket/{i}"} for i in range(11)]}})
    refused(start, bad, 400, domainId=domain, **{**good, "outputDataConfig": {"s3OutputPath": "/tmp"}})
    refused(start, bad, 400, domainId=domain, **{**good, "userContext": {"role": "NURSE", "userId": "x"}})
    refused(health.get_patient_insights_job, "ResourceNotFoundException", 404, domainId=domain, jobId="nope")


def test_what_fails_says_why_and_leaves_nothing(health, domain, record, small, galen):
    patient = small.resources("Patient")[0]["id"]
    own = f"{galen.url}/datastore/{record.store}/r4/"

    def fhir(endpoint, **more):
        return {"inputDataConfig": {"fhirServer": {"fhirEndpoint": endpoint}, **more}}
    record.s3.put_object(Bucket=record.bucket, Key="bad/scan.pdf", Body=b"%PDF-1.7 nothing of the kind")
    for why, params in {
        "no Patient": ask(record, "nobody"),
        "dateOfBirth": ask(record, patient, patientContext={"patientId": patient, "dateOfBirth": "1801-01-01"}),
        "no such data store": ask(record, patient, **fhir(own.replace(record.store, "0" * 32))),
        "private address": ask(record, patient, **fhir("http://127.0.0.1:9/r4")),
        "could not be reached": ask(record, patient, **fhir("http://no-such-host.invalid/r4")),
        "s3Sources[0]: there is no such object": ask(record, patient, **fhir(own, s3Sources=[{"uri": f"s3://{record.bucket}/none.pdf"}])),
        "s3Sources[0]: the PDF is damaged": ask(record, patient, **fhir(own, s3Sources=[{"uri": f"s3://{record.bucket}/bad/scan.pdf"}])),
        "bucket does not exist": ask(record, patient, outputDataConfig={"s3OutputPath": "s3://no-such-bucket-here/x"}),
    }.items():
        got = run(health, domain, **params)
        assert got["jobStatus"] == "FAILED" and why in got["statusDetails"] and "insightsOutput" not in got, got
        assert bulk.tree(record.s3, f"s3://{record.bucket}/insights/{got['jobId']}") == {}, why
        assert patient not in got["statusDetails"]
    log = galen.log(500)
    assert patient not in log and "nobody" not in log


def test_documents(health, domain, record, small, tmp_path):
    patient = small.resources("Patient")[0]["id"]
    put = record.s3.put_object
    put(Bucket=record.bucket, Key="docs/letter.txt", Body="Cardiology letter: the patient reports chest tightness on exertion since March.".encode())
    got = run(health, domain, **ask(record, patient, inputDataConfig={
        "fhirServer": {"fhirEndpoint": f"{record.galen.url}/datastore/{record.store}/r4"},
        "s3Sources": [{"uri": f"s3://{record.bucket}/docs/letter.txt"}]}))
    assert got["jobStatus"] == "SUCCEEDED", got
    _, evidence = read_summary(read_object(record.s3, got["insightsOutput"]["uri"]), patient)
    assert f"s3://{record.bucket}/docs/letter.txt" in evidence


def pdf_bomb():
    """A small PDF whose page inflates to 2.5 GB."""
    z = zlib.compressobj(1)
    page = b"".join(z.compress(b" " * (1 << 20)) for _ in range(2500)) + z.flush()
    objects = [b"<< /Type /Catalog /Pages 2 0 R >>", b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
               b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 4 0 R >>",
               b"<< /Filter /FlateDecode /Length %d >>\nstream\n%s\nendstream" % (len(page), page)]
    text, offsets = b"%PDF-1.4\n", []
    for n, o in enumerate(objects, 1):
        offsets.append(len(text))
        text += b"%d 0 obj\n%s\nendobj\n" % (n, o)
    start = len(text)
    text += b"xref\n0 5\n0000000000 65535 f \n" + b"".join(b"%010d 00000 n \n" % o for o in offsets)
    return text + b"trailer\n<< /Size 5 /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % start


def png_bomb():
    """A PNG of a few MB that inflates to 1.2 GB."""
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    z = zlib.compressobj(1)
    rows = b"".join(z.compress(bytes(60001)) for _ in range(20000)) + z.flush()
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 20000, 20000, 8, 2, 0, 0, 0)) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def test_bombs(health, domain, record, small, galen):
    """Documents that inflate without end fail their job; the server lives on and stays small."""
    patient = small.resources("Patient")[0]["id"]
    for name, body in {"bomb.pdf": pdf_bomb(), "bomb.png": png_bomb()}.items():
        record.s3.put_object(Bucket=record.bucket, Key=f"bad/{name}", Body=body)
        got = run(health, domain, **ask(record, patient, inputDataConfig={"s3Sources": [{"uri": f"s3://{record.bucket}/bad/{name}"}]}))
        assert got["jobStatus"] == "FAILED" and "s3Sources[0]: " in got["statusDetails"], got
    peak = int(re.search(r"VmHWM:\s+(\d+) kB", pathlib.Path(f"/proc/{galen.process.pid}/status").read_text())[1])
    assert peak < 1.5 * 2**20, f"{peak} kB"


def test_too_many_jobs_wait(tmp_path):
    """One job runs, one waits, the third is refused with 429."""
    block = threading.Event()

    class Slow(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            block.wait(30)
            self.send_error(401)

        def log_message(self, *args):
            pass
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Slow)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    near = Galen(tmp_path / "near", "--fhir-private", "127.0.0.1", "--insights", "1", "--max-insights", "1").start()
    try:
        health, bucket = near.client("connecthealth", inject_host_prefix=False), bulk.new_bucket(near.client("s3"))
        domain = health.create_domain(name="near")["domainId"]
        params = {
            "domainId": domain, "patientContext": {"patientId": "p"}, "insightsContext": {"insightsType": "PRE_VISIT"},
            "encounterContext": {"encounterReason": "x"}, "userContext": {"role": "CLINICIAN", "userId": "u"},
            "inputDataConfig": {"fhirServer": {"fhirEndpoint": f"http://127.0.0.1:{server.server_port}/r4"}},
            "outputDataConfig": {"s3OutputPath": f"s3://{bucket}"}}
        first = health.start_patient_insights_job(**params)["jobId"]
        until(lambda: health.get_patient_insights_job(domainId=domain, jobId=first)["jobStatus"] == "IN_PROGRESS", "the first runs")
        second = health.start_patient_insights_job(**params)["jobId"]
        assert health.get_patient_insights_job(domainId=domain, jobId=second)["jobStatus"] == "SUBMITTED"
        refused(health.start_patient_insights_job, "ThrottlingException", 429, **params)
        assert health.delete_domain(domainId=domain)["status"] == "DELETING"
        until(lambda: health.get_domain(domainId=domain)["status"] == "DELETED", "running jobs do not hold up the deletion")
    finally:
        block.set()
        near.stop()
        server.shutdown()
        server.server_close()


def test_only_from_objects(health, domain, record, small):
    """No FHIR server at all: the record is NDJSON in the bucket."""
    patient = small.resources("Patient")[0]["id"]
    sources = [{"uri": f"s3://{record.bucket}/in/{kind}.ndjson"} for kind in ("Patient", "Condition", "Encounter", "Observation") if kind in small.files]
    got = run(health, domain, **ask(record, patient, inputDataConfig={"s3Sources": sources}))
    assert got["jobStatus"] == "SUCCEEDED", got
    read_summary(read_object(record.s3, got["insightsOutput"]["uri"]), patient)


class Front(http.server.BaseHTTPRequestHandler):
    """A FHIR server that takes bearer tokens, in front of a galen that takes signatures."""

    def do_GET(self):
        self.server.seen.append(self.path)
        if self.headers.get("Authorization") != "Bearer good":
            self.send_error(401)
            return
        galen = self.server.galen
        r = requests.get(galen.url + self.path, headers={"Accept": "application/fhir+json"}, auth=SigV4(galen.keys()), timeout=30)
        self.send_response(r.status_code)
        self.send_header("Content-Type", r.headers["Content-Type"])
        self.send_header("Content-Length", str(len(r.content)))
        self.end_headers()
        self.wfile.write(r.content)

    def log_message(self, *args):
        pass


@contextlib.contextmanager
def front():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Front)
    server.seen, server.url = [], f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()


def test_another_fhir_server(tmp_path, record, small):
    """The record is in a second galen process; the first one asks it over HTTP."""
    patient = small.resources("Patient")[0]["id"]
    with front() as server, contextlib.ExitStack() as stack:
        far = Galen(tmp_path / "far", "--public-url", server.url).start()
        stack.callback(far.stop)
        near = Galen(tmp_path / "near", "--fhir-private", "127.0.0.1").start()
        stack.callback(near.stop)
        server.galen = far
        b = bulk.Bench(far, "far")
        for kind in small.files:
            lines = [li for li in small.lines(kind) if patient in li]
            if lines:
                b.s3.put_object(Bucket=b.bucket, Key=f"in/{kind}.ndjson", Body="".join(lines).encode())
        b.load()
        health, s3 = near.client("connecthealth", inject_host_prefix=False), near.client("s3")
        domain = health.create_domain(name="near")["domainId"]
        bucket = bulk.new_bucket(s3)
        params = ask(record, patient, inputDataConfig={"fhirServer": {"fhirEndpoint": f"{server.url}/datastore/{b.store}/r4", "oauthToken": "good"}},
                     outputDataConfig={"s3OutputPath": f"s3://{bucket}/out"})
        got = run(health, domain, **params)
        assert got["jobStatus"] == "SUCCEEDED", got
        assert any("$everything" in urllib.parse.unquote(path) for path in server.seen)
        texts, _ = read_summary(read_object(s3, got["insightsOutput"]["uri"]), patient)
        params["inputDataConfig"]["fhirServer"]["oauthToken"] = "bad"
        got = run(health, domain, **params)
        assert got["jobStatus"] == "FAILED" and "401" in got["statusDetails"], got
        for path in (tmp_path / "near").rglob("*"):
            if path.is_file():
                assert b"Bearer good" not in path.read_bytes()
                assert b'"good"' not in path.read_bytes(), f"the token is in {path}"


def test_a_job_goes_on_after_a_restart(tmp_path, record, small):
    patient = small.resources("Patient")[0]["id"]
    block = threading.Event()

    class Slow(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            block.wait(30)
            text = json.dumps({"resourceType": "Bundle", "type": "searchset", "entry": [{"resource": small.resources("Patient")[0]}]}).encode()
            with contextlib.suppress(OSError):
                self.send_response(200)
                self.send_header("Content-Type", "application/fhir+json")
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

        def log_message(self, *args):
            pass
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Slow)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    near = Galen(tmp_path / "near", "--fhir-private", "127.0.0.0/8").start()
    try:
        health, s3 = near.client("connecthealth", inject_host_prefix=False), near.client("s3")
        domain, bucket = health.create_domain(name="near")["domainId"], bulk.new_bucket(s3)
        job = health.start_patient_insights_job(domainId=domain, **ask(
            record, patient, inputDataConfig={"fhirServer": {"fhirEndpoint": f"http://127.0.0.1:{server.server_port}/r4"}},
            outputDataConfig={"s3OutputPath": f"s3://{bucket}"}))["jobId"]
        until(lambda: health.get_patient_insights_job(domainId=domain, jobId=job)["jobStatus"] == "IN_PROGRESS", "the job runs")
        near.kill()
        block.set()
        near.start()
        health, s3 = near.client("connecthealth", inject_host_prefix=False), near.client("s3")
        got = ended(health, domain, job)
        assert got["jobStatus"] == "SUCCEEDED", got
        read_summary(read_object(s3, got["insightsOutput"]["uri"]), patient)
        health.delete_domain(domainId=domain)
        until(lambda: health.get_domain(domainId=domain)["status"] == "DELETED", "the domain is deleted")
        refused(health.get_patient_insights_job, "ResourceNotFoundException", 404, domainId=domain, jobId=job)
    finally:
        near.stop()
        server.shutdown()
        server.server_close()


def test_with_the_cli(galen, domain, record, small, tmp_path):
    patient = small.resources("Patient")[0]["id"]
    program = pathlib.Path(sys.executable).with_name("aws")
    env = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "LANG": "C.UTF-8", "AWS_DISABLE_HOST_PREFIX_INJECTION": "true", **galen.environment()}

    def aws(*args):
        done = subprocess.run([program, "connecthealth", *args], env=env, cwd=tmp_path, capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stdout + done.stderr
        return json.loads(done.stdout)
    p = ask(record, patient)
    made = aws("start-patient-insights-job", "--domain-id", domain, "--patient-context", f"patientId={patient}", "--insights-context", "insightsType=PRE_VISIT",
               "--encounter-context", "encounterReason=follow-up", "--user-context", "role=CLINICIAN,userId=u", "--input-data-config", json.dumps(p["inputDataConfig"]),
               "--output-data-config", f"s3OutputPath=s3://{record.bucket}/cli")
    got = until(lambda: next((g for g in [aws("get-patient-insights-job", "--domain-id", domain, "--job-id", made["jobId"])]
                              if g["jobStatus"] in ("SUCCEEDED", "FAILED")), None), "the job ends")
    assert got["jobStatus"] == "SUCCEEDED", got
    assert "." in got["updatedTime"] or got["updatedTime"].endswith(("Z", "+00:00"))


def test_through_host_names_with_prefixes(galen, domain, record, small, monkeypatch):
    """The client as it comes, with the endpoint under a name whose runtime. and streaming. lead here too."""
    real = socket.getaddrinfo
    asked = set()

    def lookup(host, *args, **kwargs):
        asked.add(host)
        return real("127.0.0.1" if isinstance(host, str) and host.endswith("galen.test") else host, *args, **kwargs)
    monkeypatch.setattr(socket, "getaddrinfo", lookup)
    import boto3
    k = galen.keys()
    health = boto3.session.Session(k.access_key, k.secret_key, region_name="us-east-1").client(
        "connecthealth", endpoint_url=galen.url.replace("127.0.0.1", "galen.test"))
    assert health.get_domain(domainId=domain)["status"] == "ACTIVE"
    patient = small.resources("Patient")[0]["id"]
    endpoint = galen.url.replace("127.0.0.1", "galen.test") + f"/datastore/{record.store}/r4/"
    got = run(health, domain, **ask(record, patient, inputDataConfig={"fhirServer": {"fhirEndpoint": endpoint}}))
    assert got["jobStatus"] == "SUCCEEDED", got
    assert {"galen.test", "runtime.galen.test"} <= asked


def test_many_at_once(health, domain, record, small):
    """Each is done, whatever the order."""
    patients = [p["id"] for p in small.resources("Patient")][:12]
    jobs = [health.start_patient_insights_job(domainId=domain, **ask(record, p))["jobId"] for p in patients]
    assert all(ended(health, domain, j)["jobStatus"] == "SUCCEEDED" for j in jobs)
