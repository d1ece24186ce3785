"""``ptb-bucket sweep``: remove what was dropped for good."""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from ptb_bucket._words import counted
from ptb_bucket.cli._arguments import UriCommand, dry_run, with_bot_id, with_output
from ptb_bucket.cli._times import AgeType
from ptb_bucket.tools import open_state
from ptb_bucket.tools._sweep import Swept, sweep

if TYPE_CHECKING:
    from datetime import timedelta

    from ptb_bucket.cli._output import Output

__all__ = ["command"]

_EXAMPLES = """\b
Example: ptb-bucket sweep s3://my-bucket/my-bot --dry-run
         ptb-bucket sweep s3://my-bucket/my-bot --older-than 90d"""


@click.command(cls=UriCommand, name="sweep", epilog=_EXAMPLES)
@click.argument("uri")
@click.option("--older-than", type=AgeType(), default="30d", show_default=True,
              help="How long nobody may have written to it.")  # fmt: skip
@click.option("--bot-stopped", is_flag=True, help="Every instance is stopped: also where deletes have no condition.")
@dry_run
@with_bot_id
@with_output
def command(  # noqa: PLR0913  click passes what the options say
    uri: str, bot_id: str | None, *, older_than: timedelta, bot_stopped: bool, dry_run: bool, output: Output
) -> None:
    """Remove the empty documents that layout per-record keeps of what was dropped.

    Bots may run meanwhile: what they write is kept. AGE should be longer than any instance runs: one that still holds
    what another one dropped before it was swept reports a vanished document until its restart.
    """
    done = asyncio.run(_run(uri, bot_id, older_than, bot_stopped=bot_stopped, dry_run=dry_run))
    output.result({**asdict(done), "dry_run": dry_run}, lambda: _render(done, output, dry_run=dry_run))


async def _run(uri: str, bot_id: str | None, older_than: timedelta, *, bot_stopped: bool, dry_run: bool) -> Swept:
    async with open_state(uri, bot_id=bot_id) as state:
        return await sweep(state, older_than, bot_stopped=bot_stopped, dry_run=dry_run)


def _render(done: Swept, output: Output, *, dry_run: bool) -> None:
    removed = counted(len(done.removed), "empty document", "empty documents")
    output.line(f"{removed} {'would be ' * dry_run}removed", "bold")
    output.line(f"{counted(done.young, 'is', 'are')} not old enough")
    for key in done.kept:
        output.line(f"{key}: kept, a bot wrote to it meanwhile")
