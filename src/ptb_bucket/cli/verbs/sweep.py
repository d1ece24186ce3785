"""``ptb-bucket sweep``: remove the empty documents of dropped records."""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from ptb_bucket import tools
from ptb_bucket._wording import pluralize
from ptb_bucket.cli.arguments import AgeType
from ptb_bucket.cli.options import UriCommand, dry_run, with_bot_id, with_output, with_types
from ptb_bucket.tools import open_state

if TYPE_CHECKING:
    from datetime import timedelta

    from ptb_bucket.cli.output import Output
    from ptb_bucket.tools import Swept

__all__ = ["command"]

_EXAMPLES = """\b
Example: ptb-bucket sweep s3://my-bucket/my-bot --dry-run
         ptb-bucket sweep s3://my-bucket/my-bot --older-than 90d"""


@click.command(cls=UriCommand, name="sweep", epilog=_EXAMPLES)
@click.argument("uri")
@click.option("--older-than", type=AgeType(), default="30d", show_default=True,
              help="The minimum time since the last write to a document.")  # fmt: skip
@click.option("--keyboards", type=click.IntRange(0), metavar="N",
              help="Also drop all keyboards except the N most recently used.")  # fmt: skip
@click.option(
    "--bot-stopped",
    is_flag=True,
    help="Confirm that all instances are stopped, and delete without conditions if necessary.",
)
@dry_run
@with_types
@with_bot_id
@with_output
def command(uri: str, bot_id: str | None, output: Output, **settings: Any) -> None:
    """Remove the empty documents that dropped records leave behind in layout per-record.

    Also remove the audiences of broadcasts that have been over for AGE, in every layout. Their reports stay. An
    audience without a report is left over from an instance that was killed. It is removed if it is older than AGE and
    a day, except on servers that do not list the time of writes.

    Bots can keep running: their writes are kept. AGE should be longer than the lifetime of any instance. If you sweep a
    record that one instance dropped and another still has in memory, the other one reports a vanished document until it
    restarts. Buttons on dropped keyboards stop working. A keyboard still in memory is kept if the bot uses it again.
    """
    done = asyncio.run(_run(uri, bot_id, **settings))
    output.report({**asdict(done), "dry_run": settings["dry_run"]}, lambda: _render(done, output, **settings))


async def _run(uri: str, bot_id: str | None, older_than: timedelta, *, types: list[Any], **how: Any) -> Swept:
    async with open_state(uri, bot_id=bot_id, types=types, keep_unknown=True) as state:
        return await tools.sweep(state, older_than, **how)


def _render(done: Swept, output: Output, *, keyboards: int | None, dry_run: bool, **_: Any) -> None:
    removed = pluralize(len(done.removed), "empty document", "empty documents")
    output.line(f"{removed} {'would be ' * dry_run}removed", "bold")
    output.line(f"{pluralize(done.young, 'is', 'are')} not old enough to be removed")
    if keyboards is not None:
        dropped = pluralize(len(done.keyboards), "keyboard", "keyboards")
        output.line(f"{dropped} {'would be ' * dry_run}dropped")
    if done.audiences:
        audiences = pluralize(len(done.audiences), "object", "objects")
        output.line(f"{audiences} with audiences of old broadcasts {'would be ' * dry_run}removed")
    for key in done.kept:
        output.line(f"{key} was kept because a bot wrote to it in the meantime")
