"""Tests of what a tool says while a server does not answer. No test asserts a time: the store waits for the report."""

from __future__ import annotations

import asyncio
from contextlib import suppress

import pytest
from telegram.ext import ExtBot

from ptb_bucket import BucketPersistence
from ptb_bucket.errors import RefusedError
from ptb_bucket.stores import InterceptingStore, MemoryStore, wrapped
from ptb_bucket.tools import check, inspect_record, open_state, record_of, rekey, report_waits, waiting


class Hanging(InterceptingStore):
    """A store that does not answer one kind of request before the tool has reported that it waits for it."""

    def __init__(self, store, operation):
        super().__init__(store)
        self.operation, self.reported, self.reports = operation, asyncio.Event(), []

    def report(self, text):
        self.reports.append(text)
        self.reported.set()

    async def _call(self, operation, key, send):
        if operation == self.operation:
            await asyncio.wait_for(self.reported.wait(), 60)
        return await send()

    async def _stream(self, operation, key, begin):
        if operation == self.operation:
            await asyncio.wait_for(self.reported.wait(), 60)
        async for item in begin():
            yield item


async def filled():
    store = MemoryStore()
    bot = BucketPersistence(store)
    bot.set_bot(ExtBot("123456:offline"))
    await bot.update_user_data(42, {"name": "Ada"})
    await bot.flush()
    return store


@pytest.fixture
def at_once(monkeypatch):
    """Report waits without the usual two seconds."""
    monkeypatch.setattr(waiting, "_FIRST", 0.01)


@pytest.mark.usefixtures("at_once")
@pytest.mark.parametrize(
    ("operation", "words"), [("get", "reading state.json in memory"), ("list", "listing bot_data in memory")]
)
async def test_a_request_without_an_answer_is_reported(operation, words):
    store = Hanging(await filled(), operation)
    with report_waits(store.report):
        async with open_state(store) as state:
            await inspect_record(state, record_of("user", ["42"])[0])
    assert words in store.reports[0]
    assert store.reports[0].startswith("Waiting for a response: ")
    assert "Ada" not in "".join(store.reports)


@pytest.mark.usefixtures("at_once")
async def test_a_bot_that_a_tool_runs_reports_too():
    store = Hanging(await filled(), "get")
    with report_waits(store.report):
        bot = BucketPersistence(store)
        bot.set_bot(ExtBot("123456:offline"))
        assert await bot.get_user_data() == {42: {"name": "Ada"}}
    assert store.reports


@pytest.mark.usefixtures("at_once")
@pytest.mark.parametrize("tool", [check, rekey])
async def test_tools_that_open_no_state_report_too(tool):
    store = Hanging(await filled(), "list")
    with report_waits(store.report), suppress(RefusedError):
        await (check(store) if tool is check else rekey(store, to_plain=True))
    assert store.reports


async def test_several_requests_are_one_report():
    store = Hanging(MemoryStore(), "get")
    with report_waits(store.report):
        seen = wrapped(store)
    await asyncio.gather(*(seen.get(f"key{number}") for number in range(5)), return_exceptions=True)
    assert len(store.reports) == 1
    assert "and 4 more requests" in store.reports[0]


async def test_nothing_is_reported_without_a_listener_or_after_an_answer():
    store = await filled()
    assert wrapped(store) is store
    reports = []
    with report_waits(reports.append):
        seen = wrapped(store)
        await seen.get("state.json")
    assert seen._timer is None
    assert reports == []
