"""Erase a person from the audiences and journals of broadcasts, and find old versions that contain them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ptb_bucket.errors import DocumentError
from ptb_bucket.state import Journals, is_journal

if TYPE_CHECKING:
    from ptb_bucket.tools.state import State

__all__ = ["broadcasts_with", "forget_in_broadcasts", "old_versions_in_broadcasts"]


async def broadcasts_with(state: State, user_id: int) -> dict[str, list[str]]:
    """Return the keys of the objects that contain a person's ID, by the name of the broadcast.

    Raises:
        DocumentError: An object is damaged.
        StoreError: The store could not be read.
    """
    journals = Journals(state.store)
    found = {}
    for name, keys in (await journals.objects()).items():  # Python 3.10 refuses to await in a comprehension within one
        if having := [key for key in keys if await journals.has(key, user_id)]:
            found[name] = having
    return found


async def forget_in_broadcasts(state: State, names: list[str], user_id: int) -> None:
    """Remove a person's ID from some broadcasts: from the audience first, then from the journal.

    All others keep their places in the audience, so an instance that is sending goes on.

    Raises:
        DocumentError, StoreError: An object could not be read or written. Run it again to continue.
    """
    journals = Journals(state.store)
    objects = await journals.objects()
    for name in names:
        for key in objects.get(name, ()):
            await journals.forget(key, user_id)


async def old_versions_in_broadcasts(state: State, user_id: int) -> dict[str, list[str]]:
    """Return all old versions of each object that contains a person's ID, or contained it in an old version.

    No listing shows an audience that was swept. Its keys follow from the journal, which stays. Swept audiences that no
    journal names are not found: their instance was killed, or another one was faster.

    Raises:
        DocumentError: A journal is damaged.
        UnsupportedError: The store keeps no old versions.
        StoreError: The store could not be read.
    """
    journals = Journals(state.store)
    found: dict[str, list[str]] = {}
    for key in await _present_and_swept(journals):
        versions = [one.version async for one in state.store.versions(key) if not (one.current or one.deleted)]
        if versions and (await _has(journals, key, user_id) or await _held(journals, key, user_id, versions)):
            found[key] = versions
    return found


async def _present_and_swept(journals: Journals) -> list[str]:
    """Return the keys of all objects that broadcasts have, or had before their audience was swept."""
    keys: set[str] = set()
    for name, present in (await journals.objects()).items():
        journal = await journals.read(name) if is_journal(present[-1]) else None
        keys.update(present, journal.parts if journal is not None else ())
    return sorted(keys)


async def _held(journals: Journals, key: str, user_id: int, versions: list[str]) -> bool:
    for version in versions:
        if await _has(journals, key, user_id, version=version):
            return True
    return False


async def _has(journals: Journals, key: str, user_id: int, *, version: str | None = None) -> bool:
    try:
        return await journals.has(key, user_id, version=version)
    except DocumentError:
        return True  # it may contain the person
