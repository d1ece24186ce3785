"""Erase a person: the records stored under their ID, and the old versions that contain them."""

from __future__ import annotations

import pickle
import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any, Final

from ptb_bucket.errors import CannotLoadError, DocumentError, RefusedError, StoreError, UnsavedError, UnsupportedError
from ptb_bucket.state import CALLBACK_QUERIES, Kind, Record, timer_outline
from ptb_bucket.tools.browsing import text_of
from ptb_bucket.tools.edit.erasing_broadcasts import (
    broadcasts_with,
    forget_in_broadcasts,
    old_versions_in_broadcasts,
)
from ptb_bucket.tools.value_parts import parsed

if TYPE_CHECKING:
    from ptb_bucket.state import CommitInfo, Part
    from ptb_bucket.tools.state import State

__all__ = ["OldVersions", "PersonalData", "erase", "export_person", "find_person", "is_of", "past_of"]

RECENT: Final = timedelta(hours=1)
"""A bot that committed within this time is assumed to be running."""

_KINDS: Final = (Kind.USER, Kind.CHAT, Kind.CONVERSATION, Kind.TIMER)
_ROUNDS: Final = 5


@dataclass
class PersonalData:
    """The records of a person, and other data that may concern them.

    Attributes:
        user_id: The person's ID.
        records: The person's records with their sizes in bytes, by document.
        mentions: Other records in which the person's ID occurs as a number, perhaps by chance.
        keyboards: The number of inline keyboards, which cannot be attributed to a person.
        unknown: Sections of a newer ptb-bucket, which this one can neither read nor change.
        broadcasts: The objects of broadcasts that contain the person's ID, by the name of the broadcast.
        running: Commits by bots that are so recent that the bots may be running.
    """

    user_id: int
    records: dict[str, dict[Record, int]] = field(default_factory=dict)
    mentions: list[Record] = field(default_factory=list)
    keyboards: int = 0
    unknown: set[str] = field(default_factory=set)
    broadcasts: dict[str, list[str]] = field(default_factory=dict)
    running: list[CommitInfo] = field(default_factory=list)


@dataclass
class OldVersions:
    """Old versions of the objects that contain or contained the person, by document, and by object of a broadcast.

    If the store cannot list old versions, ``problem`` says why.
    """

    versions: dict[str, list[str]] = field(default_factory=dict)
    problem: str = ""
    broadcasts: dict[str, list[str]] = field(default_factory=dict)

    @property
    def number(self) -> int:
        """Return the number of old versions."""
        return sum(map(len, (*self.versions.values(), *self.broadcasts.values())))


def is_of(record: Record, user_id: int) -> bool:
    """Tell whether a record is a person's: user data, private chat data, a conversation with their ID, or a timer.

    Keys of conversations are (chat, user), (chat,) or (user,). A third part, if there is one, is the ID of a message.
    A timer is theirs if their user data or private chat data owns it; see also :func:`is_timer_of`.
    """
    if record.kind is Kind.TIMER:
        record = record.timer[0]
    if record.kind in (Kind.USER, Kind.CHAT):
        return record.id == str(user_id)
    return record.kind is Kind.CONVERSATION and user_id in record.conversation[1][:2]


def is_timer_of(record: Record, encoded: bytes, codec: str, user_id: int) -> bool:
    """Tell whether a timer is for a person, although another record owns it. A damaged timer is not."""
    if record.kind is not Kind.TIMER:
        return False
    try:
        timer = timer_outline(record, encoded, codec)
    except CannotLoadError:
        return False
    return user_id in (timer.user_id, timer.chat_id)


async def find_person(state: State, user_id: int) -> PersonalData:
    """Find a person's records without decoding any.

    Raises:
        DocumentError: A document cannot be read.
        StoreError: The store could not be read.
    """
    found, number = PersonalData(user_id), _as_number(user_id, state.archive.codec)
    since = datetime.now(timezone.utc) - RECENT
    async for part in state.archive.parts():
        found.running += [commit for commit in part.commits if not commit.is_tools and commit.time > since]
        found.unknown |= part.unknown.keys()
        for record, value in part.records.items():
            if is_of(record, user_id) or is_timer_of(record, value, state.archive.codec, user_id):
                found.records.setdefault(_key(part), {})[record] = len(value)
            elif record.kind is Kind.CALLBACK:
                found.keyboards += record != CALLBACK_QUERIES
            elif record.kind is not Kind.UPDATES and number.search(value):
                found.mentions.append(record)
    found.broadcasts = await broadcasts_with(state, user_id)
    return found


async def export_person(state: State, user_id: int) -> dict[str, Any]:
    """Return a person's records, with a receipt that says what they are. Nothing in a pickle is run.

    Returns:
        ``receipt``, with the sizes of the encoded records in bytes, and ``data``: the values by the records' labels, in
        the notation of JSON documents. A record that is damaged has the reason instead.

    Raises:
        DocumentError: A document cannot be read.
        StoreError: The store could not be read.
    """
    data = {}
    found = {
        record: value
        async for part in state.archive.parts(_KINDS)
        for record, value in part.records.items()
        if is_of(record, user_id) or is_timer_of(record, value, state.archive.codec, user_id)
    }
    for record, value in sorted(found.items()):
        try:
            data[record.label] = parsed(text_of(state, record, value))
        except CannotLoadError as error:
            data[record.label] = {"cannot be loaded": str(error)}
    receipt = {
        "user_id": user_id, "bot_id": state.bot_id, "exported_at": datetime.now(timezone.utc).isoformat(),
        "exported_by": state.author, "records": {record.label: len(found[record]) for record in sorted(found)},
    }  # fmt: skip
    return {"receipt": receipt, "data": data}


