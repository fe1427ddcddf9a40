# SPDX-License-Identifier: Apache-2.0
"""Terminology: the operations over HTTP, searches by what codes mean, code systems added by the command line."""

import json
import subprocess

import pytest

import bulk
from house import BINARY, ok, outcome

GENDER, GENDERS = "http://hl7.org/fhir/administrative-gender", "http://hl7.org/fhir/ValueSet/administrative-gender"
ANIMALS = "http://example.org/animals"
TREE = {"animal": None, "mammal": "animal", "dog": "mammal", "poodle": "dog", "cat": "mammal", "bird": "animal", "dodo": "bird"}


def put(fhir, resource):
    r = fhir("PUT", f"{resource['resourceType']}/{resource['id']}", body=resource)
    assert r.status_code in (200, 201), r.text
    return r.json()


def parameters(**given):
    return {"resourceType": "Parameters", "parameter": [{"name": name.replace("_", "-"), **value} for name, value in given.items()]}


def answer(body):
    """The parameters of an answer by name; of one that repeats the last."""
    assert body["resourceType"] == "Parameters"
    return {p["name"]: next((v for k, v in p.items() if k.startswith("value")), p.get("part")) for p in body["parameter"]}


def codes(expansion):
    """All codes of an expansion, nested ones after their parents."""
    for c in expansion.get("contains", []):
        yield c["code"]
        yield from codes(c)


def above(code):
    return {code} | (above(TREE[code]) if TREE[code] else set())


def below(code):
    return {c for c in TREE if code in above(c)}


@pytest.fixture(scope="module")
def zoo(galen, healthlake):
    """A data store with a code system, value sets of it, a map, and observations of each code."""
    fhir = galen.fhir(bulk.new_store(healthlake, "zoo"))
    put(fhir, {"resourceType": "CodeSystem", "id": "animals", "url": ANIMALS, "version": "1", "status": "active", "content": "complete",
               "property": [{"code": "status", "type": "code"}],
               "concept": [{"code": c, "display": c.title(), "designation": [{"language": "de", "value": "Ein " + c}],
                            "property": [{"code": "parent", "valueCode": p}] * bool(p) + [{"code": "status", "valueCode": "retired" if c == "dodo" else "active"}]}
                           for c, p in TREE.items()]})
    include = {"system": ANIMALS}
    put(fhir, {"resourceType": "ValueSet", "id": "all", "url": ANIMALS + "/all", "status": "active", "compose": {"include": [include]}})
    put(fhir, {"resourceType": "ValueSet", "id": "mammals", "url": ANIMALS + "/mammals", "version": "7", "status": "active", "compose": {
        "include": [{**include, "filter": [{"property": "concept", "op": "is-a", "value": "mammal"}]}],
        "exclude": [{**include, "concept": [{"code": "cat"}]}]}})
    put(fhir, {"resourceType": "ConceptMap", "id": "names", "url": ANIMALS + "/names", "status": "active", "group": [
        {"source": ANIMALS, "target": "http://example.org/latin", "element": [{"code": "dog", "target": [{"code": "canis", "equivalence": "equal"}]}]}]})
    put(fhir, {"resourceType": "Patient", "id": "owner", "gender": "female"})
    for c in TREE:
        put(fhir, {"resourceType": "Observation", "id": c, "status": "final", "subject": {"reference": "Patient/owner"},
                   "code": {"coding": [{"system": ANIMALS, "code": c}]}})
    put(fhir, {"resourceType": "Observation", "id": "other", "status": "final", "code": {"coding": [{"system": "http://example.org", "code": "dog"}]}})
    return fhir


