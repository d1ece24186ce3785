"""``ptb-bucket timers``: list a bot's timers, cancel one, or make one due now."""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING, Any, Final

import click

from ptb_bucket import tools
from ptb_bucket._wording import pluralize
from ptb_bucket.cli.arguments import AgeType, IDType
from ptb_bucket.cli.editing import run_edit, with_edit_options
from ptb_bucket.cli.options import RecordCommand, UriCommand, with_bot_id, with_output
from ptb_bucket.errors import ConfigurationError
from ptb_bucket.state import BOT_DATA
from ptb_bucket.stores import did_you_mean
from ptb_bucket.tools import open_state, record_of

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from datetime import timedelta

    from ptb_bucket.cli.output import Output
    from ptb_bucket.state import Record
    from ptb_bucket.tools import Edit, State, StoredTimer

    Change = Callable[..., Awaitable[Edit]]

__all__ = ["command"]

_AUTHOR: Final = "timers"
_STYLES: Final = {"late": "yellow", "parked": "bold red", "damaged": "bold red", "paused": "dim"}
_EXAMPLES: Final = """\b
Example: ptb-bucket timers s3://my-bucket/my-bot --due 1h
         ptb-bucket timers s3://my-bucket/my-bot --user 42
         ptb-bucket timers run s3://my-bucket/my-bot user_data 42 tea
         ptb-bucket timers rm s3://my-bucket/my-bot user_data 42 tea"""


class _TimerGroup(click.Group):
    """A group that lists, unless its first argument is another command."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Insert ``list`` before a URI or an option."""
        first = args[0] if args else ""
        if first not in self.commands and first not in ctx.help_option_names:
            if re.fullmatch(r"\w+", first):
                meant = did_you_mean([first], self.commands)
                raise click.UsageError(f"No such command {first!r}.{meant} Run with --help to list all commands.", ctx)
            args = ["list", *args]
        return super().parse_args(ctx, args)

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the options of ``list``, which is what people call without a command, and then the commands."""
        self.commands["list"].format_options(ctx, formatter)
        self.format_commands(ctx, formatter)


@click.group(cls=_TimerGroup, name="timers", epilog=_EXAMPLES, subcommand_metavar="[COMMAND] URI [ARGS]...")
def command() -> None:
    """List a bot's timers, cancel one, or make one due now.

    'ptb-bucket timers URI' is short for 'ptb-bucket timers list URI'.
    """


@command.command("list", cls=UriCommand, epilog="Example: ptb-bucket timers list s3://my-bucket/my-bot --due 1h")
@click.argument("uri")
@click.option("--due", metavar="TIME", type=AgeType(), help="Only timers that run within this time, or are late: 1h.")
@click.option("--user", "user_id", type=IDType(), help="Only timers of this user and of their private chat.")
@click.option("--chat", "chat_id", type=IDType(), help="Only timers of this chat.")
@with_bot_id
@with_output
def _list(  # noqa: PLR0913  what click gives
    uri: str, *, due: timedelta | None, user_id: int | None, chat_id: int | None, bot_id: str | None, output: Output
) -> None:
    """List the timers by due time.

    Each line shows what the timer belongs to, its ID, the function that it calls, when it is due, its state, and how
    often it has failed. A late timer was due, and no instance has looked at it. A parked timer has failed too often, or
    its function is missing: it does not run until you run it. Times are in the time zone of the timer's schedule,
    otherwise in UTC.
    """
    within = None if due is None else due.total_seconds()
    found = asyncio.run(_found(uri, bot_id, within=within, user_id=user_id, chat_id=chat_id))
    output.result({"timers": [_facts(one) for one in found]}, lambda: _render(found, output))


async def _found(uri: str, bot_id: str | None, **which: Any) -> list[StoredTimer]:
    async with open_state(uri, bot_id=bot_id) as state:
        return await tools.list_timers(state, **which)


def _command_for_one(name: str) -> Callable[[Change], click.Command]:
    """Make a command of a function that changes one timer. Its docstring is the help."""
    epilog = f"Example: ptb-bucket timers {name} s3://my-bucket/bot user_data 42 tea"

    def made(change: Change) -> click.Command:
        @command.command(name, cls=RecordCommand, epilog=epilog, help=change.__doc__)
        @click.argument("uri")
        @click.argument("words", metavar="OWNER... TIMER", nargs=-1)
        @with_edit_options
        def verb(uri: str, words: tuple[str, ...], *, dry_run: bool, **settings: Any) -> None:
            record = _record(words)
            run_edit(uri, lambda state: change(state, record, dry_run=dry_run), author=_AUTHOR, **settings)

        return verb

    return made


@_command_for_one("run")
def _run(state: State, record: Record, *, dry_run: bool) -> Awaitable[Edit]:
    """Make a timer due now. Your bot runs it, at its next look at the timers.

    A parked or paused timer runs again, and its failed tries are forgotten. A timer that repeats goes on from now.
    OWNER is what 'ptb-bucket timers' shows, such as user_data 42 or bot_data.
    """
    return tools.make_due(state, record, dry_run=dry_run)


@_command_for_one("rm")
def _rm(state: State, record: Record, *, dry_run: bool) -> Awaitable[Edit]:
    """Cancel a timer. A run that has already begun is not stopped.

    OWNER is what 'ptb-bucket timers' shows, such as user_data 42 or bot_data.
    """
    return tools.remove(state, record, dry_run=dry_run)


def _record(words: tuple[str, ...]) -> Record:
    record, rest = record_of("timers", words)
    if rest:
        raise ConfigurationError(f"Too many arguments: {' '.join(rest)!r}. Put a timer ID with spaces in quotes.")
    return record


def _owner(timer: StoredTimer) -> str:
    owner = timer.record.timer[0]
    return owner.kind.value if owner == BOT_DATA else f"{owner.kind.value} {owner.id}"


def _facts(timer: StoredTimer) -> dict[str, object]:
    return {
        "owner": _owner(timer), "id": timer.record.timer[1], "name": timer.name, "callback": timer.callback,
        "due": timer.due and timer.due.isoformat(), "zone": timer.due and str(timer.due.tzinfo),
        "repeats": timer.repeats, "state": timer.state, "problem": timer.problem, "tries": timer.tries,
    }  # fmt: skip


def _render(found: list[StoredTimer], output: Output) -> None:
    if not found:
        output.note("There are no such timers.")
        return
    head = ["owner", "timer", "calls", "due", "state", "#tries"]
    output.table(head, [_row(one) for one in found], styles=_STYLES, folded=False)
    parked = sum(one.state == "parked" for one in found)
    if parked:
        output.note(f"\n{pluralize(parked, 'timer is', 'timers are')} parked: ptb-bucket timers run URI OWNER TIMER")


def _row(timer: StoredTimer) -> tuple[object, ...]:
    due = f"{timer.due:%Y-%m-%d %H:%M} {timer.due.tzname()}" if timer.due else "never"
    state = f"{timer.state}: {timer.problem}" if timer.problem else timer.state
    return _owner(timer), timer.record.timer[1], _calls(timer), due, state, timer.tries


def _calls(timer: StoredTimer) -> str:
    named = timer.name not in (None, timer.callback)
    return f"{timer.callback} ({timer.name})" if named else timer.callback
