"""``ptb-bucket restore``: restore an earlier state of a bot."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import click

from ptb_bucket import tools
from ptb_bucket.cli.arguments import TimeType
from ptb_bucket.cli.options import UriCommand, dry_run, with_bot_id, with_output
from ptb_bucket.tools import UPDATE_INTERVAL, open_past

if TYPE_CHECKING:
    from datetime import datetime

    from ptb_bucket.cli.output import Output
    from ptb_bucket.state import Archive
    from ptb_bucket.tools import Restoring

__all__ = ["command"]

_LABELS = 10


@click.command(cls=UriCommand, name="restore", epilog="Example: ptb-bucket restore s3://my-bucket/my-bot --at 2h")
@click.argument("uri")
@click.option("--at", type=TimeType(), help="The time to restore: 2026-01-31T18:00:00Z, or how long ago: 2h, 1d12h.")
@click.option("--version", metavar="VERSION", help="Restore one object from this version. 'history' lists them.")
@click.option(
    "--object",
    "what",
    metavar="KEY",
    help="With --version: the object key, if more than one object has this version.",
)
@dry_run
@click.option("--force", is_flag=True, help="Restore even if a running bot may overwrite the restored data.")
@click.option(
    "--update-interval",
    type=click.FloatRange(0),
    default=UPDATE_INTERVAL,
    show_default=True,
    metavar="SECONDS",
    help=("The bot's update interval. A bot that committed within the last two intervals is considered running."),
)
@with_bot_id
@with_output
def command(at: datetime | None, version: str | None, what: str | None, output: Output, **rest: Any) -> None:
    """Restore an earlier state with a new commit, which another restore can undo. Stop the bot first.

    Without --at and --version, only deleted or unreadable objects are restored, from their newest readable version.
    With layout per-record, deleted or swept objects are only restored with --version and --object.
    """
    if at is not None and version is not None:
        raise click.UsageError("Pass --at or --version, not both.")
    if what is not None and version is None:
        raise click.UsageError("--object can only be used with --version.")
    plans = asyncio.run(_restore(at, version, what, **rest))
    done = not rest["dry_run"]
    output.report(
        {"restored": done, "objects": [_facts(plan) for plan in plans]}, lambda: _render(plans, output, done=done)
    )


async def _restore(  # noqa: PLR0913  the options of the verb
    at: datetime | None,
    version: str | None,
    what: str | None,
    *,
    uri: str,
    bot_id: str | None,
    dry_run: bool,
    force: bool,
    update_interval: float,
) -> list[Restoring]:
    async with open_past(uri, bot_id=bot_id) as archive:
        plans = await _plans(archive, at, version, what)
        if not dry_run:
            await tools.restore(archive, plans, interval=update_interval, force=force)
        return plans


async def _plans(archive: Archive, at: datetime | None, version: str | None, what: str | None) -> list[Restoring]:
    if version is not None:
        return await tools.plan_version(archive, version, what)
    return await (tools.plan_rescue(archive) if at is None else tools.plan_restore(archive, at))


def _facts(plan: Restoring) -> dict[str, object]:
    return {
        "object": plan.object,
        "version": plan.version and plan.version.version,
        "time": plan.version and plan.version.modified.isoformat(),
        "replaces_unreadable": plan.over,
        **plan.figures,
        "records": sorted(record.label for record in plan.changes),
    }


def _render(plans: list[Restoring], output: Output, *, done: bool) -> None:
    if not any(plan.is_needed for plan in plans):
        output.line(_NOTHING)
        return
    output.table(
        ["object", "version", "of", "#returning", "#changed", "#dropped"],
        [
            (
                plan.object,
                plan.version.version if plan.version else "none",
                f"{plan.version.modified:%Y-%m-%d %H:%M:%S} UTC" if plan.version else "did not exist",
                *plan.figures.values(),
            )
            for plan in plans
        ],
        folded=False,
    )
    labels = sorted(record.label for plan in plans for record in plan.changes)
    more = f" and {len(labels) - _LABELS} more" if len(labels) > _LABELS else ""
    output.line(f"{'Restored' if done else 'Would restore'}: {', '.join(labels[:_LABELS])}{more}")


_NOTHING = "Nothing to restore: the current state is the same."
