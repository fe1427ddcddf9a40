# SPDX-License-Identifier: Apache-2.0
"""What HealthLake's Developer Guide documents of the FHIR API, shape by shape. The names of the tests are those of its chapters."""

import base64
import json
import re
import uuid

import pytest
import requests

import bulk
from house import KEY, ROLE, ok, outcome, until

TYPES = """Account ActivityDefinition AdverseEvent AllergyIntolerance Appointment AppointmentResponse AuditEvent Binary BodyStructure Bundle
CapabilityStatement CarePlan CareTeam ChargeItem ChargeItemDefinition Claim ClaimResponse Communication CommunicationRequest Composition ConceptMap
Condition Consent Contract Coverage CoverageEligibilityRequest CoverageEligibilityResponse DetectedIssue Device DeviceDefinition DeviceMetric
DeviceUseStatement DeviceRequest DiagnosticReport DocumentManifest DocumentReference EffectEvidenceSynthesis Encounter Endpoint EpisodeOfCare
EnrollmentRequest EnrollmentResponse ExplanationOfBenefit FamilyMemberHistory Flag Goal Group GuidanceResponse HealthcareService ImagingStudy
Immunization ImmunizationEvaluation ImmunizationRecommendation InsurancePlan Invoice Library Linkage List Location Measure MeasureReport Media
Medication MedicationAdministration MedicationDispense MedicationKnowledge MedicationRequest MedicationStatement MessageHeader MolecularSequence
NutritionOrder Observation Organization OrganizationAffiliation PaymentNotice PaymentReconciliation Person PlanDefinition Practitioner
PractitionerRole Procedure Provenance Questionnaire QuestionnaireResponse RelatedPerson RequestGroup ResearchStudy ResearchSubject RiskAssessment
RiskEvidenceSynthesis Schedule ServiceRequest Slot Specimen StructureDefinition StructureMap Substance SupplyDelivery SupplyRequest Task ValueSet
VisionPrescription VerificationResult Subscription""".split()

INSTANT = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"
JAVA = r"[A-Z][a-z]{2} \d{1,2}, \d{4} \d{1,2}:\d\d:\d\d [AP]M"
ASYNC = {"Prefer": "respond-async"}


@pytest.fixture
def f(bench):
    return bench.fhir


def patient(id_=None, **more):
    return {"resourceType": "Patient", **({"id": id_} if id_ else {}), **more}


def put(f, kind, id_, **more):
    r = f("PUT", f"{kind}/{id_}", body={"resourceType": kind, "id": id_, **more})
    assert r.status_code in (200, 201), r.text
    return r.json()


def entry(method, url, resource=None, **more):
    return {**({"resource": resource} if resource else {}), "request": {"method": method, "url": url, **more}}


def post_bundle(f, kind, *entries, **headers):
    return f("POST", body={"resourceType": "Bundle", "type": kind, "entry": list(entries)}, **headers)


def finished(f, location):
    return until(lambda: [r] if (r := f("GET", location)).status_code != 202 else None, "the job")[0]


# 3.2 Export

def test_export_with_an_output(bench, f):
    put(f, "Patient", "a")
    start = f("POST", "$export", body={"DataAccessRoleArn": ROLE, "JobName": "Post-Export", "OutputDataConfig": {
        "S3Configuration": {"S3Uri": f"s3://{bench.bucket}/p", "KmsKeyId": KEY}}}, **ASYNC)
    assert start.status_code == 202 and set(start.json()) == {"datastoreId", "jobStatus", "jobId"} and start.json()["jobStatus"] == "SUBMITTED"
    job = start.json()["jobId"]
    assert start.headers["Content-Location"] == f"{f.base}export/{job}"
    done = ok(finished(f, start.headers["Content-Location"]))
    assert set(done) == {"exportJobProperties", "transactionTime", "request", "requiresAccessToken", "output", "error"}
    p = done["exportJobProperties"]
    folder = f"s3://{bench.bucket}/p/{bench.store}-FHIR_EXPORT-{job}/"
    assert p == {"jobId": job, "jobName": "Post-Export", "jobStatus": "COMPLETED", "submitTime": p["submitTime"], "endTime": p["endTime"], "datastoreId": bench.store,
                 "outputDataConfig": {"s3Configuration": {"s3Uri": folder, "kmsKeyId": KEY}}, "dataAccessRoleArn": ROLE}
    assert re.fullmatch(JAVA, p["submitTime"]) and re.fullmatch(JAVA, p["endTime"]) and re.fullmatch(INSTANT, done["transactionTime"])
    assert done["request"] == f.base + "$export" and done["requiresAccessToken"] is False and done["error"] == []
    assert [o["type"] for o in done["output"]] == ["Patient"]
    assert re.fullmatch(re.escape(folder) + r"Patient/Patient-\d{19}-\d+-\d+\.ndjson", done["output"][0]["url"])


