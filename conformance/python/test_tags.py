# SPDX-License-Identifier: Apache-2.0
"""Tags of data stores."""

import pytest

from house import exception, ok

NOBODY = "arn:aws:healthlake:us-east-1:000000000000:datastore/fhir/" + "0" * 32


@pytest.fixture
def arn(bench):
    return bench.healthlake.describe_fhir_datastore(DatastoreId=bench.store)["DatastoreProperties"]["DatastoreArn"]


@pytest.fixture
def call(galen):
    return galen.http().operation


def tags(healthlake, arn):
    return {t["Key"]: t["Value"] for t in healthlake.list_tags_for_resource(ResourceARN=arn)["Tags"]}


def test_set_change_and_take_off(healthlake, arn):
    assert tags(healthlake, arn) == {}
    healthlake.tag_resource(ResourceARN=arn, Tags=[{"Key": "team", "Value": "cardiology"}, {"Key": "Ünï/c:o=d+e-@", "Value": ""}])
    healthlake.tag_resource(ResourceARN=arn, Tags=[{"Key": "team", "Value": "oncology"}, {"Key": "more", "Value": "1"}])
    assert tags(healthlake, arn) == {"team": "oncology", "Ünï/c:o=d+e-@": "", "more": "1"}
    healthlake.untag_resource(ResourceARN=arn, TagKeys=["team", "never there"])
    assert tags(healthlake, arn) == {"Ünï/c:o=d+e-@": "", "more": "1"}


def test_both_forms_of_the_arn(bench, call, healthlake, arn):
    short = arn.replace("datastore/fhir/", "datastore/")
    assert ok(call("TagResource", {"ResourceARN": short, "Tags": [{"Key": "k", "Value": "v"}]})) == {}
    assert tags(healthlake, arn) == {"k": "v"}
    assert ok(call("ListTagsForResource", {"ResourceARN": short}))["Tags"] == [{"Key": "k", "Value": "v"}]
    assert ok(call("UntagResource", {"ResourceARN": short, "TagKeys": ["k"]})) == {}
    assert tags(healthlake, arn) == {}


def test_at_most_200(call, healthlake, arn):
    for first in (0, 100):
        healthlake.tag_resource(ResourceARN=arn, Tags=[{"Key": f"k{i}", "Value": "v"} for i in range(first, first + 100)])
    exception(call("TagResource", {"ResourceARN": arn, "Tags": [{"Key": "one too many", "Value": ""}]}), "ValidationException", "200")
    assert len(tags(healthlake, arn)) == 200 and "one too many" not in tags(healthlake, arn)
    healthlake.tag_resource(ResourceARN=arn, Tags=[{"Key": "k7", "Value": "changed"}])
    assert tags(healthlake, arn)["k7"] == "changed"


@pytest.mark.parametrize("bad,text", [
    ([{"Key": "aws:cloudformation:stack", "Value": "v"}], "aws:"),
    ([{"Key": "AWS:x", "Value": "v"}], "aws:"),
    ([{"Key": "k", "Value": "1"}, {"Key": "k", "Value": "2"}], "twice"),
    ([{"Key": "k%", "Value": "v"}], "Value 'k%' at 'tags.1.member.key'"),
    ([{"Key": "k", "Value": "v;"}], "Value 'v;' at 'tags.1.member.value'"),
    ([{"Key": "k"}], "Value at 'tags.1.member.value' failed to satisfy constraint: Member must not be null"),
    ([{"Key": f"k{i}", "Value": ""} for i in range(201)], "Member must have length less than or equal to 200"),
    (None, "Value at 'tags' failed to satisfy constraint: Member must not be null"),
])
def test_tags_that_are_refused(call, healthlake, arn, bad, text):
    exception(call("TagResource", {"ResourceARN": arn, **({"Tags": bad} if bad else {})}), "ValidationException", text)
    assert tags(healthlake, arn) == {}


@pytest.mark.parametrize("operation,more", [
    ("TagResource", {"Tags": [{"Key": "k", "Value": "v"}]}), ("UntagResource", {"TagKeys": ["k"]}), ("ListTagsForResource", {})])
class TestARNs:
    @pytest.mark.parametrize("arn,code", [
        (None, "ValidationException"),
        ("", "ValidationException"),
        ("not an ARN", "ValidationException"),
        ("arn:aws:s3:::bucket", "ValidationException"),
        ("arn:aws:healthlake:us-east-1:000000000000:index/x", "ValidationException"),
        (NOBODY, "ResourceNotFoundException"),
        (NOBODY.replace("us-east-1", "eu-west-1"), "ResourceNotFoundException"),
        (NOBODY.replace("000000000000:", "999999999999:"), "ResourceNotFoundException"),
    ])
    def test_refused(self, call, operation, more, arn, code):
        exception(call(operation, {**more, **({} if arn is None else {"ResourceARN": arn})}), code)


def test_untag_needs_keys(call, arn):
    exception(call("UntagResource", {"ResourceARN": arn}), "ValidationException", "'tagKeys'")
    exception(call("UntagResource", {"ResourceARN": arn, "TagKeys": [""]}), "ValidationException", "'tagKeys.1.member'")
    exception(call("UntagResource", {"ResourceARN": arn, "TagKeys": ["k"] * 201}), "ValidationException", "less than or equal to 200")
