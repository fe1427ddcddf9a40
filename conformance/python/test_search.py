# SPDX-License-Identifier: Apache-2.0
"""Searches whose answers are worked out here, from the files that were imported."""

import datetime
import decimal
import json

import pytest

from house import ok, outcome

UTC = datetime.timezone.utc


@pytest.fixture(scope="session")
def world(loaded, data):
    """The searched data store and its resources by type."""
    return loaded.fhir, {kind: [json.loads(line, parse_float=decimal.Decimal) for line in data.lines(kind)] for kind in data.files}


def ids(resources):
    return sorted(r["id"] for r in resources)


def check(world, kind, params, keeps):
    fhir, all = world
    want = ids(r for r in all.get(kind, []) if keeps(r))
    params = [p.split("=", 1) for p in params.split("&")]
    assert sorted(fhir.ids(kind, [*params, ("_count", "500")])) == want
    assert fhir.total(kind, *params) == len(want)
    return want


def codings(concept):
    return [(c.get("system"), c.get("code")) for c in (concept or {}).get("coding", [])]


def has_code(resource, code, system=None):
    return any(c == code and system in (None, s) for s, c in codings(resource.get("code")))


def moment(text):
    t = datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))
    return t if t.tzinfo else t.replace(tzinfo=UTC)


def family(patient):
    return [n.get("family", "") for n in patient.get("name", [])]


def first(world, kind):
    return world[1][kind][0]


HEIGHT, LOINC = "8302-2", "http://loinc.org"


