# SPDX-License-Identifier: Apache-2.0
"""What the server says of itself and what it answers is FHIR: every kind of answer goes through $validate, without a warning of the base definitions."""

import json

import pytest

import bulk
from house import ok, until
from test_devguide import ASYNC, entry, finished, member, post_bundle, put
from test_searchparameters import status


@pytest.fixture(scope="module")
def f(galen, healthlake):
    """A data store with search parameters and a topic of its own, and a little of everything."""
    f = galen.fhir(bulk.new_store(healthlake, "valid"))
    for n, (code, kind, base, path) in enumerate([("nick", "string", "Patient", "Patient.name.where(use = 'nickname').given"), ("tagged", "token", "Resource", "Resource.meta.tag"),
                                                  ("tool", "reference", "Observation", "Observation.device"), ("when", "date", "Patient", "Patient.birthDate")]):
        put(f, "SearchParameter", f"own{n}", url=f"http://x/own{n}", name=f"Own{n}", status="active", description="d", code=code, base=[base], type=kind, expression=path)
    until(lambda: (now := status(f))["state"] == "current" and len(now["parameters"]) == 4 and all(p["complete"] for p in now["parameters"].values()), "the index")
    put(f, "Organization", "o", name="O")
    put(f, "Patient", "a", name=[{"family": "Berg", "given": ["Ann"]}], gender="female", birthDate="1970-01-01", identifier=[{"system": "urn:i", "value": "1"}],
        managingOrganization={"reference": "Organization/o"})
    put(f, "Patient", "a", active=True, name=[{"family": "Berg", "given": ["Ann"]}], gender="female", birthDate="1970-01-01", identifier=[{"system": "urn:i", "value": "1"}])
    for i in range(5):
        put(f, "Observation", f"o{i}", status="final", code={"coding": [{"system": "http://loinc.org", "code": "29463-7"}]}, subject={"reference": "Patient/a"},
            effectiveDateTime=f"202{i}-01-01", valueQuantity={"value": 70 + i, "unit": "kg", "system": "http://unitsofmeasure.org", "code": "kg"})
    put(f, "Coverage", "c", status="active", subscriberId="S1", beneficiary={"reference": "Patient/a"}, payor=[{"display": "P"}])
    put(f, "Group", "g", type="person", actual=True, member=[{"entity": {"reference": "Patient/a"}}])
    put(f, "Composition", "c", status="final", type={"text": "t"}, date="2020-01-01", title="t", author=[{"display": "x"}], subject={"reference": "Patient/a"})
    put(f, "DocumentReference", "d", status="current", subject={"reference": "Patient/a"}, date="2020-01-01T00:00:00Z", content=[{"attachment": {"title": "t"}}])
    put(f, "ValueSet", "vs", url="http://x/vs", status="active", compose={"include": [{"system": "http://x/cs"}]})
    put(f, "CodeSystem", "cs", url="http://x/cs", status="active", content="complete", concept=[{"code": "a", "display": "A"}, {"code": "b"}])
    put(f, "ConceptMap", "cm", url="http://x/cm", status="active", group=[{"source": "http://x/cs", "target": "http://y", "element": [
        {"code": "a", "target": [{"code": "ya", "equivalence": "equivalent"}]}]}])
    put(f, "Questionnaire", "q", url="http://x/q", status="active", item=[{"linkId": "1", "type": "string"}])
    put(f, "Subscription", "s", status="off", reason="r", criteria="urn:galen:topic:Patient", channel={"type": "websocket", "payload": "application/fhir+json", "_payload": {"extension": [
        {"url": "http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/backport-payload-content", "valueCode": "id-only"}]}},
        meta={"profile": ["http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/backport-subscription"]})
    assert f("DELETE", "DocumentReference/none").status_code in (204, 404)
    put(f, "Basic", "gone", code={"text": "x"})
    assert f("DELETE", "Basic/gone").status_code == 204
    return f