class TestExpand:
    def test_all_forms(self, zoo):
        want = below("mammal") - {"cat"}
        for response in (zoo("GET", "ValueSet/mammals/$expand"), zoo("GET", "ValueSet/$expand", {"url": ANIMALS + "/mammals"}),
                         zoo("POST", "ValueSet/$expand", body=parameters(url={"valueUri": ANIMALS + "/mammals"})),
                         zoo("POST", "ValueSet/$expand", body=zoo.get("ValueSet/mammals"))):
            expansion = ok(response)["expansion"]
            assert set(codes(expansion)) == want and expansion["total"] == len(want)

    def test_pages_are_the_whole(self, zoo):
        whole = list(codes(zoo.get("ValueSet/all/$expand", excludeNested="true")["expansion"]))
        paged = []
        for offset in range(0, len(TREE), 3):
            e = zoo.get("ValueSet/all/$expand", offset=offset, count=3)["expansion"]
            assert e["offset"] == offset and e["total"] == len(TREE)
            paged += codes(e)
        assert paged == whole and set(whole) == set(TREE)
        assert "contains" not in zoo.get("ValueSet/all/$expand", count=0)["expansion"]

    def test_narrowed(self, zoo):
        assert list(codes(zoo.get("ValueSet/all/$expand", filter="poo")["expansion"])) == ["poodle"]
        assert set(codes(zoo.get("ValueSet/all/$expand", activeOnly="true")["expansion"])) == set(TREE) - {"dodo"}
        first = zoo.get("ValueSet/all/$expand", displayLanguage="de", includeDesignations="true", filter="dog")["expansion"]["contains"][0]
        assert first["display"] == "Ein dog" and first["designation"][0]["language"] == "de"

    def test_too_costly(self, zoo):
        put(zoo, {"resourceType": "CodeSystem", "id": "big", "url": "http://example.org/big", "status": "active", "content": "complete",
                  "concept": [{"code": f"c{i}"} for i in range(10_001)]})
        outcome(zoo("GET", "ValueSet/$expand", {"url": "http://example.org/big?fhir_vs"}), 422, "too-costly")
        e = zoo.get("ValueSet/$expand", url="http://example.org/big?fhir_vs", count=10, offset=9_995)["expansion"]
        assert list(codes(e)) == [f"c{i}" for i in range(9_995, 10_001)]

    def test_circles_and_what_is_not_here(self, zoo):
        for a, b in (("x", "y"), ("y", "x")):
            put(zoo, {"resourceType": "ValueSet", "id": a, "url": "http://example.org/" + a, "status": "active",
                      "compose": {"include": [{"valueSet": ["http://example.org/" + b]}]}})
        assert "includes itself" in outcome(zoo("GET", "ValueSet/x/$expand"), 422)["diagnostics"]
        outcome(zoo("GET", "ValueSet/$expand", {"url": "http://example.org/none"}), 404, "not-found")
        outcome(zoo("GET", "ValueSet/none/$expand"), 404, "not-found")
        outcome(zoo("GET", "ValueSet/$expand", {"url": ANIMALS + "/all", "nonsense": "1"}), 400, "not-supported")


