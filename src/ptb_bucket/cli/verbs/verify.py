"""``ptb-bucket verify``: verify on your own bucket that a bot's state is safe there."""

from __future__ import annotations

import asyncio
import sys
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Final

import click

from ptb_bucket import tools
from ptb_bucket._wording import pluralize
from ptb_bucket.cli.console import Code, complain
from ptb_bucket.cli.interruption import run_to_the_end
from ptb_bucket.cli.options import UriCommand, with_bot_id, with_output
from ptb_bucket.errors import RefusedError

if TYPE_CHECKING:
    from ptb_bucket.cli.output import Output
    from ptb_bucket.tools import Effort, Plan, Verification

__all__ = ["command"]

_STYLES: Final = {"ok": "green", "failed": "bold red", "not tried": "dim"}
_EXAMPLES: Final = """\b
Example: ptb-bucket verify s3://my-bucket/my-bot --dry-run
         ptb-bucket verify s3://my-bucket/my-bot --measured-by Ada"""


@click.command(cls=UriCommand, name="verify", epilog=_EXAMPLES)
@click.argument("uri")
@click.option(
    "--quick", is_flag=True, help="Repeat everything only a few times. The figures are too rough for the table."
)
@click.option("--yes", is_flag=True, help="Do not ask before the run starts.")
@click.option("--dry-run", is_flag=True, help="Show what the run would send and cost, but send nothing.")
@click.option("--server", metavar="NAME", help="Server name in the row. Default: as reported by the server.")
@click.option("--server-version", metavar="TEXT", help="Server version in the row. Default: as reported by the server.")
@click.option("--measured-by", metavar="NAME", default="", help="Your name in the row.")
@with_bot_id
@with_output
def command(uri: str, bot_id: str | None, output: Output, **given: Any) -> int:
    """Verify that bot state is safe in your bucket, and measure request times.

    It tests what a bot relies on: conditional puts and other promises, processes racing for an object, and connections
    that break after a write was sent. It takes up to ten minutes and costs about a cent.

    Everything happens under a new prefix ptb-bucket-verify-..., which is removed at the end, even after an
    interruption. Bots that use the bucket are not disturbed. The exit code is 1 if anything failed. The last line is a
    row for the table of servers, without your bucket and prefix names.
    """
    effort: Effort = tools.QUICK_EFFORT if given["quick"] else tools.FULL_EFFORT
    plan = asyncio.run(tools.plan_verification(uri, bot_id=bot_id, effort=effort))
    if given["dry_run"]:
        output.result(_planned(plan), lambda: output.line(_plan_text(plan)))
        return Code.DONE
    _ask(plan, output, yes=given["yes"])
    with output.progress("verifying", plan.requests.total) as advance:
        found = run_to_the_end(
            tools.verify(uri, bot_id=bot_id, effort=effort, advance=advance, report_left=_report_left)
        )
    row = _row(found, **given)
    output.result(_facts(found, row), lambda: _render(found, row, output))
    return _verdict(found)


def _plan_text(plan: Plan) -> str:
    numbers = plan.requests
    return (
        f"A verification sends about {numbers.total:,} requests: {numbers.writes:,} PUT, {numbers.reads:,} GET, "
        f"{numbers.lists:,} LIST, {numbers.deletes:,} DELETE. {plan.cost}"
    )


def _planned(plan: Plan) -> dict[str, Any]:
    return {"requests": asdict(plan.requests), "cost": plan.cost}


def _ask(plan: Plan, output: Output, *, yes: bool) -> None:
    """Say what the run sends and costs. Ask on a terminal only: a script has decided already."""
    if output.as_json:
        return  # stdout has only the result
    if yes or not sys.stdin.isatty():
        output.note(_plan_text(plan))
    elif not click.confirm(f"{_plan_text(plan)}\nStart?", default=True, err=True):
        raise RefusedError("Nothing was sent.")


def _report_left(text: str) -> None:
    complain(text, Code.FAILED)


def _row(found: Verification, *, server: str | None, server_version: str | None, measured_by: str, **_: Any) -> str:
    name, version = asyncio.run(tools.server_of(found.uri)) if not (server and server_version) else ("", "")
    return found.row(server or name or "unknown", server_version or ("" if server else version), measured_by)


def _facts(found: Verification, row: str) -> dict[str, Any]:
    return {
        "safe": found.safe, "problems": found.problems, "refused": found.refused,
        "conformance": [{"promise": one.name, "kept": not one.broken, "detail": one.broken} for one in found.promises],
        "races": found.races and asdict(found.races), "lost_answers": found.lost_answers and asdict(found.lost_answers),
        "latency": {name: asdict(one) for name, one in found.latency.items()}, "requests": asdict(found.requests),
        "left": found.left, "note": found.note, "began": found.began, "seconds": round(found.seconds, 1), "row": row,
    }  # fmt: skip


def _render(found: Verification, row: str, output: Output) -> None:
    output.table(["part", "result", "details"], _lines(found), styles=_STYLES)
    for text in (found.note, _safe_text(found) if found.safe else ""):
        if text:
            output.note(f"\n{text}")
    output.heading("\nThe row for the table of servers (docs/reference/servers.md):\n")
    output.line(row)


def _lines(found: Verification) -> list[tuple[str, str, str]]:
    if found.refused:
        return [("conditional puts", "failed", found.refused)]
    promises = [(one.name, "failed" if one.broken else "ok", one.broken) for one in found.promises]
    times = [
        (f"{name} latency", "ok", f"median {1000 * one.median:.1f} ms, p99 {1000 * one.p99:.1f} ms of {one.number}")
        for name, one in found.latency.items()
    ]
    done = f"{pluralize(found.requests.total, 'request', 'requests')} in {found.seconds:.0f} s"
    cleaned = ("cleaned up", "failed" if found.left else "ok", found.left or done)
    return [*promises, _races(found), _lost(found), *times, cleaned]


def _races(found: Verification) -> tuple[str, str, str]:
    if found.races is None:
        return "races", "not tried", found.unfinished
    counted = f"{found.races.right} of {found.races.rounds} had exactly one winner"
    return "races", "failed" if found.races.broken else "ok", f"{counted}. {found.races.broken}".strip(" .") + "."


def _lost(found: Verification) -> tuple[str, str, str]:
    lost = found.lost_answers
    if lost is None or lost.skipped:
        return "lost answers", "not tried", lost.skipped if lost else found.unfinished
    counted = f"{lost.right} of {lost.cuts} were reported as unknown, {lost.applied} of them had been applied"
    return "lost answers", "failed" if lost.broken else "ok", f"{counted}. {lost.broken}".strip(" .") + "."


def _safe_text(found: Verification) -> str:
    races = f", {found.races.right} of {found.races.rounds} races" if found.races else ""
    lost = found.lost_answers
    cuts = f", {lost.right} of {lost.cuts} lost answers" if lost and lost.cuts else ""
    kept = f"{len(found.promises)} of {len(found.promises)} promises"
    return f"Bot state is safe here: {kept}{races}{cuts} went right."


def _verdict(found: Verification) -> int:
    if found.problems:
        others = pluralize(len(found.problems) - 1, "more problem", "more problems")
        more = f" And {others}: see the table." if len(found.problems) > 1 else ""
        return complain(f"Bot state is not safe here. {found.problems[0]}{more}", Code.FAILED)
    return Code.FAILED if found.left else Code.DONE
