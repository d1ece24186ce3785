"""``ptb-bucket export``: write a bot's state to a file."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ptb_bucket import tools
from ptb_bucket._wording import pluralize
from ptb_bucket.cli.options import UriCommand, with_bot_id, with_output, with_types
from ptb_bucket.cli.streams import STDOUT, check_stdout, output_file
from ptb_bucket.tools import open_state

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from ptb_bucket.cli.output import Output

__all__ = ["command"]


_EXAMPLES = """\b
Example: ptb-bucket export s3://my-bucket/my-bot bot.pickle --format pickle
         ptb-bucket export s3://my-bucket/my-bot - | jq '.user_data | length'"""


@click.command(cls=UriCommand, name="export", epilog=_EXAMPLES)
@click.argument("uri")
@click.argument("file", type=click.Path())
@click.option(
    "--format",
    "form",
    type=click.Choice(["json", "pickle", "dict"]),
    default="json",
    show_default=True,
    help="Output format: typed JSON, a PicklePersistence pickle, or DictPersistence JSON.",
)
@click.option(
    "--multi",
    is_flag=True,
    help="With --format pickle: write five files, as PicklePersistence does with single_file=False.",
)
@click.option(
    "--main",
    metavar="MODULE",
    help=(
        "With --format pickle: the module that starts your bot. Its classes are written as classes of "
        '__main__. Default: the module of --types with `if __name__ == "__main__":`.'
    ),
)
@click.option(
    "--no-main",
    is_flag=True,
    help="With --format pickle: none of the --types classes is defined in the module that starts your bot.",
)
@click.option("--force", is_flag=True, help="Replace an existing regular file.")
@with_types
@with_bot_id
@with_output
def command(uri: str, file: str, form: str, output: Output, **settings: Any) -> None:
    """Write a bot's complete state to FILE, readable only by you. Use - for stdout.

    FILE contains personal data: protect it like the bucket. With --format pickle, a bot started as a script (python
    bot.py) finds its own classes in __main__ again. Pass them as --types bot:Cart.
    """
    if file == STDOUT:
        check_stdout(output, binary=form == "pickle", multi=settings["multi"])
    settings["main"] = _main(form, settings.pop("main"), no_main=settings.pop("no_main"), multi=settings["multi"])
    script = tools.script_of(settings["types"], settings["main"]) if form == "pickle" else None
    with output_file(file) as path:
        timers: list[int] = []
        broadcasts: list[int] = []
        count = asyncio.run(_export(uri, path, form, output, left_out=timers.append, broadcasts=broadcasts, **settings))
    output.report(
        {
            "file": str(Path(file)), "format": form, "records": count, "main": script, "timers_left_out": sum(timers),
            "broadcasts_left_out": sum(broadcasts),
        },
        lambda: _render(file, count, script, sum(timers), sum(broadcasts), output),
    )  # fmt: skip


def _main(form: str, main: str | None, *, no_main: bool, multi: bool) -> str | None:
    """Return the module that the bot is started as; an empty text for none, None to detect it."""
    given = {"--multi": multi, "--main": main is not None, "--no-main": no_main}
    wrong = next((name for name, is_given in given.items() if is_given and form != "pickle"), None)
    if wrong:
        raise click.BadParameter(f"{wrong} can only be used with --format pickle.")
    if main is not None and no_main:
        raise click.BadParameter("--main and --no-main are mutually exclusive. Pass only one.")
    return "" if no_main else main


def _render(file: str, count: int, script: str | None, timers: int, broadcasts: int, output: Output) -> None:  # noqa: PLR0913, PLR0917
    where = "written to stdout" if file == STDOUT else f"in {Path(file)}"
    output.line(f"{pluralize(count, 'record is', 'records are')} {where}")
    if timers:
        output.line(f"{pluralize(timers, 'timer is', 'timers are')} left out. To keep timers, use --format json.")
    if broadcasts:
        output.line(
            f"{pluralize(broadcasts, 'broadcast is', 'broadcasts are')} left out. 'ptb-bucket copy' moves broadcasts."
        )
    if script:
        output.line(
            f"Classes from {script} are written as classes of __main__, for a bot started as this script. If your bot "
            "imports this module instead, pass --no-main."
        )


async def _export(  # noqa: PLR0913  the verb's options
    uri: str,
    file: Path,
    form: str,
    output: Output,
    *,
    multi: bool,
    main: str | None,
    force: bool,
    types: Iterable[Any],
    bot_id: str | None,
    left_out: Callable[[int], None],
    broadcasts: list[int],
) -> int:
    async with open_state(uri, types=types, bot_id=bot_id) as state:
        broadcasts.append(len(await tools.broadcast_names(state)))
        if form == "json":
            with output.progress("writing records", None) as advance:
                return await tools.export_json(state, file, types=types, force=force, advance=advance)
        if form == "dict":
            return await tools.export_dict(state, file, types=types, force=force, left_out=left_out)
        return await tools.export_pickle(
            state, file, types=types, force=force, multi=multi, main=main, left_out=left_out
        )