def _key(part: Part) -> str:
    return part.key[: part.key.rindex(".")]


def _as_number(user_id: int, codec: str) -> re.Pattern[bytes]:
    """Return a pattern that finds the ID in JSON and text, and in pickles."""
    forms = [rb"(?<![0-9])%d(?![0-9])" % user_id]
    if codec == "pickle":
        forms.append(re.escape(pickle.dumps(user_id, 3)[2:-1]))  # without header and end
    return re.compile(b"|".join(forms), re.DOTALL)


async def past_of(state: State, found: PersonalData) -> OldVersions:
    """Return the old versions of each object that contains the person, or contained them in an old version.

    No listing shows deleted objects, such as those that a sweep has removed. Of these, only the objects whose keys
    follow from the person's ID or from the journal of a broadcast are found. Versions of others stay.

    Raises:
        DocumentError: A document cannot be read.
        AccessError, UnavailableError: The store could not be read.
    """
    past = OldVersions()
    try:
        present = {_key(part): bool(part.records) async for part in state.archive.parts(_KINDS)}
        for key, has_records in {**_own(state, found.user_id), **present}.items():
            old = await _old(state, key)
            if old and (key in found.records or await _held(state, key, old, found, has_records=has_records)):
                past.versions[key] = old
        past.broadcasts = await old_versions_in_broadcasts(state, found.user_id)
    except UnsupportedError as error:
        return OldVersions(problem=str(error))
    return past


def _own(state: State, user_id: int) -> dict[str, bool]:
    """Return the documents of a person's own data, as if they had no records."""
    return dict.fromkeys(map(state.archive.layout.key, (Record.user(user_id), Record.chat(user_id))), False)


async def _held(state: State, key: str, versions: list[str], found: PersonalData, *, has_records: bool) -> bool:
    if state.archive.layout.lazy and has_records:
        return False  # the document's only record is another one
    for version in versions:
        try:
            old = await state.archive.part(key, version)
        except DocumentError:
            return True  # it may contain the person
        if old is not None and any(
            is_of(record, found.user_id) or is_timer_of(record, value, state.archive.codec, found.user_id)
            for record, value in old.records.items()
        ):
            return True
    return False


async def erase(state: State, found: PersonalData, past: OldVersions | None, *, force: bool = False) -> int:
    """Remove a person's records, as the bot would, and all old versions of the objects that contained them.

    Old versions are deleted first: if that is not allowed, nothing is changed.

    Args:
        state: The bot's state.
        found: The result of :func:`find_person`.
        past: The result of :func:`past_of`. None keeps old versions.
        force: Erase even if a bot may have the person in memory.

    Returns:
        The number of old versions that were deleted.

    Raises:
        RefusedError: A bot has committed within the last hour. Nothing was changed.
        UnsupportedError: Old versions are not kept, or cannot be deleted. Nothing was changed.
        UnsavedError: A running bot keeps writing the records.
        AccessError: A permission is missing. The message names it.
        StoreError, DocumentError: A document could not be written.
    """
    if found.running and not force:
        raise _running(found)
    if past is not None and past.problem:
        raise UnsupportedError(f"{past.problem} Nothing was changed.")
    deleted = 0 if past is None else await _delete(state, past)
    await _drop(state, found)
    if past is None:
        return deleted
    try:
        return deleted + await _delete_rest(state, found, past)
    except StoreError as error:
        raise UnsavedError(
            f"The current records were erased, but some old versions could not be deleted. {error}",
            causes=[error],
        ) from error


async def _drop(state: State, found: PersonalData) -> None:
    """Drop the records, and look again, because a bot may have written them in the meantime."""
    from ptb_bucket.state import Draft  # noqa: PLC0415  reading does not need it

    writer, now = state.writer("erase-user"), found
    for _ in range(_ROUNDS):
        if not now.records and not now.broadcasts:
            return
        await forget_in_broadcasts(state, list(now.broadcasts), found.user_id)
        for key, records in now.records.items():
            draft = await Draft.open(state.archive, key, state.bot_id, writer)
            draft.stage(dict.fromkeys(records, None))
            await draft.commit()
        now = await find_person(state, found.user_id)
    if now.records or now.broadcasts:
        found_again = [record.label for records in now.records.values() for record in records]
        labels = ", ".join([*found_again, *(key for keys in now.broadcasts.values() for key in keys)])
        raise UnsavedError(f"A running bot keeps writing {labels}. Stop the bot and erase the data again.")


async def _delete(state: State, past: OldVersions) -> int:
    for key, versions in past.versions.items():
        for version in versions:
            await state.store.delete_version(state.archive.name(key), version)
    for key, versions in past.broadcasts.items():
        for version in versions:
            await state.store.delete_version(key, version)
    return past.number


async def _delete_rest(state: State, found: PersonalData, past: OldVersions) -> int:
    """Delete the old versions that the erasure itself created."""
    keys = {*found.records, *past.versions}
    rest = OldVersions({key: await _old(state, key) for key in sorted(keys)})
    rest.broadcasts = await old_versions_in_broadcasts(state, found.user_id)
    return await _delete(state, rest)


async def _old(state: State, key: str) -> list[str]:
    return [one.version async for one in state.archive.versions(key) if not (one.current or one.deleted)]


def _running(found: PersonalData) -> RefusedError:
    last = max(found.running, key=lambda commit: commit.time)
    return RefusedError(
        f"A bot (writer {last.writer}) committed at {last.time:%H:%M:%S} UTC. Unless it refreshes its data, it may "
        "still hold this user's data in memory and write it back. Stop the bot first, or pass --force and restart the "
        "bot afterwards."
    )
