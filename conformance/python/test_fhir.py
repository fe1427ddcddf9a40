# SPDX-License-Identifier: Apache-2.0
"""The FHIR API: http://hl7.org/fhir/R4/http.html"""

import email.utils
import json
import re
import threading
import uuid

import pytest

import bulk
import dataset
from house import ok, outcome


def patient(**more):
    return {"resourceType": "Patient", "active": True, **more}


@pytest.fixture
def made(fhir):
    """A Patient that was just created."""
    return ok(fhir("POST", "Patient", body=patient()), 201)


class TestCreate:
    def test_answers_what_it_stored(self, fhir):
        text = '{ "resourceType":"Observation" ,"status":"final","code":{"text":"höhe \\u00e9"},"valueQuantity":{"value":1.50,"unit":"m"},' \
               '"meta":{"tag":[{"code":"t"}],"profile":["http://example.org/p"]}}'
        answer = fhir("POST", "Observation", body=text.encode(), Content_Type="application/fhir+json",
                      x_amzn_healthlake_fhir_validation_level="structure-only")
        resource = ok(answer, 201)
        assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", resource["id"])
        assert resource["meta"]["versionId"] == "1"
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", resource["meta"]["lastUpdated"])
        assert answer.headers["Location"] == f"{fhir.base}Observation/{resource['id']}/_history/1"
        assert answer.headers["ETag"] == 'W/"1"'
        assert email.utils.parsedate_to_datetime(answer.headers["Last-Modified"])
        assert answer.headers["Content-Type"] == "application/fhir+json; charset=utf-8"
        want = dataset.exact(text)
        want["id"] = resource["id"]
        assert dataset.exact(answer.text) == want
        assert dataset.exact(fhir("GET", f"Observation/{resource['id']}").text) == want

    def test_an_id_in_the_body_is_not_taken(self, fhir):
        assert ok(fhir("POST", "Patient", body=patient(id="mine")), 201)["id"] != "mine"

    @pytest.mark.parametrize("prefer,has", [("return=minimal", b""), ("return=representation", b'"Patient"'), ("return=OperationOutcome", b'"OperationOutcome"')])
    def test_prefer_return(self, fhir, prefer, has):
        answer = fhir("POST", "Patient", body=patient(), Prefer=prefer)
        assert answer.status_code == 201 and answer.headers["Location"]
        assert has in answer.content and bool(answer.content) == bool(has)

    def test_an_idempotency_key_makes_one_resource(self, fhir):
        key = str(uuid.uuid4())
        first = fhir("POST", "Patient", body=patient(), x_amz_fhir_idempotency_key=key)
        again = fhir("POST", "Patient", body=patient(), x_amz_fhir_idempotency_key=key)
        assert (first.status_code, again.status_code) == (201, 409)
        assert again.json() == first.json()
        assert fhir.total("Patient", ("_id", first.json()["id"])) == 1
        outcome(fhir("POST", "Patient", body=patient(), x_amz_fhir_idempotency_key="not a uuid"), 400)


class TestRead:
    def test_it_is_what_was_written(self, fhir, made):
        answer = fhir("GET", f"Patient/{made['id']}")
        assert ok(answer) == made
        assert answer.headers["ETag"] == 'W/"1"'

    def test_head(self, fhir, made):
        answer = fhir("HEAD", f"Patient/{made['id']}")
        assert (answer.status_code, answer.content, answer.headers["ETag"]) == (200, b"", 'W/"1"')

    def test_only_if_changed(self, fhir, made):
        path = f"Patient/{made['id']}"
        assert fhir("GET", path, If_None_Match='W/"1"').status_code == 304
        assert fhir("GET", path, If_None_Match='W/"7"').status_code == 200

    def test_what_is_not_there(self, fhir):
        outcome(fhir("GET", "Patient/never"), 404, "not-found")
        outcome(fhir("GET", "Patient/bad%20id"), 404)
        outcome(fhir("GET", f"Patient/{'x' * 65}"), 404)
        outcome(fhir("GET", "Patience/x"), 404)


