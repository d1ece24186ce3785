"""Tests of the requests that docs/how-to/effects.md names."""

from __future__ import annotations

import collections

import pytest

PUT, GET, DELETE = "put", "get", "delete"
COSTS = {
    "once": {"single": {PUT: 1}, "per-type": {PUT: 1, GET: 1}, "per-record": {PUT: 1}},
    "at most once": {"single": {PUT: 2}, "per-type": {PUT: 2, GET: 1}, "per-record": {PUT: 2}},
}
PLAIN = {
    "dedupe": {"single": {PUT: 1, GET: 1}, "per-type": {PUT: 2, GET: 4}, "per-record": {PUT: 2, GET: 4}},
    "jobs": {"single": {PUT: 1, GET: 1}, "per-type": {PUT: 2, GET: 5}, "per-record": {PUT: 2, GET: 4}},
}
"""An update that changes ``user_data``: its documents are read, and those of its data and its ID are written."""


async def pay():
    return 1


async def nothing(context):
    pass


async def plain(context):
    context.user_data["n"] = context.user_data.get("n", 0) + 1


async def once(context):
    await plain(context)
    await context.application.once("pay", pay)


async def at_most_once(context):
    await plain(context)
    await context.application.once("pay", pay, at_most_once=True)


async def after(context):
    await plain(context)
    context.application.after_commit(nothing)


async def cost(bots, handle, **options):
    """Return the requests of one update when everything is loaded."""
    async with bots.build(handle, **options) as application:
        for _ in range(2):
            await bots.deliver(application)
        bots.requests.clear()
        await bots.deliver(application)
        return collections.Counter(operation for operation, _ in bots.requests)


@pytest.mark.parametrize(("name", "handle"), [("once", once), ("at most once", at_most_once)])
async def test_once(bots, name, handle):
    assert await cost(bots, handle) - await cost(bots, plain) == COSTS[name][bots.layout]


async def test_after_commit(bots):
    options = {"jobs": "bucket", "callbacks": [nothing]}
    extra = await cost(bots, after, **options) - await cost(bots, plain, **options)
    assert extra == {
        "single": {PUT: 2, GET: 1}, "per-type": {PUT: 3, GET: 3}, "per-record": {PUT: 3, GET: 3, DELETE: 1}
    }[bots.layout]  # fmt: skip


@pytest.mark.parametrize("options", [{"dedupe": True}, {"jobs": "bucket", "callbacks": [nothing]}])
async def test_an_update_without_effects_costs_nothing_more(bots, options, monkeypatch):
    """Compare with an application that knows nothing of effects."""
    before = await cost(bots, plain, **options)
    monkeypatch.setattr("ptb_bucket.application.effects.EffectUnit.of_update", lambda update: None)
    assert await cost(bots, plain, **options) == before
    assert before == PLAIN["jobs" if "jobs" in options else "dedupe"][bots.layout]