@pytest.mark.parametrize("format_", ["application/fhir+ndjson", "application/ndjson", "ndjson"])
def test_export_without_an_output_is_downloaded_and_cancelled(f, format_):
    put(f, "Patient", "a")
    for path in ("$export", "Patient/$export"):
        start = f("GET", path, {"_outputFormat": format_, "_type": "Patient"}, **ASYNC)
        assert start.status_code == 202
        done = ok(finished(f, start.headers["Content-Location"]))
        assert done["requiresAccessToken"] is True
        [o] = done["output"]
        assert json.loads(f("GET", o["url"], Accept="application/fhir+ndjson").text)["id"] == "a"
        assert requests.get(o["url"], timeout=60).status_code == 403 or requests.get(o["url"], timeout=60).status_code == 401
        end = f("DELETE", start.headers["Content-Location"])
        assert end.status_code == 202 and end.json() == {"exportJobProperties": {
            "jobId": done["exportJobProperties"]["jobId"], "jobStatus": "CANCEL_SUBMITTED", "datastoreId": done["exportJobProperties"]["datastoreId"]}}


def test_export_filters_of_tags(f):
    tag = lambda *codes: {"meta": {"tag": [{"system": "urn:t", "code": c} for c in codes]}}  # noqa: E731
    put(f, "Patient", "one", **tag("a"))
    put(f, "Patient", "two", **tag("a", "b"))
    put(f, "Patient", "none")
    def exported(*tags):
        start = f("GET", "$export", [("_tag", t) for t in tags], **ASYNC)
        done = ok(finished(f, start.headers["Content-Location"]))
        return {json.loads(line)["id"] for o in done["output"] for line in f("GET", o["url"], Accept="application/fhir+ndjson").text.splitlines()}
    assert exported("urn:t|a") == {"one", "two"}
    assert exported("urn:t|a", "urn:t|b") == {"two"}, "repeated: both"
    assert exported("urn:t|") == {"one", "two"}, "any code of the system"


# 4.1 Interactions

def test_create_and_idempotency(f):
    key = str(uuid.uuid4())
    made = f("POST", "Patient", body=patient(active=True), x_amz_fhir_idempotency_key=key)
    assert made.status_code == 201 and uuid.UUID(made.json()["id"])
    meta = made.json()["meta"]
    assert meta["versionId"] == "1" and re.fullmatch(INSTANT, meta["lastUpdated"]) and made.headers["ETag"] == 'W/"1"'
    again = f("POST", "Patient", body=patient(active=True), x_amz_fhir_idempotency_key=key)
    assert again.status_code == 409 and again.json() == made.json() and f.total("Patient") == 1
    outcome(f("POST", "Patient", body=patient(), x_amz_fhir_idempotency_key="1"), 400)


def test_versions_and_history(f):
    for n in range(3):
        put(f, "Patient", "a", multipleBirthInteger=n)
    assert f("DELETE", "Patient/a").status_code == 204
    old = f("GET", "Patient/a/_history/1")
    assert old.json()["multipleBirthInteger"] == 0 and old.headers["ETag"] == 'W/"1"'
    h = f.get("Patient/a/_history")
    assert h["type"] == "history" and h["total"] == 4
    assert [e["response"]["etag"] for e in h["entry"]] == [f'W/"{n}"' for n in (4, 3, 2, 1)] and h["entry"][0]["request"]["method"] == "DELETE"
    assert len(f.get("Patient/a/_history", _count="2")["entry"]) == 2
    since = h["entry"][1]["resource"]["meta"]["lastUpdated"]
    assert len(f.get("Patient/a/_history", _since=since)["entry"]) >= 2
    assert len(f.get("Patient/a/_history", _at=since[:10])["entry"]) >= 3


def test_update_and_its_conditions(f):
    first = f("PUT", "Patient/a", body=patient("a"))
    assert first.status_code == 201
    second = f("PUT", "Patient/a", body=patient("a", active=True), If_Match='W/"1"')
    assert second.status_code == 200 and second.headers["ETag"] == 'W/"2"' and second.headers["Last-Modified"]
    outcome(f("PUT", "Patient/a", body=patient("a"), If_Match='W/"1"'), 412)
    outcome(f("PUT", "Patient/a", body=patient("a"), If_None_Match="*"), 412)
    for level in ("eventual", "strong"):
        ok(f("PUT", "Patient/a", body=patient("a"), x_amz_fhir_history_consistency_level=level))