class TestUpdate:
    def test_as_create_and_then_as_update(self, fhir):
        name = str(uuid.uuid4())
        first = fhir("PUT", f"Patient/{name}", body=patient(id=name))
        assert ok(first, 201)["meta"]["versionId"] == "1" and first.headers["Location"].endswith(f"Patient/{name}/_history/1")
        second = fhir("PUT", f"Patient/{name}", body=patient(id=name, gender="other"))
        assert ok(second)["meta"]["versionId"] == "2" and second.headers["ETag"] == 'W/"2"'
        assert fhir.get(f"Patient/{name}")["gender"] == "other"

    def test_if_match(self, fhir, made):
        path = f"Patient/{made['id']}"
        ok(fhir("PUT", path, body=made, If_Match='W/"1"'))
        outcome(fhir("PUT", path, body=made, If_Match='W/"1"'), 412)
        outcome(fhir("PUT", path, body=made, If_Match='W/"3"'), 412)
        ok(fhir("PUT", path, body=made, If_Match='"2"'))
        assert fhir.get(path)["meta"]["versionId"] == "3"

    def test_if_none_match(self, fhir, made):
        outcome(fhir("PUT", f"Patient/{made['id']}", body=made, If_None_Match="*"), 412)
        name = str(uuid.uuid4())
        ok(fhir("PUT", f"Patient/{name}", body=patient(id=name), If_None_Match="*"), 201)

    def test_the_body_must_fit_the_address(self, fhir, made):
        path = f"Patient/{made['id']}"
        outcome(fhir("PUT", path, body=patient(id="other")), 400)
        outcome(fhir("PUT", path, body=patient()), 400)
        outcome(fhir("PUT", path, body={"resourceType": "Practitioner", "id": made["id"]}), 400)
        outcome(fhir("PUT", "Patient/under_score", body=patient(id="under_score")), 400)
        assert fhir.get(path) == made

    def test_one_of_many_at_a_time_wins(self, galen, store, fhir, made):
        path, statuses = f"Patient/{made['id']}", []

        def write():
            statuses.append(galen.fhir(store)("PUT", path, body=made, If_Match='W/"1"').status_code)
        threads = [threading.Thread(target=write) for _ in range(12)]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        assert sorted(statuses) == [200] + [412] * 11


@pytest.fixture(scope="module")
def five(fhir):
    """Versions 1, 2, deletion 3, 4, 5 of a Patient."""
    name = str(uuid.uuid4())
    for n in (1, 2, 3, 4, 5):
        if n == 3:
            assert fhir("DELETE", f"Patient/{name}").status_code == 204
        else:
            fhir("PUT", f"Patient/{name}", body=patient(id=name, multipleBirthInteger=n))
    return name


class TestVersions:
    def test_vread(self, fhir, five):
        for n in (1, 2, 4, 5):
            answer = fhir("GET", f"Patient/{five}/_history/{n}")
            assert ok(answer)["multipleBirthInteger"] == n and answer.headers["ETag"] == f'W/"{n}"'
        outcome(fhir("GET", f"Patient/{five}/_history/3"), 410, "deleted")
        for n in ("6", "0", "x", "01"):
            outcome(fhir("GET", f"Patient/{five}/_history/{n}"), 404)

    def test_history(self, fhir, five):
        bundle = fhir.get(f"Patient/{five}/_history")
        assert (bundle["resourceType"], bundle["type"], bundle["total"]) == ("Bundle", "history", 5)
        assert [e["response"]["etag"] for e in bundle["entry"]] == [f'W/"{n}"' for n in (5, 4, 3, 2, 1)]
        assert [e["request"]["method"] for e in bundle["entry"]] == ["PUT", "PUT", "DELETE", "PUT", "PUT"]
        assert [e.get("resource", {}).get("multipleBirthInteger") for e in bundle["entry"]] == [5, 4, None, 2, 1]

    def test_history_in_pages(self, fhir, five):
        seen = [e["response"]["etag"] for page in fhir.pages(f"Patient/{five}/_history", [("_count", "2")]) for e in page.get("entry", [])]
        assert seen == [f'W/"{n}"' for n in (5, 4, 3, 2, 1)]

    def test_history_since(self, fhir, five):
        times = {e["response"]["etag"]: e["response"]["lastModified"] for e in fhir.get(f"Patient/{five}/_history")["entry"]}
        got = [e["response"]["etag"] for e in fhir.get(f"Patient/{five}/_history", _since=times['W/"4"'])["entry"]]
        assert got[:2] == ['W/"5"', 'W/"4"'] and 'W/"1"' not in got[2:]
        assert fhir.get(f"Patient/{five}/_history", _since="2999-01-01T00:00:00Z").get("entry", []) == []
        outcome(fhir("GET", f"Patient/{five}/_history", [("_since", "yesterday")]), 400)

    def test_history_of_nothing(self, fhir):
        outcome(fhir("GET", "Patient/never/_history"), 404)


