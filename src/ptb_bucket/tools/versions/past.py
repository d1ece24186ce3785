"""List the versions of a bot's documents, and the writer of each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from ptb_bucket.errors import DocumentError, NotFoundError
from ptb_bucket.state import Kind

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from ptb_bucket.state import Archive, Part
    from ptb_bucket.stores import BlobVersion

__all__ = ["Past", "history", "keys_of", "readable"]

_NAMED: Final = 5


@dataclass(frozen=True)
class Past:
    """A version of an object. If it cannot be read, ``problem`` says why, and its writer is unknown."""

    object: str
    version: BlobVersion
    writer: str | None = None
    sequence: int | None = None
    problem: str = ""


async def keys_of(archive: Archive, what: str | None) -> list[str]:
    """Return the keys of the selected documents, without extension.

    Args:
        archive: The bot's archive.
        what: An object's key, with or without extension, or a section such as ``user_data``; None for all.

    Raises:
        NotFoundError: There is no such object or section.
        StoreError: The store could not be read.
    """
    if what in {kind.value for kind in Kind}:
        return [key async for key in archive.documents([Kind(what)])]
    keys = [key async for key in archive.documents()]
    found = [key for key in keys if what in (None, key, archive.name(key))]
    if not found and what is not None:
        found = [key async for key in _deleted(archive, what)]
    if not found:
        objects = [*map(archive.name, keys[:_NAMED]), *(["..."] if keys[_NAMED:] else [])]
        raise NotFoundError(
            f"There is no object or section named {what!r}. Objects: {', '.join(objects)}. "
            f"Sections: {', '.join(kind.value for kind in Kind)}."
        )
    return found


async def _deleted(archive: Archive, what: str) -> AsyncIterator[str]:
    """Yield the key of a deleted object that has old versions. No listing shows it, so its key must be known."""
    key = what.removesuffix(archive.name(""))
    if archive.layout.lazy and archive.layout.kinds(key):
        async for _ in archive.versions(key):
            yield key
            return


async def history(archive: Archive, what: str | None = None, *, limit: int = 20) -> AsyncIterator[Past]:
    """Yield the newest versions of each object, the newest first.

    Args:
        archive: The bot's archive.
        what: See :func:`keys_of`.
        limit: The largest number of versions of each object.

    Raises:
        NotFoundError: There is no such object.
        UnsupportedError: The store keeps no old versions.
        StoreError: The store could not be read.
    """
    for key in await keys_of(archive, what):
        versions = [version async for version in archive.versions(key)]
        for version in versions[:limit]:
            yield await _past(archive, key, version)


async def _past(archive: Archive, key: str, version: BlobVersion) -> Past:
    name = archive.name(key)
    if version.deleted:
        return Past(name, version)
    part, problem = await readable(archive, key, version)
    if part is None:
        return Past(name, version, problem=problem)
    return Past(name, version, part.commits[0].writer if part.commits else None, part.sequence)


async def readable(archive: Archive, key: str, version: BlobVersion) -> tuple[Part | None, str]:
    """Return a version, or the reason why it cannot be read: it is damaged, or was removed in the meantime."""
    try:
        part = await archive.part(key, version.version)
    except DocumentError as error:
        return None, str(error)
    return part, "" if part else "it no longer exists"