def test_conditional_update(f):
    put(f, "Patient", "a", gender="male")
    put(f, "Patient", "twin1", gender="female")
    put(f, "Patient", "twin2", gender="female")
    identifier = [{"system": "urn:x", "value": "1"}]
    for body, criteria, status, id_ in [
        (patient(identifier=identifier), "identifier=none", 201, None), (patient("new", identifier=identifier), "identifier=no", 201, "new"),
        (patient("a"), "identifier=never", 409, None), (patient(gender="male"), "gender=male", 200, "a"), (patient("a", gender="male"), "gender=male", 200, "a"),
        (patient("other", gender="male"), "gender=male", 409, None), (patient(), "gender=female", 412, None),
    ]:
        r = f("PUT", "Patient?" + criteria, body=body)
        assert r.status_code == status, f"{criteria}: {r.status_code} {r.text}"
        if id_:
            assert r.json()["id"] == id_


def test_patch(f):
    put(f, "Patient", "a", name=[{"family": "x", "given": ["g"]}], active=True)
    ops = [{"op": "test", "path": "/active", "value": True}, {"op": "replace", "path": "/active", "value": False}, {"op": "add", "path": "/gender", "value": "male"},
           {"op": "copy", "from": "/name/0", "path": "/name/1"}, {"op": "move", "from": "/name/1/family", "path": "/name/1/text"}, {"op": "remove", "path": "/name/0/given"}]
    r = f("PATCH", "Patient/a", body=json.dumps(ops).encode(), Content_Type="application/json-patch+json")
    assert ok(r)["name"] == [{"family": "x"}, {"given": ["g"], "text": "x"}] and r.headers["ETag"] == 'W/"2"' and r.headers["Last-Modified"]
    def op(kind, path, **more):
        return {"name": "operation", "part": [{"name": "type", "valueCode": kind}, {"name": "path", "valueString": path}, *({"name": k, **v} for k, v in more.items())]}
    r = f("PATCH", "Patient/a", body={"resourceType": "Parameters", "parameter": [
        op("add", "Patient", name={"valueString": "birthDate"}, value={"valueDate": "1970-01-01"}), op("replace", "Patient.gender", value={"valueCode": "female"}),
        op("insert", "Patient.name", index={"valueInteger": 0}, value={"valueHumanName": {"text": "first"}}),
        op("move", "Patient.name", source={"valueInteger": 2}, destination={"valueInteger": 0}), op("delete", "Patient.active")]})
    got = ok(r)
    assert [n.get("text", n.get("family")) for n in got["name"]] == ["x", "first", "x"] and got["birthDate"] == "1970-01-01" and got["gender"] == "female" and "active" not in got


def test_conditional_delete(f):
    for id_ in ("a", "b", "c", "gone"):
        put(f, "Patient", id_, gender="female" if id_ in "bc" else "male", active=id_ == "a")
    f("DELETE", "Patient/gone")
    for criteria, status in [("gender=female", 412), ("_id=gone", 204), ("_id=never", 404), ("_id=a&gender=female", 409), ("gender=other", 404), ("active=true", 204)]:
        assert f("DELETE", "Patient?" + criteria).status_code == status, criteria
    assert f("GET", "Patient/a").status_code == 410


def test_batch_conditional_delete(f):
    for i in range(7):
        put(f, "Patient", f"p{i}", gender="female")
    first = ok(f("DELETE", "Patient?gender=female&_count=5"))
    assert first["type"] == "batch-response" and [e["response"]["status"][:3] for e in first["entry"]] == ["204"] * 5
    assert all(re.search(r"Patient/p\d", e["response"]["location"]) for e in first["entry"])
    following = next(link["url"] for link in first["link"] if link["relation"] == "next")
    second = ok(f("DELETE", following))
    assert len(second["entry"]) == 2 and not any(link["relation"] == "next" for link in second.get("link", []))
    assert ok(f("DELETE", "Patient?gender=female&_count=5")).get("entry", []) == []
    outcome(f("DELETE", "Patient?gender=female&_count=5", If_Match='W/"1"'), 400)


def test_texts_of_refusals(galen, f):
    for r, status, code, text in [
        (f("POST", "Patient", body=b"x", Content_Type="text/plain"), 415, "value", "Incorrect MIME-type. Update request Content-Type header."),
        (f("POST", "Patient", body=b"{", Content_Type="application/fhir+json"), 400, "invalid", "The provided payload was invalid and could not be parsed correctly."),
        (f("POST", "Patient", body=patient(nick="x")), 400, "processing", "FHIR resource in payload failed FHIR validation rules."),
        (f("POST", "Patient/a", body=patient()), 405, "not-supported", "Interaction not supported."),
        (requests.get(f.base + "Patient", timeout=60), None, None, ""),
    ]:
        assert status is None and r.status_code in (401, 403) or r.status_code == status, r.text
        issue = r.json()["issue"][0]
        assert (code is None or issue["code"] == code) and issue["diagnostics"].startswith(text), issue


