"""What a bot's memory was: the versions of its documents, and who committed each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ptb_bucket.errors import DocumentError, NotFoundError
from ptb_bucket.state import Kind

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from ptb_bucket.state import Archive, Part
    from ptb_bucket.stores import BlobVersion

__all__ = ["Past", "history", "keys_of", "readable"]


@dataclass(frozen=True)
class Past:
    """One version of one object. If it cannot be read, ``problem`` says why, and nobody knows who wrote it."""

    object: str
    version: BlobVersion
    writer: str | None = None
    sequence: int | None = None
    problem: str = ""


async def keys_of(archive: Archive, what: str | None) -> list[str]:
    """The documents that were asked for, as the layout gives them.

    Args:
        archive: Where they lie.
        what: An object's key, with or without extension, or a section such as ``user_data``; None for all.

    Raises:
        NotFoundError: There is no such object or section.
        StoreError: The store could not tell.
    """
    if what in {kind.value for kind in Kind}:
        return [key async for key in archive.documents([Kind(what)])]
    keys = [key async for key in archive.documents()]
    found = [key for key in keys if what in (None, key, archive.name(key))]
    if not found and what is not None:
        found = [key async for key in _deleted(archive, what)]
    if not found:
        raise NotFoundError(
            f"{what!r} is no object of this state and no section. Objects: {', '.join(map(archive.name, keys[:5]))}"
            f"{', ...' if len(keys) > 5 else ''}; sections: {', '.join(kind.value for kind in Kind)}."  # noqa: PLR2004
        )
    return found


async def _deleted(archive: Archive, what: str) -> AsyncIterator[str]:
    """No listing shows an object that was deleted; who knows its key finds its old versions."""
    key = what.removesuffix(archive.name(""))
    if archive.layout.lazy and archive.layout.kinds(key):
        async for _ in archive.versions(key):
            yield key
            return


async def history(archive: Archive, what: str | None = None, *, limit: int = 20) -> AsyncIterator[Past]:
    """The newest versions of each object, newest first.

    Args:
        archive: Where they lie.
        what: See :func:`keys_of`.
        limit: How many versions of each object.

    Raises:
        NotFoundError: There is no such object.
        UnsupportedError: Old versions are not kept there.
        StoreError: The store could not tell.
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
    """A version, or why it cannot be read: it is damaged, or was removed since."""
    try:
        part = await archive.part(key, version.version)
    except DocumentError as error:
        return None, str(error)
    return part, "" if part else "it is gone"