class TestCodes:
    @pytest.mark.parametrize("code", [*TREE, "unicorn"])
    def test_validate_code(self, zoo, code):
        got = answer(zoo.get("ValueSet/$validate-code", url=ANIMALS + "/mammals", system=ANIMALS, code=code))
        assert got["result"] == (code in below("mammal") - {"cat"})
        assert answer(zoo.get("CodeSystem/$validate-code", url=ANIMALS, code=code))["result"] == (code in TREE)
        body = parameters(codeableConcept={"valueCodeableConcept": {"coding": [{"system": "http://example.org", "code": "x"}, {"system": ANIMALS, "code": code}]}})
        assert answer(ok(zoo("POST", "ValueSet/all/$validate-code", body=body)))["result"] == (code in TREE)

    def test_displays(self, zoo):
        assert answer(zoo.get("ValueSet/all/$validate-code", system=ANIMALS, code="dog", display="ein  DOG"))["result"]
        wrong = answer(zoo.get("ValueSet/all/$validate-code", system=ANIMALS, code="dog", display="Cat"))
        assert not wrong["result"] and "Dog" in wrong["message"]

    def test_lookup(self, zoo):
        got = answer(zoo.get("CodeSystem/$lookup", system=ANIMALS, code="dog"))
        assert (got["display"], got["version"]) == ("Dog", "1")
        assert answer(zoo.get("CodeSystem/$lookup", system=GENDER, code="female"))["display"] == "Female"
        outcome(zoo("GET", "CodeSystem/$lookup", {"system": ANIMALS, "code": "unicorn"}), 404, "code-invalid")

    @pytest.mark.parametrize("a, b", [("dog", "poodle"), ("poodle", "animal"), ("dog", "cat"), ("dog", "dog")])
    def test_subsumes(self, zoo, a, b):
        want = "equivalent" if a == b else "subsumes" if b in below(a) else "subsumed-by" if a in below(b) else "not-subsumed"
        assert answer(zoo.get("CodeSystem/$subsumes", system=ANIMALS, codeA=a, codeB=b))["outcome"] == want
        assert answer(zoo.get("CodeSystem/animals/$subsumes", codeA=a, codeB=b))["outcome"] == want

    def test_translate(self, zoo):
        got = answer(zoo.get("ConceptMap/names/$translate", system=ANIMALS, code="dog"))
        assert got["result"] and [p["valueCoding"]["code"] for p in got["match"] if p["name"] == "concept"] == ["canis"]
        back = answer(zoo.get("ConceptMap/$translate", url=ANIMALS + "/names", system="http://example.org/latin", code="canis", reverse="true"))
        assert [p["valueCoding"]["code"] for p in back["match"] if p["name"] == "concept"] == ["dog"]
        assert not answer(zoo.get("ConceptMap/names/$translate", system=ANIMALS, code="cat"))["result"]

    def test_closure(self, zoo):
        def closure(**given):
            return ok(zoo("POST", "$closure", body=parameters(name={"valueString": "mine"}, **given)))
        assert "group" not in closure()
        pairs = set()
        for code in ("poodle", "animal", "dog"):
            for group in closure(concept={"valueCoding": {"system": ANIMALS, "code": code}}).get("group", []):
                pairs |= {(e["code"], t["code"]) for e in group["element"] for t in e["target"]}
        assert pairs == {("poodle", "animal"), ("poodle", "dog"), ("dog", "animal")}

    def test_a_change_is_seen_at_once(self, zoo):
        for version, listed in enumerate(("dog", "cat", "dog")):
            put(zoo, {"resourceType": "ValueSet", "id": "moving", "url": ANIMALS + "/moving", "status": "active", "compose": {
                "include": [{"system": ANIMALS, "concept": [{"code": listed}]}]}})
            for code in ("dog", "cat"):
                assert answer(zoo.get("ValueSet/moving/$validate-code", system=ANIMALS, code=code))["result"] == (code == listed)
                assert zoo.ids("Observation", {"code:in": ANIMALS + "/moving"}) == [listed]


class TestSearch:
    @pytest.mark.parametrize("name, value, want", [
        ("code:in", ANIMALS + "/mammals", below("mammal") - {"cat"}), ("code:in", ANIMALS + "/mammals|7", below("mammal") - {"cat"}),
        ("code:in", "ValueSet/mammals", below("mammal") - {"cat"}), ("code:not-in", ANIMALS + "/mammals", {"animal", "cat", "bird", "dodo", "other"}),
        ("code:below", ANIMALS + "|mammal", below("mammal")), ("code:above", ANIMALS + "|poodle", above("poodle")),
        ("code:in", ANIMALS + "?fhir_vs=isa/bird", below("bird")), ("subject:Patient.gender:in", GENDERS, set(TREE)),
        ("status:in", "http://hl7.org/fhir/ValueSet/observation-status", {*TREE, "other"})])
    def test_modifiers(self, zoo, name, value, want):
        assert set(zoo.ids("Observation", {name: value})) == want
        assert zoo.total("Observation", (name, value)) == len(want)

    def test_reverse(self, zoo):
        assert zoo.ids("Patient", {"_has:Observation:subject:code:in": ANIMALS + "/mammals"}) == ["owner"]

    def test_base_url(self, zoo):
        assert set(zoo.ids("Observation", {"code:in": zoo.base + "ValueSet/mammals"})) == below("mammal") - {"cat"}

    @pytest.mark.parametrize("name, value", [("code:in", "http://example.org/none"), ("code:below", "dog"), ("code:below", ANIMALS + "|unicorn"),
                                             ("code:in", "http://snomed.info/sct?fhir_vs"), ("subject:below", "Patient/owner")])
    def test_refused(self, zoo, name, value):
        outcome(zoo("GET", "Observation", {name: value}), 400)


