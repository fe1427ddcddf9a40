# SPDX-License-Identifier: Apache-2.0
"""Searches that look into resources, up and down hierarchies and along canonicals, over the wire."""

import uuid

import pytest

from house import ok, outcome


@pytest.fixture()
def mark():
    return "m" + uuid.uuid4().hex[:12]


def put(fhir, kind, id, /, **body):
    ok(fhir("PUT", f"{kind}/{id}", body={"resourceType": kind, "id": id, **body}), 201)


def full_urls(fhir, path, params):
    return [e["fullUrl"].removeprefix(fhir.base) for page in fhir.pages(path, params) for e in page.get("entry", [])]


def medication(name, code):
    return {"resourceType": "Medication", "id": name, "code": {"coding": [{"system": "urn:codes", "code": code}]}}


def test_contained(fhir, mark):
    inside = [medication("a", mark), medication("b", mark), medication("c", "other")]
    put(fhir, "MedicationRequest", mark, status="active", intent="order", subject={"display": "somebody"}, contained=inside,
        medicationReference={"reference": "#a"}, supportingInformation=[{"reference": "#b"}, {"reference": "#c"}])
    put(fhir, "Medication", mark, code={"coding": [{"code": mark}]})
    own, container, code = f"Medication/{mark}", f"MedicationRequest/{mark}", ("code", mark)
    assert full_urls(fhir, "Medication", [code]) == [own]
    assert full_urls(fhir, "Medication", [code, ("_contained", "true")]) == [container]
    assert full_urls(fhir, "Medication", [code, ("_contained", "both"), ("_count", "1")]) == [own, container]
    alone = [code, ("_contained", "both"), ("_containedType", "contained")]
    for count in "1", "2", "9":
        assert full_urls(fhir, "Medication", [*alone, ("_count", count)]) == [own, container + "#a", container + "#b"]
    assert fhir.total("Medication", *alone) == 3
    assert full_urls(fhir, "MedicationRequest", [("medication.code", mark)]) == [container]
    assert full_urls(fhir, "MedicationRequest", [("medication.code", "urn:codes|" + mark), ("_contained", "false")]) == [container]
    outcome(fhir("GET", "Medication", [*alone, ("_include", "Medication:manufacturer")]), 400, "not-supported")


def test_hierarchies(fhir, mark):
    place = lambda part: {"reference": f"Location/{mark}{part}"}
    put(fhir, "Location", mark, name="City")
    put(fhir, "Location", mark + "house", partOf=place(""))
    put(fhir, "Location", mark + "room", partOf=place("house"))
    for part in "", "house", "room":
        put(fhir, "Encounter", mark + part, status="planned", **{"class": {"code": "AMB"}}, location=[{"location": place(part)}])
    encounters = lambda modifier, part: [i.removeprefix(mark) for i in fhir.ids("Encounter", [("location:" + modifier, f"Location/{mark}{part}")])]
    assert encounters("below", "") == ["", "house", "room"]
    assert encounters("below", "house") == ["house", "room"]
    assert encounters("above", "house") == ["", "house"]
    assert encounters("above", "nowhere") == []
    outcome(fhir("GET", "Encounter", [("subject:below", "Patient/" + mark)]), 400, "not-supported")


def test_canonicals(fhir, mark):
    url = "http://example.org/" + mark
    for version in "1", "2":
        put(fhir, "Questionnaire", mark + version, status="active", url=url, version=version, title=mark + version)
        put(fhir, "QuestionnaireResponse", mark + version, status="completed", questionnaire=f"{url}|{version}")
    answers = "QuestionnaireResponse"
    assert full_urls(fhir, answers, [("questionnaire", url), ("_include", answers + ":questionnaire"), ("_sort", "-_id"), ("_count", "1")]) == [
        f"{answers}/{mark}2", f"Questionnaire/{mark}2", f"{answers}/{mark}1", f"Questionnaire/{mark}1"]
    assert full_urls(fhir, "Questionnaire", [("title", mark + "1"), ("_revinclude", answers + ":questionnaire")]) == [f"Questionnaire/{mark}1", f"{answers}/{mark}1"]
    assert fhir.ids(answers, [("questionnaire.title", mark + "2")]) == [mark + "2"]
    assert fhir.ids("Questionnaire", [(f"_has:{answers}:questionnaire:_id", mark + "1")]) == [mark + "1"]
