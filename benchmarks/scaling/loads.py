"""Loading of everything, compared with the time of the bare codec and the memory of the decoded state."""

from __future__ import annotations

import gc
import statistics
import tracemalloc
from typing import TYPE_CHECKING, Any

from people import ours

from ptb_bucket.codecs import open_codec
from scaling.cases import NAME, states, users_of
from scaling.commits import timed

if TYPE_CHECKING:
    from ptb_bucket.stores import BlobStore
    from scaling.cases import Case

__all__ = ["memory", "times"]


async def times(case: Case, store: BlobStore) -> dict[str, float]:
    """Return the medians of loading as PTB does it, and of decoding the same records."""
    codec = open_codec(case.codec)
    encoded = [codec.encode(data) for data in (*users_of(case).values(), *states(case).values())]

    async def decode() -> None:
        [codec.decode(data) for data in encoded]

    rounds = []
    for _ in range(case.runs):
        persistence = ours(store, layout=case.layout, codec=case.codec)  # a bot takes its time, too
        loaded = await timed(lambda p=persistence: _load(p))  # type: ignore[misc]
        rounds.append((loaded, await timed(decode)))
    load, bare = (statistics.median(one[at][0] for one in rounds) for at in (0, 1))
    return {"load": load, "decode": bare, "ratio": statistics.median(one[0][0] / one[1][0] for one in rounds)}


async def _load(persistence: Any) -> tuple[Any, ...]:
    data = await persistence.get_user_data()
    return data, await persistence.get_conversations(NAME)


async def memory(case: Case, store: BlobStore) -> dict[str, float]:
    """Return a loaded bot's peak and final memory in bytes, and that of the decoded state alone."""
    tracemalloc.start()
    alone = _grown(lambda: users_of(case))
    gc.collect()
    before = tracemalloc.get_traced_memory()[0]
    tracemalloc.reset_peak()
    persistence = ours(store, layout=case.layout, codec=case.codec)
    held = await _load(persistence)
    now, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    del held
    return {"decoded": alone, "loaded": now - before, "peak": peak - before, "peak ratio": (peak - before) / alone}


def _grown(make: Any) -> int:
    """Return the bytes of the decoded state, created by the codec so that nothing in it is shared."""
    codec = open_codec("json")
    encoded = {key: codec.encode(value) for key, value in make().items()}
    gc.collect()
    before = tracemalloc.get_traced_memory()[0]
    decoded = {key: codec.decode(value) for key, value in encoded.items()}
    grown = tracemalloc.get_traced_memory()[0] - before
    del decoded
    return grown
