# SPDX-License-Identifier: Apache-2.0
"""One server for the tests that do not stop it; data stores and buckets are each test's own."""

import pytest

import bulk
import dataset
from house import BINARY, Galen

OTHER_ACCOUNT = "111111111111"


def pytest_report_header():
    return [f"galen: {BINARY}", f"data: {dataset.SHARED if dataset.SHARED.is_dir() else 'made up, as ../shared is not here'}"]


@pytest.fixture(scope="session")
def galen(tmp_path_factory):
    """The shared server. Its end is a test too: SIGTERM, exit code 0."""
    server = Galen(tmp_path_factory.mktemp("galen") / "data").start()
    yield server
    server.stop()


@pytest.fixture
def alone(tmp_path):
    """A server of the test's own, not yet started: it may be stopped, killed, and started again."""
    server = Galen(tmp_path / "data")
    yield server
    if server.process and server.process.poll() is None:
        server.stop()


@pytest.fixture(scope="session")
def healthlake(galen):
    return galen.client("healthlake")


@pytest.fixture(scope="session")
def s3(galen):
    return galen.client("s3")


@pytest.fixture
def bench(galen, request):
    """A data store, a bucket and a FHIR client."""
    return bulk.Bench(galen, request.node.originalname)


@pytest.fixture(scope="session")
def store(healthlake):
    """An active data store that tests share: they look only at what they wrote."""
    return bulk.new_store(healthlake, "shared")


@pytest.fixture(scope="session")
def fhir(galen, store):
    return galen.fhir(store)


@pytest.fixture(scope="session")
def made_up(tmp_path_factory):
    folder = tmp_path_factory.mktemp("made-up")
    dataset.make_up(folder)
    return folder


@pytest.fixture(scope="session", params=["made-up", "synthea-10", "synthea-100"])
def data(request, made_up):
    """Each data set that is here."""
    return dataset.load(request.param, made_up)


@pytest.fixture(scope="session")
def loaded(galen, data):
    """A data store that holds a data set."""
    b = bulk.Bench(galen, f"loaded {data.name}")
    for kind, path in data.files.items():
        b.s3.upload_file(str(path), b.bucket, f"in/{kind}.ndjson")
    properties, _ = b.load()
    assert properties["JobStatus"] == "COMPLETED", properties
    return b
