"""Whose bot a prefix is, and whether there is one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ptb_bucket._settings import DEFAULTS
from ptb_bucket.errors import ForeignDocumentError, NotFoundError
from ptb_bucket.state import Archive
from ptb_bucket.tools._findings import Verdict

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ptb_bucket.state import Part
    from ptb_bucket.stores import BlobStore
    from ptb_bucket.tools._findings import Findings

__all__ = ["find_tenant"]

_ENOUGH = 8
"""Documents to look at: all of most layouts."""


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


async def _first(archive: Archive) -> list[Part]:
    parts = []
    async for part in archive.parts():
        parts.append(part)
        if len(parts) == _ENOUGH:
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
