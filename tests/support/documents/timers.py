"""Replicas with timers, and the objects that they write."""

from __future__ import annotations

import random

from ptb_bucket._aio import Backoff, RetryPolicy
from ptb_bucket.codecs import open_codec
from ptb_bucket.state import DocumentSet, Kind, Record, RecordMerger, Replica, open_layout
from ptb_bucket.state.timers import Claim, Timer, due_key, unit_of
from ptb_bucket.stores import InterceptingStore

ADA, BO, ROOM = Record.user(1), Record.user(2), Record.chat(-100)
TEA = Record.of_timer(ADA, "tea")
CAKE = Record.of_timer(BO, "cake")
DAILY = Timer("remind", "aa", due=1000.0, user_id=1, schedule={"every": 60})
"""A timer that repeats."""
PAGE = 1000
"""Keys on one page of a listing, as S3 and Google Cloud Storage have them."""
ONCE = Timer("remind", "aa", due=1000.0, user_id=1)


def replica_on(store, layout="per-record", *, on_demand=True, codec="json", kinds=tuple(Kind), **options):
    merger = RecordMerger(open_codec(codec, ()), defaults={Kind.USER: dict, Kind.CHAT: dict, Kind.BOT: dict})
    retry_policy = RetryPolicy(deadline=options.pop("deadline", 5), backoff=Backoff(random=random.Random(1)))
    documents = DocumentSet(
        store, open_layout(layout), merger.codec, merger, options.pop("bot_id", "1"), kinds,
        retry_policy=retry_policy, on_demand=on_demand, **options,
    )  # fmt: skip
    return Replica(documents)


async def started(store, layout="per-record", records=(TEA, ADA), **options) -> Replica:
    """Return a replica that has read the documents of some records."""
    replica = replica_on(store, layout, **options)
    await replica.documents.refresh(records, 0)
    for record in records:
        replica.values.load(record)
    return replica


async def save(store, layout="per-record", /, **timers) -> None:
    """Write timers of ADA, by their IDs, as another instance would; None removes one."""
    records = {Record.of_timer(ADA, name): timer for name, timer in timers.items()}
    replica = await started(store, layout, [*records])
    for record, timer in records.items():
        replica.stage(record, timer and timer.to_value())
    await replica.commit()


async def stored(store, record, layout="per-record", **options):
    """Return the value of a record in the bucket; a timer as one."""
    replica = await started(store, layout, [record], **options)
    value = replica.values.load(record)
    if record.kind is not Kind.TIMER:
        return value
    return Timer.from_value(value) if isinstance(value, dict) else None


def key_of(record, timer) -> str:
    return due_key(record, timer).key


async def keys_in(store) -> list[str]:
    return [info.key async for info in store.list("timers/due/")]


def claimed(timer, by="me", until=1030.0):
    return timer.but(claim=Claim(by, until))


def ended(timer, nonce="bb"):
    """Return a repeating timer after its occurrence."""
    return timer.rearmed(timer.due + 60, nonce, occurrence=timer.occurrence + 1, tries=0)


def unit(record, timer) -> str:
    return unit_of(record.timer[1], timer)


class Requests(InterceptingStore):
    """A store that notes each request, in order, and can do something before one."""

    def __init__(self, store, before=None):
        super().__init__(store)
        self.made: list[tuple[str, str]] = []
        self.before = before

    async def _call(self, operation, key, send):
        if self.before is not None:
            await self.before(operation, key)
        self.made.append((operation, key))
        return await super()._call(operation, key, send)

    async def _stream(self, operation, key, begin):
        """Yield the items. A server sends them in pages, each of which is a request."""
        if self.before is not None:
            await self.before(operation, key)
        self.made.append((operation, key))
        number = 0
        async for item in super()._stream(operation, key, begin):
            if number and number % PAGE == 0:
                self.made.append((operation, key))
            number += 1
            yield item

    def taken(self) -> list[tuple[str, str]]:
        made, self.made = self.made, []
        return made
