# SPDX-License-Identifier: Apache-2.0
"""Data to import: Synthea from ../shared when that is there, and a small set made here."""

import json
import pathlib

import pytest

from house import ROOT

SHARED = ROOT.parent / "shared" / "data"


class Dataset:
    """A folder of NDJSON files, one a resource type."""

    def __init__(self, name, folder):
        self.name = name
        self.files = {p.name.removesuffix(".ndjson"): p for p in sorted(pathlib.Path(folder).glob("*.ndjson"))}
        self.counts = {kind: sum(1 for _ in self.lines(kind)) for kind in self.files}
        self.total = sum(self.counts.values())

    def lines(self, kind):
        with open(self.files[kind], encoding="utf-8") as file:
            for line in file:
                if line.strip():
                    yield line

    def resources(self, kind):
        return [json.loads(line) for line in self.lines(kind)] if kind in self.files else []

    def exact(self):
        """Every resource by (type, id), as `exact` makes it."""
        return {(r["resourceType"], r["id"]): r for kind in self.files for r in map(exact, self.lines(kind))}


def exact(line):
    """A resource with its numbers as they are written, and without what the server sets in meta."""
    resource = json.loads(line, parse_float=lambda s: f"number {s}", parse_int=lambda s: f"number {s}")
    meta = resource.get("meta", {})
    for name in ("versionId", "lastUpdated"):
        meta.pop(name, None)
    if not meta:
        resource.pop("meta", None)
    return resource


def load(name, made_up):
    """The data set of that name; the test is skipped if ../shared does not have it."""
    if name == "made-up":
        return Dataset(name, made_up)
    if not (SHARED / name).is_dir():
        pytest.skip(f"../shared/data/{name} is not here; the made-up data set runs instead")
    return Dataset(name, SHARED / name)


def make_up(folder):
    """Writes a small data set: 12 patients with encounters, conditions and observations, decimals of many shapes among them."""
    patients, encounters, conditions, observations = [], [], [], []
    heights = ["171.0", "171.00", "1.80e2", "165.123456789012345678", "0.1e3", "190"]
    for i in range(12):
        ref = {"reference": f"Patient/p{i}"}
        patients.append(json.dumps({
            "resourceType": "Patient", "id": f"p{i}", "gender": ["female", "male"][i % 2], "birthDate": f"19{40 + 5 * i}-0{i % 9 + 1}-11",
            "name": [{"family": ["Ångström", "Bell", "Curie", "Dirac"][i % 4], "given": [f"Given{i}"]}],
            "address": [{"city": ["Boston", "Salem", "Lynn"][i % 3], "state": "MA"}],
            "identifier": [{"system": "urn:made-up:mrn", "value": f"MRN-{i:04}"}],
            "meta": {"tag": [{"system": "urn:made-up:tags", "code": "made-up"}]}}, ensure_ascii=False))
        for n in range(4):
            start = f"20{10 + n}-03-{i + 1:02}T08:30:00"
            encounters.append(json.dumps({
                "resourceType": "Encounter", "id": f"e{i}-{n}", "status": "finished", "subject": ref,
                "class": {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": ["AMB", "EMER"][n % 2]},
                "period": {"start": f"{start}-05:00", "end": f"{start[:-5]}45:00-05:00"}}))
            observations.append(
                f'{{"resourceType":"Observation","id":"o{i}-{n}","status":"final","subject":{{"reference":"Patient/p{i}"}},'
                f'"encounter":{{"reference":"Encounter/e{i}-{n}"}},"effectiveDateTime":"{start}-05:00",'
                '"category":[{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/observation-category","code":"vital-signs"}]}],'
                '"code":{"coding":[{"system":"http://loinc.org","code":"8302-2","display":"Body Height"}]},'
                f'"valueQuantity":{{"value":{heights[(i + n) % 6]},"unit":"cm","system":"http://unitsofmeasure.org","code":"cm"}}}}')
        conditions.append(json.dumps({
            "resourceType": "Condition", "id": f"c{i}", "subject": ref, "onsetDateTime": f"2011-0{i % 9 + 1}",
            "clinicalStatus": {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/condition-clinical",
                                           "code": ["active", "resolved"][i % 2]}]},
            "code": {"coding": [{"system": "http://snomed.info/sct", "code": ["44054006", "38341003"][i % 2]}]}}))
    for kind, lines in {"Patient": patients, "Encounter": encounters, "Condition": conditions, "Observation": observations}.items():
        (folder / f"{kind}.ndjson").write_text("\n".join(lines) + "\n", encoding="utf-8")
