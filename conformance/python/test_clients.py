# SPDX-License-Identifier: Apache-2.0
"""FHIR clients that others wrote: fhir-kit-client, fhirclient and HAPI, whose programs under clients/ check what they are answered, and SMART's
client of bulk data."""

import json
import re
import shutil
import subprocess
import sys

import pytest

import bulk
from house import ROOT, ok, outcome
from proxy import signing

SMART_FETCH = "smart-fetch==1.0.3"

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


@pytest.fixture(scope="module")
def smart_fetch():
    """SMART's client of bulk data, in an environment of its own: it needs much."""
    home = ROOT / ".venv-smart-fetch"
    program, mark = home / "bin" / "smart-fetch", home / "requirements.txt"
    if not mark.exists() or mark.read_text() != SMART_FETCH:
        made = subprocess.run([sys.executable, "-m", "venv", "--clear", home], capture_output=True)
        if made.returncode == 0:
            made = subprocess.run([home / "bin" / "pip", "install", "--quiet", "--disable-pip-version-check", SMART_FETCH], capture_output=True)
        if made.returncode != 0:
            pytest.skip(f"{SMART_FETCH} cannot be installed")
        mark.write_text(SMART_FETCH)
    return program


def test_smart_fetch_exports_a_data_store_and_a_group(galen, smart_fetch, tmp_path):
    f = galen.fhir(bulk.new_store(galen.client("healthlake"), "smart-fetch"))
    put = lambda kind, id_, **more: {"resource": {"resourceType": kind, "id": id_, **more}, "request": {"method": "PUT", "url": f"{kind}/{id_}"}}  # noqa: E731
    ok(f("POST", body={"resourceType": "Bundle", "type": "transaction", "entry": [
        *[put("Patient", f"p{i}", birthDate=f"19{50 + i}-01-01") for i in range(20)],
        *[put("Condition", f"c{i}", subject={"reference": f"Patient/p{i % 20}"}) for i in range(100)],
        put("Group", "g", type="person", actual=True, member=[{"entity": {"reference": f"Patient/p{i}"}} for i in (1, 2)])]}))
    until = f.get("Patient/p0")["meta"]["lastUpdated"]
    ok(f("PUT", "Condition/late", body={"resourceType": "Condition", "id": "late", "subject": {"reference": "Patient/p1"}}), 201)
    store = f.base.split("/")[4]

    def fetch(name, *arguments):
        folder = tmp_path / name
        with signing(galen) as url:
            run(smart_fetch, "bulk", folder, "--fhir-url", f"{url}/datastore/{store}/r4", "--no-compression", "--type", "Patient,Condition", *arguments)
        got = {f"{r['resourceType']}/{r['id']}" for file in folder.glob("[A-Z]*.ndjson") for r in map(json.loads, file.read_text().splitlines())}
        log = [json.loads(line) for line in (folder / "log.ndjson").read_text().splitlines()]
        job = re.search(r"/export/([0-9a-f]{32})", json.dumps(log))[1]
        assert {"kickoff", "status_complete", "export_complete"} <= {e["eventId"] for e in log}, log
        outcome(f("GET", f"export/{job}"), 404)  # the client deletes what it has taken
        return got
    everything = {f"Patient/p{i}" for i in range(20)} | {f"Condition/c{i}" for i in range(100)} | {"Condition/late"}
    assert fetch("all") == everything
    of = {f"Condition/c{i}" for i in range(100) if i % 20 in (1, 2)}
    assert fetch("group", "--group", "g") == {"Patient/p1", "Patient/p2", "Condition/late"} | of
    assert fetch("since", "--since", until) >= {"Condition/late"}
    assert fetch("filtered", "--type-filter", "Patient?birthdate=lt1955", "--no-default-filters") & everything >= {f"Patient/p{i}" for i in range(5)}
