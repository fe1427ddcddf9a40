# SPDX-License-Identifier: Apache-2.0
"""Every interaction with wrong input: the status, an OperationOutcome that says what is wrong and where, and nothing stored."""

import json

import pytest

import bulk
from house import ok

OLD = "W/\"1\""
PATIENT = {"resourceType": "Patient", "id": "p", "active": True}
PATCH = "application/json-patch+json"
J, X = "application/fhir+json", "application/fhir+xml"


@pytest.fixture(scope="module")
def f(galen, healthlake):
    """A data store with a patient in two versions, one that is deleted, two alike, and an observation."""
    f = galen.fhir(bulk.new_store(healthlake, "refusals"))
    for id_ in ("p", "p", "gone", "twin1", "twin2"):
        r = f("PUT", f"Patient/{id_}", body={**PATIENT, "id": id_, "gender": "female" if id_.startswith("twin") else "male"})
        assert r.status_code in (200, 201)
    assert f("DELETE", "Patient/gone").status_code == 204
    ok(f("PUT", "Observation/o", body={"resourceType": "Observation", "id": "o", "status": "final", "code": {"text": "x"}}), 201)
    return f


def stored(f):
    """How many versions there are, of everything."""
    return f.get("_history", _count="1")["total"]


def bundle(kind, *entries):
    return {"resourceType": "Bundle", "type": kind, "entry": list(entries)}


def entry(method, url, resource=None, **more):
    return {**({"resource": resource} if resource else {}), "request": {"method": method, "url": url, **more}}


def params(**named):
    return {"resourceType": "Parameters", "parameter": [{"name": n, **v} for n, v in named.items()]}


def fhirpath(kind, path, **more):
    parts = [{"name": "type", "valueCode": kind}, {"name": "path", "valueString": path}, *({"name": n, **v} for n, v in more.items())]
    return {"resourceType": "Parameters", "parameter": [{"name": "operation", "part": parts}]}


