"""``ptb-bucket history``: list the versions of a bot's objects."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import click

from ptb_bucket import tools
from ptb_bucket.cli.options import UriCommand, with_bot_id, with_output
from ptb_bucket.tools import open_past

if TYPE_CHECKING:
    from ptb_bucket.cli.output import Output
    from ptb_bucket.tools import Past

__all__ = ["command"]


@click.command(cls=UriCommand, name="history", epilog="Example: ptb-bucket history s3://my-bucket/my-bot user_data")
@click.argument("uri")
@click.argument("what", required=False)
@click.option(
    "--limit",
    type=click.IntRange(1),
    default=20,
    show_default=True,
    help="The maximum number of versions to list for each object.",
)
@with_bot_id
@with_output
def command(uri: str, what: str | None, limit: int, bot_id: str | None, output: Output) -> None:
    """List the versions of each object, newest first, and the writers that committed them.

    WHAT is an object key or a section such as user_data. By default, all objects are listed. Old versions are kept if
    bucket versioning is on, or with file:DIRECTORY?keep=N.
    """
    found = asyncio.run(_history(uri, what, limit, bot_id))
    output.result({"versions": [_facts(one) for one in found]}, lambda: _render(found, output))


async def _history(uri: str, what: str | None, limit: int, bot_id: str | None) -> list[Past]:
    async with open_past(uri, bot_id=bot_id) as archive:
        return [one async for one in tools.history(archive, what, limit=limit)]


def _facts(one: Past) -> dict[str, object]:
    return {
        "object": one.object,
        "version": one.version.version,
        "time": one.version.modified.isoformat(),
        "bytes": one.version.size,
        "current": one.version.current,
        "deleted": one.version.deleted,
        "writer": one.writer,
        "sequence": one.sequence,
        "problem": one.problem,
    }


def _render(found: list[Past], output: Output) -> None:
    output.table(
        ["object", "version", "time", "#bytes", "writer", "#commit", "status"],
        [
            (
                one.object, one.version.version, f"{one.version.modified:%Y-%m-%d %H:%M:%S} UTC", one.version.size,
                one.writer or "", one.sequence or "", _mark(one),
            )
            for one in found
        ],
        folded=False,
    )  # fmt: skip


def _mark(one: Past) -> str:
    marks = {"current": one.version.current, "deleted": one.version.deleted, "cannot be read": bool(one.problem)}
    return ", ".join(mark for mark, holds in marks.items() if holds)
