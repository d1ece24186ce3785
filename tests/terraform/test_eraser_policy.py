"""The planned policy of the eraser, on a server that enforces it: enough for ``erase-user --versions``, and minimal."""

from __future__ import annotations

import json

import pytest
from enforcing_aws import client_of, enforcing_aws, keys_with
from local_aws import REGION
from telegram.ext import ExtBot

from ptb_bucket import BucketPersistence
from ptb_bucket.errors import AccessError
from ptb_bucket.tools import erase, find_person, open_state, past_of

pytestmark = pytest.mark.long

BUCKET, PERSON = "memory-to-erase", 4242
ERASER = (
    *("s3:GetObject", "s3:PutObject", "s3:ListBucket", "s3:ListBucketVersions", "s3:GetObjectVersion"),
    *("s3:GetBucketVersioning", "s3:DeleteObjectVersion"),
)


@pytest.fixture(scope="module")
def outputs(terraform):
    """The module's outputs, as planned without KMS."""
    planned = terraform("modules/s3").planned({"bucket_name": BUCKET})["planned_values"]["outputs"]
    return {name: output.get("value") for name, output in planned.items()}


@pytest.fixture(scope="module")
def server():
    with enforcing_aws() as url:
        yield url


@pytest.fixture
def s3(server):
    """The owner's client, and a new bucket without a policy: the server knows none of that one's conditions."""
    made = client_of(server, "s3")
    made.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
    made.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
    yield made
    for each in every_version(made):
        made.delete_object(Bucket=BUCKET, Key=each["Key"], VersionId=each["VersionId"])
    made.delete_bucket(Bucket=BUCKET)


@pytest.fixture
def become(server, monkeypatch):
    """Be a user with a policy."""

    def one(policy):
        for name, value in keys_with(server, json.dumps(policy)).items():
            monkeypatch.setenv(name, value)

    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    return one


@pytest.fixture
async def uri(server, s3, outputs, become):
    """The URI under which a bot, with its own policy, saved a person's data, changed it, and dropped a part."""
    become(json.loads(outputs["policy_json"]))
    uri = f"{outputs['bucket_uri']}&layout=per-record&endpoint_url={server}"
    bot = BucketPersistence(uri)
    bot.set_bot(ExtBot("123456:offline"))
    for number in (1, 2):
        await bot.update_user_data(PERSON, {"name": "Ada", "number": number})
        await bot.update_chat_data(PERSON, {"words": "Ada", "number": number})
        await bot.update_user_data(7, {"name": "Grace", "number": number})
        await bot.flush()
    await bot.drop_chat_data(PERSON)
    await bot.flush()
    return uri


def every_version(s3):
    found = s3.list_object_versions(Bucket=BUCKET)
    return [*found.get("Versions", ()), *found.get("DeleteMarkers", ())]


def texts(s3):
    """Return the contents of all versions of all objects."""
    named = [{"Key": each["Key"], "VersionId": each["VersionId"]} for each in every_version(s3)]
    return [s3.get_object(Bucket=BUCKET, **each)["Body"].read() for each in named]


async def erased(uri):
    """Erase as ``erase-user --versions --force`` does."""
    async with open_state(uri) as state:
        found = await find_person(state, PERSON)
        return await erase(state, found, await past_of(state, found), force=True)


def less(policy, action):
    statements = [{**each, "Action": [one for one in each["Action"] if one != action]} for each in policy["Statement"]]
    return {**policy, "Statement": [each for each in statements if each["Action"]]}


async def test_no_version_contains_the_person_afterwards(s3, uri, outputs, become):
    assert b"Ada" in b"".join(texts(s3))
    become(json.loads(outputs["eraser_policy_json"]))
    assert await erased(uri) > 0
    left = b"".join(texts(s3))
    assert (b"Ada" in left, b"Grace" in left) == (False, True)


def test_these_are_the_actions(outputs):
    statements = json.loads(outputs["eraser_policy_json"])["Statement"]
    assert {action for each in statements for action in each["Action"]} == set(ERASER)


@pytest.mark.parametrize("action", ERASER)
async def test_with_one_permission_less_it_fails(uri, outputs, become, action):
    become(less(json.loads(outputs["eraser_policy_json"]), action))
    with pytest.raises(AccessError, match=action):
        await erased(uri)


async def test_the_bot_may_not(s3, uri, outputs):
    before = texts(s3)
    with pytest.raises(AccessError):
        await erased(uri)
    assert texts(s3) == before


async def test_other_prefixes_are_refused(uri, outputs, become):
    become(json.loads(outputs["eraser_policy_json"]))
    with pytest.raises(AccessError):
        await erased(uri.replace("/bot?", "/other?"))