# Method, path, body, headers, status, issue type, what the expression has in it (None: none is wanted).
TABLE = [
    # read, vread, history
    ("GET", "Patient/nobody", None, {}, 404, "not-found", None),
    ("GET", "Patient/gone", None, {}, 410, "deleted", None),
    ("GET", "Nothing/p", None, {}, 404, "not-supported", None),
    ("GET", "patient/p", None, {}, 404, "not-supported", None),
    ("GET", "Patient/" + "x" * 65, None, {}, 404, "not-found", None),
    ("GET", "Patient/p%20q", None, {}, 404, "not-found", None),
    ("GET", "Patient/p", None, {"Accept": "text/turtle"}, 406, "not-supported", None),
    ("GET", "Patient/p", None, {"Accept": "application/pdf;q=1, application/fhir+json;q=0"}, 406, "not-supported", None),
    ("GET", "Patient/p?_format=ttl", None, {}, 406, "not-supported", None),
    ("GET", "Patient/p?_summary=some", None, {}, 400, "value", "_summary"),
    ("GET", "Patient/p/_history/9", None, {}, 404, "not-found", None),
    ("GET", "Patient/p/_history/one", None, {}, 404, "not-found", None),
    ("GET", "Patient/gone/_history/2", None, {}, 410, "deleted", None),
    ("GET", "Patient/nobody/_history", None, {}, 404, "not-found", None),
    ("GET", "Patient/p/_history?_since=yesterday", None, {}, 400, "value", "_since"),
    ("GET", "Patient/p/_history?_count=-1", None, {}, 400, "value", "_count"),
    ("GET", "_history?_at=2020-13-01", None, {}, 400, "value", "_at"),
    ("GET", "Patient/_history?page=nonsense", None, {}, 400, None, "page"),
    ("GET", "Patient/_history?color=red", None, {}, 400, "not-supported", "color"),
    ("GET", "Nothing/_history", None, {}, 404, "not-supported", None),
    # addresses and methods
    ("GET", "Patient/p/q/r/s/t", None, {}, 404, "not-found", None),
    ("GET", "Patient//p", None, {}, 404, "not-found", None),
    ("POST", "Patient/p", PATIENT, {}, 405, "not-supported", None),
    ("PUT", "", PATIENT, {}, 405, "not-supported", None),
    ("DELETE", "", None, {}, 405, "not-supported", None),
    ("PATCH", "", [], {}, 405, "not-supported", None),
    ("POST", "metadata", {}, {}, 405, "not-supported", None),
    ("DELETE", "metadata", None, {}, 405, "not-supported", None),
    ("PUT", "Patient/p/_history/1", PATIENT, {}, 405, "not-supported", None),
    ("DELETE", "Patient/p/_history", None, {}, 405, "not-supported", None),
    ("POST", "_history", {}, {}, 405, "not-supported", None),
    ("PUT", "Patient/_search", PATIENT, {}, 405, "not-supported", None),
    ("PUT", "Transaction/x", PATIENT, {}, 405, "not-supported", None),
    ("PUT", "Patient/p/$meta", PATIENT, {}, 405, "not-supported", None),
    ("OPTIONS", "Patient/p", None, {}, 405, "not-supported", None),
    # create
    ("POST", "Patient", b"", {"Content-Type": J}, 400, "invalid", None),
    ("POST", "Patient", b'{"resourceType":"Patient"', {"Content-Type": J}, 400, "invalid", None),
    ("POST", "Patient", b'{"resourceType":"Patient","active":true,"active":false}', {"Content-Type": J}, 400, "invalid", None),
    ("POST", "Patient", b'{"resourceType":"Patient","active":tru\xff}', {"Content-Type": J}, 400, "invalid", None),
    ("POST", "Patient", b"[" * 10000, {"Content-Type": J}, 400, None, None),
    ("POST", "Patient", b'{"resourceType":"Patient","x":' * 200 + b"1" + b"}" * 200, {"Content-Type": J}, 400, None, None),
    ("POST", "Patient", [], {}, 400, None, None),
    ("POST", "Patient", {}, {}, 400, "required", None),
    ("POST", "Patient", {"resourceType": "Group", "type": "person", "actual": True}, {}, 400, "invalid", "resourceType"),
    ("POST", "Patient", {"resourceType": "Patient", "active": "yes"}, {}, 400, None, "Patient.active"),
    ("POST", "Patient", {"resourceType": "Patient", "birthDate": "1970-02-30"}, {}, 400, "value", "Patient.birthDate"),
    ("POST", "Patient", {"resourceType": "Patient", "gender": "unheard"}, {}, 400, "code-invalid", "Patient.gender"),
    ("POST", "Patient", {"resourceType": "Patient", "nick": "x"}, {}, 400, "structure", "nick"),
    ("POST", "Patient", {"resourceType": "Patient", "contact": [{"gender": "male"}]}, {}, 400, "invariant", "Patient.contact[0]"),
    ("POST", "Observation", {"resourceType": "Observation", "code": {"text": "x"}}, {}, 400, "required", "Observation.status"),
    ("POST", "Patient", PATIENT, {"Content-Type": "text/plain"}, 415, "value", None),
    ("POST", "Patient", PATIENT, {"Content-Type": "application/x-www-form-urlencoded"}, 415, "value", None),
    ("POST", "Patient", PATIENT, {"Content-Encoding": "br"}, 415, "not-supported", None),
    ("POST", "Patient", PATIENT, {"If-None-Exist": "gender=female"}, 412, None, None),
    ("POST", "Patient", PATIENT, {"If-None-Exist": "color=red"}, 400, "not-supported", "color"),
    ("POST", "Patient", PATIENT, {"x-amz-fhir-idempotency-key": "no-uuid"}, 400, "value", None),
    ("POST", "Patient", PATIENT, {"x-amzn-healthlake-fhir-validation-level": "lax"}, 400, "value", None),
    ("POST", "Patient", b"<Patient xmlns='http://hl7.org/fhir'><active value='true'/>", {"Content-Type": X}, 400, None, None),
    ("POST", "Patient", b"<Patient xmlns='http://hl7.org/fhir'><nick value='x'/></Patient>", {"Content-Type": X}, 400, None, None),
    ("POST", "Patient", b"<!DOCTYPE x [<!ENTITY a 'b'>]><Patient xmlns='http://hl7.org/fhir'><id value='&a;'/></Patient>", {"Content-Type": X}, 400, None, None),
    ("POST", "Nothing", {"resourceType": "Nothing"}, {}, 404, "not-supported", None),
    ("POST", "Parameters", {"resourceType": "Parameters"}, {}, 404, "not-supported", None),
    ("POST", "Patient", b" " * (6 << 20), {"Content-Type": J}, 413, "too-long", None),
    # update
    ("PUT", "Patient/p", {**PATIENT, "id": "q"}, {}, 400, None, "id"),
    ("PUT", "Patient/p", {"resourceType": "Patient"}, {}, 400, None, "id"),
    ("PUT", "Patient/p", PATIENT, {"If-Match": OLD}, 412, None, None),
    ("PUT", "Patient/p", PATIENT, {"If-Match": "nonsense,"}, 400, None, None),
    ("PUT", "Patient/p", PATIENT, {"If-None-Match": "*"}, 412, None, None),
    ("PUT", "Patient/nobody", {**PATIENT, "id": "nobody"}, {"If-Match": OLD}, 412, None, None),
    ("PUT", "Patient/a_b", {**PATIENT, "id": "a_b"}, {}, 400, "value", None),
    ("PUT", "Patient", PATIENT, {}, 400, "value", None),
    ("PUT", "Patient?gender=female", {"resourceType": "Patient"}, {}, 412, "multiple-matches", None),
    ("PUT", "Patient?_id=p", {**PATIENT, "id": "other"}, {}, 409, None, None),
    ("PUT", "Patient?_id=none", {**PATIENT, "id": "p"}, {}, 409, None, None),
    ("PUT", "Patient?color=red", PATIENT, {}, 400, "not-supported", "color"),
    ("PUT", "Patient?gender=", PATIENT, {}, 400, "value", None),
    # patch
    ("PATCH", "Patient/p", {}, {"Content-Type": PATCH}, 400, "structure", None),
    ("PATCH", "Patient/p", b"[{]", {"Content-Type": PATCH}, 400, "invalid", None),
    ("PATCH", "Patient/p", [{"op": "paint", "path": "/active"}], {"Content-Type": PATCH}, 400, None, "[0]"),
    ("PATCH", "Patient/p", [{"op": "remove", "path": "/gone"}], {"Content-Type": PATCH}, 422, None, "[0]"),
    ("PATCH", "Patient/p", [{"op": "test", "path": "/active", "value": False}], {"Content-Type": PATCH}, 422, None, "[0]"),
    ("PATCH", "Patient/p", [{"op": "replace", "path": "/id", "value": "q"}], {"Content-Type": PATCH}, None, None, None),
    ("PATCH", "Patient/p", [{"op": "replace", "path": "/active", "value": "yes"}], {"Content-Type": PATCH}, None, None, "Patient.active"),
    ("PATCH", "Patient/nobody", [], {"Content-Type": PATCH}, 404, "not-found", None),
    ("PATCH", "Patient/gone", [], {"Content-Type": PATCH}, 410, "deleted", None),
    ("PATCH", "Patient/p", [{"op": "add", "path": "/active", "value": False}], {"Content-Type": PATCH, "If-Match": OLD}, 412, None, None),
    ("PATCH", "Patient/p", [], {"Content-Type": "application/merge-patch+json"}, 415, "value", None),
    ("PATCH", "Patient/p", fhirpath("replace", "Patient.active.x"), {}, None, None, None),
    ("PATCH", "Patient/p", fhirpath("delete", "Patient.("), {}, None, None, None),
    ("PATCH", "Patient/p", fhirpath("paint", "Patient.active"), {}, 400, None, None),
    ("PATCH", "Patient?gender=female", [], {"Content-Type": PATCH}, 412, "multiple-matches", None),
    ("PATCH", "Patient?_id=none", [], {"Content-Type": PATCH}, 404, "not-found", None),
    # delete
    ("DELETE", "Patient", None, {}, 400, "value", None),
    ("DELETE", "Patient/p", None, {"If-Match": OLD}, 412, None, None),
    ("DELETE", "Patient?gender=female", None, {}, 412, "multiple-matches", None),
    ("DELETE", "Patient?gender=other", None, {}, 404, "not-found", None),
    ("DELETE", "Patient?_id=p&gender=female", None, {}, 409, None, None),
    ("DELETE", "Patient?gender=female&_count=0", None, {}, 400, "value", "_count"),
    ("DELETE", "Patient?gender=female&_count=101", None, {}, 400, "value", "_count"),
    ("DELETE", "Patient?gender=female&_count=2", None, {"If-Match": OLD}, 400, "value", None),
    ("DELETE", "Nothing/p", None, {}, 404, "not-supported", None),
    # search
    ("GET", "Patient?color=red", None, {}, 400, "not-supported", "color"),
    ("GET", "Patient?color=red", None, {"Prefer": "handling=strict"}, 400, "not-supported", "color"),
    ("GET", "Patient?birthdate=yesterday", None, {"Prefer": "handling=lenient"}, 400, "value", "birthdate"),
    ("GET", "Patient?gender%3Aloud=male", None, {}, 400, "not-supported", "gender:loud"),
    ("GET", "Patient?birthdate=xx1970", None, {}, 400, "value", "birthdate"),
    ("GET", "Observation?value-quantity=abc", None, {}, 400, "value", "value-quantity"),
    ("GET", "Patient?_count=none", None, {}, 400, "value", "_count"),
    ("GET", "Patient?_sort=color", None, {}, 400, None, "_sort"),
    ("GET", "Patient?_include=Patient%3Acolor", None, {}, 400, None, "_include"),
    ("GET", "Patient?_revinclude=Nothing%3Ax", None, {}, 400, None, "_revinclude"),
    ("GET", "Patient?_has%3AObservation%3Acolor%3Acode=x", None, {}, 400, None, "_has"),
    ("GET", "Patient?organization.color=x", None, {}, 400, None, "organization.color"),
    ("GET", "Patient?_filter=gender%20eq", None, {}, 400, None, "_filter"),
    ("GET", "Patient?_summary=most", None, {}, 400, "value", "_summary"),
    ("GET", "Patient?_total=some", None, {}, 400, "value", "_total"),
    ("GET", "Patient?page=nonsense", None, {}, 400, None, "page"),
    ("GET", "Patient?_query=x", None, {}, 400, "not-supported", "_query"),
    ("GET", "Patient?name=%ff", None, {}, 400, None, None),
    ("GET", "?_type=Nothing", None, {}, 400, None, "_type"),
    ("GET", "Patient/p/Nothing", None, {}, 404, None, None),
    ("GET", "Observation/o/Patient", None, {}, 404, None, None),
    ("POST", "Patient/_search", b"color=red", {"Content-Type": "application/x-www-form-urlencoded"}, 400, "not-supported", "color"),
    ("POST", "Patient/_search", {}, {}, 415, "value", None),
    # bundles
    ("POST", "", {"resourceType": "Bundle", "type": "collection"}, {}, 400, "value", "Bundle.type"),
    ("POST", "", PATIENT, {}, 400, None, None),
    ("POST", "", bundle("transaction", entry("PUT", "Patient/new", {**PATIENT, "id": "new"}), entry("POST", "Patient", {"resourceType": "Patient", "nick": 1})), {}, 400, "structure", "Bundle.entry[1]"),
    ("POST", "", bundle("transaction", entry("PUT", "Patient/new", {**PATIENT, "id": "new"}), entry("PUT", "Patient/new", {**PATIENT, "id": "new"})), {}, 400, None, "Bundle.entry[1]"),
    ("POST", "", bundle("transaction", entry("PUT", "Patient/new", {**PATIENT, "id": "new"}), entry("PUT", "Patient/p", PATIENT, ifMatch=OLD)), {}, 412, None, "Bundle.entry[1]"),
    ("POST", "", bundle("transaction", entry("POST", "Patient", PATIENT), entry("PATCH", "Patient/nobody", {"resourceType": "Binary", "contentType": PATCH, "data": "W10="})), {}, 404, None, "Bundle.entry[1]"),
    ("POST", "", bundle("transaction", entry("POST", "Patient", PATIENT), entry("PUT", "Patient/p", PATIENT, ifNoneMatch="*")), {}, 412, None, "Bundle.entry[1]"),
    ("POST", "", bundle("transaction", entry("POST", "Patient", PATIENT), entry("DELETE", "Patient?gender=female")), {}, 412, None, "Bundle.entry[1]"),
    ("POST", "", bundle("transaction", entry("POST", "Patient", PATIENT), entry("PAINT", "Patient/p")), {}, 400, None, "Bundle.entry[1]"),
    ("POST", "", bundle("transaction", entry("POST", "Patient", PATIENT), entry("POST", "Nothing", {"resourceType": "Nothing"})), {}, None, None, "Bundle.entry[1]"),
    ("POST", "", bundle("transaction", entry("POST", "Patient", PATIENT), {"resource": PATIENT}), {}, 400, "required", "Bundle.entry[1]"),
    ("POST", "", bundle("transaction", entry("POST", "Patient", PATIENT), entry("POST", "Observation", {
        "resourceType": "Observation", "status": "final", "code": {"text": "x"}, "subject": {"reference": "Patient?gender=female"}})), {}, 412, None, "Bundle.entry[1]"),
    ("POST", "", bundle("transaction", *[entry("GET", "Patient/p")] * 5001), {}, 413, "too-long", None),
    ("GET", "Transaction/none", None, {}, 404, "not-found", None),
    # operations
    ("GET", "Patient/p/$nothing", None, {}, 404, "not-supported", None),
    ("GET", "Group/$everything", None, {}, 404, "not-supported", None),
    ("GET", "Patient/nobody/$everything", None, {}, 404, "not-found", None),
    ("GET", "Patient/gone/$everything", None, {}, 410, "deleted", None),
    ("GET", "Patient/p/$everything?start=soon", None, {}, 400, "value", "start"),
    ("GET", "Patient/p/$everything?_type=Nothing", None, {}, 400, "value", "_type"),
    ("GET", "Patient/p/$everything?color=red", None, {}, 400, "not-supported", "color"),
    ("GET", "$export", None, {}, 400, "required", "Prefer"),
    ("GET", "$export?_type=Nothing", None, {"Prefer": "respond-async"}, 400, "value", "_type"),
    ("GET", "$export?_since=soon", None, {"Prefer": "respond-async"}, 400, "value", "_since"),
    ("GET", "export/none", None, {}, 404, "not-found", None),
    ("GET", "$erase/none", None, {}, 404, "not-found", None),
    ("GET", "$bulk-member-match-status/none", None, {}, 404, "not-found", None),
    ("POST", "Patient/nobody/$erase", b"", {}, 404, "not-found", None),
    ("POST", "Patient/p/$meta-add", params(meta={"valueString": "x"}), {}, 400, None, "meta"),
    ("POST", "Patient/$match", PATIENT | {"resourceType": "Group"}, {}, 400, "structure", "resource"),
    ("GET", "Patient/p/$erase", None, {}, 405, "not-supported", None),
    ("GET", "Group/$bulk-member-match", None, {}, 405, "not-supported", None),
    ("GET", "Observation/$lastn?subject=Patient%2Fp&color=red", None, {}, 400, "not-supported", "color"),
    ("POST", "Claim/$submit", bundle("collection"), {}, 400, "required", "Bundle.entry[0]"),
    ("GET", "ValueSet/$expand?url=http%3A%2F%2Fx%2Fnone", None, {}, 404, "not-found", None),
    ("POST", "$graphql", {"query": "{"}, {"Content-Type": "application/json"}, 400, None, None),
    ("POST", "Group/$bulk-member-match", params(MemberBundle={"part": []}) | {"parameter": []}, {}, 400, "required", "MemberBundle"),
    ("POST", "Questionnaire/$questionnaire-package", params(coverage={"resource": PATIENT}), {}, 400, "structure", "coverage"),
]


