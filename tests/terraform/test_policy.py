"""The bot's policy is sufficient and minimal: decided on the planned JSON, conditions included."""

from __future__ import annotations

import copy
import json

import pytest
from driving import OPERATIONS
from local_aws import KMS_KEY as KEY
from local_aws import REGION
from policies import Asked, allowed

from ptb_bucket_s3._permissions import with_kms

BUCKET, OBJECTS = "arn:aws:s3:::memory-of-bots", "arn:aws:s3:::memory-of-bots/bot/"
TLS = {"aws:SecureTransport": "true"}
SERVICE = {**TLS, "kms:ViaService": f"s3.{REGION}.amazonaws.com"}
STATE = OBJECTS + "state.json"

# Each operation of the driver as AWS sees it: every one of these requests must be allowed.
REQUESTS = {
    "get": [Asked("s3:GetObject", STATE, TLS), Asked("kms:Decrypt", KEY, SERVICE)],
    "put": [
        Asked("s3:PutObject", STATE, {**TLS, "s3:if-none-match": "*"}),
        Asked("s3:PutObject", STATE, {**TLS, "s3:if-match": '"e1"'}),
        Asked("s3:GetObject", STATE, TLS),
        Asked("kms:GenerateDataKey", KEY, SERVICE),
        Asked("kms:Decrypt", KEY, SERVICE),
    ],
    "delete": [Asked("s3:DeleteObject", STATE, TLS)],
    "list": [Asked("s3:ListBucket", BUCKET, {**TLS, "s3:prefix": prefix}) for prefix in ("bot/", "bot/state")],
    "versions": [
        Asked("s3:ListBucketVersions", BUCKET, {**TLS, "s3:prefix": "bot/state.json"}),
        Asked("s3:GetObjectVersion", STATE, TLS),
        Asked("s3:GetBucketVersioning", BUCKET, TLS),
        Asked("kms:Decrypt", KEY, SERVICE),
    ],
}
ELSEWHERE = {
    "another bot": Asked("s3:GetObject", BUCKET + "/other/state.json", TLS),
    "a look-alike": Asked("s3:GetObject", BUCKET + "/bot-evil/state.json", TLS),
    "a look-alike's list": Asked("s3:ListBucket", BUCKET, {**TLS, "s3:prefix": "bot-evil/"}),
    "the prefix as a name": Asked("s3:GetObject", BUCKET + "/bot", TLS),
    "the bucket's list": Asked("s3:ListBucket", BUCKET, TLS),
    "everybody's list": Asked("s3:ListBucket", BUCKET, {**TLS, "s3:prefix": ""}),
    "everybody's versions": Asked("s3:ListBucketVersions", BUCKET, {**TLS, "s3:prefix": ""}),
    "another bucket": Asked("s3:GetObject", "arn:aws:s3:::memory-of-bots-2/bot/state.json", TLS),
    "a write over all": Asked("s3:PutObject", STATE, TLS),
    "a write elsewhere": Asked("s3:PutObject", BUCKET + "/bot-evil/x", {**TLS, "s3:if-none-match": "*"}),
    "no TLS": Asked("s3:GetObject", STATE, {"aws:SecureTransport": "false"}),
    "a version's end": Asked("s3:DeleteObjectVersion", STATE, TLS),
    "the key beside S3": Asked("kms:Decrypt", KEY, TLS),
    "another key": Asked("kms:Decrypt", KEY + "0", SERVICE),
}
ADMINISTRATION = [
    *(
        "DeleteBucket",
        "PutBucketPolicy",
        "DeleteBucketPolicy",
        "GetBucketPolicy",
        "PutBucketVersioning",
        "PutBucketAcl",
    ),
    *("PutLifecycleConfiguration", "PutEncryptionConfiguration", "PutBucketPublicAccessBlock", "PutBucketTagging"),
    *("PutBucketOwnershipControls", "PutReplicationConfiguration", "PutBucketObjectLockConfiguration"),
]


def test_the_plan_shows_the_uri(planned):
    outputs = planned["planned_values"]["outputs"]
    assert outputs["bucket_uri"]["value"] == f"s3://memory-of-bots/bot?region={REGION}"


@pytest.mark.parametrize("operation", OPERATIONS)
def test_every_operation_is_allowed(policies, operation):
    assert all(allowed(asked, **policies) for asked in REQUESTS[operation])


@pytest.mark.parametrize("case", ELSEWHERE)
def test_everything_else_is_refused(policies, case):
    assert not allowed(ELSEWHERE[case], **policies)


@pytest.mark.parametrize("call", ADMINISTRATION)
def test_administration_is_refused(policies, call):
    assert not allowed(Asked(f"s3:{call}", BUCKET, TLS), **policies)


def test_the_bot_has_exactly_what_the_driver_calls(policies):
    granted = {action for each in policies["identity"]["Statement"] for action in each["Action"]}
    assert granted == {action for actions in OPERATIONS.values() for action in actions}


def test_no_permission_can_be_taken_away(policies):
    for number, statement in enumerate(policies["identity"]["Statement"]):
        for action in statement["Action"]:
            fewer = copy.deepcopy(policies)
            fewer["identity"]["Statement"][number]["Action"].remove(action)
            requests = [asked for each in REQUESTS.values() for asked in each]
            assert not all(allowed(asked, **fewer) for asked in requests), f"{action} is not needed"


@pytest.fixture
def eraser(planned, policies):
    """The policies for the person who runs ``erase-user --versions``."""
    return {**policies, "identity": json.loads(planned["planned_values"]["outputs"]["eraser_policy_json"]["value"])}


def test_the_eraser_has_exactly_what_erasing_calls(eraser):
    granted = {action for each in eraser["identity"]["Statement"] for action in each["Action"]}
    calls = ("get", "put", "list", "versions", "delete_version")
    assert granted == {action for name in calls for action in with_kms()[name]}
    assert all(allowed(asked, **eraser) for name in calls[:-1] for asked in REQUESTS[name])
    assert allowed(ELSEWHERE["a version's end"], **eraser)


@pytest.mark.parametrize("case", sorted(ELSEWHERE.keys() - {"a version's end"}))
def test_everything_else_is_refused_to_the_eraser(eraser, case):
    assert not allowed(ELSEWHERE[case], **eraser)


def test_nobody_has_the_erasers_policy(planned):
    kinds = [change["type"] for change in planned["resource_changes"] if change["type"].startswith("aws_iam")]
    assert kinds == ["aws_iam_policy"]  # the bot's, which the tests above read


def test_what_the_evaluator_does_not_know_raises(policies):
    odd = copy.deepcopy(policies)
    odd["identity"]["Statement"][0]["Condition"] = {"DateLessThan": {"aws:CurrentTime": "2030-01-01"}}
    with pytest.raises(NotImplementedError, match="DateLessThan"):
        allowed(Asked("s3:GetObject", STATE, {**TLS, "aws:CurrentTime": "x"}), **odd)
