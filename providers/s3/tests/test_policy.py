"""The README's smallest policy, tried out: on a MiniStack that checks signatures, policies and their conditions."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
from contextlib import asynccontextmanager
from pathlib import Path

import aioboto3
import boto3
import pytest

from ptb_bucket.errors import AccessError
from ptb_bucket.stores import PROOF_NAME, Create, PrefixStore, Update
from ptb_bucket.testing.conformance import PersistenceConformance, WithdrawnConformance
from ptb_bucket.tools import Verdict, check
from ptb_bucket_s3 import PERMISSIONS, S3Store, Settings

pytestmark = pytest.mark.long  # it installs a second MiniStack

README = Path(__file__).parents[1].joinpath("README.md").read_text(encoding="utf-8")
# The kit's bots are below bots/.
POLICY = re.search(r"```json\n(.*?)```", README, re.DOTALL).group(1).replace("my-bot/", "bots/")
# The one beside it in this environment knows no policies, and this one pins a botocore that aioboto3 cannot use.
MINISTACK = "ministack==1.5.33"


@pytest.fixture(scope="module")
def enforcing(run_ministack):
    """A server that enforces policies, from PyPI into a cache outside of the project."""
    cache = Path(tempfile.gettempdir()) / f"ptb-bucket-{MINISTACK}-{sys.version_info[1]}-{os.getuid()}"
    if not cache.joinpath("complete").exists():
        command = [sys.executable, "-m", "pip", "install", "-q", "--target", cache, MINISTACK]
        if subprocess.run(command, check=False, capture_output=True, timeout=120).returncode:
            pytest.skip(f"pip cannot install {MINISTACK}, the server that enforces policies, here")
        cache.joinpath("complete").touch()
    with run_ministack(PYTHONPATH=str(cache), AUTH="true") as server:
        yield server


@pytest.fixture
def credentials(enforcing):
    """Make a user whom a policy allows what it says, and nothing else; its keys."""
    iam = boto3.client("iam", endpoint_url=enforcing.url)

    def make(policy):
        name = f"user-{os.urandom(4).hex()}"
        iam.create_user(UserName=name)
        iam.put_user_policy(UserName=name, PolicyName="bot", PolicyDocument=policy)
        return iam.create_access_key(UserName=name)["AccessKey"]

    yield make
    iam.close()


@pytest.fixture
def bot(enforcing, credentials, new_place, monkeypatch):
    """A place, for a bot with the README's policy, which can be withdrawn."""
    place = new_place(enforcing)
    keys = credentials(POLICY.replace("my-bucket", place.bucket))
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", keys["AccessKeyId"])
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", keys["SecretAccessKey"])
    place.forbidden = lambda: without_policy(enforcing.url, keys["UserName"])
    return place


@asynccontextmanager
async def without_policy(url, name):
    which = {"UserName": name, "PolicyName": "bot"}
    iam = boto3.client("iam", endpoint_url=url, aws_access_key_id="testing", aws_secret_access_key="testing")
    policy = json.dumps(iam.get_user_policy(**which)["PolicyDocument"])
    iam.delete_user_policy(**which)
    yield
    iam.put_user_policy(**which, PolicyDocument=policy)
    iam.close()


class TestABotWithTheSmallestPolicy(PersistenceConformance):
    @pytest.fixture
    def combination(self):
        return "per-type", "json"

    @pytest.fixture
    def backend(self, bot):
        return bot


class TestABotWhosePolicyIsWithdrawn(WithdrawnConformance):
    @pytest.fixture
    def backend(self, bot):
        return bot


async def _all(items):
    return [item async for item in items]


# Action → an operation for which it is needed.
NEEDED_FOR = {
    "s3:GetObject": lambda store, _etag, _version: store.get("old"),
    "s3:PutObject": lambda store, etag, _version: store.put("old", b"2", Update(etag)),
    "s3:ListBucket": lambda store, _etag, _version: _all(store.list()),
    "s3:DeleteObject": lambda store, _etag, _version: store.delete("gone"),
    "s3:ListBucketVersions": lambda store, _etag, _version: _all(store.versions("old")),
    "s3:GetBucketVersioning": lambda store, _etag, _version: _all(store.versions("old")),
    "s3:GetObjectVersion": lambda store, _etag, version: store.get("old", version=version),
    "s3:DeleteObjectVersion": lambda store, _etag, version: store.delete_version("old", version),
}


def full_policy(bucket, without=""):
    """The README's, and beside it what the rest of PERMISSIONS takes."""
    policy = json.loads(POLICY.replace("my-bucket", bucket))
    more = {"s3:DeleteObject": "bots/*", "s3:GetObjectVersion": "bots/*", "s3:DeleteObjectVersion": "bots/*"}
    more |= {"s3:ListBucketVersions": "", "s3:GetBucketVersioning": ""}
    for action, path in more.items():
        resource = f"arn:aws:s3:::{bucket}/{path}".rstrip("/")
        policy["Statement"].append({"Effect": "Allow", "Action": [action], "Resource": resource})
    for statement in policy["Statement"]:
        actions = [statement["Action"]] if isinstance(statement["Action"], str) else statement["Action"]
        statement["Action"] = [action for action in actions if action != without]
    policy["Statement"] = [statement for statement in policy["Statement"] if statement["Action"]]
    return json.dumps(policy)


