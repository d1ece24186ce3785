"""``ptb-bucket copy``: copy a bot's state to another place, layout or codec."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import click

from ptb_bucket import tools
from ptb_bucket._wording import pluralize
from ptb_bucket.cli.options import VerbCommand, checked_bot_id, with_output, with_types
from ptb_bucket.tools import open_state

if TYPE_CHECKING:
    from ptb_bucket.cli.output import Output
    from ptb_bucket.tools import Copied

__all__ = ["command"]


@click.command(
    cls=VerbCommand,
    name="copy",
    epilog="Example: ptb-bucket copy file:./bot-data 's3://my-bucket/my-bot?layout=per-record'",
)
@click.argument("source")
@click.argument("destination")
@click.option("--bot-id", metavar="ID", help="The bot that owns the copy. Default: the source bot.")
@click.option("--overwrite", is_flag=True, help="Replace records that differ in the destination.")
@click.option("--dry-run", is_flag=True, help="Show what would be copied, but copy nothing.")
@with_types
@with_output
def command(output: Output, dry_run: bool, **given: Any) -> None:  # noqa: FBT001  click's way of calling
    """Copy a bot's state between clouds, prefixes, layouts, codecs or bots, and verify the copy.

    A new copy keeps the source layout and codec unless the destination URI says otherwise. Converting to another codec
    requires --types for your bot's classes. Existing records are skipped, so an interrupted copy continues where it
    stopped. The source is not changed. If its bot is running, each document is copied as of one moment: to copy all
    changes, stop the bot, or copy again afterwards. Broadcasts are copied, too, unless the copy belongs to another bot.
    If one is under way, stop the bot first. Otherwise, both bots send to the rest of its audience.
    """
    found = asyncio.run(_copy(output=output, dry_run=dry_run, **given))
    output.report(
        {
            "dry_run": dry_run, "copied": found.copied, "skipped": found.skipped, "different": found.replaced,
            "broadcasts": found.broadcasts, "broadcasts_left_out": found.left_out,
        },
        lambda: _render(found, output, dry_run=dry_run),
    )  # fmt: skip


async def _copy(  # noqa: PLR0913  the options of the verb
    source: str, destination: str, *, bot_id: str | None, types: list[Any], overwrite: bool, dry_run: bool,
    output: Output,
) -> Copied:  # fmt: skip
    bot_id = checked_bot_id(bot_id)
    tools.check_source(source)
    async with (
        open_state(source, types=types) as ours,
        tools.open_target(destination, ours, types=types, bot_id=bot_id) as to,
    ):
        return await tools.copy(
            ours, to, overwrite=overwrite, dry_run=dry_run, progress=lambda total: output.progress("copying", total)
        )


def _render(found: Copied, output: Output, *, dry_run: bool) -> None:
    output.line(_summary(found, dry_run=dry_run))
    if found.broadcasts:
        output.line(f"{pluralize(found.broadcasts, 'broadcast', 'broadcasts')}, each with its audience and its report")
    if found.left_out:
        is_left = pluralize(found.left_out, "broadcast is", "broadcasts are")
        output.line(f"{is_left} left out, because the copy belongs to another bot")


def _summary(found: Copied, *, dry_run: bool) -> str:
    labels = f", such as {', '.join(found.labels)}" if found.labels else ""
    copied = pluralize(found.copied, "record", "records")
    if dry_run:
        there, other = pluralize(found.skipped, "is", "are"), pluralize(found.replaced, "differs", "differ")
        return f"Would copy {copied}; {there} already there, {other}{labels}"
    there = pluralize(found.skipped, "was", "were")
    total = found.copied + found.skipped + found.replaced
    return f"{copied} copied, {there} already there, {found.replaced:,} replaced{labels}; all {total:,} verified"