class TestDelete:
    def test_then_it_is_gone_but_its_history_is_not(self, fhir, made):
        path = f"Patient/{made['id']}"
        assert fhir("DELETE", path).status_code == 204
        answer = fhir("GET", path)
        outcome(answer, 410, "deleted")
        assert fhir.total("Patient", ("_id", made["id"])) == 0
        assert ok(fhir("GET", f"{path}/_history/1")) == made
        assert fhir("DELETE", path).status_code == 204, "twice is no failure"
        assert len(fhir.get(f"{path}/_history")["entry"]) == 2
        assert ok(fhir("PUT", path, body=made), 201)["meta"]["versionId"] == "3"

    def test_if_match(self, fhir, made):
        path = f"Patient/{made['id']}"
        outcome(fhir("DELETE", path, If_Match='W/"2"'), 412)
        assert fhir("DELETE", path, If_Match='W/"1"').status_code == 204

    def test_what_never_was(self, fhir):
        assert fhir("DELETE", f"Patient/{uuid.uuid4()}").status_code in (204, 404)


class TestRefused:
    """What does not go in, with status, issue type and where it is wrong."""

    @pytest.mark.parametrize("body", [b"", b"{", b"null", b"[]", b'"x"', b'{"resourceType":"Patient",}', b'{"resourceType":"Patient"} x',
                                      b'{"resourceType":"Patient","gender":"\xff"}', b'{"resourceType":"Patient","active":tru}',
                                      b'{"resourceType":"Patient","active":true,"active":false}', b"[" * 20000, b'{"a":' * 20000])
    def test_what_is_no_json(self, fhir, body):
        outcome(fhir("POST", "Patient", body=body, Content_Type="application/fhir+json"), 400)

    @pytest.mark.parametrize("body,expression", [
        ({}, None),
        ({"resourceType": "Practitioner"}, "resourceType"),
        ({"resourceType": 7}, None),
        (patient(nmae=[{"family": "x"}]), "Patient.nmae"),
        (patient(gender="F"), "Patient.gender"),
        (patient(birthDate="11.12.1970"), "Patient.birthDate"),
        (patient(birthDate="1970-02-30"), "Patient.birthDate"),
        (patient(active="yes"), "Patient.active"),
        (patient(name={"family": "x"}), "Patient.name"),
        (patient(name=[{"family": ["x"]}]), "Patient.name[0].family"),
        (patient(name=[{"given": "x"}]), "Patient.name[0].given"),
        (patient(deceasedBoolean=True, deceasedDateTime="2020"), "Patient.deceased"),
        (patient(link=[{"type": "refer"}]), "Patient.link[0].other"),
        (patient(multipleBirthInteger=1.5), "Patient.multipleBirth"),
        (patient(name=[]), "Patient.name"),
        (patient(maritalStatus={}), "Patient.maritalStatus"),
        (patient(maritalStatus=None), "Patient.maritalStatus"),
        (patient(gender=""), "Patient.gender"),
    ])
    def test_what_is_no_patient(self, fhir, body, expression):
        answer = fhir("POST", "Patient", body=body)
        outcome(answer, 400)
        if expression:
            places = [e for issue in answer.json()["issue"] for e in issue.get("expression", [])]
            assert any(p.startswith(expression) for p in places), answer.json()

    def test_an_observation_without_what_it_needs(self, fhir):
        answer = fhir("POST", "Observation", body={"resourceType": "Observation"})
        outcome(answer, 400)
        places = [e for issue in answer.json()["issue"] for e in issue.get("expression", [])]
        assert "Observation.status" in places and "Observation.code" in places

    def test_levels(self, fhir):
        wrong = patient(birthDate="yesterday")
        outcome(fhir("POST", "Patient", body=wrong), 400)
        outcome(fhir("POST", "Patient", body=wrong, x_amzn_healthlake_fhir_validation_level="structure-only"), 400)
        assert fhir("POST", "Patient", body=wrong, x_amzn_healthlake_fhir_validation_level="minimal").status_code == 201
        outcome(fhir("POST", "Patient", body=patient(), x_amzn_healthlake_fhir_validation_level="lax"), 400)

    @pytest.mark.parametrize("content_type", ["text/turtle", "text/plain", "application/x-www-form-urlencoded", "application/fhir+json; charset=latin1"])
    def test_what_is_not_sent_as_json(self, fhir, content_type):
        outcome(fhir("POST", "Patient", body=json.dumps(patient()).encode(), Content_Type=content_type), 415, "value")

    @pytest.mark.parametrize("content_type", ["application/fhir+json", "application/json", "application/fhir+json; charset=utf-8", "application/fhir+json;fhirVersion=4.0"])
    def test_what_is_sent_as_json(self, fhir, content_type):
        assert fhir("POST", "Patient", body=json.dumps(patient()).encode(), Content_Type=content_type).status_code == 201

    def test_other_formats_are_not_offered(self, fhir, made):
        outcome(fhir("GET", f"Patient/{made['id']}", Accept="text/turtle"), 406)
        outcome(fhir("GET", f"Patient/{made['id']}", [("_format", "ttl")]), 406)
        ok(fhir("GET", f"Patient/{made['id']}", [("_format", "json")], Accept="text/turtle"))
        ok(fhir("GET", f"Patient/{made['id']}", Accept="text/turtle;q=0.9, application/json;q=0.1"))

    @pytest.mark.parametrize("method,path", [("POST", "Patient/x"), ("PUT", "metadata"), ("PATCH", "metadata"), ("DELETE", "metadata"),
                                             ("GET", "Patient/_search"), ("POST", "Patient/x/_history"), ("DELETE", "Patient/x/_history/1")])
    def test_methods_that_are_not_there(self, fhir, method, path):
        answer = fhir(method, path, body=patient())
        outcome(answer, 405)
        assert answer.headers["Allow"]

    @pytest.mark.parametrize("method", ["DELETE", "PUT", "PATCH"])
    def test_a_conditional_change_needs_criteria(self, fhir, method):
        outcome(fhir(method, "Patient", body=patient()), 400)


