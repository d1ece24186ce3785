"""Filling of a place through the persistence; for a directory without fsync, which would take hours."""

from __future__ import annotations

import asyncio
from itertools import islice
from typing import TYPE_CHECKING, Any

from people import ours

from ptb_bucket.stores import Create, LocalStore, MemoryStore
from scaling.cases import NAME, on_demand, states, users_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ptb_bucket.stores import BlobStore
    from scaling.cases import Case

__all__ = ["filled"]

CHUNK = 5_000
AT_ONCE = 16


async def filled(case: Case) -> MemoryStore:
    """Return a store in memory with all data."""
    store = MemoryStore()
    whole = case.layout != "per-record"
    for chunk in _chunks(_changes(case), None if whole else CHUNK):
        persistence = on_demand(ours(store, layout=case.layout, codec=case.codec, on_flush=True))
        for name, arguments in chunk:
            await getattr(persistence, name)(*arguments)
        await persistence.flush()
    return store


def _changes(case: Case) -> Iterator[tuple[str, tuple[Any, ...]]]:
    yield "update_bot_data", ({"users": case.users},)
    for user, data in users_of(case).items():
        yield "update_user_data", (user, data)
    for key, state in states(case).items():
        yield "update_conversation", (NAME, key, state)


def _chunks(changes: Iterable[Any], size: int | None) -> Iterator[list[Any]]:
    rest = iter(changes)
    while chunk := list(islice(rest, size)):
        yield chunk


async def copied(source: MemoryStore, target: BlobStore) -> None:
    """Return all objects."""
    if isinstance(target, LocalStore):
        async for info in source.list():
            path = target.path_of(info.key)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes((await source.get(info.key)).data)
        return
    gate = asyncio.Semaphore(AT_ONCE)

    async def put(key: str) -> None:
        async with gate:
            await target.put(key, (await source.get(key)).data, Create())

    keys = [info.key async for info in source.list()]
    for begin in range(0, len(keys), CHUNK):
        await asyncio.gather(*(put(key) for key in keys[begin : begin + CHUNK]))
