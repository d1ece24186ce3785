"""The common part of the verbs that change one record."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

from ptb_bucket.cli.options import dry_run, with_bot_id, with_output, with_types
from ptb_bucket.tools import open_state

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from ptb_bucket.cli.output import Output
    from ptb_bucket.tools import Edit, State

__all__ = ["pretty", "report_edit", "run_edit", "tree", "with_edit_options"]


def with_edit_options(function: Callable[..., int | None]) -> Callable[..., int | None]:
    """Add the options of all these verbs: ``--dry-run``, and the settings of :func:`run_edit`."""
    return dry_run(with_types(with_bot_id(with_output(function))))


def run_edit(  # noqa: PLR0913  a verb's arguments
    uri: str, edit: Callable[[State], Awaitable[Edit]], *,
    types: list[Any], bot_id: str | None, output: Output, author: str = "",
) -> None:  # fmt: skip
    """Open a state, change it, and print the change.

    Args:
        uri: The URI of the state.
        edit: Makes the change.
        types: The bot's classes.
        bot_id: The ID of the bot that must own the state; None accepts any bot.
        output: Prints the change.
        author: The name with which the commit begins instead of ``edit``.
    """
    report_edit(asyncio.run(_edited(uri, bot_id, types, edit, author)), output)


def report_edit(done: Edit, output: Output) -> None:
    """Print a change."""
    facts = {
        "place": done.place, "before": tree(done.before), "after": tree(done.after),
        "changed": done.changed, "dry_run": done.dry_run,
    }  # fmt: skip
    output.report(facts, lambda: _render(done, output))


async def _edited(
    uri: str, bot_id: str | None, types: list[Any], edit: Callable[[State], Awaitable[Edit]], author: str
) -> Edit:
    async with open_state(uri, bot_id=bot_id, types=types, keep_unknown=True, author=author) as state:
        return await edit(state)


def _render(done: Edit, output: Output) -> None:
    if not done.changed:
        output.line(f"{done.place} is unchanged.")
        return
    output.line(f"{done.place} {'would change' if done.dry_run else 'has changed'}", "bold")
    if done.is_other_object:
        output.line("Its content is the same, but it is now a separate object in the record.")
    for word, text in (("before", done.before), ("after", done.after)):
        output.line(f"{word}: {'nothing' if text is None else pretty(text)}")


def tree(text: str | None) -> Any:
    """Decode a value's JSON text. Text that is not JSON is returned as it is, and None as None."""
    try:
        return None if text is None else json.loads(text)
    except ValueError:
        return text


def pretty(text: str) -> str:
    """Indent JSON text. Text that is not JSON is returned as it is."""
    try:
        return json.dumps(json.loads(text), indent=2, ensure_ascii=False)
    except ValueError:
        return text
