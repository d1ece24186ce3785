"""``ptb-bucket check``: check that a bot can work with a bucket."""

from __future__ import annotations

import asyncio
import signal
from typing import TYPE_CHECKING, Any, Final

import click

from ptb_bucket import tools
from ptb_bucket.cli.console import Code, complain
from ptb_bucket.cli.options import UriCommand, with_bot_id, with_output, with_types
from ptb_bucket.tools import Verdict

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from ptb_bucket.cli.output import Output
    from ptb_bucket.tools import Check

__all__ = ["command"]

_STYLES: Final = {"ok": "green", "warning": "yellow", "failed": "bold red", "not tried": "dim"}


@click.command(cls=UriCommand, name="check", epilog="Example: ptb-bucket check s3://my-bucket/my-bot")
@click.argument("uri")
@with_bot_id
@with_types
@with_output
def command(uri: str, bot_id: str | None, types: list[Any], output: Output) -> int:
    """Check that a bot can work with the bucket: reachability, permissions, conditional puts.

    Every operation that a bot needs is tried with an object .ptb-bucket-check-..., which is removed at the end. You can
    run this before the bot's first start and while the bot runs. A warning does not affect the bot. The exit code is 1
    if a check failed. With --types, records that the bot could not decode are listed; without it, only damaged ones.
    """
    found = _run_to_the_end(tools.check(uri, bot_id=bot_id, types=types))
    failed = [one.name for one in found if one.verdict is Verdict.FAILED]
    output.result(_facts(found, ok=not failed), lambda: _render(found, output))
    if failed:
        return complain(f"{len(failed)} of {len(found)} checks failed: {', '.join(failed)}.", Code.FAILED)
    return Code.DONE


def _run_to_the_end(checking: Coroutine[Any, Any, list[Check]]) -> list[Check]:
    """Run the check. If a terminal or a supervisor ends it, its task removes its test object first."""

    async def cancelled_by_signals() -> list[Check]:
        task = asyncio.create_task(checking)
        _cancel_at_signals(task)
        return await task

    try:
        return asyncio.run(cancelled_by_signals())
    except asyncio.CancelledError:
        raise KeyboardInterrupt from None


def _cancel_at_signals(task: asyncio.Task[Any]) -> None:
    """Cancel the task at a signal. An exception from a signal handler could end another task instead."""
    loop = asyncio.get_running_loop()
    try:
        loop.add_signal_handler(signal.SIGTERM, task.cancel)
    except NotImplementedError:  # Windows
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        return
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:  # Python 3.10; later ones cancel it themselves
        loop.add_signal_handler(signal.SIGINT, task.cancel)


def _facts(found: list[Check], *, ok: bool) -> dict[str, object]:
    rows = [{"check": one.name, "result": one.verdict.value, "detail": one.detail, **one.facts} for one in found]
    return {"ok": ok, "checks": rows}


def _render(found: list[Check], output: Output) -> None:
    rows = [(one.name, one.verdict.value, one.detail) for one in found]
    output.table(["check", "result", "details and advice"], rows, styles=_STYLES)
