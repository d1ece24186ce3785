"""Tests of the applied module s3: its policy is enough and minimal, the bucket's settings, a second plan."""

from __future__ import annotations

import json
import os

import pytest
from driving import OPERATIONS, every_operation, opened
from local_aws import KEYS

from ptb_bucket.errors import AccessError
from ptb_bucket.stores import Create

pytestmark = pytest.mark.long

BUCKET = "memory-applied"
ACTIONS = sorted({action for actions in OPERATIONS.values() for action in actions if action.startswith("s3:")})


@pytest.fixture(scope="module")
def variables(aws):
    """All that the module can grant, and a key of KMS; without one it is applied by the Lambda example."""
    key = aws.client("kms").create_key()["KeyMetadata"]["Arn"]
    return {"bucket_name": BUCKET, "operations": list(OPERATIONS), "force_destroy": True, "kms_key_arn": key}


@pytest.fixture(scope="module")
def applied(terraform, aws, variables):
    """The bucket that terraform made; destroyed at the end, and then it is gone."""
    made = terraform("modules/s3")
    made("apply", "-auto-approve", variables=variables)
    yield made
    made("destroy", "-auto-approve", variables=variables)
    assert BUCKET not in [bucket["Name"] for bucket in aws.client("s3").list_buckets()["Buckets"]]


@pytest.fixture(scope="module")
def open_to_conditions(applied, aws):
    """Without the bucket's policy: the local server takes its conditions as met and refuses everybody."""
    s3 = aws.client("s3")
    s3.delete_bucket_policy(Bucket=BUCKET)
    s3.create_bucket(Bucket="memory-of-others", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    yield
    s3.delete_bucket(Bucket="memory-of-others")
    _delete_markers(s3)


@pytest.fixture
def become(applied, aws, open_to_conditions, monkeypatch):
    """Be a role with the policy of the module's output, less one action; where the bot's memory is."""
    outputs, made = applied.outputs(), []

    def with_policy_less(action=None):
        policy = json.loads(outputs["policy_json"])
        for statement in policy["Statement"]:
            statement["Action"] = [each for each in statement["Action"] if each != action]
        policy["Statement"] = [statement for statement in policy["Statement"] if statement["Action"]]
        made.append(_role(aws.client("iam"), policy))
        _put_into(monkeypatch, {**aws.environment, **aws.keys_of(made[-1]["Arn"])})
        return outputs["bucket_uri"]

    yield with_policy_less
    for role in made:
        aws.client("iam").delete_role_policy(RoleName=role["RoleName"], PolicyName="bot")
        aws.client("iam").delete_role(RoleName=role["RoleName"])


def _delete_markers(s3):
    """The local server never gets rid of one while versioning is suspended, and terraform would wait for ever."""
    for marker in s3.list_object_versions(Bucket=BUCKET).get("DeleteMarkers", []):
        s3.delete_object(Bucket=BUCKET, Key=marker["Key"], VersionId=marker["VersionId"])


def _role(iam, policy):
    role = iam.create_role(RoleName="bot", AssumeRolePolicyDocument="{}")["Role"]
    iam.put_role_policy(RoleName="bot", PolicyName="bot", PolicyDocument=json.dumps(policy))
    return role


def _put_into(monkeypatch, environment):
    for name, value in environment.items():
        monkeypatch.setenv(name, value)


def test_planned_again_there_is_nothing_to_do(applied, variables):
    assert "No changes" in applied.unchanged(variables)


def test_what_the_bucket_has(applied, aws, variables):
    s3 = aws.client("s3")
    blocked = s3.get_public_access_block(Bucket=BUCKET)["PublicAccessBlockConfiguration"]
    owner = s3.get_bucket_ownership_controls(Bucket=BUCKET)["OwnershipControls"]["Rules"]
    rules = s3.get_bucket_encryption(Bucket=BUCKET)["ServerSideEncryptionConfiguration"]["Rules"]
    assert s3.get_bucket_versioning(Bucket=BUCKET)["Status"] == "Enabled"
    assert (len(blocked), set(blocked.values())) == (4, {True})
    assert owner == [{"ObjectOwnership": "BucketOwnerEnforced"}]
    by_default = rules[0]["ApplyServerSideEncryptionByDefault"]
    assert by_default == {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": variables["kms_key_arn"]}
    assert rules[0]["BucketKeyEnabled"] is True


def test_what_is_thrown_away(applied, aws):
    rules = aws.client("s3").get_bucket_lifecycle_configuration(Bucket=BUCKET)["Rules"]
    by_name = {rule["ID"]: rule for rule in rules if rule["Status"] == "Enabled"}
    assert by_name["old-versions"]["NoncurrentVersionExpiration"] == {"NoncurrentDays": 7}
    assert by_name["unfinished-uploads"]["AbortIncompleteMultipartUpload"] == {"DaysAfterInitiation": 2}
    assert by_name["expired-delete-markers"]["Expiration"] == {"ExpiredObjectDeleteMarker": True}


async def test_what_the_driver_puts_is_encrypted_with_the_key(become, aws, variables):
    uri = become()
    with aws.enforcing():
        async with opened(uri) as store:
            await store.put("encrypted.json", b"1", Create())
    found = aws.client("s3").head_object(Bucket=BUCKET, Key="bot/encrypted.json")
    assert (found["ServerSideEncryption"], found["SSEKMSKeyId"]) == ("aws:kms", variables["kms_key_arn"])


async def test_every_operation_of_the_driver_works(become, aws):
    uri = become()
    with aws.enforcing():
        await every_operation(uri)


@pytest.mark.parametrize("action", ACTIONS)
async def test_with_one_permission_less_one_does_not(become, aws, action):
    uri = become(action)
    with aws.enforcing(), pytest.raises(AccessError):
        await every_operation(uri)


@pytest.mark.parametrize(
    "place", ["s3://memory-applied/other", "s3://memory-applied/bot-evil", "s3://memory-of-others/bot"]
)
async def test_elsewhere_the_driver_is_refused(become, aws, place):
    become()
    with aws.enforcing():
        async with opened(f"{place}?region=eu-west-1") as store:
            with pytest.raises(AccessError):
                await store.get("state.json")
            with pytest.raises(AccessError):
                await store.put("state.json", b"1", Create())
            with pytest.raises(AccessError):
                await store.delete("state.json")


@pytest.mark.parametrize("call", ["delete_bucket", "delete_bucket_policy", "get_bucket_policy", "get_bucket_lifecycle"])
def test_administration_is_refused(become, aws, call):
    become()
    s3 = aws.client("s3", {name: os.environ[name] for name in KEYS})
    with aws.enforcing(), pytest.raises(s3.exceptions.ClientError) as refused:
        getattr(s3, call)(Bucket=BUCKET)
    assert refused.value.response["Error"]["Code"] == "AccessDenied"
