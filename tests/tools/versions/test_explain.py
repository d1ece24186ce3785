"""Tests of the explanation of a record: by whom, when, what was merged, what was decided, and what is unknown."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass

import pytest
from telegram.ext import ExtBot

from ptb_bucket import BucketPersistence
from ptb_bucket.cli import main
from ptb_bucket.errors import NotFoundError
from ptb_bucket.state import Record
from ptb_bucket.stores import LocalStore
from ptb_bucket.tools import explain, open_state
from ptb_bucket.tools.versions.changes import Change, changes_between, survives

USER = Record.user(42)


@dataclass
class Cart:
    items: list
    step: int = 0


def bot(store, **how):
    made = BucketPersistence(store, types=[Cart], update_interval=60, **how)
    made.set_bot(ExtBot("123456:offline"))
    return made


async def save(made, value, user=42):
    await made.update_user_data(user, value)
    await made.flush()


async def explained(store, record=USER, **how):
    async with open_state(store, keep_unknown=True) as state:
        return await explain(state, record, **how)


def paths(others):
    return None if others is None else {one.sequence: set(one.places) for one in others}


@pytest.fixture
def store(tmp_path):
    return LocalStore(tmp_path, keep=50)


async def two_bots(store):
    """Let two instances change one record at the same time, and another record before."""
    one, other = bot(store), bot(store)
    await save(one, {"name": "Ada", "tags": [1], "cart": Cart([1])})  # 1
    await other.get_user_data()
    await save(other, {"x": 1}, user=43)  # 2, which does not touch the record
    await save(one, {"name": "Eve", "tags": [1, 2], "cart": Cart([1], 1), "phone": 1})  # 3
    await save(other, {"name": "Bob", "tags": [1, 3], "cart": Cart([5])})  # 4, from commit 2
    return one, other


async def test_commits_that_touched_a_record_are_named_with_writer_and_time(store):
    one, other = await two_bots(store)
    found = await explained(store)
    assert [(touch.first, touch.last) for touch in found.touches] == [(4, 4), (3, 3), (1, 1)]
    writers = [touch.commit.writer for touch in found.touches]
    assert writers[1] == writers[2] != writers[0]
    assert all(touch.commit.time.tzinfo for touch in found.touches)
    assert found.exists
    assert (found.commits, found.versions, found.more, found.problem) == (4, 4, False, "")
    del one, other


async def test_what_was_merged_and_what_was_decided_is_told_apart(store):
    await two_bots(store)
    last, second, first = (await explained(store)).touches
    assert paths(first.merged) == paths(first.decided) == {}
    assert paths(second.merged) == paths(second.decided) == {}
    assert set(last.changes) == {("name",), ("tags",), ("cart", "items", 0)}
    assert paths(last.merged) == {3: {("tags",), ("cart", "step"), ("phone",)}}
    assert paths(last.decided) == {3: {("name",)}}
    assert last.decided[0].writer == second.commit.writer


async def test_where_versions_are_missing_it_says_unknown(store):
    await two_bots(store)
    versions = [version async for version in store.versions("state.json")]
    await store.delete_version("state.json", versions[1].version)  # commit 3
    lost, first = (await explained(store)).touches
    assert (lost.first, lost.last, lost.commit, lost.merged, lost.decided) == (3, 4, None, None, None)
    assert ("name",) in lost.changes
    assert first.commit is not None


async def test_what_a_writer_had_read_before_its_first_commit_is_unknown(store):
    one, other = bot(store), bot(store)
    await save(one, {"name": "Ada"})
    await save(one, {"name": "Eve"})
    await save(other, {"name": "Bob"})
    last = (await explained(store)).touches[0]
    assert set(last.changes) == {("name",)}
    assert (last.merged, last.decided) == (None, None)


async def test_the_oldest_kept_version_has_no_known_origin(store):
    await two_bots(store)
    versions = [version async for version in store.versions("state.json")]
    await store.delete_version("state.json", versions[3].version)
    oldest = (await explained(store)).touches[-1]
    assert (oldest.first, oldest.last, oldest.commit, oldest.changes) == (1, 2, None, None)


async def test_a_limit_reads_only_the_newest(store):
    await two_bots(store)
    found = await explained(store, limit=2)
    assert (found.versions, found.more) == (2, True)
    assert found.touches[-1].commit is None


async def test_a_removed_record_a_tool_and_a_change_by_hand(store, tmp_path):
    await two_bots(store)
    document = json.loads((tmp_path / "state.json").read_text())
    (tmp_path / "state.json").write_text(json.dumps(document).replace("Bob", "Zoe"))
    assert await asyncio.to_thread(main, ["rm", f"file:{tmp_path}?keep=50", "user_data", "42", "-q"]) == 0
    removed, by_hand, *_ = (await explained(store)).touches
    assert removed.changes == {(): Change.REMOVED}
    assert removed.commit.is_tools
    assert (by_hand.is_by_hand, by_hand.commit, set(by_hand.changes)) == (True, None, {("name",)})
    assert not (await explained(store)).exists


async def test_a_store_without_versions_knows_only_the_header(tmp_path):
    store = LocalStore(tmp_path)
    one, other = await two_bots(store)
    found = await explained(store)
    assert (found.touches, found.versions, found.alone) == ((), 0, False)
    assert "does not keep old versions" in found.problem
    assert [number for number, _ in found.writers] == [4, 3]
    del one, other


async def test_a_record_that_never_was_is_not_found(store):
    await two_bots(store)
    with pytest.raises(NotFoundError, match=r"user_data\[7\]"):
        await explained(store, Record.user(7))


def test_the_verb_prints_places_but_no_values(tmp_path, capsys):
    uri = f"file:{tmp_path}?keep=50"
    asyncio.run(two_bots(LocalStore(tmp_path, keep=50)))
    assert main(["explain", uri, "user", "42"]) == 0
    text = capsys.readouterr().out
    assert "user_data[42] in state.json" in text
    assert "changed: changed name, tags, cart.items[0]" in text
    assert "merged: kept commit 3 of" in text
    assert "decided: against commit 3 of" in text
    assert not {"Ada", "Bob", "Eve"} & set(text.replace('"', " ").split())
    assert main(["explain", uri, "user", "42", "--json"]) == 0
    touch = json.loads(capsys.readouterr().out)["touches"][0]
    assert touch["decided_against"][0]["paths"] == ["name"]
    assert sorted(touch["merged"][0]["paths"]) == ["cart.step", "phone", "tags"]


def test_the_verb_says_unknown(tmp_path, capsys):
    asyncio.run(two_bots(LocalStore(tmp_path)))
    assert main(["explain", f"file:{tmp_path}", "user", "42"]) == 0
    out, err = capsys.readouterr()
    assert "The commits to this record are unknown." in out
    assert "does not keep old versions" in err


def test_differences_are_as_deep_as_they_can_be():
    before = {"a": {"b": [1, {"c": 1}], "d": {1}}, "e": 1}
    after = {"a": {"b": [1, {"c": 2}], "d": {1, 2}}, "f": 1}
    assert changes_between(before, after) == {
        ("a", "b", 1, "c"): Change.CHANGED, ("a", "d"): Change.CHANGED, ("e",): Change.REMOVED, ("f",): Change.ADDED,
    }  # fmt: skip
    assert changes_between([1], [1, 2]) == {(): Change.CHANGED}
    assert changes_between({}, {}) == {}


@pytest.mark.parametrize(
    ("before", "after", "now", "expected"),
    [
        ([1], [1, 2], [1, 2, 3], True), ([1], [1, 2], [1, 3], False), ([1, 2], [1], [1, 3], True),
        ([1, 2], [1], [1, 2], False), ({1}, {1, 2}, {1, 2, 3}, True), (1, 2, 3, False), (1, 2, 2, True),
        ([1], [1, 1], [1], False), ({1}, {1, 2}, {3}, False),
    ],
)  # fmt: skip
def test_a_change_survives_if_what_it_added_is_there_and_what_it_removed_is_gone(before, after, now, expected):
    assert survives(before, after, now) is expected
