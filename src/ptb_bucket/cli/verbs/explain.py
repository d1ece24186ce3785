"""``ptb-bucket explain``: explain how a record became what it is."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import click

from ptb_bucket import tools
from ptb_bucket._wording import pluralize
from ptb_bucket.cli.options import RecordCommand, with_bot_id, with_output, with_types
from ptb_bucket.errors import ConfigurationError
from ptb_bucket.tools import open_state, record_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime

    from ptb_bucket.cli.output import Output
    from ptb_bucket.state import Record
    from ptb_bucket.tools import Explanation, OtherCommit, Touch

    Named = Callable[[tuple[Any, ...]], str]

__all__ = ["command"]

_PLACES = 10
_WHOLE = "(the whole record)"
_NOTES = (
    "Times come from the writers' clocks. A writer is one bot process or one tool run.",
    "The later of two commits wins. Whether its writer had seen the other value is not recorded.",
)
_EXAMPLES = """\b
Example: ptb-bucket explain s3://my-bucket/my-bot user 42
         ptb-bucket explain s3://my-bucket/my-bot conversations order 42 42"""


@click.command(cls=RecordCommand, name="explain", epilog=_EXAMPLES)
@click.argument("uri")
@click.argument("section")
@click.argument("words", metavar="[ID]...", nargs=-1)
@click.option(
    "--limit", type=click.IntRange(1), default=100, show_default=True, help="The maximum number of versions to read."
)
@with_types
@with_bot_id
@with_output
def command(  # noqa: PLR0913  what click gives
    uri: str, section: str, words: tuple[str, ...], *, limit: int,
    types: list[Any], bot_id: str | None, output: Output,
) -> None:  # fmt: skip
    """Explain which commits touched a record: who made them and when, what they merged and decided.

    The answer comes from old versions of the object and their headers. It names paths in the record but shows no
    values. Where no versions are kept, it says unknown.
    """
    record, rest = record_of(section, words)
    if rest:
        raise ConfigurationError(
            f"Too many arguments: {' '.join(rest)!r}. 'explain' applies to the whole {record.label}."
        )
    found, named = asyncio.run(_explain(uri, bot_id, types, record, limit))
    output.result(_facts(found, named), lambda: _render(found, named, output))


async def _explain(
    uri: str, bot_id: str | None, types: list[Any], record: Record, limit: int
) -> tuple[Explanation, Named]:
    async with open_state(uri, bot_id=bot_id, types=types, keep_unknown=True) as state:
        notation = tools.notation_of(state)
        return await tools.explain(state, record, limit=limit), lambda steps: tools.path_text(steps, notation)


# ---------------------------------------------------------------- JSON


def _facts(found: Explanation, named: Named) -> dict[str, object]:
    return {
        "record": found.record.label,
        "object": found.object,
        "exists": found.exists,
        "commits": found.commits,
        "versions": found.versions,
        "more": found.more,
        "problem": found.problem,
        "unreadable": dict(found.unreadable),
        "touches": [_touch_facts(touch, named) for touch in found.touches],
        "writers": [
            {"commit": number, "writer": one.writer, "time": one.time.isoformat(), "tool": one.is_tools}
            for number, one in found.writers
        ],
    }


def _touch_facts(touch: Touch, named: Named) -> dict[str, object]:
    """Return a commit for JSON. null stands for unknown."""
    commit, changes = touch.commit, touch.changes
    return {
        "first": touch.first,
        "last": touch.last,
        "writer": commit and commit.writer,
        "tool": commit and commit.is_tools,
        "time": commit and commit.time.isoformat(),
        "version": touch.version.version,
        "current": touch.version.current,
        "without_commit": touch.is_by_hand,
        "changes": changes and [{"path": named(place), "change": kind.value} for place, kind in changes.items()],
        "merged": _others_facts(touch.merged, named),
        "decided_against": _others_facts(touch.decided, named),
    }


def _others_facts(others: Iterable[OtherCommit] | None, named: Named) -> list[dict[str, object]] | None:
    if others is None:
        return None
    return [{"commit": one.sequence, "writer": one.writer, "paths": list(map(named, one.places))} for one in others]


# ---------------------------------------------------------------- text


def _render(found: Explanation, named: Named, output: Output) -> None:
    output.line(f"{found.record.label} in {found.object}{'' if found.exists else ' (removed)'}", "bold")
    kept = pluralize(found.versions, "version", "versions")
    output.line(f"{pluralize(found.commits, 'commit', 'commits')} of this object, {kept} read\n")
    for touch in found.touches:
        _render_touch(touch, named, output)
    if found.problem or not found.touches:
        _render_writers(found, output)
    for version, problem in found.unreadable.items():
        output.note(f"* version {version} cannot be read: {problem}")
    if found.more:
        output.note(f"* Older versions exist. To read more than {found.versions}, pass --limit.")
    for note in _NOTES if found.touches else ():
        output.note(f"* {note}")


def _render_touch(touch: Touch, named: Named, output: Output) -> None:
    output.line(_title(touch), "bold")
    if touch.is_by_hand:
        output.line("  by: unknown (the object was replaced or deleted without a commit)")
    elif touch.commit is None:
        output.line("  by: unknown (some of these versions were not kept)")
    output.line(f"  changed: {_changed(touch, named)}")
    output.line(f"  merged: {_others(touch.merged, 'kept', named)}")
    output.line(f"  decided: {_others(touch.decided, 'against', named)}\n")


def _title(touch: Touch) -> str:
    now = " (current)" if touch.version.current else ""
    if touch.commit is None:
        numbers = f"commit {touch.last}" if touch.first >= touch.last else f"commits {touch.first} to {touch.last}"
        return f"{numbers}, before {_time(touch.version.modified)}{now}"
    tool = ", a tool" if touch.commit.is_tools else ""
    return f"commit {touch.last}, {_time(touch.commit.time)}, by {touch.commit.writer}{tool}{now}"


def _time(when: datetime) -> str:
    return f"{when:%Y-%m-%d %H:%M:%S} UTC"


def _changed(touch: Touch, named: Named) -> str:
    if touch.changes is None:
        return "unknown"
    places: dict[str, list[str]] = {}
    for place, kind in touch.changes.items():
        places.setdefault(kind.value, []).append(named(place) or _WHOLE)
    return "; ".join(f"{kind} {_some(found)}" for kind, found in places.items())


def _others(others: Iterable[OtherCommit] | None, word: str, named: Named) -> str:
    if others is None:
        return "unknown"
    found = [
        f"{word} commit {one.sequence} of {one.writer}: {_some([named(place) or _WHOLE for place in one.places])}"
        for one in others
    ]
    return "; ".join(found) or "nothing"


def _some(places: list[str]) -> str:
    more = f" and {len(places) - _PLACES} more" if len(places) > _PLACES else ""
    return f"{', '.join(places[:_PLACES])}{more}"


def _render_writers(found: Explanation, output: Output) -> None:
    """Print what the current header alone knows: the last commit of each writer, but not what it changed."""
    if found.problem:
        output.note(f"* {found.problem}")
    contents = "only this record" if found.alone else "other records, too"
    output.line(f"The commits to this record are unknown. The object contains {contents}. Its writers' last commits:")
    rows = [(number, _time(one.time), one.writer, "tool" if one.is_tools else "bot") for number, one in found.writers]
    output.table(["#commit", "time", "writer", "kind"], rows)
