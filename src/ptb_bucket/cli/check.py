"""``ptb-bucket check``: whether a bot can work there."""

from __future__ import annotations

import asyncio
import signal
from typing import TYPE_CHECKING, Any, Final

import click

from ptb_bucket.cli._arguments import UriCommand, with_bot_id, with_output, with_types
from ptb_bucket.cli._console import Code, complain
from ptb_bucket.tools import Check, Verdict, check

if TYPE_CHECKING:
    from ptb_bucket.cli._output import Output

__all__ = ["command"]

_STYLES: Final = {"ok": "green", "warning": "yellow", "failed": "bold red", "not tried": "dim"}


@click.command(cls=UriCommand, name="check", epilog="Example: ptb-bucket check s3://my-bucket/my-bot")
@click.argument("uri")
@with_bot_id
@with_types
@with_output
def command(uri: str, bot_id: str | None, types: list[Any], output: Output) -> int:
    """Whether a bot can work there: reach, permissions, conditional puts.

    All that a bot needs is tried for real, with an object .ptb-bucket-check-... that is removed again. It may run
    before the bot's first start, and while the bot runs. A warning costs the bot nothing; the exit code is 1 if
    anything failed. With --types, records are named that the bot could not decode; without, only damaged ones.
    """
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # ended by a supervisor, it cleans up as well
    found = asyncio.run(check(uri, bot_id=bot_id, types=types))
    failed = [one.name for one in found if one.verdict is Verdict.FAILED]
    output.result(_facts(found, ok=not failed), lambda: _render(found, output))
    if failed:
        return complain(f"{len(failed)} of {len(found)} checks failed: {', '.join(failed)}.", Code.FAILED)
    return Code.DONE


def _facts(found: list[Check], *, ok: bool) -> dict[str, object]:
    rows = [{"check": one.name, "result": one.verdict.value, "detail": one.detail, **one.facts} for one in found]
    return {"ok": ok, "checks": rows}


def _render(found: list[Check], output: Output) -> None:
    rows = [(one.name, one.verdict.value, one.detail) for one in found]
    output.table(["check", "result", "details, and what to do"], rows, styles=_STYLES)
