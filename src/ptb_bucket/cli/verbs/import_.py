"""``ptb-bucket import``: migrate from PTB's own persistence classes."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import click

from ptb_bucket import tools
from ptb_bucket._wording import pluralize
from ptb_bucket.cli.options import VerbCommand, with_bot_id, with_output, with_types
from ptb_bucket.cli.streams import input_file
from ptb_bucket.tools import open_state

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ptb_bucket.cli.output import Output
    from ptb_bucket.tools import Imported, MemoryFile

__all__ = ["command"]


_EXAMPLES = """\b
Example: ptb-bucket import bot.pickle s3://my-bucket/my-bot --dry-run
         ssh server cat bot.pickle | ptb-bucket import - s3://my-bucket/my-bot"""


@click.command(cls=VerbCommand, name="import", epilog=_EXAMPLES)
@click.argument("file", type=click.Path())
@click.argument("uri", required=False)
@click.option("--dry-run", is_flag=True, help="Show what would be written, but write nothing.")
@click.option("--overwrite", is_flag=True, help="Replace stored records that differ from the file.")
@click.option("--leave-out", is_flag=True, help="Skip values that can't be stored, and list them.")
@with_types
@with_bot_id
@with_output
def command(file: str, uri: str | None, output: Output, **settings: Any) -> None:
    """Import a FILE written by PicklePersistence, DictPersistence or 'export'. Use - for stdin.

    Stop the bot first. FILE is a PicklePersistence file, the common prefix of its five files, or a JSON object with
    DictPersistence arguments such as user_data_json. Code referenced in a pickle is never run.
    """
    with input_file(file) as path:
        memory = tools.read_memory(path, types=settings["types"], leave_out=settings["leave_out"])
    facts = asyncio.run(_import(uri, memory, output, **settings))
    output.report(facts, lambda: _render(facts, output))


async def _import(
    uri: str | None, memory: MemoryFile, output: Output, *, types: Iterable[Any], bot_id: str | None, **decisions: bool
) -> dict[str, Any]:
    async with open_state(uri, types=types, bot_id=bot_id, create=True) as state:
        with output.progress(f"reading {memory.name}", memory.total) as advance:
            found = await tools.import_memory(state, memory, advance=advance, **decisions)
        where = {"bot_id": state.bot_id, "layout": state.archive.layout.name, "codec": state.archive.codec}
        return {**where, "is_new": state.is_new, "dry_run": decisions["dry_run"], **_facts(found, memory)}


def _facts(found: Imported, memory: MemoryFile) -> dict[str, Any]:
    return {
        "added": {kind.value: number for kind, number in found.added.items()},
        "equal": found.equal,
        "replaced": [record.label for record in found.replaced],
        "left_out": found.left_out,
        "notes": memory.notes,
    }


def _render(facts: dict[str, Any], output: Output) -> None:
    verb, will = ("would be ", " (a dry run: nothing was written)") if facts["dry_run"] else ("", "")
    output.line(f"bot {facts['bot_id']}, layout {facts['layout']}, codec {facts['codec']}{will}", "bold")
    added = pluralize(sum(facts["added"].values()), "record", "records")
    output.line(f"{added} {verb}added; {pluralize(facts['equal'], 'was', 'were')} already stored")
    if facts["added"]:
        output.table(["section", "#records"], facts["added"].items())
    for what in ("replaced", "left_out"):
        for line in facts[what]:
            output.line(f"{what.replace('_', ' ')}: {line}")
    for note in facts["notes"]:
        output.line(f"note: {note}")
