# SPDX-License-Identifier: Apache-2.0
"""A server behind TLS, without which the SDK speaks no HTTP/2, and the SDK's client of it. Tests are coroutines."""

import asyncio
import contextlib
import json
import os
import shutil

import pytest
import trustme
from aws_sdk_connecthealth.client import AsyncConnectHealthClient
from aws_sdk_connecthealth.config import AsyncConnectHealthConfig
from smithy_http.aio.crt import AWSCRTHTTPClient

import bulk
from house import REGION, Galen

TURNS = [{"channel": i % 2, "start": i, "end": i + 0.9, "text": text} for i, text in enumerate([
    "so ms. thompson is a 43 year old female here for right knee pain.", "yes it hurts on the inside.", "any fever or chills?", "no.",
    "i'm going to prescribe meloxicam 15 milligrams once a day.", "thank you."])]


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem):
    wanted = {name: pyfuncitem.funcargs[name] for name in pyfuncitem._fixtureinfo.argnames}

    async def run():
        # A stream that the server ends leaves a task of the SDK's behind that fails, of which nobody wants to read.
        asyncio.get_running_loop().set_exception_handler(lambda *_: None)
        await asyncio.wait_for(pyfuncitem.obj(**wanted), 300)

    asyncio.run(run())
    return True


@pytest.fixture(scope="session")
def authority(tmp_path_factory):
    """The files of a certificate for this machine, and of the authority that all clients here trust."""
    folder = tmp_path_factory.mktemp("tls")
    ca = trustme.CA()
    ca.cert_pem.write_to_path(folder / "ca.pem")
    own = ca.issue_cert("localhost", "127.0.0.1")
    own.private_key_pem.write_to_path(folder / "key.pem")
    own.cert_chain_pems[0].write_to_path(folder / "cert.pem")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SSL_CERT_FILE", str(folder / "ca.pem"))  # the SDK's
        patch.setenv("AWS_CA_BUNDLE", str(folder / "ca.pem"))  # boto3's
        yield folder


class Clinic(Galen):
    """A server with a domain, a subscription and a bucket."""

    def open(self):
        self.start()
        health = self.client("connecthealth", inject_host_prefix=False)
        self.domain = health.create_domain(name="clinic")["domainId"]
        self.subscription = health.create_subscription(domainId=self.domain)["subscriptionId"]
        self.bucket = bulk.new_bucket(self.client("s3"))
        return self

    @contextlib.asynccontextmanager
    async def sdk(self, **settings):
        """The SDK's client, with this server's keys or others."""
        k = self.keys()
        settings = {"aws_access_key_id": k.access_key, "aws_secret_access_key": k.secret_key, **settings}
        async with AWSCRTHTTPClient() as transport:
            config = await AsyncConnectHealthConfig.resolve(region=REGION, endpoint_uri=self.url, max_attempts=1, transport=transport, **settings)
            yield AsyncConnectHealthClient(config)

    def object(self, uri):
        bucket, key = bulk.split(uri)
        return self.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read()


@pytest.fixture
def clinic(authority, tmp_path):
    """A clinic, not yet open, that hears the turns whatever is said."""
    script = tmp_path / "script.json"
    script.write_text(json.dumps({"turns": TURNS}))
    server = Clinic(tmp_path / "data", "--tls-cert", str(authority / "cert.pem"), "--tls-key", str(authority / "key.pem"), "--recogniser", f"replay:{script}")
    yield server
    if server.process and server.process.poll() is None:
        server.stop()


@pytest.fixture
def recogniser():
    """The flags for a recogniser that hears."""
    if os.environ.get("GALEN_ASR_MODEL"):
        return "--recogniser", "sherpa", "--recogniser-model", os.environ["GALEN_ASR_MODEL"]
    if shutil.which("pocketsphinx_continuous"):
        return "--recogniser", "pocketsphinx"
    pytest.skip("no recogniser is here: neither GALEN_ASR_MODEL nor pocketsphinx")