@pytest.mark.parametrize("level,status", [("strict", 400), ("structure-only", 400), ("minimal", 201)])
def test_validation_levels(f, level, status):
    body = patient(contact=[{"gender": "male"}])  # against an invariant
    assert f("POST", "Patient", body=body, x_amzn_healthlake_fhir_validation_level=level).status_code == status


def test_what_can_be_stored(f):
    assert f("POST", "Binary", body={"resourceType": "Binary", "contentType": "text/plain", "data": "eA=="}).status_code == 201
    assert f("POST", "Bundle", body={"resourceType": "Bundle", "type": "collection"}).status_code == 201
    for kind in ("OperationOutcome", "Parameters"):
        outcome(f("POST", kind, body={"resourceType": kind}), 404)
        outcome(f("GET", f"{kind}/x"), 404)


# 4.2 Resource types

def test_resource_types(fhir):
    served = {r["type"]: r for r in fhir.get("metadata")["rest"][0]["resource"]}
    assert not set(TYPES) - set(served)
    assert all(served[t]["versioning"] for t in TYPES)
    for kind in TYPES:
        assert fhir.get(kind, _count="1")["type"] == "searchset"


# 4.3 Search

def test_search_pages(f):
    post_bundle(f, "transaction", *[entry("PUT", f"Patient/p{i}", patient(f"p{i}", name=[{"family": "Berg"}])) for i in range(12)])
    first = ok(f("POST", "Patient/_search", body=b"family=berg&_count=5&_total=accurate", Content_Type="application/x-www-form-urlencoded"))
    assert first["type"] == "searchset" and first["total"] == 12 and {e["search"]["mode"] for e in first["entry"]} == {"match"}
    following = next(link["url"] for link in first["link"] if link["relation"] == "next")
    token = re.fullmatch(re.escape(f.base) + r"Patient\?(.*)", following)[1]
    parts = dict(p.split("=", 1) for p in token.split("&"))
    assert parts["_count"] == "5" and re.fullmatch(r"[A-Za-z0-9+=_\-.]{1,2048}", parts["page"])
    assert len(f.get(following)["entry"]) == 5
    assert outcome(f("GET", following.replace("_count=5", "_count=6")), 400)["diagnostics"] == "Invalid pagination token."
    assert outcome(f("GET", "Patient?_count=5&page=nonsense"), 400)["diagnostics"] == "Invalid pagination token."


def test_search_parameters(f):
    put(f, "Location", "l", address={"city": "Boston"}, meta={"source": "urn:s", "profile": ["http://x/p"], "security": [{"system": "urn:y", "code": "R"}]})
    put(f, "Patient", "a", name=[{"family": "Peter"}], identifier=[{"system": "urn:i", "value": "1"}])
    put(f, "Observation", "o", status="final", code={"coding": [{"system": "urn:c", "code": "x"}]}, subject={"reference": "Patient/a"}, effectiveDateTime="2020-05-05",
        valueQuantity={"value": 5, "unit": "mg"}, derivedFrom=[{"reference": "Observation/before"}])
    put(f, "Observation", "before", status="final", code={"text": "y"}, subject={"reference": "Patient/a"})
    for query, want in {
        "Location?address=boston": ["l"], "Location?_source=urn%3As": ["l"], "Location?_profile=http%3A%2F%2Fx%2Fp": ["l"], "Location?_security=urn%3Ay%7CR": ["l"],
        "Observation?subject%3APatient.name=peter&code=x": ["o"], "Observation?patient.identifier=urn%3Ai%7C1&code=x": ["o"], "Patient?_has%3AObservation%3Apatient%3Acode=x": ["a"],
        "Observation?date=ge2020&date=lt2021": ["o"], "Observation?date=sa2021": [], "Observation?date=eb2021": ["o"], "Observation?value-quantity=gt4": ["o"],
        "Observation?code%3Anot=x": ["before"], "Observation?date%3Amissing=true": ["before"], "Patient?name%3Aexact=Peter": ["a"], "Patient?name%3Acontains=ete": ["a"],
        "Observation?code-value-quantity=x%245": ["o"], "Observation?_id=o%2Cbefore&_sort=-_id": ["o", "before"], "Observation?subject%3Aidentifier=urn%3Ai%7C1": [],
        "Patient?_lastUpdated=ge2020-01-01": ["a"], "Patient?createdAt=ge2020-01-01": ["a"], "Patient?createdAt=lt2020-01-01": [],
    }.items():
        r = f("GET", query)
        assert r.status_code == 200, f"{query}: {r.text}"
        assert [e["resource"]["id"] for e in r.json().get("entry", [])] == want, query
    def with_includes(query):
        return {(e["resource"]["id"], e["search"]["mode"]) for e in f.get(query)["entry"]}
    assert with_includes("Observation?code=x&_include=%2A") == {("o", "match"), ("a", "include"), ("before", "include")}
    assert with_includes("Observation?code=x&_include%3Aiterate=Observation%3Aderived-from") == {("o", "match"), ("before", "include")}
    assert with_includes("Patient?_id=a&_revinclude=Observation%3Asubject") == {("a", "match"), ("o", "include"), ("before", "include")}
    for query in ("Patient?_elements=name%2Cnothing", "Patient?_summary=true", "Patient?_summary=data", "Patient?_summary=text"):
        [e] = f.get(query)["entry"]
        assert any(t["code"] == "SUBSETTED" for t in e["resource"]["meta"]["tag"]), query


