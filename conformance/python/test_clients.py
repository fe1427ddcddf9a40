# SPDX-License-Identifier: Apache-2.0
"""FHIR clients that others wrote: fhir-kit-client, fhirclient and HAPI. Each program under clients/ checks what it is answered."""

import shutil
import subprocess

import pytest

from house import ROOT
from proxy import signing

CLIENTS = ROOT / "conformance" / "clients"


def need(*programs):
    for program in programs:
        if not shutil.which(program):
            pytest.skip(f"there is no {program}")


def run(*command, seconds=120):
    done = subprocess.run(command, cwd=CLIENTS, capture_output=True, text=True, timeout=seconds)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
    return done.stdout


@pytest.fixture(scope="module")
def base(galen, store):
    with signing(galen) as url:
        yield f"{url}/datastore/{store}/r4"


@pytest.fixture(scope="module")
def node():
    need("node", "npm")
    run("npm", "install", "--no-audit", "--no-fund", "--no-package-lock", "--ignore-scripts", "--legacy-peer-deps", "--omit=optional", seconds=300)


@pytest.fixture(scope="module")
def classes(tmp_path_factory):
    """The class path of HAPI's client."""
    need("java", "mvn")
    path = tmp_path_factory.mktemp("hapi") / "classpath"
    run("mvn", "-q", "-B", "dependency:build-classpath", f"-Dmdep.outputFile={path}", seconds=600)
    return path.read_text()


def test_fhir_kit_client(base, node):
    assert "done" in run("node", "kit.mjs", base)


def test_fhirclient(base, node):
    assert "done" in run("node", "smart.cjs", base)


def test_hapi(base, classes):
    out = run("java", "-cp", classes, "Hapi.java", base, seconds=300)
    assert "JSON: done" in out and "XML: done" in out
