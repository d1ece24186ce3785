"""Deliberate bugs in the engine: the model test of ``test_simulation.py`` would notice each of them."""

from __future__ import annotations

import dataclasses
import os

import pytest
from simulation import BrokenPromiseError, simulate
from virtual_time import run_virtually

from ptb_bucket.errors import AccessError, PTBBucketError
from ptb_bucket.state import BOT_DATA, Kind, Merger, Replica
from ptb_bucket.state._header import Fate, Header
from ptb_bucket.state._ledger import Ledger
from ptb_bucket.state._merge import Merge
from ptb_bucket.state._reading import Place
from ptb_bucket.state._spool import Spooled
from ptb_bucket.state._writer import Writer
from ptb_bucket.stores import Create, StoreWrapper, Update


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


def move_the_base_by_the_commit(patch):
    applied = Ledger.applied

    def also_move_seen(self, etag=None):
        carried, document = self.attempt.carried, self.attempt.document
        applied(self, etag)
        self._saw({record: document.get(record) for record in carried})

    patch.setattr(Ledger, "applied", also_move_seen)


def forget_commit_ids_too_early(patch):
    advanced = Header.advanced

    def forget(self, writer, commit_id):
        header = advanced(self, writer, commit_id)
        return dataclasses.replace(header, commits=header.commits[:1], floor=0)

    patch.setattr(Header, "advanced", forget)


def share_the_writer_id_after_a_fork(patch):
    def never_anew(self):
        self._id = self._id or os.urandom(6).hex()
        return self._id

    patch.setattr(Writer, "id", property(never_anew))
    patch.setattr(Writer, "renew", lambda _: None)


def take_a_deletion_for_the_last_word(patch):
    patch.setattr(Merge, "_deletion", lambda _self, _path, _base, ours, _theirs: ours)


def merge_conversations(patch):
    rule = Merger._rule

    def as_data(record):
        return rule(BOT_DATA if record.kind is Kind.CONVERSATION else record)

    patch.setattr(Merger, "_rule", staticmethod(as_data))


def forget_the_attempt_in_the_spool(patch):
    restore = Spooled.restore

    def without_the_attempt(self, ledger):
        restore(self, ledger)
        ledger.attempt = None

    patch.setattr(Spooled, "restore", without_the_attempt)


BUGS = [
    None,
    move_the_base_by_the_commit,
    forget_commit_ids_too_early,
    share_the_writer_id_after_a_fork,
    take_a_deletion_for_the_last_word,
    merge_conversations,
    forget_the_attempt_in_the_spool,
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
