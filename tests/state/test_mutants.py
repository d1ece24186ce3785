"""Small promises, one per test. No other test noticed when one of them was broken on purpose."""

from __future__ import annotations

import asyncio

from telegram.ext import ContextTypes

from ptb_bucket.codecs import open_codec
from ptb_bucket.state import Record, RecordMerger, keep_ours
from ptb_bucket.state.commit import prepare
from ptb_bucket.state.document.header import Header
from ptb_bucket.state.merge.values import ValueMerge
from ptb_bucket.stores import InterceptingStore, MemoryStore
from support.applications.restarting_bot import opened, settle
from support.documents.ledger_bench import ADA, BO, crowded, encoded


def test_the_floor_never_sinks():
    assert Header("1", "json", sequence=20, floor=10).advanced("w", "c").floor == 10


def test_the_newer_access_time_of_a_keyboard_stays():
    merger, record = RecordMerger(open_codec("json", [])), Record.keyboard("a" * 32)
    for ours, theirs in ((b"[5,{}]", b"[3,{}]"), (b"[3,{}]", b"[5,{}]")):
        assert merger.merge(record, b"[1,{}]", ours, theirs) == b"[5,{}]"


def test_equal_elements_that_both_sides_added_at_a_changed_end_are_two():
    merged = ValueMerge("user_data[42]", keep_ours).run((), ["a", "b", "c"], ["b", "c", "x"], ["a", "b", "x"])
    assert sorted(merged) == ["b", "x", "x"]


def test_what_both_sides_did_is_seen(bench):
    bench.start({"n": 0})
    bench.theirs({"n": 5})
    bench.stage({"n": 5})
    assert bench.commit() is None
    bench.theirs({"n": 6})
    bench.stage({"n": 5})  # PTB's next save: nothing changed here
    bench.commit()
    assert bench.stored() == {"n": 6}


def test_changes_that_are_already_stored_are_not_pending_after_a_refresh(bench):
    bench.start({"n": 0})
    bench.stage({"n": 5})
    bench.theirs({"n": 5})
    bench.refresh()
    assert bench.ledger.pending == set()


def undecidable(bench, theirs, *, crowd="") -> None:
    """Make an attempt whose outcome can never be known."""
    document = bench.ledger.document
    known = bench.ledger.metrics.undecidable
    prepare(bench.ledger)
    bench.theirs(theirs, on=crowded(document, crowd))
    assert bench.ledger.metrics.undecidable == known + 1


def test_an_undecidable_write_that_is_there_is_no_longer_pending_after_a_commit(bench):
    bench.start({"n": 0})
    bench.stage({"n": 0, "k": 1})
    undecidable(bench, {"n": 0, "k": 1})
    assert bench.ledger.pending
    assert bench.commit() is None
    assert bench.ledger.pending == set()


def test_an_undecidable_write_that_is_not_there_is_repeated_without_anything_new(bench):
    bench.start({"n": 0})
    bench.stage({"n": 0, "k": 1})
    undecidable(bench, {"n": 0})
    bench.commit()
    assert bench.stored() == {"n": 0, "k": 1}


def test_two_undecidable_writes_in_a_row_are_both_repeated(bench):
    bench.start({"n": 0})
    bench.stage({"n": 0, "first": 1})
    undecidable(bench, {"n": 0, "theirs": 1}, crowd="a")
    bench.stage({"n": 0, "first": 1, "second": 1})
    undecidable(bench, {"n": 0, "theirs": 2}, crowd="b")
    bench.commit()
    assert bench.stored() == {"n": 0, "theirs": 2, "first": 1, "second": 1}


def by_our_double(bench, value, *, writer=None):
    """A second start of our snapshot writes under our ID, and we read it."""
    before = bench.ledger.document
    header = before.header.advanced(writer or bench.ledger.writer.id, f"double {bench.version}")
    bench.ledger.loaded(before.changed(header, {ADA: encoded(value)}), bench.etag())


def test_another_commit_with_our_sequence_proves_that_ours_was_not_applied(bench):
    bench.start({"log": ["a"]})
    bench.stage({"log": ["a", "ours"]})
    prepare(bench.ledger)
    by_our_double(bench, {"log": ["a", "double"]})
    assert bench.ledger.metrics.undecidable == 0
    bench.commit()
    assert bench.stored() == {"log": ["a", "double", "ours"]}


def test_a_writer_whose_id_is_in_use_rotates_it_before_it_writes(bench):
    bench.start({"log": ["a"]})
    name = bench.ledger.writer.id
    by_our_double(bench, {"log": ["a", "double"]})
    bench.stage({"log": ["ours"]})
    bench.commit()
    assert {commit.writer for commit in bench.ledger.document.header.commits} >= {name, bench.ledger.writer.id}
    assert bench.ledger.writer.id != name