def findings(f, resource):
    """What $validate has to say of a resource."""
    issues = ok(f("POST", f"{resource['resourceType']}/$validate", body=params(("resource", {"resource": resource}))))["issue"]
    return [i for i in issues if i["severity"] != "information"]


def params(*named):
    return {"resourceType": "Parameters", "parameter": [{"name": n, **v} for n, v in named]}


ANSWERS = {
    "metadata": ("GET", "metadata", None),
    "search": ("GET", "Patient?_include=%2A&_revinclude=Observation%3Asubject&_total=accurate", None),
    "search of nothing": ("GET", "Device?_count=3", None),
    "search, a page": ("GET", "Observation?_count=2&_sort=-date", None),
    "search, a summary": ("GET", "Observation?_summary=true", None),
    "search, a count": ("GET", "Observation?_summary=count", None),
    "search, explained": ("GET", "Patient?nick=x&_explain=true", None),
    "search of types": ("GET", "?_type=Patient%2CObservation", None),
    "search of a compartment": ("GET", "Patient/a/*", None),
    "history": ("GET", "Patient/a/_history", None),
    "history of a type": ("GET", "Basic/_history", None),
    "history of all": ("GET", "_history?_count=1000", None),
    "delete of many": ("DELETE", "Device?status=active&_count=3", None),
    "validation": ("POST", "Patient/$validate", {"resourceType": "Patient", "gender": "x"}),
    "batch": ("POST", "", {"resourceType": "Bundle", "type": "batch", "entry": [
        entry("GET", "Patient/a"), entry("GET", "Patient/none"), entry("HEAD", "Patient/a"), entry("GET", "Patient/$nothing"), entry("GET", "Patient?_count=1"),
        entry("PUT", "Patient/b", {"resourceType": "Patient", "id": "b"}), entry("DELETE", "Patient/never"), entry("GET", "Patient/a/$everything")]}),
    "transaction": ("POST", "", {"resourceType": "Bundle", "type": "transaction", "entry": [
        entry("POST", "Patient", {"resourceType": "Patient"}, ifNoneExist="identifier=urn:i|1"), entry("POST", "Basic", {"resourceType": "Basic", "code": {"text": "x"}}),
        entry("GET", "Patient/a", ifNoneMatch='W/"2"')]}),
    "$everything": ("GET", "Patient/a/$everything?_count=3", None),
    "$meta": ("GET", "Patient/a/$meta", None),
    "$match": ("POST", "Patient/$match", params(("resource", {"resource": {"resourceType": "Patient", "name": [{"family": "Berg", "given": ["Ann"]}], "birthDate": "1970-01-01"}}))),
    "$lastn": ("GET", "Observation/$lastn?subject=Patient%2Fa&max=2", None),
    "$stats": ("GET", "Observation/$stats?subject=Patient%2Fa&code=29463-7&statistic=average%2Cmaximum%2Cskew%2Ccount", None),
    "$document": ("GET", "Composition/c/$document", None),
    "$docref": ("GET", "DocumentReference/$docref?patient=a", None),
    "$docref of a time": ("GET", "DocumentReference/$docref?patient=a&start=2019-01-01", None),
    "$summary": ("GET", "Patient/a/$summary", None),
    "$expand": ("GET", "ValueSet/vs/$expand", None),
    "$validate-code": ("GET", "ValueSet/vs/$validate-code?system=http%3A%2F%2Fx%2Fcs&code=a", None),
    "$lookup": ("GET", "CodeSystem/$lookup?system=http%3A%2F%2Fx%2Fcs&code=a", None),
    "$subsumes": ("GET", "CodeSystem/$subsumes?system=http%3A%2F%2Fx%2Fcs&codeA=a&codeB=b", None),
    "$translate": ("GET", "ConceptMap/$translate?system=http%3A%2F%2Fx%2Fcs&code=a", None),
    "$member-match": ("POST", "Patient/$member-match", params(
        ("MemberPatient", {"resource": {"resourceType": "Patient", "name": [{"family": "Berg", "given": ["Ann"]}], "gender": "female", "birthDate": "1970-01-01"}}),
        ("CoverageToMatch", {"resource": {"resourceType": "Coverage", "status": "active", "subscriberId": "S1", "beneficiary": {"reference": "Patient/x"}, "payor": [{"display": "P"}]}}))),
    "$member-add": ("POST", "Group/g/$member-add", params(("patientReference", {"valueReference": {"reference": "Patient/a"}}), ("providerReference", {"valueReference": {"reference": "Organization/o"}}))),
    "$attribution-status": ("POST", "Group/g/$attribution-status", params(("patientReference", {"valueReference": {"reference": "Patient/a"}}))),
    "$questionnaire-package": ("POST", "Questionnaire/$questionnaire-package", params(
        ("coverage", {"resource": {"resourceType": "Coverage", "status": "active", "beneficiary": {"reference": "Patient/a"}, "payor": [{"display": "P"}]}}),
        ("questionnaire", {"valueCanonical": "http://x/q"}))),
    "$status": ("GET", "Subscription/s/$status", None),
    "$events": ("GET", "Subscription/s/$events", None),
    "$get-ws-binding-token": ("GET", "Subscription/s/$get-ws-binding-token", None),
    "a refusal": ("GET", "Patient?color=red", None),
    "a refusal of a transaction": ("POST", "", {"resourceType": "Bundle", "type": "transaction", "entry": [entry("PUT", "Patient/x", {"resourceType": "Patient", "id": "y", "nick": 1})]}),
}


