# SPDX-License-Identifier: Apache-2.0
"""Search parameters of a data store's own: SearchParameter resources that are stored become what it can be searched by."""

import json

import pytest

from house import ok, outcome, until

NICK = "http://example.org/SearchParameter/nick"


def parameter(id, code, base, kind, expression, **more):
    return {"resourceType": "SearchParameter", "id": id, "url": f"http://example.org/SearchParameter/{id}", "name": id.capitalize(), "status": "active",
            "description": "d", "code": code, "base": base, "type": kind, "expression": expression, **more}


def patient(id, nick, general=None):
    body = {"resourceType": "Patient", "id": id, "name": [{"use": "official", "given": ["Alba"]}, {"use": "nickname", "given": [nick]}]}
    if general:
        body["extension"] = [{"url": "http://example.org/mentor", "valueReference": {"reference": general}}]
    return body


def status(f):
    """What $reindex-status says, by name; the parameters by code."""
    answer = {"parameters": {}}
    for p in f.get("$reindex-status")["parameter"]:
        if p["name"] == "parameter":
            parts = {k["name"]: next(v for n, v in k.items() if n != "name") for k in p["part"]}
            answer["parameters"][parts["code"]] = parts
        else:
            answer[p["name"]] = next(v for n, v in p.items() if n != "name")
    return answer


def complete(f):
    until(lambda: status(f)["state"] == "current", "all resources are indexed")
    return status(f)


def advertised(f, kind):
    [resource] = [r for r in f.get("metadata")["rest"][0]["resource"] if r["type"] == kind]
    return {p["name"]: p["definition"] for p in resource["searchParam"]}, resource["searchInclude"]


def test_from_an_import_to_a_search(bench):
    """Resources and SearchParameters come in one import; all of search knows the parameters."""
    f = bench.fhir
    ok(f("PUT", "Patient/before", body=patient("before", "Bo")), 201)
    mentor = parameter("mentor", "mentor", ["Patient"], "reference", "Patient.extension.where(url = 'http://example.org/mentor').value", target=["Patient"])
    bench.put("in/a.ndjson", "\n".join(json.dumps(r) for r in [
        patient("a", "Al", "Patient/before"), parameter("nick", "nick", ["Patient"], "string", "Patient.name.where(use = 'nickname').given"),
        mentor, patient("b", "Bob", "Patient/a"), parameter("bad", "gender", ["Patient"], "token", "Patient.gender")]))
    properties, _ = bench.load()
    report = properties["JobProgressReport"]
    assert (report["TotalNumberOfResourcesImported"], report["TotalNumberOfResourcesWithCustomerError"]) == (4, 1)
    said = complete(f)
    assert said["searchable"] and {c: p["complete"] for c, p in said["parameters"].items()} == {"nick": True, "mentor": True}
    assert said["done"] == said["total"] and said["failed"] == 0 and said["began"] <= said["ended"]
    codes, includes = advertised(f, "Patient")
    assert codes["nick"] == NICK and "Patient:mentor" in includes

    assert f.ids("Patient", [("nick", "bo")]) == ["before", "b"]
    assert f.ids("Patient", [("nick:exact", "Bo")]) == ["before"]
    assert f.ids("Patient", [("_sort", "-nick")]) == ["b", "before", "a"]
    assert f.ids("Patient", [("mentor.nick", "bo")]) == ["a"]
    assert f.ids("Patient", [("_has:Patient:mentor:nick", "al")]) == ["before"]
    assert f.ids("Patient", [("_filter", "nick co \"l\" or mentor.nick eq \"al\"")]) == ["a", "b"]
    page = f.get("Patient", nick="al", _include="Patient:mentor", _revinclude="Patient:mentor")
    assert [e["resource"]["id"] for e in page["entry"]] == ["a", "before", "b"]
    page = f.get("Patient", nick="al", _explain="true")
    assert any("terms" in i["diagnostics"] for e in page["entry"] if e["search"]["mode"] == "outcome" for i in e["resource"]["issue"])

    answer = f("POST", "Patient", body=patient("x", "Al"), If_None_Exist="nick:exact=Al")
    assert ok(answer)["id"] == "a"
    assert ok(f("PUT", "Patient", [("nick:exact", "Bob")], body=patient("b", "Rob")))["id"] == "b"
    assert f.total("Patient", ("nick", "rob")) == 1 and f.total("Patient", ("nick", "bob")) == 0


