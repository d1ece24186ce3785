"""Tests of a bot's requests on the wire against the planned policies.

The local server treats a policy's conditions as met. So it cannot show that ``require_conditional_writes`` lets only
the driver through. These tests record the driver's requests and check them against the policies that terraform plans.
"""

from __future__ import annotations

import asyncio
import copy
import itertools
from dataclasses import replace

import pytest
from driving import every_operation
from local_aws import KEYS, REGION
from policies import allowed
from wire import CONDITIONS, asked_of

from ptb_bucket.state import LAYOUTS
from ptb_bucket.testing.proxy import FaultProxy, SeenRequest, WireFault
from support.applications.restarting_bot import World, asked

pytestmark = pytest.mark.long

BUCKET = "memory-of-bots"  # as planned
CONDITION_KEYS = {"s3:" + name for name in CONDITIONS}
FAULTS = (WireFault.RESET_AFTER, WireFault.ANSWER_503, WireFault.ANSWER_409_AFTER)


@pytest.fixture(scope="module")
def requests(aws):
    """Everything that was sent: every layout and codec, two instances in conflict, lost answers, restarts, tools."""
    s3 = aws.client("s3")
    s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
    s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
    with FaultProxy(aws.url) as proxy, pytest.MonkeyPatch.context() as patch:
        for name in KEYS:
            patch.setenv(name, "testing")
        for fault in FAULTS:
            proxy.plan(fault, method="PUT", path="/state.", skip=1)
        asyncio.run(run_all(f"?region={REGION}&endpoint_url={proxy.url}"))
        yield proxy.requests


async def run_all(options):
    for layout, codec in itertools.product(LAYOUTS, ("json", "pickle")):
        uri = f"s3://{BUCKET}/bot/{layout}-{codec}{options}"
        await run_one(World(uri, {"layout": layout, "codec": codec}))
        await every_operation(uri)


async def run_one(world):
    """All that PTB persists, changed by two instances that do not know of each other, dropped, and read again."""
    ada, bob = world.telegram.user(42, "Ada"), world.telegram.user(43, "Bob")
    async with world.running() as one, world.running() as two:
        await asked(ada, one, "/count", "/offer", "/order")
        await ada.press(one, "tea")
        await one.update_persistence()
        await asked(bob, two, "/count", "/order")
        await two.update_persistence()  # a lost race, merged
    async with world.running() as later:
        assert await asked(ada, later, "small", "card") == ["How do you pay?", "Thanks."]
        await asked(ada, later, "/forget")
    async with world.running() as last:
        assert await asked(bob, last, "/count") == ["2 2"]
        assert await asked(ada, last, "/count") == ["1 1"]
    assert world.errors == []


def puts(requests):
    return [each for request in requests for each in asked_of(request) if each.action == "s3:PutObject"]


def unconditional(put):
    return replace(put, context={name: value for name, value in put.context.items() if name not in CONDITION_KEYS})


def test_every_request_is_allowed(requests, policies):
    every = [each for request in requests for each in asked_of(request)]
    assert [each for each in every if not allowed(each, **policies)] == []
    assert len([request for request in requests if request.fault]) == len(FAULTS)
    # All kinds that there are were sent.
    assert {each.action for each in every} == {
        action
        for statement in policies["identity"]["Statement"]
        for action in statement["Action"]
        if not action.startswith("kms:")
    }


def test_every_put_has_one_condition_and_is_refused_without_it(requests, policies):
    written = puts(requests)
    assert {frozenset(CONDITION_KEYS & put.context.keys()) for put in written} == {
        frozenset({key}) for key in CONDITION_KEYS
    }
    assert [put for put in written if allowed(unconditional(put), **policies)] == []


def test_it_is_the_one_statement_that_refuses(requests, policies):
    without = copy.deepcopy(policies)
    statements = without["bucket"]["Statement"]
    statements[:] = [each for each in statements if each["Sid"] != "OnlyConditionalWrites"]
    assert len(statements) == len(policies["bucket"]["Statement"]) - 1
    assert all(allowed(unconditional(put), **without) for put in puts(requests))


@pytest.mark.parametrize(
    ("method", "path", "headers"),
    [
        ("POST", "/memory-of-bots/bot/state.json?uploads", {}),
        ("PUT", "/memory-of-bots/bot/state.json?partNumber=1&uploadId=1", {}),
        ("PUT", "/memory-of-bots/bot/state.json", {"x-amz-copy-source": "/memory-of-bots/bot/old.json"}),
        ("HEAD", "/memory-of-bots", {}),
        ("POST", "/memory-of-bots?delete", {}),
    ],
)
def test_what_the_driver_never_sends_would_be_noticed(method, path, headers):
    with pytest.raises(NotImplementedError):
        asked_of(SeenRequest(method, path, headers, 0))