def name(row):
    return " ".join([row[0], row[1][:40], str(row[4]), *(f"{k}={v[:20]}" for k, v in row[3].items())])


@pytest.mark.parametrize("row", TABLE, ids=name)
def test_wrong_input_is_refused(f, row):
    method, path, body, headers, status, code, where = row
    before = stored(f)
    r = f(method, path, body=body, **{k.replace("-", "_"): v for k, v in headers.items()})
    assert r.status_code == status if status else 400 <= r.status_code < 500, f"{r.status_code}: {r.text[:1000]}"
    assert r.headers["Content-Type"].startswith("application/fhir+"), r.headers
    outcome = r.json()
    assert outcome["resourceType"] == "OperationOutcome"
    for issue in outcome["issue"]:
        assert issue["severity"] in ("error", "fatal", "warning") and issue["code"] and issue["diagnostics"], issue
    first = outcome["issue"][0]
    assert first["severity"] == "error" and (code is None or any(i["code"] == code for i in outcome["issue"])), outcome
    if where is not None:
        assert any(where in e for i in outcome["issue"] for e in i.get("expression", [])), f"{where} is not in {outcome}"
    assert ("Allow" in r.headers) == (r.status_code == 405), r.headers
    assert r.headers["x-amzn-RequestId"]
    assert stored(f) == before, "something was stored"


