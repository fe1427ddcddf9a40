# SPDX-License-Identifier: Apache-2.0
"""A `galen serve` process, and clients of it that others wrote."""

import configparser
import contextlib
import json
import os
import pathlib
import re
import select
import signal
import subprocess
import time
import urllib.parse

import boto3
import botocore.auth
import botocore.awsrequest
import botocore.config
import botocore.credentials
import requests

REGION = "us-east-1"
ACCOUNT = "000000000000"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/galen"
KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/11111111-2222-3333-4444-555555555555"
ROOT = pathlib.Path(__file__).resolve().parents[2]
BINARY = pathlib.Path(os.environ.get("GALEN_BIN", ROOT / "bin" / "galen"))


def until(check, what, seconds=60):
    """Polls check until it gives something true, and returns that."""
    deadline = time.monotonic() + seconds
    while True:
        value = check()
        if value:
            return value
        assert time.monotonic() < deadline, f"not within {seconds} s: {what}"
        time.sleep(0.02)


class Galen:
    """One server on one data folder. It may be stopped, killed and started again."""

    def __init__(self, data, *flags):
        self.data = pathlib.Path(data)
        self.flags = flags
        self.url = None
        self.process = None

    def start(self):
        self.data.parent.mkdir(parents=True, exist_ok=True)
        env = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "GALEN_"))}
        with open(self.log_file, "ab") as log:
            self.process = subprocess.Popen(
                [BINARY, "serve", "--listen", "127.0.0.1:0", "--data", self.data, "--log-level", "warn", *self.flags],
                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log, env=env)
        line = self._first_line(30)
        ready = re.fullmatch(r"ready (https?://127\.0\.0\.1:\d+)\n", line)
        assert ready, f"the first line is {line!r}\n{self.log()}"
        self.url = ready[1]
        return self

    def _first_line(self, seconds):
        fd, got, deadline = self.process.stdout.fileno(), b"", time.monotonic() + seconds
        while not got.endswith(b"\n"):
            ready, _, _ = select.select([fd], [], [], max(0, deadline - time.monotonic()))
            some = os.read(fd, 4096) if ready else b""
            if not some:
                break
            got += some
        return got.decode()

    def stop(self):
        """SIGTERM: the server drains and exits 0, having said nothing more on standard output."""
        self.process.send_signal(signal.SIGTERM)
        rest, _ = self.process.communicate(timeout=60)
        assert self.process.returncode == 0, f"exit code {self.process.returncode}\n{self.log()}"
        assert rest == b"", rest

    def kill(self):
        """SIGKILL: the server is gone, wherever it was."""
        self.process.kill()
        self.process.communicate()

    @property
    def log_file(self):
        return self.data.with_name(self.data.name + ".log")

    def log(self, lines=40):
        with contextlib.suppress(FileNotFoundError):
            return "\n".join(self.log_file.read_text(errors="replace").splitlines()[-lines:])
        return ""

    @property
    def credentials_file(self):
        return self.data / "credentials"

    def keys(self, profile="default"):
        file = configparser.RawConfigParser()
        file.read(self.credentials_file)
        p = file[profile]
        return botocore.credentials.Credentials(p["aws_access_key_id"], p["aws_secret_access_key"], p.get("aws_session_token"))

    def environment(self):
        """What a client needs, as the README says it."""
        return {"AWS_ENDPOINT_URL": self.url, "AWS_SHARED_CREDENTIALS_FILE": str(self.credentials_file), "AWS_REGION": REGION,
                "AWS_DEFAULT_REGION": REGION, "AWS_CONFIG_FILE": os.devnull}

    def client(self, service, profile="default", **config):
        """A boto3 client that does not try again by itself."""
        k = self.keys(profile)
        return boto3.session.Session(k.access_key, k.secret_key, k.token, REGION).client(
            service, endpoint_url=self.url, config=botocore.config.Config(retries={"total_max_attempts": 1}, **config))

    def http(self, profile="default"):
        return Signed(self.url, self.keys(profile))

    def fhir(self, store, profile="default"):
        return Signed(f"{self.url}/datastore/{store}/r4/", self.keys(profile))