class TestTypes:
    def test_token(self, world):
        check(world, "Patient", "gender=female", lambda r: r["gender"] == "female")
        check(world, "Patient", "gender=male,female", lambda r: True)
        check(world, "Patient", "gender=male&gender=female", lambda r: False)
        check(world, "Observation", f"code={HEIGHT}", lambda r: has_code(r, HEIGHT))
        check(world, "Observation", f"code={LOINC}|{HEIGHT}", lambda r: has_code(r, HEIGHT, LOINC))
        check(world, "Observation", f"code=http://other.org|{HEIGHT}", lambda r: False)
        check(world, "Observation", f"code=|{HEIGHT}", lambda r: False)
        check(world, "Observation", f"code={LOINC}|", lambda r: any(s == LOINC for s, _ in codings(r["code"])))
        check(world, "Observation", f"code:not={HEIGHT}", lambda r: not has_code(r, HEIGHT))
        check(world, "Encounter", "class=AMB", lambda r: r["class"]["code"] == "AMB")
        check(world, "Encounter", "class=AMB,EMER&status=finished", lambda r: r["class"]["code"] in ("AMB", "EMER") and r["status"] == "finished")

    def test_identifier(self, world):
        i = first(world, "Patient")["identifier"][0]
        same = lambda r: any((x.get("system"), x["value"]) == (i["system"], i["value"]) for x in r["identifier"])
        assert check(world, "Patient", f"identifier={i['system']}|{i['value']}", same)
        check(world, "Patient", f"identifier=urn:nothing|{i['value']}", lambda r: False)

    def test_string(self, world):
        name = family(first(world, "Patient"))[0]
        starts = lambda r: any(f.casefold().startswith(name[:3].casefold()) for f in family(r))
        assert check(world, "Patient", f"family={name[:3].upper()}", starts)
        check(world, "Patient", f"family:exact={name}", lambda r: name in family(r))
        check(world, "Patient", f"family:exact={name.upper()}", lambda r: name.upper() in family(r))
        check(world, "Patient", f"family:contains={name[1:4]}", lambda r: any(name[1:4].casefold() in f.casefold() for f in family(r)))
        city = first(world, "Patient")["address"][0]["city"]
        check(world, "Patient", f"address-city={city.lower()}", lambda r: any(a.get("city", "").lower().startswith(city.lower()) for a in r["address"]))

    @pytest.mark.parametrize("prefix,holds", [
        ("", lambda a, b: a == b), ("eq", lambda a, b: a == b), ("ne", lambda a, b: a != b), ("gt", lambda a, b: a > b), ("ge", lambda a, b: a >= b),
        ("lt", lambda a, b: a < b), ("le", lambda a, b: a <= b), ("sa", lambda a, b: a > b), ("eb", lambda a, b: a < b)])
    def test_date(self, world, prefix, holds):
        day = sorted(p["birthDate"] for p in world[1]["Patient"])[len(world[1]["Patient"]) // 2]
        check(world, "Patient", f"birthdate={prefix}{day}", lambda r: holds(r["birthDate"], day))
        check(world, "Patient", f"birthdate={prefix}{day[:4]}", lambda r: holds(r["birthDate"][:4], day[:4]))

    def test_date_with_time_zone(self, world):
        times = sorted(moment(o["effectiveDateTime"]) for o in world[1]["Observation"])
        middle = times[len(times) // 2]
        at = middle.astimezone(datetime.timezone(datetime.timedelta(hours=5, minutes=30))).isoformat(timespec="seconds")
        assert check(world, "Observation", f"date={at}", lambda r: moment(r["effectiveDateTime"]) == middle)
        check(world, "Observation", f"date=ge{at}", lambda r: moment(r["effectiveDateTime"]) >= middle)
        month = middle.astimezone(UTC).strftime("%Y-%m")
        assert check(world, "Observation", f"date={month}", lambda r: moment(r["effectiveDateTime"]).astimezone(UTC).strftime("%Y-%m") == month)

    def test_period(self, world):
        year = sorted(e["period"]["start"] for e in world[1]["Encounter"])[len(world[1]["Encounter"]) // 2][:4]
        begin, end = (datetime.datetime(int(year) + n, 1, 1, tzinfo=UTC) for n in (0, 1))
        past = lambda r: moment(r["period"]["end"]) >= end
        within = lambda r: moment(r["period"]["start"]) >= begin and not past(r)
        check(world, "Encounter", f"date=ge{year}", lambda r: past(r) or within(r))
        check(world, "Encounter", f"date=gt{year}", past)
        check(world, "Encounter", f"date=lt{year}", lambda r: moment(r["period"]["start"]) < begin)
        assert check(world, "Encounter", f"date={year}", within)

    def test_quantity(self, world):
        def value(r, test):
            q = r.get("valueQuantity")
            return q is not None and q.get("code") == "cm" and test(q["value"])
        ucum = "http://unitsofmeasure.org"
        assert check(world, "Observation", f"value-quantity=gt170|{ucum}|cm", lambda r: value(r, lambda v: v > 170))
        check(world, "Observation", f"value-quantity=le170||cm", lambda r: value(r, lambda v: v <= 170))
        check(world, "Observation", f"value-quantity=171|{ucum}|cm", lambda r: value(r, lambda v: decimal.Decimal("170.5") <= v < decimal.Decimal("171.5")))

    def test_reference(self, world):
        ref = first(world, "Observation")["subject"]["reference"]
        of = lambda r: r.get("subject", {}).get("reference") == ref
        assert check(world, "Observation", f"subject={ref}", of)
        check(world, "Observation", f"patient={ref.split('/')[1]}", of)
        check(world, "Observation", f"subject:Patient={ref.split('/')[1]}", of)
        check(world, "Observation", f"subject={world[0].base}{ref}", of)
        check(world, "Observation", "subject=Group/x", lambda r: False)

    def test_composite(self, world):
        keeps = lambda r: has_code(r, HEIGHT, LOINC) and r.get("valueQuantity", {}).get("value", 0) > 170
        assert check(world, "Observation", f"code-value-quantity={LOINC}|{HEIGHT}$gt170", keeps)

    def test_missing(self, world):
        check(world, "Observation", "value-quantity:missing=true", lambda r: "valueQuantity" not in r and "valueSampledData" not in r)
        check(world, "Observation", "value-quantity:missing=false", lambda r: "valueQuantity" in r)
        check(world, "Patient", "death-date:missing=true", lambda r: "deceasedDateTime" not in r)

    def test_all_at_once(self, world):
        ref = first(world, "Observation")["subject"]["reference"]
        year = first(world, "Observation")["effectiveDateTime"][:4]
        check(world, "Observation", f"patient={ref}&code={HEIGHT},72514-3&date=ge{year}&status=final",
              lambda r: r["subject"]["reference"] == ref and (has_code(r, HEIGHT) or has_code(r, "72514-3"))
              and moment(r["effectiveDateTime"]) >= datetime.datetime(int(year), 1, 1, tzinfo=UTC) and r["status"] == "final")

    def test_id_and_tag(self, world):
        name = first(world, "Patient")["id"]
        check(world, "Patient", f"_id={name},never", lambda r: r["id"] == name)
        tags = [t for t in first(world, "Patient").get("meta", {}).get("tag", [])]
        for tag in tags:
            check(world, "Patient", f"_tag={tag.get('system', '')}|{tag['code']}", lambda r: tag in r.get("meta", {}).get("tag", []))
        check(world, "Patient", "_lastUpdated=gt2020", lambda r: True)
        check(world, "Patient", "_lastUpdated=lt2020", lambda r: False)


class TestJoins:
    def test_chain(self, world):
        women = {f"Patient/{p['id']}" for p in world[1]["Patient"] if p["gender"] == "female"}
        check(world, "Observation", f"subject:Patient.gender=female&code={HEIGHT}", lambda r: r["subject"]["reference"] in women and has_code(r, HEIGHT))
        check(world, "Observation", f"patient.gender=female&code={HEIGHT}", lambda r: r["subject"]["reference"] in women and has_code(r, HEIGHT))

    def test_has(self, world):
        code = codings(first(world, "Condition")["code"])[0][1]
        sick = {c["subject"]["reference"] for c in world[1]["Condition"] if has_code(c, code)}
        assert check(world, "Patient", f"_has:Condition:patient:code={code}", lambda r: f"Patient/{r['id']}" in sick)

    def test_include(self, world):
        fhir, all = world
        o = first(world, "Observation")
        bundle = fhir.get("Observation", _id=o["id"], _include="Observation:subject")
        assert [(e["search"]["mode"], e["resource"]["resourceType"]) for e in bundle["entry"]] == [("match", "Observation"), ("include", "Patient")]
        assert f"Patient/{bundle['entry'][1]['resource']['id']}" == o["subject"]["reference"]
        both = ok(fhir("GET", "Observation", [("_id", o["id"]), ("_include", "Observation:subject"), ("_include", "Observation:encounter")]))
        assert sorted(e["resource"]["resourceType"] for e in both["entry"]) == ["Encounter", "Observation", "Patient"]
        every = ok(fhir("GET", "Observation", [("_id", o["id"]), ("_include", "*")]))
        assert {"Encounter", "Observation", "Patient"} <= {e["resource"]["resourceType"] for e in every["entry"]}

    def test_revinclude(self, world):
        fhir, all = world
        ref = first(world, "Condition")["subject"]["reference"]
        bundle = fhir.get("Patient", _id=ref.split("/")[1], _revinclude="Condition:patient")
        got = sorted(e["resource"]["id"] for e in bundle["entry"] if e["search"]["mode"] == "include")
        assert got == ids(c for c in all["Condition"] if c["subject"]["reference"] == ref)


class TestResults:
    @pytest.mark.parametrize("sort,reverse", [("birthdate", False), ("-birthdate", True)])
    def test_sort(self, world, sort, reverse):
        fhir, all = world
        births = {p["id"]: p["birthDate"] for p in all["Patient"]}
        got = [births[i] for i in fhir.ids("Patient", [("_sort", sort), ("_count", "7")])]
        assert got == sorted(births.values(), reverse=reverse)

    def test_sort_by_two(self, world):
        fhir, all = world
        keys = {p["id"]: (p["gender"], p["birthDate"]) for p in all["Patient"]}
        got = [keys[i] for i in fhir.ids("Patient", [("_sort", "gender,-birthdate"), ("_count", "5")])]
        want = sorted(sorted(keys.values(), key=lambda k: k[1], reverse=True), key=lambda k: k[0])
        assert got == want

    @pytest.mark.parametrize("size", [1, 3, 10])
    def test_pages(self, world, size):
        fhir, all = world
        pages = list(fhir.pages("Patient", [("_count", str(size)), ("_total", "accurate")]))
        got = [e["resource"]["id"] for page in pages for e in page["entry"]]
        assert len(got) == len(set(got)) and sorted(got) == ids(all["Patient"])
        assert {page["total"] for page in pages} == {len(got)}
        assert all_but_last_are(pages, size)

    def test_elements_and_summary(self, world):
        fhir, _ = world
        name = first(world, "Patient")["id"]
        r = fhir.get("Patient", _id=name, _elements="birthDate,gender")["entry"][0]["resource"]
        assert set(r) == {"resourceType", "id", "meta", "birthDate", "gender"}
        assert "SUBSETTED" in [t.get("code") for t in r["meta"]["tag"]]
        r = fhir.get("Patient", _id=name, _summary="true")["entry"][0]["resource"]
        assert "name" in r and "text" not in r and "SUBSETTED" in [t.get("code") for t in r["meta"]["tag"]]
        r = fhir.get("Patient", _id=name, _summary="data")["entry"][0]["resource"]
        assert "identifier" in r and "text" not in r

    def test_post_is_get(self, world):
        fhir, _ = world
        form = f"code={HEIGHT}&_count=5".encode()
        posted = ok(fhir("POST", "Observation/_search", body=form, Content_Type="application/x-www-form-urlencoded"))
        got = fhir.get("Observation", code=HEIGHT, _count=5)
        assert [e["fullUrl"] for e in posted["entry"]] == [e["fullUrl"] for e in got["entry"]]
        url = [link["url"] for link in posted["link"] if link["relation"] == "next"]
        if url:
            assert ok(fhir("GET", url[0]))["entry"]

    def test_entries(self, world):
        fhir, _ = world
        bundle = fhir.get("Patient", _count=2)
        assert (bundle["resourceType"], bundle["type"]) == ("Bundle", "searchset")
        assert bundle["link"][0]["relation"] == "self" and bundle["link"][0]["url"].startswith(fhir.base + "Patient?")
        for e in bundle["entry"]:
            assert e["fullUrl"] == f"{fhir.base}Patient/{e['resource']['id']}" and e["search"] == {"mode": "match"}
            assert e["resource"] == fhir.get(f"Patient/{e['resource']['id']}")


def all_but_last_are(pages, size):
    return all(len(page["entry"]) == size for page in pages[:-1])


class TestRefused:
    """A search is never wider than it was asked."""

    @pytest.mark.parametrize("query", ["nothing=x", "gender:nonsense=x", "birthdate=yesterday", "birthdate=1970-13", "_sort=nothing", "_include=Patient:nothing",
                                       "_include=nonsense", "_count=-1", "_count=x", "_total=perhaps", "_summary=maybe", "gender:exact=x",
                                       "general-practitioner.nothing=x", "_has:Observation:nothing:code=x", "_has:Observation:patient=x", "gender.x=y",
                                       "_lastUpdated=x", "family:missing=perhaps"])
    def test_parameters(self, fhir, query):
        outcome(fhir("GET", "Patient", [query.split("=", 1)]), 400)

    def test_lenient_says_what_it_ignores(self, fhir):
        name = ok(fhir("POST", "Patient", body={"resourceType": "Patient"}), 201)["id"]
        outcome(fhir("GET", "Patient", [("_id", name), ("nothing", "x")]), 400)
        outcome(fhir("GET", "Patient", [("_id", name), ("nothing", "x")], Prefer="handling=strict"), 400)
        bundle = ok(fhir("GET", "Patient", [("_id", name), ("nothing", "x")], Prefer="handling=lenient"))
        modes = {e["search"]["mode"]: e["resource"] for e in bundle["entry"]}
        assert modes["match"]["id"] == name
        assert modes["outcome"]["resourceType"] == "OperationOutcome" and "nothing" in json.dumps(modes["outcome"])
        assert "nothing" not in bundle["link"][0]["url"]

    def test_types(self, fhir):
        outcome(fhir("GET", "Nonsense", [("x", "y")]), 404)

    def test_a_form_that_is_none(self, fhir):
        outcome(fhir("POST", "Patient/_search", body=b"{}", Content_Type="application/json"), 415)

    def test_odd_query_strings(self, fhir):
        for query in ("%zz=1", "gender=%ff%fe", "=x", "a" * 8000 + "=x"):
            answer = fhir("GET", "Patient?" + query)
            assert answer.status_code in (400, 403, 414), query