def test_every_status_has_a_refusal():
    """429 is told in the tests of the packages that throttle: on a server that works nothing waits for long."""
    assert {row[4] for row in TABLE} >= {400, 404, 405, 406, 409, 410, 412, 413, 415, 422}


def test_a_refusal_is_in_the_form_asked_for(f):
    r = f("GET", "Patient/nobody", Accept=X)
    assert r.status_code == 404 and r.headers["Content-Type"].startswith(X) and "<OperationOutcome" in r.text
    head = f("HEAD", "Patient/nobody")
    assert head.status_code == 404 and head.content == b""


def test_what_a_lenient_caller_does_not_know_is_passed_over(f):
    r = ok(f("GET", "Patient?color=red&gender=female&shape=round", Prefer="handling=lenient"))
    assert r["total"] == 2 if "total" in r else len(r["entry"]) >= 2
    self = next(link["url"] for link in r["link"] if link["relation"] == "self")
    assert "gender=female" in self and "color" not in self and "shape" not in self, "the self link says what was understood"


def test_a_batch_tells_each_refusal_in_its_entry(f):
    before = stored(f)
    wrong = [entry("GET", "Patient/nobody"), entry("GET", "Patient/gone"), entry("PUT", "Patient/p", PATIENT, ifMatch=OLD), entry("DELETE", "Patient?gender=female"),
             entry("POST", "Patient", {"resourceType": "Patient", "nick": 1}), entry("GET", "Patient?color=red"), entry("PUT", "Patient/p", {**PATIENT, "id": "q"}),
             entry("POST", "Nothing", {"resourceType": "Nothing"}), entry("GET", "Patient/p/$nothing")]
    answers = ok(f("POST", body=bundle("batch", *wrong)))["entry"]
    assert [a["response"]["status"][:3] for a in answers] == ["404", "410", "412", "412", "400", "400", "400", "404", "404"]
    for a in answers:
        assert a["response"]["outcome"]["issue"][0]["diagnostics"], json.dumps(a)
    assert stored(f) == before