class TestSearchPages:
    def test_nothing_is_lost_or_twice_while_others_write(self, galen, bench):
        fhir = bench.fhir
        for i in range(60):
            ok(fhir("PUT", f"Patient/p{i:02}", body=patient(id=f"p{i:02}", gender="female")), 201)
        seen, bundles = [], 0
        for page in fhir.pages("Patient", [("gender", "female"), ("_count", "7")]):
            seen += [e["resource"]["id"] for e in page["entry"]]
            assert page["type"] == "searchset"
            i = bundles
            ok(fhir("PUT", f"Patient/new{i}", body=patient(id=f"new{i}", gender="female")), 201)
            assert fhir("DELETE", f"Patient/p{59 - i:02}").status_code == 204
            ok(fhir("PUT", f"Patient/p{i:02}", body=patient(id=f"p{i:02}", gender="male")))
            bundles += 1
        assert bundles == 9
        assert sorted(seen) == [f"p{i:02}" for i in range(60)]

    def test_pages_outlive_the_server(self, alone):
        alone.start()
        b = bulk.Bench(alone, "pages")
        for i in range(10):
            ok(b.fhir("PUT", f"Patient/p{i}", body=patient(id=f"p{i}")), 201)
        page = b.fhir.get("Patient", _count=4)
        following = next(link["url"] for link in page["link"] if link["relation"] == "next")
        alone.stop()
        old = alone.url
        alone.start()
        fhir = alone.fhir(b.store)
        got = [e["resource"]["id"] for page in fhir.pages(following.replace(old, alone.url)) for e in page["entry"]]
        assert sorted(got + [e["resource"]["id"] for e in page["entry"]]) == [f"p{i}" for i in range(10)]

    def test_a_page_that_nobody_gave(self, fhir, made):
        outcome(fhir("GET", "Patient", [("_count", "5"), ("page", "garbage")]), 400)
        ok(fhir("POST", "Patient", body=patient()), 201)
        url = next(link["url"] for link in fhir.get("Patient", _count=1)["link"] if link["relation"] == "next")
        outcome(fhir("GET", url[:-3] + ("AAA" if not url.endswith("AAA") else "BBB")), 400)


def test_what_was_written_is_found_by_the_next_search(fhir):
    for _ in range(20):
        family = uuid.uuid4().hex
        name = ok(fhir("POST", "Patient", body=patient(name=[{"family": family}])), 201)["id"]
        assert fhir.ids("Patient", [("family", family)]) == [name]


def test_metadata(fhir):
    statement = fhir.get("metadata")
    assert (statement["resourceType"], statement["fhirVersion"], statement["kind"]) == ("CapabilityStatement", "4.0.1", "instance")
    rest = statement["rest"][0]
    types = {r["type"]: r for r in rest["resource"]}
    assert len(types) > 100 and "Patient" in types
    interactions = {i["code"] for i in types["Patient"]["interaction"]}
    assert interactions >= {"read", "vread", "update", "delete", "history-instance", "create", "search-type"}
    assert {"name": "birthdate", "type": "date"}.items() <= next(p for p in types["Patient"]["searchParam"] if p["name"] == "birthdate").items()
    assert types["Patient"]["versioning"] in ("versioned", "versioned-update")


def test_pretty(fhir, made):
    answer = fhir("GET", f"Patient/{made['id']}", [("_pretty", "true")])
    assert ok(answer) == made and answer.text.count("\n") > 3