def test_code_systems_that_were_added(alone, tmp_path):
    order = tmp_path / "icd10cm-order-2021.txt"
    order.write_text("".join(f"{i:05} {code:7} {leaf} {text:60} {text}\n" for i, (code, leaf, text) in enumerate(
        [("E11", 0, "Type 2 diabetes mellitus"), ("E119", 1, "Type 2 diabetes mellitus without complications"), ("I10", 1, "Hypertension")], 1)))

    def terminology(*args):
        done = subprocess.run([BINARY, "terminology", *args, "--data", alone.data, "--json"], capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr
        return done.stdout
    added = json.loads(terminology("add", "icd-10-cm", str(order)))
    assert (added["version"], added["concepts"]) == ("2021", 3)
    system = "http://hl7.org/fhir/sid/icd-10-cm"
    alone.start()
    fhir = alone.fhir(bulk.new_store(alone.client("healthlake"), "icd"))
    assert answer(fhir.get("CodeSystem/$subsumes", system=system, codeA="E11", codeB="E11.9"))["outcome"] == "subsumes"
    assert set(codes(fhir.get("ValueSet/$expand", url=system + "?fhir_vs=isa/E11")["expansion"])) == {"E11", "E11.9"}
    put(fhir, {"resourceType": "Condition", "id": "c", "subject": {"display": "somebody"}, "code": {"coding": [{"system": system, "code": "E11.9"}]}})
    assert fhir.ids("Condition", {"code:below": system + "|E11"}) == ["c"]
    alone.stop()
    terminology("remove", added["name"])
    assert terminology("list") == ""


def test_snomed_ct_by_expressions(alone, tmp_path):
    """A made-up release of SNOMED CT: expression constraints and attributes, in expansions, searches and rules."""
    module, kind = "900000000000207008", "900000000000074008"

    def file(name, columns, rows):
        (tmp_path / f"{name}_INT_20240101.txt").write_text("\n".join("\t".join(map(str, r)) for r in [columns.split(), *rows]) + "\n")
    head = "id effectiveTime active moduleId "
    file("sct2_Concept_Snapshot", head + "definitionStatusId", [(c, 20240101, 1, module, kind) for c in (1, 10, 11, 12, 20, 21, 22, 30)])
    file("sct2_Description_Snapshot-en", head + "conceptId languageCode typeId term caseSignificanceId",
         [(100 + c, 20240101, 1, module, c, "en", "900000000000013009", f"concept {c}", "900000000000448009") for c in (1, 10, 11, 12, 20, 21, 22, 30)])
    file("sct2_Relationship_Snapshot", head + "sourceId destinationId relationshipGroup typeId characteristicTypeId modifierId",
         [(i, 20240101, 1, module, a, b, 0, t, "900000000000011006", "900000000000451002") for i, (a, t, b) in enumerate(
             [(c, 116680003, p) for c, p in ((10, 1), (11, 10), (12, 10), (20, 1), (21, 20), (22, 21), (30, 1))] + [(11, 30, 22), (12, 30, 20)])])
    done = subprocess.run([BINARY, "terminology", "add", "snomed", tmp_path, "--data", alone.data], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    alone.start()
    fhir = alone.fhir(bulk.new_store(alone.client("healthlake"), "snomed"))
    sct, vs = "http://snomed.info/sct", "http://snomed.info/sct?fhir_vs=ecl/"
    for expression, want in [("<< 10 |disorder|", {"10", "11", "12"}), ("<10 : 30 = <<21", {"11"}), ("(< 10 MINUS 11) OR 21", {"12", "21"})]:
        assert set(codes(fhir.get("ValueSet/$expand", url=vs + expression)["expansion"])) == want
        assert answer(fhir.get("ValueSet/$validate-code", url=vs + expression, system=sct, code="11"))["result"] is ("11" in want)
    properties = [p["part"] for p in fhir.get("CodeSystem/$lookup", system=sct, code="11", property="30")["parameter"] if p["name"] == "property"]
    assert [[part.get("valueCode", part.get("valueString")) for part in p] for p in properties] == [["30", "22", "concept 22"]]
    for code in ("11", "12"):
        put(fhir, {"resourceType": "Condition", "id": "c" + code, "subject": {"display": "somebody"}, "code": {"coding": [{"system": sct, "code": code}]}})
    assert fhir.ids("Condition", {"code:in": vs + "<10: 30 = <<21"}) == ["c11"]
    for expression, says in [("<10: {30 = 21}", "groups of attributes"), ("<10 AND", "cannot be read"), ("<77", "77")]:
        assert says in fhir("GET", "ValueSet/$expand", params={"url": vs + expression}).text
    alone.stop()
