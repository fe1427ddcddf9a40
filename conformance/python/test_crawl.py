# SPDX-License-Identifier: Apache-2.0
"""Every form of address with every method, each kind of Accept and bodies of all sorts: no answer is an accident, and every refusal is an
OperationOutcome in the form that was asked for."""

import itertools
import xml.etree.ElementTree

import pytest

import bulk

J, X, TURTLE = "application/fhir+json", "application/fhir+xml", "text/turtle"
METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PAINT"]
ACCEPT = [None, J, X, TURTLE]
BODIES = [(None, None), (b"{", J), (b'{"resourceType":"Parameters"}', J), (b"<", X), (b"x=1", "application/x-www-form-urlencoded"), (b"\0", None), (b"x", "image/png")]
NAMESPACE = "{http://hl7.org/fhir}"

# The forms of path of docs/wire/table.md, with what is there, what is not, and what is no address at all.
PATHS = """/ /metadata /_history /_search /Patient /Patient/_search /Patient/_history /Patient/p /Patient/p/_history /Patient/p/_history/1 /Patient/p/_history/9
/Patient/p/_history/x /Patient/p/Observation /Patient/p/* /Patient/p/_search /Patient/p/Observation/_search /Transaction/x /export/x /export/x/y /Nothing /Nothing/x
/Patient/a/b/c /Patient/p/foo/1 /.well-known/smart-configuration /%20 /Patient/%00 /Patient/p%2Fq /$nothing /Patient/$nothing /Patient/p/$nothing
/Patient/p/_history/1/$nothing /$export/x /$import/x /$erase/x /$purge/x /$bulk-delete/x /$bulk-patch/x /$bulk-member-match-status/x /Patient/p/$ /_foo /Patient/_foo
/metadata/x /OperationDefinition/meta /Patient//p""".split()
THERE = {"Patient": "p", "Group": "g", "Composition": "c", "Subscription": "s"}
EVERYWHERE = {"meta", "meta-add", "meta-delete", "validate", "graphql", "erase", "bulk-delete"}  # operations of all types: those of a few are called


@pytest.fixture(scope="module")
def f(galen, healthlake):
    f = galen.fhir(bulk.new_store(healthlake, "crawl"))
    for kind, more in {"Patient": {}, "Group": {"type": "person", "actual": True}, "Composition": {
            "status": "final", "type": {"text": "t"}, "date": "2020", "title": "t", "author": [{"display": "a"}]}, "Subscription": {
            "status": "off", "reason": "r", "criteria": "Patient?", "channel": {"type": "rest-hook", "endpoint": "https://x.invalid/", "payload": J}}}.items():
        assert f("PUT", f"{kind}/{THERE[kind]}", body={"resourceType": kind, "id": THERE[kind], **more}).status_code == 201
    return f


def operations(f):
    """The addresses of all operations, at the levels that they have and at those that they have not."""
    rest = f.get("metadata")["rest"][0]
    for o in rest["operation"]:
        yield "/$" + o["name"]
    for r in rest["resource"]:
        for o in r.get("operation", []):
            if r["type"] in THERE or o["name"] not in EVERYWHERE:
                for level in (r["type"], f"{r['type']}/{THERE.get(r['type'], 'none')}", f"{r['type']}/{THERE.get(r['type'], 'none')}/_history/1"):
                    yield f"/{level}/${o['name']}"


def wrong(r, method, accept):
    """What is wrong with an answer; empty if nothing is."""
    form = X if accept == X else J
    if r.status_code >= 500:
        return r.text[:200]
    if method == "HEAD":
        return "an answer to HEAD has a body" if r.content else ""
    if r.status_code < 400:
        return "" if accept != TURTLE or not r.content or not r.headers["Content-Type"].startswith("application/fhir+") else "what was not asked for"
    if (r.status_code == 405) != ("Allow" in r.headers):
        return f"Allow: {r.headers.get('Allow')}"
    kind = r.headers.get("Content-Type", "")
    if not kind.startswith(form):
        return f"the refusal is {kind}"
    if form == X:
        outcome = xml.etree.ElementTree.fromstring(r.content)
        issues = [{c.tag.removeprefix(NAMESPACE): c.get("value") for c in i} for i in outcome.findall(NAMESPACE + "issue")]
        name = outcome.tag.removeprefix(NAMESPACE)
    else:
        issues, name = r.json().get("issue", []), r.json().get("resourceType")
    if name != "OperationOutcome" or not issues or not all(i.get("severity") and i.get("code") and i.get("diagnostics") for i in issues):
        return r.text[:200]
    return ""


def test_every_refusal_is_an_operation_outcome_in_the_form_asked_for(f):
    paths = list(dict.fromkeys([*PATHS, *operations(f)]))
    count, found = 0, []
    for path, method, accept, (body, kind) in itertools.product(paths, METHODS, ACCEPT, BODIES):
        if body is not None and (method not in ("POST", "PUT", "PATCH", "PAINT") or accept in (J, TURTLE)):
            continue
        if method == "DELETE" and path[1:] in {f"{k}/{i}" for k, i in THERE.items()}:
            continue
        headers = {k: v for k, v in {"Accept": accept, "Content_Type": kind}.items() if v}
        r = f(method, path[1:], body=body, **headers)
        count += 1
        if problem := wrong(r, method, accept):
            found.append(f"{method} {path} Accept: {accept}, body {body} ({kind}): {r.status_code} {problem}")
    print(f"{count} requests to {len(paths)} addresses")
    assert not found, "\n".join([f"{len(found)} of {count}", *found[:40]])
    assert count > 15_000
