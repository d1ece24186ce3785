"""Whose bot a prefix is, whether there is one, and whether its records can be decoded."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from ptb_bucket.codecs import TolerantJsonCodec, open_codec, shown_pickle
from ptb_bucket.errors import CannotLoadError, DocumentError, ForeignDocumentError, NotFoundError, StoreError, pluralize
from ptb_bucket.location import DEFAULTS
from ptb_bucket.state import Archive
from ptb_bucket.tools.health.report import Verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from ptb_bucket.state import Part
    from ptb_bucket.stores import BlobStore
    from ptb_bucket.tools.health.report import Findings

__all__ = ["find_tenant", "find_unreadable"]

_ENOUGH = 8
"""Documents to look at, all of most layouts; and records to name."""

_MANY = 1_000
"""Documents of which every record is decoded: with a document for each record, a few seconds of reading."""


async def find_tenant(store: BlobStore, bot_id: str | None, said: Mapping[str, str], findings: Findings) -> None:
    """Say what lies under the prefix.

    Args:
        store: Where to look, unsealed.
        bot_id: Whose it must be; None takes anybody's.
        said: Which layout and codec it must have; see ``Location.said``.
        findings: What is told.
    """
    with findings.trying("state"):
        try:
            archive = await Archive.find(store, bot_id=bot_id, **said)
        except NotFoundError:
            await _expect_nothing(store)
            findings.say("state", Verdict.OK, "none yet: a bot would begin with nothing")
        else:
            _describe(archive, await _first(archive), said, findings)
            with findings.trying("state", otherwise=Verdict.WARNING):
                await Archive.find(store)  # a second state beside it


async def find_unreadable(
    store: BlobStore, bot_id: str | None, said: Mapping[str, str], types: Sequence[Any], findings: Findings
) -> None:
    """Name the records that cannot be decoded: updates that need them fail.

    Without the bot's classes, their instances are taken as they are stored, and only damage is found.

    Args:
        store: Where to look, unsealed.
        bot_id: Whose it must be; None takes anybody's.
        said: Which layout and codec it must have; see ``Location.said``.
        types: The bot's classes.
        findings: What is told, if a record cannot be decoded or classes were given.
    """
    with suppress(NotFoundError, DocumentError, StoreError):  # 'state' says so
        archive = await Archive.find(store, bot_id=bot_id, **said)
        decode = _decoder(archive.codec, types)
        parts = await _first(archive, _MANY)
        errors = {
            record.label: error
            for part in parts
            for record, data in part.records.items()
            if (error := _error(decode, data)) is not None
        }
        if errors or types:
            _tell_unreadable(errors, parts, findings)


def _decoder(codec: str, types: Sequence[Any]) -> Callable[[bytes], object]:
    if types:
        return open_codec(codec, types).decode
    return TolerantJsonCodec().decode if codec == TolerantJsonCodec.name else shown_pickle


def _error(decode: Callable[[bytes], object], data: bytes) -> str | None:
    try:
        decode(data)
    except CannotLoadError as error:
        return str(error)
    except Exception as error:  # noqa: BLE001  classes of the bot's own may raise anything
        return f"decoding it raised {type(error).__name__}"
    return None


def _tell_unreadable(errors: Mapping[str, str], parts: Sequence[Part], findings: Findings) -> None:
    number = sum(len(part.records) for part in parts)
    looked = pluralize(number, "record", "records") + (
        f" of the first {_MANY:,} documents" if len(parts) == _MANY else ""
    )
    if not errors:
        findings.say("records", Verdict.OK, f"{looked} can be decoded", unreadable=[])
        return
    named = "; ".join(f"{label}: {error}" for label, error in list(errors.items())[:_ENOUGH])
    more = f"; and {len(errors) - _ENOUGH:,} more" if len(errors) > _ENOUGH else ""
    detail = f"{len(errors):,} of {looked} cannot be decoded, and updates that need them fail: {named}{more}"
    findings.say("records", Verdict.WARNING, detail, unreadable=list(errors))


async def _first(archive: Archive, enough: int = _ENOUGH) -> list[Part]:
    parts = []
    async for part in archive.parts():
        parts.append(part)
        if len(parts) == enough:
            break
    if not parts:
        raise archive.gone()
    return parts


async def _expect_nothing(store: BlobStore) -> None:
    """The options of the URI may have hidden what is there."""
    try:
        found = await Archive.find(store)
    except NotFoundError:
        return
    raise ForeignDocumentError(
        f"There is a state, with {_options(found)}, and the URI asks for another one: the bot would not start. "
        "Correct the URI, or convert the state by 'ptb-bucket copy'."
    )


def _options(archive: Archive) -> str:
    return f"layout={archive.layout.name}&codec={archive.codec}"


def _describe(archive: Archive, parts: list[Part], said: Mapping[str, str], findings: Findings) -> None:
    owners = sorted({part.bot_id for part in parts})
    if len(owners) > 1:
        raise ForeignDocumentError(f"The documents here are of several bots: {', '.join(owners)}.")
    last = max((commit.time for part in parts for commit in part.commits), default=None)
    when = f"{last:%Y-%m-%d %H:%M:%S} UTC" if last else "never"
    facts = {"layout": archive.layout.name, "codec": archive.codec}
    detail = f"bot {owners[0]}, layout {facts['layout']}, codec {facts['codec']}, last commit {when}"
    if {**DEFAULTS, **said} != facts:
        detail += f"; the URI has to say ?{_options(archive)}, or the bot's code the same"
    findings.say("state", Verdict.OK, detail, bot_id=owners[0], last_commit=last and last.isoformat(), **facts)
