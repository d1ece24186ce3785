"""``ptb-bucket show``: what a bot remembers."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import click

from ptb_bucket.cli._arguments import UriCommand, with_bot_id, with_output
from ptb_bucket.tools import open_state
from ptb_bucket.tools._survey import Survey, survey

if TYPE_CHECKING:
    from ptb_bucket.cli._output import Output

__all__ = ["command"]


@click.command(cls=UriCommand, name="show", epilog="Example: ptb-bucket show s3://my-bucket/my-bot")
@click.argument("uri")
@with_bot_id
@with_output
def command(uri: str, bot_id: str | None, output: Output) -> None:
    """How much a bot remembers, whose it is, and who wrote last."""
    found = asyncio.run(_survey(uri, bot_id))
    output.result(_facts(found), lambda: _render(found, output))


async def _survey(uri: str, bot_id: str | None) -> Survey:
    async with open_state(uri, bot_id=bot_id) as state:
        return await survey(state)


def _facts(found: Survey) -> dict[str, object]:
    return {
        "bot_id": found.bot_id,
        "layout": found.layout,
        "codec": found.codec,
        "documents": found.documents,
        "bytes": found.size,
        "last_commit": found.last_commit and found.last_commit.isoformat(),
        "writers": len(found.writers),
        "sections": {kind.value: {"records": one.records, "bytes": one.size} for kind, one in found.sections.items()},
        "largest": [{"record": record.label, "bytes": size} for size, record in found.largest],
    }


def _render(found: Survey, output: Output) -> None:
    output.line(f"bot {found.bot_id}, layout {found.layout}, codec {found.codec}", "bold")
    when = found.last_commit.strftime("%Y-%m-%d %H:%M:%S UTC") if found.last_commit else "never"
    output.line(f"{found.documents} objects, {found.size:,} bytes; last commit {when}, {len(found.writers)} writers\n")
    output.table(
        ["section", "#records", "#bytes"],
        [(kind.value, one.records, one.size) for kind, one in found.sections.items()],
    )
    output.line("")
    output.table(["largest records", "#bytes"], [(record.label, size) for size, record in found.largest])