@pytest.mark.parametrize("name", ANSWERS)
def test_an_answer_is_valid(f, name):
    method, path, body = ANSWERS[name]
    r = f(method, path, body=body)
    assert r.status_code < 500 and (r.status_code < 400 or "refusal" in name or name == "$member-add"), r.text[:500]
    found = findings(f, r.json())
    assert not found, json.dumps([found[:5], r.json()])[:3000]


def test_what_is_advertised_is_valid(f):
    """Each OperationDefinition, of a data store with search parameters of its own, and each advertised parameter can be used."""
    rest = f.get("metadata")["rest"][0]
    addresses = {o["documentation"] for r in [rest, *rest["resource"]] for o in r.get("operation", [])}
    assert len(addresses) > 40
    for address in addresses:
        definition = f.get(address)
        assert definition["resourceType"] == "OperationDefinition" and not findings(f, definition), address
    own = {(r["type"], p["name"]) for r in rest["resource"] for p in r["searchParam"] if p.get("definition", "").startswith("http://x/")}
    assert {("Patient", "nick"), ("Patient", "when"), ("Observation", "tool"), ("Observation", "tagged"), ("Account", "tagged")} <= own
    for kind, name in own & {("Patient", "nick"), ("Patient", "when"), ("Observation", "tool"), ("Account", "tagged")}:
        assert f.get(kind, **{name: "2020" if name == "when" else "x"})["type"] == "searchset"


def test_what_is_told_later_is_valid(f):
    """A transaction that nobody waited for, and what a match of many members found."""
    for r in (post_bundle(f, "transaction", entry("PUT", "Patient/later", {"resourceType": "Patient", "id": "later"}), **ASYNC),
              post_bundle(f, "transaction", entry("PUT", "Patient/later", {"resourceType": "Patient", "nick": 1}), **ASYNC)):
        assert r.status_code == 202 and not findings(f, r.json())
        assert not findings(f, finished(f, r.headers["Content-Location"]).json())
    start = f("POST", "Group/$bulk-member-match", body=params(("MemberBundle", {"part": member("Berg", "S1")["part"]})))
    assert not findings(f, ok(finished(f, start.headers["Content-Location"]))["output"])


def test_what_is_wrong_would_be_found(f):
    for wrong in ({"resourceType": "Parameters", "parameter": [{"nme": "x"}]}, {"resourceType": "Bundle", "type": "searchset", "entry": [{"resource": {"resourceType": "Patient", "nick": 1}}]}):
        assert findings(f, wrong)
