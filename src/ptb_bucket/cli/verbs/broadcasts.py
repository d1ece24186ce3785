"""``ptb-bucket broadcasts``: list a bot's broadcasts, and pause, cancel or continue one."""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from datetime import datetime, timezone
from typing import TYPE_CHECKING

import click

from ptb_bucket import tools
from ptb_bucket.cli.options import UriCommand, dry_run, with_bot_id, with_output
from ptb_bucket.errors import ConfigurationError
from ptb_bucket.state import BOT_DATA
from ptb_bucket.tools import open_state

if TYPE_CHECKING:
    from ptb_bucket.cli.output import Output
    from ptb_bucket.state import Broadcast, BroadcastState

__all__ = ["command"]


@click.command(cls=UriCommand, name="broadcasts", epilog="Example: ptb-bucket broadcasts s3://my-bucket/my-bot")
@click.argument("uri")
@click.option("--pause", metavar="NAME", help="Pause this broadcast after the segment that is being sent.")
@click.option("--resume", metavar="NAME", help="Continue this broadcast. The bot notices within five minutes.")
@click.option("--cancel", metavar="NAME", help="Cancel this broadcast. It can't be continued.")
@dry_run
@with_bot_id
@with_output
def command(  # noqa: PLR0913  what click gives
    uri: str, *, pause: str | None, resume: str | None, cancel: str | None, dry_run: bool, bot_id: str | None,
    output: Output,
) -> None:  # fmt: skip
    """List a bot's broadcasts: how many people each has reached, and how many blocked the bot.

    With --json, it also lists the IDs of people who were not reached.
    """
    given: list[tuple[BroadcastState, str | None]] = [("paused", pause), ("running", resume), ("cancelled", cancel)]
    wanted = [(state, name) for state, name in given if name is not None]
    if len(wanted) > 1:
        raise ConfigurationError("Give only one of --pause, --resume and --cancel.")
    found = asyncio.run(_broadcasts(uri, bot_id, wanted, dry_run=dry_run))
    for state, name in wanted if dry_run else ():
        would = any(one.name == name and not one.is_over and one.state != state for one in found)
        output.note(f"{name} {'would be' if would else 'would stay as it is, and not be'} {state}.")
    output.result({"broadcasts": [_facts(one) for one in found]}, lambda: _render(found, output))


async def _broadcasts(
    uri: str, bot_id: str | None, wanted: list[tuple[BroadcastState, str]], *, dry_run: bool
) -> list[Broadcast]:
    async with open_state(uri, bot_id=bot_id) as state:
        await state.loaded([BOT_DATA])  # says what is wrong with it
        for turned, name in wanted:
            await tools.turn_broadcast(state, name, turned, dry_run=dry_run)
        return await tools.broadcasts(state)


def _facts(one: Broadcast) -> dict[str, object]:
    kept = {name: value for name, value in asdict(one).items() if name not in {"attempt", "by"}}
    return {**kept, "began": _time(one.began), "updated": _time(one.updated)}


def _time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, timezone.utc).isoformat(timespec="seconds")


def _render(found: list[Broadcast], output: Output) -> None:
    if not found:
        output.note("The bot has made no broadcast.")
        return
    output.table(
        ["name", "status", "#people", "#done", "#sent", "#blocked", "#failed", "began"],
        [
            (
                one.name, one.state, one.people, one.done, one.sent, len(one.blocked), len(one.failed),
                f"{datetime.fromtimestamp(one.began, timezone.utc):%Y-%m-%d %H:%M} UTC",
            )
            for one in found
        ],
    )  # fmt: skip
