"""The promises that a verification tries: those of the conformance kit that make sense on a user's own bucket."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from ptb_bucket._wording import pluralize
from ptb_bucket.errors import PTBBucketError, UnavailableError
from ptb_bucket.stores import MemoryStore, promises
from ptb_bucket.stores.promises import BrokenPromiseError
from ptb_bucket.tools.verification.place import PromisePlace
from ptb_bucket.tools.verification.requests import CountingStore, Tally

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from ptb_bucket.stores import BlobStore
    from ptb_bucket.stores.promises import Place
    from ptb_bucket.tools.verification.effort import Effort

    Trial = Callable[[Place], Awaitable[None]]

__all__ = ["Kept", "promises_of", "rehearse", "try_promise"]

_MIB = 2**20
_WORKERS = 4


@dataclass(frozen=True)
class Kept:
    """The result of one promise; ``broken`` says how it was broken, and is empty if it was kept."""

    name: str
    broken: str = ""


def promises_of(effort: Effort) -> Mapping[str, Trial]:
    """Return the promises by their names, in the order in which they are tried."""
    sizes = {pluralize(size, "byte", "bytes"): size for size in (0, 1, 65_537, _MIB)}
    return {
        "create does not overwrite": promises.create_does_not_overwrite,
        "stale update changes nothing": promises.stale_update_changes_nothing,
        "update of nothing creates nothing": promises.update_of_nothing_creates_nothing,
        "update replaces": promises.update_replaces,
        "delete removes one object": promises.delete_removes_only_that_object,
        "delete of nothing works": promises.delete_of_nothing_is_no_error,
        "delete on a condition": promises.delete_on_a_condition,
        "missing is not found": promises.missing_is_not_found,
        "same ETag is not modified": promises.same_etag_is_not_modified,
        "other ETag is read": promises.other_etag_is_read,
        "foreign bytes are read": promises.reads_what_somebody_else_wrote,
        "read after write": promises.stores_see_each_other,
        **{name: partial(promises.size_is_stored_whole, size=size) for name, size in sizes.items()},
        "empty prefix is empty": promises.empty_place_is_empty,
        "prefix is a plain prefix": promises.prefix_is_a_plain_prefix,
        "listing can be left": promises.can_be_left_halfway,
        f"{effort.listed:,} objects are listed": partial(promises.many_are_listed_across_pages, number=effort.listed),
        "odd keys stay apart": promises.no_two_keys_fall_together,
        "other event loops": promises.works_in_one_loop_after_another,
        "reopens after close": promises.reopens_after_close,
        "increments add up": partial(promises.increments_add_up, rounds=effort.increments, workers=_WORKERS),
        "readers see whole objects": partial(promises.readers_see_whole_objects, writes=effort.versions),
    }


async def try_promise(name: str, trial: Trial, new_place: Callable[[], Place]) -> Kept:
    """Try one promise on an empty place, once more on another one if the server did not answer.

    Args:
        name: The promise.
        trial: The function that tries it.
        new_place: Makes an empty place.
    """
    kept, again = await _try(name, trial, new_place())
    return (await _try(name, trial, new_place()))[0] if again else kept


async def _try(name: str, trial: Trial, place: Place) -> tuple[Kept, bool]:
    """Return the result, and whether a second attempt may have another one. Unexpected errors break a promise, too."""
    try:
        await trial(place)
    except UnavailableError as error:
        return Kept(name, str(error)), True
    except (BrokenPromiseError, PTBBucketError) as error:
        return Kept(name, str(error)), False
    except asyncio.TimeoutError:
        return Kept(name, "it took too long"), True
    return Kept(name), False


async def rehearse(effort: Effort) -> Tally:
    """Try all promises in memory, and return the requests that they need."""
    tally, memory = Tally(), MemoryStore()

    def make() -> BlobStore:
        return CountingStore(memory, tally)

    for name, trial in promises_of(effort).items():
        await trial(PromisePlace(name, make, make()))
    left = [info async for info in memory.list()]
    tally.add("deletes", len(left))
    return tally