# 4.5 Bundles

def test_bundle_answers(f):
    answer = ok(post_bundle(f, "transaction", {**entry("POST", "Patient", patient()), "fullUrl": "urn:uuid:" + str(uuid.uuid4())}, entry("PUT", "Patient/a", patient("a"))))
    assert answer["type"] == "transaction-response" and re.fullmatch(INSTANT, answer["timestamp"])
    for e, pattern in zip(answer["entry"], [r"Patient/[0-9a-f-]{36}/_history/1", r"Patient/a/_history/1"], strict=True):
        r = e["response"]
        assert r["status"] == "201" and re.search(pattern + "$", r["location"]) and r["etag"] == 'W/"1"' and re.fullmatch(INSTANT, r["lastModified"])
    batch = ok(post_bundle(f, "batch", entry("PUT", "Patient?_id=a", patient("a")), entry("PUT", "Patient?_id=new", patient("new")), entry("PUT", "Patient?_id=a", patient("b")),
                           entry("GET", "Patient/a"), entry("GET", "Patient/never"), entry("DELETE", "Patient/never")))
    assert batch["type"] == "batch-response"
    assert [e["response"]["status"] for e in batch["entry"]] == ["200", "201", "409", "200", "404", "204"] and batch["entry"][4]["response"]["outcome"]["issue"]


def test_patches_in_bundles(f):
    put(f, "Patient", "a", active=True)
    json_patch = base64.b64encode(json.dumps([{"op": "replace", "path": "/active", "value": False}]).encode()).decode()
    path_patch = {"resourceType": "Parameters", "parameter": [{"name": "operation", "part": [
        {"name": "type", "valueCode": "add"}, {"name": "path", "valueString": "Patient"}, {"name": "name", "valueString": "gender"}, {"name": "value", "valueCode": "male"}]}]}
    ok(post_bundle(f, "transaction", entry("PATCH", "Patient/a", {"resourceType": "Binary", "contentType": "application/json-patch+json", "data": json_patch})))
    ok(post_bundle(f, "batch", entry("PATCH", "Patient/a", path_patch)))
    got = f.get("Patient/a")
    assert got["active"] is False and got["gender"] == "male"


def test_transactions_later(f):
    r = post_bundle(f, "transaction", entry("PUT", "Patient/a", patient("a")), **ASYNC)
    assert r.status_code == 202
    at = r.headers["Content-Location"]
    assert re.fullmatch(re.escape(f.base) + r"Transaction/[0-9a-f-]+", at)
    [issue] = r.json()["issue"]
    assert (issue["severity"], issue["code"], issue["diagnostics"], issue["location"]) == ("information", "informational", "Submitted Asynchronous Bundle Transaction", [at])
    waiting = f("GET", at)
    if waiting.status_code == 202:
        assert waiting.json()["id"] == at.rsplit("/", 1)[1] and waiting.json()["issue"][0]["diagnostics"] in ("SUBMITTED", "IN_PROGRESS")
    done = ok(finished(f, at))
    assert done["type"] == "transaction-response" and done["entry"][0]["response"]["status"] == "201"
    failed = post_bundle(f, "transaction", entry("PUT", "Patient/b", patient("b")), entry("POST", "Patient", patient(nick=1)), **ASYNC)
    outcome(finished(f, failed.headers["Content-Location"]), 400)
    assert f("GET", "Patient/b").status_code == 404


# 4.6 Operations