@pytest.fixture
async def place(enforcing, new_place):
    """A place with an object ``old`` and one that is ``gone`` soon; as its owner sees it."""
    place = new_place(enforcing, versioning=True)
    for key in ("bots/old", "bots/gone"):
        await place.write_raw(key, b"1")
    head = enforcing.client.head_object(Bucket=place.bucket, Key="bots/old")
    return place, head["ETag"].strip('"'), head["VersionId"]


def as_user(server, place, keys):
    session = aioboto3.Session(keys["AccessKeyId"], keys["SecretAccessKey"], region_name="us-east-1")
    store = S3Store(place.bucket, Settings(endpoint_url=server.url, home="bots/"), session=session)
    return PrefixStore(store, "bots/")


def test_every_permission_is_tried():
    assert set(NEEDED_FOR) == {action for actions in PERMISSIONS.values() for action in actions}


async def test_with_all_of_them_everything_works(enforcing, credentials, place):
    place, etag, version = place
    async with as_user(enforcing, place, credentials(full_policy(place.bucket))) as store:
        for work in NEEDED_FOR.values():
            await work(store, etag, version)
        await store.put("new", b"1", Create())


@pytest.mark.parametrize("action", NEEDED_FOR)
async def test_without_one_of_them_the_error_names_it(enforcing, credentials, place, action):
    place, etag, version = place
    async with as_user(enforcing, place, credentials(full_policy(place.bucket, without=action))) as store:
        with pytest.raises(AccessError, match=rf"Grant .*{action}\b"):
            await NEEDED_FOR[action](store, etag, version)


async def test_nothing_outside_of_the_prefix_is_allowed(enforcing, credentials, place):
    place, *_ = place
    await place.write_raw("neighbours/state.json", b"1")
    store = as_user(enforcing, place, credentials(POLICY.replace("my-bucket", place.bucket)))._store
    async with store:
        with pytest.raises(AccessError):
            await store.get("neighbours/state.json")
        with pytest.raises(AccessError):
            await _all(store.list("neighbours/"))


# Without it, these lines of ``ptb-bucket check`` name it. What only tools need is a warning.
CHECK_SAYS = {
    "s3:GetObject": ("failed", "read"),
    "s3:PutObject": ("failed", "create"),
    "s3:ListBucket": ("failed", "list"),
    "s3:DeleteObject": ("warning", "delete"),
    "s3:ListBucketVersions": ("warning", "versioning"),
    "s3:GetBucketVersioning": ("warning", "versioning"),
    "s3:GetObjectVersion": ("warning", "versioning"),
    "s3:DeleteObjectVersion": ("ok", "delete old versions"),
}


async def checked(server, place, keys):
    async with as_user(server, place, keys) as store:
        return {one.name: one for one in await check(store)}


async def test_check_finds_all_well_with_all_of_them(enforcing, credentials, place):
    place, *_ = place
    rows = await checked(enforcing, place, credentials(full_policy(place.bucket)))
    assert {row.verdict for row in rows.values()} == {Verdict.OK}, rows
    assert rows["delete old versions"].detail.startswith("s3:DeleteObjectVersion")
    left = enforcing.client.list_object_versions(Bucket=place.bucket)
    assert {item["Key"] for item in left["Versions"]} == {"bots/old", "bots/gone", f"bots/{PROOF_NAME}"}
    assert "DeleteMarkers" not in left


@pytest.mark.parametrize("action", CHECK_SAYS)
async def test_check_names_what_is_missing_and_the_policys_line(enforcing, credentials, place, action):
    place, *_ = place
    assert set(CHECK_SAYS) == set(NEEDED_FOR)
    before = sorted(await place.keys_raw())
    rows = await checked(enforcing, place, credentials(full_policy(place.bucket, without=action)))
    verdict, name = CHECK_SAYS[action]
    assert rows[name].verdict is Verdict(verdict)
    assert re.search(rf"Grant .*{action}\b.* on arn:aws:s3:::{place.bucket}", rows[name].detail)
    assert rows["credentials"].verdict is rows["bucket"].verdict is Verdict.OK
    stays = [] if action != "s3:DeleteObject" else ["bots/.ptb-bucket-check"]
    assert sorted(await place.keys_raw()) == sorted([*before, *stays])


async def test_check_is_content_with_the_smallest_policy(enforcing, credentials, place):
    place, *_ = place
    rows = await checked(enforcing, place, credentials(POLICY.replace("my-bucket", place.bucket)))
    assert {row.name for row in rows.values() if row.verdict is Verdict.FAILED} == set()


async def test_check_reports_unknown_keys(enforcing, place):
    place, *_ = place
    rows = await checked(enforcing, place, {"AccessKeyId": "AKIANOBODY", "SecretAccessKey": "rosebud"})
    assert rows["credentials"].verdict is Verdict.FAILED
    assert "rosebud" not in str(rows)
