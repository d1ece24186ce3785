"""Generations as versions of an object."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from ptb_bucket.stores import BlobVersion

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    from ptb_bucket_gcs._requests import StoredGeneration

__all__ = ["as_versions"]

_SAME: Final = timedelta(seconds=1)
"""If a generation begins this soon after another one ended, it replaced it: Google accepts one write per second."""


def as_versions(generations: Iterable[StoredGeneration]) -> Iterator[BlobVersion]:
    """Convert an object's generations to versions, newest first, with markers for deletions.

    Google has no such markers. An object was deleted if a generation ended and no other one began.
    """
    since: datetime | None = None
    for one in sorted(generations, key=lambda one: one.number, reverse=True):
        ended = one.deleted
        if ended is not None and (since is None or since - ended > _SAME):
            yield BlobVersion(f"{one.number}-deleted", ended, 0, deleted=True)
        yield BlobVersion(str(one.number), one.created, one.size, current=ended is None)
        since = one.created
