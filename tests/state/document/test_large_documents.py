"""Large documents are packed and opened in a thread, and changes that are made meanwhile are not lost."""

from __future__ import annotations

import asyncio
import threading

from ptb_bucket.codecs import open_codec
from ptb_bucket.state import DocumentSet, Kind, Record, RecordMerger, Replica, open_layout
from ptb_bucket.state.document.document import Document
from ptb_bucket.stores import MemoryStore

USERS = [Record.user(number) for number in range(2_500)]


def replica_on(store) -> Replica:
    codec = open_codec("json", [])
    merger = RecordMerger(codec, defaults={Kind.USER: dict})
    return Replica(DocumentSet(store, open_layout("single"), codec, merger, "1", tuple(Kind)))


async def test_what_is_staged_while_a_thread_packs_is_in_the_next_commit(monkeypatch):
    loop_thread, threads = threading.current_thread(), []
    packing, go_on = threading.Event(), threading.Event()
    pack, unpack = Document.pack, Document.unpack

    def slowly(self):
        threads.append(threading.current_thread())
        packing.set()
        assert go_on.wait(30)
        return pack(self)

    def noted(data, **options):
        threads.append(threading.current_thread())
        return unpack(data, **options)

    monkeypatch.setattr(Document, "pack", slowly)
    monkeypatch.setattr(Document, "unpack", noted)
    store = MemoryStore()
    replica = replica_on(store)
    await replica.documents.read_all()
    for record in USERS:
        replica.stage(record, {"n": 1, "padding": "x" * 100})
    commit = asyncio.ensure_future(replica.commit())
    assert await asyncio.to_thread(packing.wait, 30)
    replica.stage(USERS[0], {"n": 2})
    go_on.set()
    await commit
    assert replica.pending == {USERS[0]}
    await replica.commit()
    again = replica_on(store)
    await again.documents.read_all()
    assert [again.values.load(record)["n"] for record in USERS[:2]] == [2, 1]
    assert len(threads) == 3
    assert loop_thread not in threads
