"""``ptb-bucket edit``: edit one record in your editor."""

from __future__ import annotations

import asyncio
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ptb_bucket import tools
from ptb_bucket.cli.console import naming
from ptb_bucket.cli.editing import pretty, report_edit, with_edit_options
from ptb_bucket.cli.interruption import signals_for_the_editor
from ptb_bucket.cli.options import RecordCommand
from ptb_bucket.errors import ConfigurationError, PTBBucketError
from ptb_bucket.tools import open_state, record_of

if TYPE_CHECKING:
    from ptb_bucket.cli.output import Output
    from ptb_bucket.state import Record
    from ptb_bucket.tools import Edit

__all__ = ["command"]

_EXAMPLES = """\b
Example: ptb-bucket edit s3://my-bucket/my-bot user_data 42
         EDITOR='code --wait' ptb-bucket edit s3://my-bucket/my-bot bot_data"""


@click.command(cls=RecordCommand, name="edit", epilog=_EXAMPLES)
@click.argument("uri")
@click.argument("section")
@click.argument("words", metavar="[ID]...", nargs=-1)
@click.option("--new-class", is_flag=True, help="Accept a class that does not occur in the state yet.")
@with_edit_options
def command(  # noqa: PLR0913  what click gives
    uri: str, section: str, words: tuple[str, ...], *, types: list[Any], bot_id: str | None, output: Output, **how: bool
) -> None:
    """Open one record in $VISUAL or $EDITOR, and save your changes. This is safe while the bot runs.

    The record is shown as JSON, in the format printed by `show`. Your changes are merged with any the bot made in the
    meantime. If you do not change the text, nothing is written.
    """
    record, rest = record_of(section, words)
    if rest:
        raise ConfigurationError(f"Too many arguments: {' '.join(rest)!r}. 'edit' opens the whole {record.label}.")
    report_edit(asyncio.run(_edited(uri, bot_id, types, record, **how)), output)


async def _edited(uri: str, bot_id: str | None, types: list[Any], record: Record, **how: bool) -> Edit:
    async with open_state(uri, bot_id=bot_id, types=types, keep_unknown=True) as state:
        editing = await tools.RecordEditing.begin(state, record)
        with tempfile.TemporaryDirectory(prefix="ptb-bucket-") as folder:  # only this user may enter it
            file = Path(folder, f"{record.kind.value}.json")
            with naming(file):
                await asyncio.to_thread(file.write_text, f"{pretty(editing.before)}\n", encoding="utf-8")
            while True:
                try:
                    with signals_for_the_editor():
                        text = await asyncio.to_thread(_edited_text, file)
                    return await editing.save(text, **how)
                except PTBBucketError as error:
                    _ask_again(error)


def _edited_text(file: Path) -> str:
    """Return what a person makes of a file in their editor.

    Raises:
        ConfigurationError: It is not UTF-8 any more.
    """
    click.edit(filename=str(file))
    try:
        return file.read_text(encoding="utf-8-sig")  # editors add a byte order mark
    except UnicodeDecodeError:
        raise ConfigurationError("The text that your editor saved is not valid UTF-8. Save it as UTF-8.") from None


def _ask_again(error: PTBBucketError) -> None:
    """Ask whether to open the editor again, with what the person wrote; otherwise raise the error."""
    if not sys.stdin.isatty() or not click.confirm(f"{error}\nEdit again?", default=True, err=True):
        raise error
