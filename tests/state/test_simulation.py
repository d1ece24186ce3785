"""The model test: random lives of several instances in bad weather, and proof that it would notice."""

from __future__ import annotations

import dataclasses

import pytest
from simulation import BrokenPromiseError, simulate
from virtual_time import run_virtually

from ptb_bucket.errors import AccessError, PTBBucketError
from ptb_bucket.state import LAYOUTS, Replica
from ptb_bucket.state._header import Fate, Header
from ptb_bucket.state._ledger import Ledger
from ptb_bucket.state._reading import Place
from ptb_bucket.stores import Create, StoreWrapper, Update


@pytest.mark.parametrize("codec", ["json", "pickle"])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_nothing_acknowledged_is_lost_doubled_torn_or_resurrected(layout, codec, count):
    """A seed that fails is named by the test's output and replays exactly with ``simulate(seed, ...)``."""
    for seed in range(count(4, 300)):
        try:
            run_virtually(simulate(seed, layout=layout, codec=codec))
        except BrokenPromiseError as error:
            pytest.fail(f"simulate({seed}, layout={layout!r}, codec={codec!r}): {error}")


def test_a_seed_replays_exactly():
    worlds = [run_virtually(simulate(3)) for _ in range(2)]
    lives = [[dataclasses.astuple(change) for change in world.model.changes] for world in worlds]
    assert lives[0] == lives[1]


# ---------------------------------------------------------------- deliberate bugs


class Unconditional(StoreWrapper):
    """Puts without a condition."""

    async def put(self, key, data, mode):
        try:
            mode = Update((await self._store.get(key)).etag)
        except PTBBucketError:
            mode = Create()
        return await super().put(key, data, mode)


def ignore_commit_ids(patch):
    patch.setattr(Header, "fate", lambda *_: Fate.LOST)


def refresh_over_unsaved_changes(patch):
    def merge_into(self, record, live):
        stored = self._ledger(record).stored(record)
        live.clear()
        live.update(self.merger.decode(record, stored))

    patch.setattr(Replica, "merge_into", merge_into)


def take_denied_for_empty(patch):
    read = Place.read

    async def careless(self):
        try:
            await read(self)
        except AccessError:
            self.ledger.document, self.ledger.etag = None, None

    patch.setattr(Place, "read", careless)


def drop_pending_on_error(patch):
    def forget(self):
        self.attempt = None

    patch.setattr(Ledger, "failed", forget)


def deny_means_not_applied_ever(patch):
    """The mistake that this test found in the first version: an earlier send of the same write may have arrived."""
    patch.setattr("ptb_bucket.state._ledger.Attempt.unclear", property(lambda _: False, lambda *_: None), raising=False)


BUGS = [
    None,
    ignore_commit_ids,
    refresh_over_unsaved_changes,
    take_denied_for_empty,
    drop_pending_on_error,
    deny_means_not_applied_ever,
]


@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.__name__ if bug else "no_condition_on_the_put")
def test_the_model_test_notices(bug, monkeypatch):
    wrap = None if bug else Unconditional
    if bug:
        bug(monkeypatch)
    assert _caught(wrap), "a deliberate bug went unnoticed in forty lives"


def _caught(wrap) -> bool:
    for seed in range(40):
        try:
            run_virtually(simulate(seed, wrap=wrap))
        except BrokenPromiseError:
            return True
    return False