def test_everything(f):
    put(f, "Patient", "a")
    for i in range(5):
        put(f, "Observation", f"o{i}", status="final", code={"text": "x"}, subject={"reference": "Patient/a"}, effectiveDateTime=f"202{i}-06-01")
        put(f, "Encounter", f"e{i}", status="finished", **{"class": {"code": "AMB"}}, subject={"reference": "Patient/a"}, period={"start": f"202{i}-06-01", "end": f"202{i}-06-02"})
    page = f.get("Patient/a/$everything", _count="4")
    assert page["type"] == "searchset" and page["total"] == 11
    following = next(link["url"] for link in page["link"] if link["relation"] == "next")
    assert re.match(re.escape(f.base) + r"Patient/a/\$everything\?", following) and "_count=4" in following and "page=" in following
    ids = [e["resource"]["resourceType"] + "/" + e["resource"]["id"] for b in f.pages("Patient/a/$everything", {"_count": 4}) for e in b["entry"]]
    assert len(set(ids)) == 11 == len(ids) and [i.split("/")[0] for i in ids] == sorted(i.split("/")[0] for i in ids), "by type"
    assert f.get("Patient/a/$everything", start="2022-01-01", end="2023-01-01")["total"] == 3, "the patient has no date"
    assert f.get("Patient/a/$everything", _type="Observation")["total"] == 5
    since = f.get("Encounter/e4")["meta"]["lastUpdated"]
    assert f.get("Patient/a/$everything", since=since)["total"] >= 1


def test_validate(f):
    good = {"resourceType": "Parameters", "parameter": [{"name": "resource", "resource": patient(active=True)}, {"name": "mode", "valueCode": "create"}]}
    for body in (good, patient(active=True)):
        [issue] = ok(f("POST", "Patient/$validate", body=body))["issue"]
        assert (issue["severity"], issue["code"], issue["diagnostics"]) == ("information", "informational", "Validation successful")
    assert ok(f("POST", "Patient/$validate", body=patient(nick=1)))["issue"][0]["severity"] == "error"
    outcome(f("POST", "Nothing/$validate", body=patient()), 404)


def test_document(f):
    put(f, "Patient", "a")
    put(f, "Practitioner", "d")
    put(f, "Composition", "c", status="final", type={"text": "t"}, date="2020-01-01", title="t", author=[{"reference": "Practitioner/d"}], subject={"reference": "Patient/a"})
    for r in (f("GET", "Composition/c/$document"), f("POST", "Composition/c/$document", body=b"")):
        d = ok(r)
        assert d["type"] == "document" and [e["resource"]["resourceType"] for e in d["entry"]] == ["Composition", "Patient", "Practitioner"] and d["identifier"] and d["timestamp"]
    kept = ok(f("POST", "Composition/c/$document?persist=true", body=b""))
    assert f.get(f"Bundle/{kept['id']}")["type"] == "document"


def test_terminology(f):
    put(f, "CodeSystem", "cs", url="http://x/cs", status="active", content="complete", concept=[{"code": "a", "display": "A"}, {"code": "b", "display": "B"}])
    put(f, "ValueSet", "vs", url="http://x/vs", status="active", compose={"include": [{"system": "http://x/cs"}]})
    put(f, "ConceptMap", "cm", url="http://x/cm", status="active", group=[{"source": "http://x/cs", "target": "http://y", "element": [
        {"code": "a", "target": [{"code": "ya", "equivalence": "equivalent"}]}]}])
    for r in (f("GET", "ValueSet/vs/$expand"), f("POST", "ValueSet/vs/$expand", body={"resourceType": "Parameters"}), f("GET", "ValueSet/$expand", {"url": "http://x/vs"})):
        e = ok(r)["expansion"]
        assert e["total"] == 2 and [c["code"] for c in e["contains"]] == ["a", "b"]
    assert ok(f("GET", "ValueSet/vs/$expand", {"filter": "B", "count": "1", "offset": "0"}))["expansion"]["contains"][0]["code"] == "b"
    looked = {p["name"]: p for p in ok(f("GET", "CodeSystem/$lookup", {"system": "http://x/cs", "code": "a"}))["parameter"]}
    assert looked["display"]["valueString"] == "A" and looked["name"]
    for path in ("ConceptMap/$translate", "ConceptMap/cm/$translate"):
        answer = {p["name"]: p for p in ok(f("GET", path, {"system": "http://x/cs", "code": "a"}))["parameter"]}
        match = {p["name"]: p for p in answer["match"]["part"]}
        assert answer["result"]["valueBoolean"] is True and match["equivalence"]["valueCode"] == "equivalent" and match["concept"]["valueCoding"]["code"] == "ya"


