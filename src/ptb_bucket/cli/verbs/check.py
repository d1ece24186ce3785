"""``ptb-bucket check``: check that a bot can work with a bucket."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import click

from ptb_bucket import tools
from ptb_bucket.cli.console import Code, complain
from ptb_bucket.cli.interruption import run_to_the_end
from ptb_bucket.cli.options import UriCommand, with_bot_id, with_output, with_types
from ptb_bucket.tools import Verdict

if TYPE_CHECKING:
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

    Every operation a bot needs is tried on a test object (.ptb-bucket-check-...), which is removed at the end. You can
    run this before the first start or while the bot is running. Warnings do not affect the bot. The exit code is 1 if a
    check failed. With --types, all records that the bot could not decode are listed; without it, only damaged ones.
    """
    found = run_to_the_end(tools.check(uri, bot_id=bot_id, types=types))
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
    output.table(["check", "result", "details and advice"], rows, styles=_STYLES)
