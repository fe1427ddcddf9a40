# SPDX-License-Identifier: Apache-2.0
"""_filter over the wire, against answers worked out from the imported files."""

import pytest

from house import outcome
from test_search import check, world  # noqa: F401 (a fixture)


def genders(r):
    return r.get("gender")


@pytest.mark.parametrize("text, keeps", [
    ("gender eq male", lambda r: genders(r) == "male"),
    ("gender ne male", lambda r: genders(r) not in (None, "male")),
    ("not (gender eq male)", lambda r: genders(r) != "male"),
    ("gender eq male and birthdate ge 1980 or gender eq female and birthdate lt 1950",
     lambda r: (genders(r), r["birthDate"] >= "1980") == ("male", True) or genders(r) == "female" and r["birthDate"] < "1950"),
    ("gender eq male and (birthdate lt 1950 or birthdate ge 2000)",
     lambda r: genders(r) == "male" and (r["birthDate"] < "1950" or r["birthDate"] >= "2000")),
    ("death-date pr true", lambda r: "deceasedDateTime" in r),
])
def test_filter(world, text, keeps):  # noqa: F811
    check(world, "Patient", "_filter=" + text, keeps)


def test_filter_of_what_is_referred_to(world):  # noqa: F811
    _, all = world
    women = {"Patient/" + p["id"] for p in all["Patient"] if p["gender"] == "female"}
    check(world, "Condition", "_filter=subject[gender eq female].birthdate ge 1900", lambda r: r["subject"]["reference"] in women)


@pytest.mark.parametrize("text", ["gender", "gender eq", "gender zz male", "(gender eq male", "colour eq red", "(" * 100 + "gender eq male"])
def test_filter_refused(world, text):  # noqa: F811
    fhir, _ = world
    status, code = (422, "too-costly") if text.startswith("((") else (400, None)
    outcome(fhir("GET", "Patient", params=[("_filter", text)]), status, code)