def test_erasures(f):
    for i in range(3):
        put(f, "Patient", f"p{i}")
    start = ok(f("POST", "Patient/p0/$erase", body=b""))
    assert set(start) == {"jobId", "jobStatus"} and start["jobStatus"] == "SUBMITTED"
    def ended(name, job):
        return until(lambda: (s := f.get(f"${name}/{job}"))["status"] == "COMPLETED" and s, name)
    assert {"datastoreId", "jobId", "status", "submittedTime"} <= set(ended("erase", start["jobId"]))
    purge = ok(f("POST", "Patient/p1/$purge", body=b""))
    job = re.fullmatch(r"Purge job started successfully\. Job ID: ([0-9a-f]+)", purge["issue"][0]["diagnostics"])[1]
    ended("purge", job)
    deleted = ok(f("POST", "Patient/$bulk-delete", body={"resourceType": "Parameters", "parameter": [{"name": "isHardDelete", "valueBoolean": False}]}))
    ended("bulk-delete", deleted["jobId"])
    assert [f("GET", f"Patient/p{i}").status_code for i in range(3)] == [404, 404, 410]


def test_bulk_patch(f):
    put(f, "Patient", "a", active=True)
    body = {"resourceType": "Patient", "resourceIds": ["a", "none"], "operations": [{"op": "replace", "path": "/active", "value": False}], "clientToken": "t"}
    start = ok(f("POST", "$bulk-patch", body=json.dumps(body).encode(), Content_Type="application/json"))
    done = until(lambda: (s := f.get(f"$bulk-patch/{start['jobId']}"))["status"].startswith("COMPLETED") and s, "the patch")
    assert set(done) >= {"datastoreId", "jobId", "status", "submittedTime", "endTime", "summary", "failedResources", "skippedResources"}
    assert done["summary"] == {"estimatedResourceCount": 2, "totalResourcesProcessed": 2, "succeeded": 1, "failedWithCustomerError": 1, "failedWithServerError": 0, "skipped": 0}
    assert [r["resourceId"] for r in done["failedResources"]] == ["none"] and f.get("Patient/a")["active"] is False
    assert ok(f("POST", "$bulk-patch", body=json.dumps(body).encode(), Content_Type="application/json"))["jobId"] == start["jobId"]


def test_prior_authorization(f):
    put(f, "Patient", "a")
    put(f, "Organization", "o", name="O")
    claim = {"resourceType": "Claim", "id": "c", "status": "active", "use": "preauthorization", "type": {"text": "t"}, "patient": {"reference": "Patient/a"}, "created": "2026-01-01",
             "insurer": {"reference": "Organization/o"}, "provider": {"reference": "Organization/o"}, "priority": {"text": "p"},
             "insurance": [{"sequence": 1, "focal": True, "coverage": {"display": "c"}}]}
    bundle = {"resourceType": "Bundle", "type": "collection", "entry": [{"fullUrl": f.base + "Claim/c", "resource": claim}]}
    answer = ok(f("POST", "Claim/$submit", body=bundle))
    assert answer["entry"][0]["resource"]["resourceType"] == "ClaimResponse" and answer["entry"][0]["resource"]["outcome"] == "queued"
    assert outcome(f("POST", "Claim/$submit", body=bundle), 412)["diagnostics"] == "PreAuth Claim already exists"
    assert ok(f("POST", "Claim/$inquire", body=bundle))["entry"][0]["resource"]["resourceType"] == "ClaimResponse"
    other = {**claim, "id": "d", "patient": {"reference": "Patient/none"}}
    outcome(f("POST", "Claim/$inquire", body={**bundle, "entry": [{"resource": other}]}), 400, "not-found")


def member(family, subscriber, **consent):
    coverage = {"resourceType": "Coverage", "status": "active", "subscriberId": subscriber, "beneficiary": {"reference": "Patient/theirs"},
                "relationship": {"coding": [{"code": "self"}]}, "payor": [{"display": "P"}]}
    given = {"resourceType": "Consent", "status": "active", "scope": {"coding": [{"code": "patient-privacy"}]}, "category": [{"text": "c"}], "patient": {"reference": "Patient/theirs"},
             "performer": [{"reference": "Patient/theirs"}], "sourceReference": {"reference": "http://example.org/DocumentReference/1"},
             "policy": [{"uri": "http://hl7.org/fhir/us/davinci-hrex/StructureDefinition-hrex-consent.html#regular"}],
             "provision": {"type": "permit", "period": {"start": "2024-01-01", "end": "2099-12-31"}, "actor": [
                 {"role": {"text": r}, "reference": {"display": r}} for r in ("from", "to")], "action": [{"coding": [{"code": "disclose"}]}]}, **consent}
    who = patient("theirs", name=[{"family": family, "given": ["Ann"]}], gender="female", birthDate="1970-01-01")
    return {"name": "MemberBundle", "part": [{"name": "MemberPatient", "resource": who}, {"name": "CoverageToMatch", "resource": coverage}, {"name": "Consent", "resource": given}]}


