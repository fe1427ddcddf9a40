# SPDX-License-Identifier: Apache-2.0
"""Default profiles of data stores, and validation levels, on a server with packages in a folder of its own."""

import json
import subprocess

import pytest

import bulk
from house import BINARY, Galen, exception, ok, outcome

LEVEL = "x_amzn_healthlake_fhir_validation_level"
URL = "http://hl7.fhir.us.core.example/patient"


def made_up_package(folder, name, version):
    """An unpacked package with one profile: a Patient has as many names as the version's first number says."""
    url = f"http://{name}.example/patient"
    folder.mkdir(parents=True)
    (folder / "package.json").write_text(json.dumps({"name": name, "version": version, "fhirVersions": ["4.0.1"]}))
    (folder / "patient.json").write_text(json.dumps({
        "resourceType": "StructureDefinition", "url": url, "version": version, "type": "Patient", "kind": "resource",
        "baseDefinition": "http://hl7.org/fhir/StructureDefinition/Patient", "derivation": "constraint",
        "differential": {"element": [{"id": "Patient.name", "path": "Patient.name", "min": int(version[0])}]}}))


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    folder = tmp_path_factory.mktemp("profiles")
    for name, version in [("hl7.fhir.us.core", "1.0.0"), ("hl7.fhir.us.core", "3.0.0"), ("hl7.fhir.us.carin-bb", "2.0.0")]:
        made_up_package(folder / "own" / f"{name}#{version}", name, version)
    server = Galen(folder / "data", "--packages", folder / "own").start()
    yield server
    server.stop()


def patient(names, profile=URL, **more):
    return {"resourceType": "Patient", "meta": {"profile": [profile]}, "name": [{"text": "x"}] * names, **more} if names else \
        {"resourceType": "Patient", "meta": {"profile": [profile]}, **more}


def choose(server, store, *profiles):
    return server.http().operation("UpdateFHIRDatastore", {"DatastoreId": store, "ProfileConfiguration": {"DefaultProfiles": list(profiles)}})


def test_default_profiles_are_kept_and_chosen_by(server):
    healthlake = server.client("healthlake")
    store = bulk.new_store(healthlake, "chosen", ProfileConfiguration={"DefaultProfiles": ["us-core-1.0.0", "carin-bb-2.0.0"]})
    p = healthlake.describe_fhir_datastore(DatastoreId=store)["DatastoreProperties"]
    assert p["ProfileConfiguration"] == {"DefaultProfiles": ["us-core-1.0.0", "carin-bb-2.0.0"]}
    fhir = server.fhir(store)
    ok(fhir("POST", "Patient", body=patient(1)), 201)
    refused = fhir("POST", "Patient", body=patient(1, URL + "|3.0.0"))
    assert "at least 3" in refused.text
    assert "galen package add" in fhir("POST", "Patient", body=patient(1, "http://other.example/patient")).text
    ok(choose(server, store, "us-core-3.0.0"))
    outcome(fhir("POST", "Patient", body=patient(1)), 400)
    ok(fhir("POST", "Patient", body=patient(3)), 201)
    assert "at least 3" in fhir("POST", "Patient/$validate", body=patient(1)).text


def test_without_a_choice_the_newest_counts(server):
    fhir = server.fhir(bulk.new_store(server.client("healthlake"), "not chosen"))
    outcome(fhir("POST", "Patient", body=patient(1)), 400)
    ok(fhir("POST", "Patient", body=patient(3)), 201)


@pytest.mark.parametrize("name", ["us-core-6.1.0", "us-core", "UK-Core-2.0.1"])
def test_profiles_that_are_not_installed_are_refused(server, name):
    body = {"DatastoreTypeVersion": "R4", "DatastoreName": "never made", "ProfileConfiguration": {"DefaultProfiles": ["us-core-1.0.0", name]}}
    exception(server.http().operation("CreateFHIRDatastore", body), "ValidationException", f"{name} are not installed: add their package with \"galen package add")
    store = bulk.new_store(server.client("healthlake"), "stays")
    exception(choose(server, store, name), "ValidationException", "galen package add")


