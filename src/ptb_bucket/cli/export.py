"""``ptb-bucket export``: nobody is locked in."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ptb_bucket._words import counted
from ptb_bucket.cli._arguments import UriCommand, with_bot_id, with_output, with_types
from ptb_bucket.tools import open_state
from ptb_bucket.tools._export import export_dict, export_json, export_pickle

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ptb_bucket.cli._output import Output

__all__ = ["command"]


@click.command(
    cls=UriCommand, name="export", epilog="Example: ptb-bucket export s3://my-bucket/my-bot bot.pickle --format pickle"
)
@click.argument("uri")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--format", "form", type=click.Choice(["json", "pickle", "dict"]), default="json", show_default=True,
              help="Typed JSON; PicklePersistence's; or DictPersistence's JSON, if that can say it all.")  # fmt: skip
@click.option("--multi", is_flag=True, help="With pickle: five files, for single_file=False.")
@click.option("--force", is_flag=True, help="Replace a file that is there.")
@with_types
@with_bot_id
@with_output
def command(uri: str, file: Path, form: str, output: Output, **settings: Any) -> None:
    """Write everything that a bot remembers to FILE, which only you may read.

    FILE holds people's data: keep it as you would the bucket.
    """
    if settings["multi"] and form != "pickle":
        raise click.BadParameter("--multi goes with --format pickle.")
    count = asyncio.run(_export(uri, file, form, output, **settings))
    output.result({"file": str(file), "format": form, "records": count},
                  lambda: output.line(f"{counted(count, 'record is', 'records are')} in {file}"))  # fmt: skip


async def _export(  # noqa: PLR0913  the verb's options
    uri: str,
    file: Path,
    form: str,
    output: Output,
    *,
    multi: bool,
    force: bool,
    types: Iterable[Any],
    bot_id: str | None,
) -> int:
    async with open_state(uri, types=types, bot_id=bot_id) as state:
        if form == "json":
            with output.progress("writing records", None) as advance:
                return await export_json(state, file, types=types, force=force, advance=advance)
        if form == "dict":
            return await export_dict(state, file, types=types, force=force)
        return await export_pickle(state, file, types=types, force=force, multi=multi)
