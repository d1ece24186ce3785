"""Check which bot owns a prefix, and that its records can be decoded."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from ptb_bucket._wording import pluralize
from ptb_bucket.codecs import PreservingJsonCodec, open_codec, render_pickle
from ptb_bucket.errors import CannotLoadError, DocumentError, ForeignDocumentError, NotFoundError, StoreError
from ptb_bucket.location import DEFAULTS
from ptb_bucket.state import Archive, Journals
from ptb_bucket.tools.health.report import Verdict
from ptb_bucket.tools.health.timers import check_timers

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from ptb_bucket.state import Part
    from ptb_bucket.stores import BlobStore
    from ptb_bucket.tools.health.report import Report

__all__ = ["check_broadcasts", "check_owner", "check_records"]

_ENOUGH = 8
"""The number of documents to read, which is all in most layouts; and of records to name."""

_MANY = 1_000
"""The largest number of documents to decode: with one document per record, this takes a few seconds."""


async def check_owner(store: BlobStore, bot_id: str | None, said: Mapping[str, str], report: Report) -> None:
    """Report which state is stored under the prefix.

    Args:
        store: The store, unsealed.
        bot_id: The ID of the bot that must own the state; None accepts any bot.
        said: The layout and codec that the state must have; see ``Location.said``.
        report: Receives the result.
    """
    with report.trying("state"):
        try:
            archive = await Archive.find(store, bot_id=bot_id, **said)
        except NotFoundError:
            await _expect_nothing(store)
            report.say("state", Verdict.OK, "No state is stored yet. A bot would start with empty state")
        else:
            _describe(archive, await _first(archive), said, report)
            with report.trying("state", otherwise=Verdict.WARNING):
                await Archive.find(store)  # a second state beside it


async def check_records(
    store: BlobStore, bot_id: str | None, said: Mapping[str, str], types: Sequence[Any], report: Report
) -> None:
    """Report the records that cannot be decoded, because updates that need them fail, and timers that do not run.

    Without the bot's classes, their instances are not decoded, and only damaged records are found.

    Args:
        store: The store, unsealed.
        bot_id: The ID of the bot that must own the state; None accepts any bot.
        said: The layout and codec that the state must have; see ``Location.said``.
        types: The bot's classes.
        report: Receives the result about records, if one cannot be decoded or there are classes, and that about timers,
            if there are any.
    """
    with suppress(NotFoundError, DocumentError, StoreError):  # the check 'state' reports these
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
            _report_unreadable(errors, parts, report)
        await check_timers(archive, parts, report)


async def check_broadcasts(store: BlobStore, report: Report) -> None:
    """Report the broadcasts that are under way, and those whose journal or audience is damaged.

    Args:
        store: The store, unsealed.
        report: Receives the result, if there is a broadcast.
    """
    with suppress(StoreError):  # the check 'list' reports it
        journals = Journals(store)
        objects = await journals.objects()
        if not objects:
            return
        with report.trying("broadcasts", otherwise=Verdict.WARNING):
            found = [one for name in objects if (one := await journals.read(name)) is not None]
            lost = [one.name for one in found if not one.is_over and not {*one.parts} <= {*objects[one.name]}]
            if lost:
                raise NotFoundError(
                    f"A part of the audience is missing: {', '.join(lost)}. Restore the objects, or cancel the "
                    "broadcast with 'ptb-bucket broadcasts URI --cancel NAME'."
                )
            running = sum(not one.is_over for one in found)
            number = pluralize(len(found), "broadcast", "broadcasts")
            report.say("broadcasts", Verdict.OK, f"{number}, {running} under way", under_way=running)


def _decoder(codec: str, types: Sequence[Any]) -> Callable[[bytes], object]:
    if types:
        return open_codec(codec, types).decode
    return PreservingJsonCodec().decode if codec == PreservingJsonCodec.name else render_pickle


def _error(decode: Callable[[bytes], object], data: bytes) -> str | None:
    try:
        decode(data)
    except CannotLoadError as error:
        return str(error)
    except Exception as error:  # noqa: BLE001  the bot's classes may raise anything
        return f"decoding the stored data raised {type(error).__name__}"
    return None


def _report_unreadable(errors: Mapping[str, str], parts: Sequence[Part], report: Report) -> None:
    number = sum(len(part.records) for part in parts)
    looked = pluralize(number, "record", "records") + (
        f" of the first {_MANY:,} documents" if len(parts) == _MANY else ""
    )
    if not errors:
        report.say("records", Verdict.OK, f"{looked} can be decoded", unreadable=[])
        return
    named = "; ".join(f"{label}: {error}" for label, error in list(errors.items())[:_ENOUGH])
    more = f"; and {len(errors) - _ENOUGH:,} more" if len(errors) > _ENOUGH else ""
    detail = f"{len(errors):,} of {looked} can't be decoded. Updates that need them will fail. {named}{more}"
    report.say("records", Verdict.WARNING, detail, unreadable=list(errors))


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
    """Refuse a state that exists, but that the options of the URI exclude."""
    try:
        found = await Archive.find(store)
    except NotFoundError:
        return
    raise ForeignDocumentError(
        f"The state has {_options(found)}, but the URI has other options, so the bot would not start. "
        "Fix the URI, or convert the state with 'ptb-bucket copy'."
    )


def _options(archive: Archive) -> str:
    return f"layout={archive.layout.name}&codec={archive.codec}"


def _describe(archive: Archive, parts: list[Part], said: Mapping[str, str], report: Report) -> None:
    owners = sorted({part.bot_id for part in parts})
    if len(owners) > 1:
        raise ForeignDocumentError(
            f"The prefix contains documents from more than one bot: {', '.join(owners)}. Move each bot to its own "
            "prefix."
        )
    last = max((commit.time for part in parts for commit in part.commits), default=None)
    when = f"{last:%Y-%m-%d %H:%M:%S} UTC" if last else "never"
    facts = {"layout": archive.layout.name, "codec": archive.codec}
    detail = f"bot {owners[0]}, layout {facts['layout']}, codec {facts['codec']}, last commit {when}"
    if {**DEFAULTS, **said} != facts:
        detail += f"; set ?{_options(archive)} in the bot's URI, or the same options in its code"
    report.say("state", Verdict.OK, detail, bot_id=owners[0], last_commit=last and last.isoformat(), **facts)
