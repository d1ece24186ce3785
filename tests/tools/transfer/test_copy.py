"""Copies between layouts, codecs and bots: what moves, what is skipped, what is refused."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import json
import os
import shutil
import subprocess
import sys
import tracemalloc

import pytest

from ptb_bucket.cli import main
from ptb_bucket.errors import CannotLoadError, RefusedError, UnsavedError
from ptb_bucket.state import HANDLED, Record
from ptb_bucket.tools import open_state
from ptb_bucket.tools.transfer.copy_target import open_target
from ptb_bucket.tools.transfer.copying import copy
from support.parameters import crossed

BOT = "123456"
LAYOUTS = ("single", "per-type", "per-record")


@dataclasses.dataclass
class Cart:
    items: set[str]


USERS = {Record.user(number): {"n": number, "tags": {"a", "b"}, 1: None} for number in range(1, 30)}


async def fill(uri, values, types=(), bot_id=BOT):
    async with open_state(uri, types=types, bot_id=bot_id, create=True) as state:
        replica = state.replica()
        await replica.documents.read_all()
        for record, value in values.items():
            replica.values.load(record)
            replica.stage(record, value)
        await replica.commit()


async def values(uri, types=()):
    async with open_state(uri, types=types) as state:
        parts = [part async for part in state.archive.parts()]
        return {record: state.codec.decode(data) for part in parts for record, data in part.records.items()}


async def copied(source, target, *, types=(), bot_id=None, **how):
    async with open_state(source, types=types) as own, open_target(target, own, types=types, bot_id=bot_id) as to:
        return await copy(own, to, **how)


@pytest.fixture
def place(tmp_path):
    return lambda name, *options: f"file:{tmp_path / name}" + "?" * bool(options) + "&".join(options)


@pytest.mark.parametrize(
    ("before", "layout", "codec"), crossed(list(LAYOUTS), list(LAYOUTS), ["json", "pickle"], spread=True)
)
async def test_copy_changes_layout_and_codec_and_repeating_it_copies_nothing(place, before, layout, codec):
    source, target = place("from", f"layout={before}"), place("to", f"layout={layout}", f"codec={codec}")
    await fill(source, {**USERS, HANDLED: [1, 2]})
    found = await copied(source, target)
    assert (found.copied, found.skipped, found.replaced) == (30, 0, 0)
    assert await values(target) == await values(source)
    found = await copied(source, target)
    assert (found.copied, found.skipped, found.replaced) == (0, 30, 0)


def raw(path):
    return {str(file): (file.read_bytes(), file.stat().st_mtime_ns) for file in path.rglob("*") if file.is_file()}


async def test_what_is_not_said_of_a_new_copy_is_as_in_the_source(place, tmp_path):
    await fill(place("a", "layout=per-type", "codec=pickle"), USERS)
    before = raw(tmp_path / "a")
    await copied(place("a"), place("b"))
    async with open_state(place("b")) as state:
        assert (state.archive.layout.name, state.archive.codec, state.bot_id) == ("per-type", "pickle", BOT)
    assert raw(tmp_path / "a") == before


async def test_records_move_without_their_classes_and_change_codec_with_them(place):
    await fill(place("a"), {Record.user(1): {"cart": Cart({"x", "y", "z"})}}, types=[Cart])
    await copied(place("a"), place("b", "layout=per-record"))
    assert await values(place("b"), types=[Cart]) == await values(place("a"), types=[Cart])
    with pytest.raises(CannotLoadError, match=r"user_data\[1\].*--types"):
        await copied(place("a"), place("c", "codec=pickle"))
    await copied(place("a"), place("c", "codec=pickle"), types=[Cart])
    assert await values(place("c"), types=[Cart]) == await values(place("a"), types=[Cart])


async def test_what_pickles_otherwise_each_time_is_compared_by_value(place):
    await fill(place("a"), {Record.user(1): {"tags": {f"tag {number}" for number in range(20)}}})
    command = [sys.executable, "-m", "ptb_bucket.cli", "copy", place("a"), place("b", "codec=pickle"), "--json"]
    found = []
    for seed in "123":
        environment = os.environ | {"PYTHONHASHSEED": seed}
        result = await asyncio.to_thread(subprocess.run, command, env=environment, capture_output=True, check=True)
        found.append(json.loads(result.stdout))
    assert [(one["copied"], one["skipped"], one["different"]) for one in found] == [(1, 0, 0), (0, 1, 0), (0, 1, 0)]


async def test_another_bot_gets_all_but_the_numbers_of_updates(place):
    await fill(place("a"), {**USERS, HANDLED: [1, 2]})
    await copied(place("a"), place("b"), bot_id="99")
    assert await values(place("b")) == USERS
    async with open_state(place("b")) as state:
        assert state.bot_id == "99"


class InterruptedHereError(Exception):
    pass


async def test_an_interrupted_copy_goes_on_where_it_ended(place, monkeypatch):
    monkeypatch.setattr(sys.modules["ptb_bucket.tools.transfer.copying"], "_BATCH", 5)
    await fill(place("a"), USERS)
    target, done = place("b", "layout=per-record"), []

    @contextlib.contextmanager
    def interrupting(total):
        def step(number):
            done.append(number)
            if sum(done) > total / 3:
                raise InterruptedHereError

        yield step

    with pytest.raises(InterruptedHereError):
        await copied(place("a"), target, progress=interrupting)
    some = len(await values(target))
    assert 0 < some < len(USERS)
    found = await copied(place("a"), target)
    assert (found.copied, found.skipped) == (len(USERS) - some, some)
    assert await values(target) == USERS


async def test_what_differs_is_refused_before_anything_is_written(place, tmp_path):
    await fill(place("a"), USERS)
    await fill(
        place("b"), {Record.user(1): {"n": "other"}, Record.user(2): USERS[Record.user(2)], Record.user(77): {1: 1}}
    )
    before = raw(tmp_path / "b")
    with pytest.raises(RefusedError, match=r"^1 record in the destination differs .* user_data\[1\].*--overwrite"):
        await copied(place("a"), place("b"))
    dry = await copied(place("a"), place("b"), dry_run=True)
    assert (dry.copied, dry.skipped, dry.replaced, dry.labels) == (27, 1, 1, ["user_data[1]"])
    assert raw(tmp_path / "b") == before
    found = await copied(place("a"), place("b"), overwrite=True)
    assert (found.copied, found.skipped, found.replaced) == (27, 1, 1)
    assert await values(place("b")) == {**USERS, Record.user(77): {1: 1}}


async def test_a_dry_run_makes_nothing(place, tmp_path):
    await fill(place("a"), USERS)
    found = await copied(place("a"), place("b"), dry_run=True)
    assert found.copied == 29
    assert not (tmp_path / "b").exists()


async def test_other_bots_other_states_and_the_same_place_are_refused(place, tmp_path):
    await fill(place("a"), USERS)
    await fill(place("b"), USERS, bot_id="99")
    await fill(place("c", "layout=per-type"), USERS)
    before = raw(tmp_path)
    with pytest.raises(RefusedError, match="belongs to bot 99"):
        await copied(place("a"), place("b"))
    with pytest.raises(RefusedError, match="layout=per-type"):
        await copied(place("a"), place("c", "layout=single"))
    for same in (place("a"), place("a", "layout=per-type"), place("a", "codec=pickle"), place("x/../a")):
        with pytest.raises(RefusedError, match="are the same"):
            await copied(place("a"), same)
    assert raw(tmp_path) == before


async def test_a_copy_that_somebody_changes_is_noticed(place, monkeypatch):
    await fill(place("a"), USERS)
    async with open_state(place("a")) as ours, open_target(place("b"), ours) as theirs:
        part = type(theirs.archive).part

        async def other(archive, key, version=None):
            found = await part(archive, key, version)
            if archive is ours.archive:
                return found
            return dataclasses.replace(found, records={**found.records, Record.user(3): b"0"})

        monkeypatch.setattr(type(theirs.archive), "part", other)
        with pytest.raises(UnsavedError, match=r"user_data\[3\]"):
            await copy(ours, theirs)


@pytest.mark.parametrize("layout", ["single", "per-record"])
async def test_what_the_destinations_bot_writes_after_the_comparison_is_not_replaced(place, tmp_path, layout):
    """Nor if it was not there before."""
    same = {record: USERS[record] for record in list(USERS)[:5]}
    await fill(place("a"), {**same, Record.user(77): {"n": 77}})
    for name, theirs in (("b", same), ("c", {**same, Record.user(1): {"n": "bot"}, Record.user(77): {"n": "bot"}})):
        await fill(place(name, f"layout={layout}"), theirs)

    @contextlib.contextmanager
    def meanwhile(_total):
        shutil.copytree(tmp_path / "c", tmp_path / "b", dirs_exist_ok=True)
        yield lambda _done: None

    expected = await values(place("c"))
    with pytest.raises(RefusedError, match=r"^The destination changed during .*user_data\[\d+\].*--overwrite"):
        await copied(place("a"), place("b"), progress=meanwhile)
    assert await values(place("b")) == expected
    found = await copied(place("a"), place("b"), progress=meanwhile, overwrite=True)
    assert (found.copied, found.skipped, found.replaced) == (0, 4, 2)
    assert await values(place("b")) == await values(place("a"))


async def test_a_running_bot_may_write_to_the_source(place):
    """Its writes during the copy are copied or not. The copy is verified against the data that was read."""
    await fill(place("a", "layout=per-record"), USERS)
    done = asyncio.Event()

    async def bot():
        number = 0
        while not done.is_set():
            number += 1
            await fill(place("a"), {Record.user(1): {"n": number}})

    running = asyncio.ensure_future(bot())
    await copied(place("a"), place("b", "layout=single"))
    done.set()
    await running
    assert set(await values(place("b"))) == set(USERS)


def test_wrong_calls_are_one_line(tmp_path, capsys):
    uri = f"file:{tmp_path}/nothing"
    for arguments, code in (
        ([uri, f"file:{tmp_path}/b"], 3),
        ([f"file:{tmp_path}/{{bot_id}}", uri], 2),
        ([uri, f"file:{tmp_path}/b", "--bot-id", "x"], 2),
        ([uri], 2),
        ([uri, "nonsense:x"], 3),
    ):
        assert main(["copy", *arguments]) == code, arguments
        assert len(capsys.readouterr().err.splitlines()) == 1


def peak_of(function):
    tracemalloc.start()
    try:
        function()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.long
def test_a_document_for_each_record_is_copied_in_a_fraction_of_its_size(place):
    number, size = 6_000, 10_000  # twelve batches
    source = place("a", "layout=per-record")
    asyncio.run(fill(source, {Record.user(n): {"text": "x" * size} for n in range(number)}))
    peak = peak_of(lambda: asyncio.run(copied(source, place("b", "layout=per-record"))))
    sys.stderr.write(f"peak {peak >> 20} MiB of {number * size >> 20} MiB copied\n")
    assert peak < number * size / 2


@pytest.mark.long
def test_a_hundred_thousand_users_are_copied_in_a_few_times_their_document(place, tmp_path):
    number = 100_000
    asyncio.run(fill(place("a"), {Record.user(n): {"n": n, "text": "x" * 500} for n in range(number)}))
    size = (tmp_path / "a" / "state.json").stat().st_size
    peak = peak_of(lambda: asyncio.run(copied(place("a"), place("b", "layout=per-type"))))
    assert asyncio.run(values(place("b"))) == asyncio.run(values(place("a")))
    sys.stderr.write(f"peak {peak / size:.1f} times the document of {size >> 20} MiB\n")
    assert peak < 8 * size