class SigV4(requests.auth.AuthBase):
    """botocore's own signer, for requests."""

    def __init__(self, credentials, service="healthlake", region=REGION):
        self.credentials, self.service, self.region = credentials, service, region

    def __call__(self, r):
        headers = {k: v for k, v in r.headers.items() if k.lower() in ("content-type", "prefer") or k.lower().startswith("x-amz-")}
        signed = botocore.awsrequest.AWSRequest(r.method, r.url, headers=headers, data=r.body or b"")
        botocore.auth.SigV4Auth(self.credentials, self.service, self.region).add_auth(signed)
        r.headers.update(dict(signed.headers.items()))
        return r


def query(params):
    """A query string in the strict percent encoding that signatures use."""
    pairs = params.items() if isinstance(params, dict) else params
    return "&".join("=".join(urllib.parse.quote(str(part), safe="") for part in pair) for pair in pairs)


class Signed:
    """Signed requests below a base URL; a path that is a URL already is taken as it is."""

    def __init__(self, base, credentials):
        self.base = base
        self.session = requests.Session()
        self.session.auth = SigV4(credentials)

    def __call__(self, method, path="", params=None, body=None, **headers):
        """Sends a request. A body that is not bytes goes as JSON; header names are written with _ for -."""
        url = path if path.startswith("http") else self.base + path
        if params:
            url += "?" + query(params)
        headers = {k.replace("_", "-"): v for k, v in headers.items()}
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body).encode()
            headers.setdefault("Content-Type", "application/fhir+json")
        return self.session.request(method, url, data=body, headers=headers, timeout=60)

    def operation(self, name, body, **headers):
        """Calls an operation of the control plane without any client's own checks."""
        return self("POST", "/", None, body if isinstance(body, bytes) else json.dumps(body).encode(),
                    Content_Type="application/x-amz-json-1.0", X_Amz_Target=f"HealthLake.{name}", **headers)

    def get(self, path="", **params):
        """GET that must succeed, as JSON. Names of parameters are passed as they are."""
        return ok(self("GET", path, params))

    def total(self, kind, *params):
        """How many resources a search finds."""
        return ok(self("GET", kind, [*params, ("_summary", "count")]))["total"]

    def pages(self, path, params=None):
        """The bundles of a search, following the next links to the end."""
        bundle = ok(self("GET", path, params))
        while True:
            yield bundle
            following = [link["url"] for link in bundle["link"] if link["relation"] == "next"]
            if not following:
                return
            bundle = ok(self("GET", following[0]))

    def ids(self, path, params=None):
        """The ids of all matches, in order, over all pages."""
        return [e["resource"]["id"] for page in self.pages(path, params) for e in page.get("entry", [])
                if e["search"]["mode"] == "match"]


def ok(response, status=200):
    assert response.status_code == status, f"{response.status_code}: {response.text[:2000]}"
    return response.json()


def outcome(response, status, code=None):
    """The answer is an OperationOutcome with that status; returns the first issue."""
    assert response.status_code == status, f"{response.status_code}, want {status}: {response.text[:2000]}"
    body = response.json()
    assert body["resourceType"] == "OperationOutcome", body
    assert response.headers["Content-Type"].startswith("application/fhir+json")
    issue = body["issue"][0]
    assert issue["severity"] in ("error", "fatal"), body
    if code:
        assert issue["code"] == code, body
    return issue


def exception(response, code, text="", status=400):
    """The answer is an AWS exception of the awsJson1_0 form; returns its message."""
    assert response.status_code == status, f"{response.status_code}, want {status}: {response.text[:2000]}"
    assert response.headers["Content-Type"] == "application/x-amz-json-1.0"
    assert response.headers["x-amzn-ErrorType"] == code, f"{response.headers['x-amzn-ErrorType']}, want {code}: {response.text}"
    assert response.headers["x-amzn-RequestId"]
    body = response.json()
    assert body["__type"].split("#")[-1] == code, body
    assert text in body["Message"], body
    return body["Message"]