def test_bulk_member_match_and_what_is_exported_of_it(f):
    put(f, "Patient", "a", name=[{"family": "Berg", "given": ["Ann"]}], gender="female", birthDate="1970-01-01")
    put(f, "Coverage", "c", status="active", subscriberId="S1", beneficiary={"reference": "Patient/a"}, payor=[{"display": "P"}])
    put(f, "Observation", "o", status="final", code={"text": "x"}, subject={"reference": "Patient/a"})
    start = f("POST", "Group/$bulk-member-match", body={"resourceType": "Parameters", "parameter": [
        member("Berg", "S1"), member("Nobody", "S2"), member("Berg", "S1", status="inactive")]})
    job = start.json()["jobId"]
    assert start.status_code == 202 and start.headers["Content-Location"] == f"{f.base}$bulk-member-match-status/{job}"
    done = ok(finished(f, start.headers["Content-Location"]))
    assert (done["status"], done["numberOfMembers"], done["numberOfMembersProcessedSuccessfully"], done["numberOfMembersWithCustomerError"]) == ("COMPLETED_WITH_ERRORS", 3, 2, 1)
    groups = {p["name"]: p["resource"] for p in done["output"]["parameter"]}
    assert set(groups) == {"MatchedMembers", "NonMatchedMembers"} and [e["memberIndex"] for e in done["errors"]] == [2] and done["errors"][0]["jsonBlob"]["statusCode"] == 400
    matched = groups["MatchedMembers"]
    assert [m["entity"]["reference"] for m in matched["member"]] == ["Patient/a"] and f.get(f"Group/{matched['id']}")["quantity"] == 1
    assert f.total("Consent", ("patient", "Patient/a")) == 1
    export = f("GET", f"Group/{matched['id']}/$davinci-data-export?exportType=hl7.fhir.us.davinci-pdex", **ASYNC)
    files = ok(finished(f, export.headers["Content-Location"]))["output"]
    assert {"Patient", "Coverage", "Observation"} <= {o["type"] for o in files}


def test_questionnaire_package(f):
    put(f, "ValueSet", "vs", url="http://x/ValueSet/vs", status="active", compose={"include": [{"system": "http://x/cs", "concept": [{"code": "a"}]}]})
    put(f, "Library", "l", url="http://x/Library/l", status="active", type={"text": "logic"})
    put(f, "Questionnaire", "q", url="http://x/Questionnaire/q", version="2.0", status="active",
        extension=[{"url": "http://hl7.org/fhir/StructureDefinition/cqf-library", "valueCanonical": "http://x/Library/l"}],
        item=[{"linkId": "1", "type": "choice", "answerValueSet": "http://x/ValueSet/vs"}, {"linkId": "2", "type": "choice", "answerValueSet": "http://x/ValueSet/gone"}])
    coverage = {"name": "coverage", "resource": {"resourceType": "Coverage", "id": "c", "status": "active", "beneficiary": {"reference": "Patient/a"}, "payor": [{"display": "P"}]}}
    answer = ok(f("POST", "Questionnaire/$questionnaire-package", body={"resourceType": "Parameters", "parameter": [
        coverage, {"name": "questionnaire", "valueCanonical": "http://x/Questionnaire/q|2.0"}]}))
    found = {p["name"]: p["resource"] for p in answer["parameter"]}
    package = found["PackageBundle"]
    assert package["type"] == "collection" and package["meta"]["profile"] == ["http://hl7.org/fhir/us/davinci-dtr/StructureDefinition/DTR-QPackageBundle"]
    resources = {e["resource"]["resourceType"]: e["resource"] for e in package["entry"]}
    assert list(resources) == ["Questionnaire", "Library", "ValueSet", "QuestionnaireResponse"] and resources["ValueSet"]["expansion"]["contains"][0]["code"] == "a"
    assert resources["QuestionnaireResponse"]["status"] == "in-progress" and resources["QuestionnaireResponse"]["questionnaire"] == "http://x/Questionnaire/q|2.0"
    [issue] = found["Outcome"]["issue"]
    assert issue["severity"] == "warning" and "http://x/ValueSet/gone" in issue["diagnostics"]
    outcome(f("POST", "Questionnaire/$questionnaire-package", body={"resourceType": "Parameters", "parameter": [coverage]}), 400, "required")