@pytest.mark.parametrize("level,status", [("strict", 400), ("structure-only", 201), ("minimal", 201)])
def test_levels(server, level, status):
    fhir = server.fhir(bulk.new_store(server.client("healthlake"), f"level {level}"))
    assert fhir("POST", "Patient", body=patient(0), **{LEVEL: level}).status_code == status
    assert fhir("PUT", "Patient/a", body=patient(0, id="a"), **{LEVEL: level}).status_code in (status, 200)
    entry = {"resource": patient(0, id="b"), "request": {"method": "PUT", "url": "Patient/b"}}
    bundle = {"resourceType": "Bundle", "type": "transaction", "entry": [entry]}
    assert fhir("POST", "", body=bundle, **{LEVEL: level}).status_code == (400 if status == 400 else 200)


@pytest.mark.parametrize("level,stored,marked", [("strict", 1, 0), ("structure-only", 2, 0), ("minimal", 3, 1)])
def test_levels_of_imports(server, level, stored, marked):
    bench = bulk.Bench(server, f"import {level}")
    lines = [patient(3, id="right"), patient(0, id="nameless"), patient(3, id="odd", birthDate="soon")]
    bench.s3.put_object(Bucket=bench.bucket, Key="in/Patient.ndjson", Body="\n".join(map(json.dumps, lines)).encode())
    bench.load(ValidationLevel=level)
    fhir = server.fhir(bench.store)
    assert fhir.total("Patient") == stored
    extensions = [e["url"] for r in ("right", "nameless", "odd") for e in (fhir("GET", f"Patient/{r}").json().get("extension") or [])]
    assert extensions == ["http://healthlake.amazonaws.com/fhir/StructureDefinition/validation-issue"] * marked


def test_fhirpath_asks_packages(tmp_path):
    """galen fhirpath knows the profiles and value sets of installed packages, and what a Bundle's references point to."""
    made_up_package(tmp_path / "own" / "a.b#2.0.0", "a.b", "2.0.0")
    (tmp_path / "own" / "a.b#2.0.0" / "codes.json").write_text(json.dumps({
        "resourceType": "ValueSet", "url": "http://a.b.example/codes", "version": "2.0.0", "status": "active",
        "compose": {"include": [{"system": "http://codes", "concept": [{"code": "x"}]}]}}))
    two, one = ({"resourceType": "Patient", "id": f"p{n}", "name": [{"text": "x"}] * n, "maritalStatus": {"coding": [{"system": "http://codes", "code": "xy"[n % 2]}]}} for n in (2, 1))
    bundle = {"resourceType": "Bundle", "type": "collection", "entry": [{"fullUrl": f"http://x/Patient/{p['id']}", "resource": p} for p in (two, one)]}
    bundle["entry"].append({"fullUrl": "http://x/Basic/b", "resource": {"resourceType": "Basic", "subject": {"reference": "Patient/p2"}}})
    file = tmp_path / "bundle.json"
    file.write_text(json.dumps(bundle))

    def answers(expression):
        done = subprocess.run([BINARY, "fhirpath", expression, file, "--packages", tmp_path / "own"], cwd=tmp_path, capture_output=True, text=True)
        return json.loads(done.stdout) if done.returncode == 0 else done.stderr
    patients = "entry.resource.ofType(Patient)"
    assert answers(f"{patients}.select(conformsTo('http://a.b.example/patient'))") == [True, False]
    assert answers(f"{patients}.select(maritalStatus.memberOf('http://a.b.example/codes'))") == [True, False]
    assert answers(f"{patients}.maritalStatus.first().memberOf(%`vs-marital-status`)") == [False]
    assert answers("entry.resource.ofType(Basic).subject.resolve().id") == ["p2"]
    assert "profile that is not known" in answers("entry[0].resource.conformsTo('http://nowhere')")