def test_one_that_sees_its_own_last_commits_keeps_its_name(bench):
    bench.start({"n": 0})
    name = bench.ledger.writer.id
    for number in (1, 2):
        bench.stage({"n": number})
        bench.commit()
        bench.theirs({"n": number}, BO)
    bench.stage({"n": 3})
    attempt = prepare(bench.ledger)
    bench.ledger.loaded(attempt.document, bench.etag())  # the answer was lost
    assert bench.ledger.writer.id == name


def test_additions_of_others_do_not_count_as_ours_when_two_writes_are_in_doubt(bench):
    bench.start({"n": 0})
    bench.stage({"n": 0, "first": 1})
    undecidable(bench, {"n": 0, "theirs": 1}, crowd="a")
    bench.refresh()  # PTB has theirs now
    bench.stage({"n": 0, "theirs": 1, "first": 1, "second": 1})
    undecidable(bench, {"n": 0}, crowd="b")  # and they removed it
    bench.commit()
    assert bench.stored() == {"n": 0, "first": 1, "second": 1}


class Gated(InterceptingStore):
    """A store in which each write waits until its gate is opened."""

    def __init__(self, store) -> None:
        super().__init__(store)
        self.gates = [asyncio.Event() for _ in range(3)]
        self.puts = 0

    async def _call(self, operation, key, send):
        if operation == "put":
            self.puts += 1
            await self.gates[self.puts - 1].wait()
        return await super()._call(operation, key, send)


async def doing(coroutine) -> asyncio.Task[None]:
    """Let the loop run as far as it gets."""
    task = asyncio.ensure_future(coroutine)
    await settle()
    return task


async def opening(gate) -> None:
    gate.set()
    await settle()


def commits_under_way() -> list[asyncio.Task[None]]:
    return [task for task in asyncio.all_tasks() if task.get_name() == "ptb_bucket commit"]


async def test_no_commit_is_left_when_an_update_came_after_flush_had_begun():
    store = Gated(MemoryStore())
    persistence = opened(store)
    await persistence.get_bot_data()
    first = await doing(persistence.update_bot_data({"a": 1}))
    assert commits_under_way()
    flushing = await doing(persistence.flush())
    await opening(store.gates[0])
    second = await doing(persistence.update_bot_data({"a": 2}))
    await opening(store.gates[1])
    await opening(store.gates[2])
    await asyncio.gather(first, second, flushing)
    assert not commits_under_way()


async def test_flush_does_not_return_while_an_update_that_it_has_heard_of_is_being_written():
    store = Gated(MemoryStore())
    persistence = opened(store)
    await persistence.get_bot_data()
    first = await doing(persistence.update_bot_data({"a": 1}))
    second = await doing(persistence.update_bot_data({"a": 2}))  # waits for the first one's write
    flushing = await doing(persistence.flush())
    await opening(store.gates[0])  # and now the second one's is under way
    third = await doing(persistence.update_bot_data({"a": 3}))
    await opening(store.gates[1])
    assert not flushing.done()
    await opening(store.gates[2])
    await asyncio.gather(first, second, third, flushing)
    assert await opened(store).get_bot_data() == {"a": 3}


async def test_of_too_many_callback_queries_the_first_go():
    store = MemoryStore()
    one, two = opened(store), opened(store)
    for persistence in (one, two):
        await persistence.get_callback_data()
    await one.update_callback_data(([], {f"q{number}": "k" for number in range(64)}))
    await two.update_callback_data(([], {"new": "k"}))
    _, queries = await opened(store).get_callback_data()
    assert len(queries) == 64
    assert "new" in queries
    assert "q0" not in queries


class Guarded:
    """User data that cannot be changed attribute by attribute."""

    def __init__(self, mine=0, theirs=0) -> None:
        vars(self).update(mine=mine, theirs=theirs)

    def __setattr__(self, name, value):
        raise AttributeError(name)


async def test_a_failed_refresh_does_not_move_the_base():
    store, types = MemoryStore(), ContextTypes(user_data=Guarded)
    one, two = (opened(store, refresh_interval=0, context_types=types) for _ in range(2))
    await one.update_user_data(42, Guarded(mine=1))
    live = (await one.get_user_data())[42]
    await two.get_user_data()
    await two.update_user_data(42, Guarded(mine=1, theirs=7))
    await one.refresh_user_data(42, live)  # cannot be changed in place
    await one.update_user_data(42, live)  # PTB's next save: nothing changed here
    assert (await opened(store, context_types=types).get_user_data())[42].theirs == 7
