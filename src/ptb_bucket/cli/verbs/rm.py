"""``ptb-bucket rm``: take something out of a bot's memory."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from ptb_bucket.cli.options import RecordCommand, dry_run, with_bot_id, with_output, with_types
from ptb_bucket.cli.editing import run_edit
from ptb_bucket.errors import ConfigurationError
from ptb_bucket.tools import record_of
from ptb_bucket.tools import remove

if TYPE_CHECKING:
    from ptb_bucket.cli.output import Output

__all__ = ["command"]

_EXAMPLES = """\b
Example: ptb-bucket rm s3://my-bucket/my-bot user_data 42
         ptb-bucket rm s3://my-bucket/my-bot bot_data 'banned[0]'"""


@click.command(cls=RecordCommand, name="rm", epilog=_EXAMPLES)
@click.argument("uri")
@click.argument("section")
@click.argument("words", metavar="[ID]... [PATH]", nargs=-1)
@dry_run
@with_types
@with_bot_id
@with_output
def command(  # noqa: PLR0913  what click gives
    uri: str, section: str, words: tuple[str, ...], *, dry_run: bool,
    types: list[Any], bot_id: str | None, output: Output,
) -> None:  # fmt: skip
    """Take out one record, or what is at a place in it; safe while the bot runs.

    PATH is like cart.items[0]; a key that is no plain name stands in brackets, as JSON: [42] or ["a.b"]. What the bot
    adds to the record meanwhile stays.
    """
    record, rest = record_of(section, words)
    if len(rest) > 1:
        raise ConfigurationError(f"{' '.join(rest)!r} is too much: {record.label} has one path.")
    run_edit(uri, bot_id, types, output, lambda state: remove(state, record, "".join(rest), dry_run=dry_run))