def test_export_of_what_one_finds(bench):
    f = bench.fhir
    for id, nick in (("a", "Al"), ("b", "Bo")):
        ok(f("PUT", f"Patient/{id}", body=patient(id, nick)), 201)
    ok(f("PUT", "SearchParameter/nick", body=parameter("nick", "nick", ["Patient"], "string", "Patient.name.where(use = 'nickname').given")), 201)
    complete(f)
    r = f("GET", "$export", {"_type": "Patient", "_typeFilter": "Patient?nick=bo"}, Prefer="respond-async")
    assert r.status_code == 202, r.text
    done = until(lambda: (lambda s: s if s.status_code == 200 else None)(f("GET", r.headers["Content-Location"])), "the export is done").json()
    lines = [json.loads(line) for o in done["output"] for line in f("GET", o["url"]).text.splitlines()]
    assert [line["id"] for line in lines] == ["b"]


def test_its_life(bench):
    """Used when complete, gone when retired or deleted, anew when changed."""
    f = bench.fhir
    body = parameter("p", "p", ["Patient", "Group"], "string", "Patient.name.given | Group.name")
    outcome(f("GET", "Patient", {"p": "alba"}), 400, "not-supported")
    ok(f("PUT", "Patient/a", body=patient("a", "Al")), 201)
    ok(f("PUT", "SearchParameter/p", body={**body, "status": "draft"}), 201)
    outcome(f("GET", "Patient", {"p": "alba"}), 400, "not-supported")
    ok(f("PUT", "SearchParameter/p", body=body))
    complete(f)
    assert f.ids("Patient", [("p", "alba")]) == ["a"]
    ok(f("PUT", "SearchParameter/p", body={**body, "expression": "Patient.name.where(use = 'nickname').given | Group.name"}))
    complete(f)
    assert f.total("Patient", ("p", "alba")) == 0 and f.ids("Patient", [("p", "al")]) == ["a"]
    ok(f("PUT", "SearchParameter/p", body={**body, "status": "retired"}))
    outcome(f("GET", "Patient", {"p": "al"}), 400, "not-supported")
    assert "p" not in advertised(f, "Patient")[0]
    ok(f("PUT", "SearchParameter/p", body=body))
    complete(f)
    assert f.ids("Patient", [("p", "al")]) == ["a"]
    assert f("DELETE", "SearchParameter/p").status_code == 204
    outcome(f("GET", "Patient", {"p": "al"}), 400, "not-supported")
    assert status(f)["parameters"] == {}


def test_reindex_again(bench):
    f = bench.fhir
    ok(f("PUT", "Patient/a", body=patient("a", "Al")), 201)
    assert f("POST", "$reindex").status_code == 202
    until(lambda: status(f).get("done") == 1 and status(f)["state"] == "current", "all terms are made again")
    assert f.ids("Patient", [("given", "al")]) == ["a"]


@pytest.mark.parametrize("change, path", [
    ({"code": "gender"}, "code"), ({"code": "a:b"}, "code"), ({"expression": "Patient.nothing"}, "expression"), ({"expression": "Patient.name("}, "expression"),
    ({"expression": "Patient.birthDate"}, "expression"), ({"expression": "Group.name"}, "expression"), ({"expression": "Patient.id"}, "expression"),
    ({"expression": "Patient.where(birthDate < today()).name.family"}, "expression"), ({"type": "special"}, "type"),
])
def test_refused(fhir, change, path):
    body = {**parameter("refused", "refused", ["Patient"], "string", "Patient.name.given"), **change}
    issue = outcome(fhir("PUT", "SearchParameter/refused", body=body), 422)
    assert issue["expression"] == [f"SearchParameter.{path}"] and issue["diagnostics"]
    assert fhir("GET", "SearchParameter/refused").status_code == 404
