"""``ptb-bucket init``: write a new bot."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ptb_bucket import starter
from ptb_bucket.cli.options import VerbCommand, dry_run, with_output

if TYPE_CHECKING:
    from ptb_bucket.cli.output import Output

__all__ = ["command"]

_EXAMPLES = """\b
Example: ptb-bucket init my-bot
         ptb-bucket init my-bot --target lambda --uri s3://my-bucket/my-bot"""


@click.command(cls=VerbCommand, name="init", epilog=_EXAMPLES)
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
@click.option(
    "--target",
    type=click.Choice(list(starter.TARGETS)),
    default="polling",
    show_default=True,
    help="Where the bot will run: as a process that polls, on AWS Lambda, or on Cloud Run.",
)
@click.option(
    "--uri", help="Where the deployed bot keeps its state. Default: a directory, or a bucket with a new name."
)
@click.option(
    "--wheels",
    type=click.Path(path_type=Path, file_okay=False),
    help="A folder with wheels that you have built from a checkout. The bot gets these instead of released ones.",
)
@dry_run
@with_output
def command(  # noqa: PLR0913  the verb's options
    folder: Path, target: str, uri: str | None, wheels: Path | None, output: Output, *, dry_run: bool
) -> None:
    """Write a new bot into FOLDER: the bot, its requirements, its tests and the files that deploy it.

    The bot asks for a name and a city and remembers them. Its tests, and a chat in the terminal, need neither a network
    nor a token. No existing file is replaced.
    """
    names = starter.write(starter.Project(target, uri, wheels), folder, dry_run=dry_run)
    output.report(
        {"folder": str(folder), "target": target, "files": names, "dry_run": dry_run},
        lambda: _render(folder, names, output, dry_run=dry_run),
    )


def _render(folder: Path, names: list[str], output: Output, *, dry_run: bool) -> None:
    output.line("\n".join(str(folder / name) for name in names))
    if dry_run:
        output.note("\nNothing was written.")
        return
    wheels = "wheels/*.whl " if any(name.startswith("wheels/") for name in names) else ""
    output.note(
        f"\nNext:\n  cd {shlex.quote(str(folder))}\n  pip install {wheels}-r requirements-dev.txt\n"
        "  python bot.py --offline    # chat with it in this terminal\n"
        "  pytest                     # run its tests\n\nREADME.md says how to deploy it."
    )
