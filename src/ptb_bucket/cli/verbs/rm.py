"""``ptb-bucket rm``: remove a record or a value from a bot's state."""

from __future__ import annotations

from typing import Any

import click

from ptb_bucket import tools
from ptb_bucket.cli.editing import run_edit, with_edit_options
from ptb_bucket.cli.options import RecordCommand
from ptb_bucket.errors import ConfigurationError
from ptb_bucket.tools import record_of

__all__ = ["command"]

_EXAMPLES = """\b
Example: ptb-bucket rm s3://my-bucket/my-bot user_data 42
         ptb-bucket rm s3://my-bucket/my-bot bot_data 'banned[0]'"""


@click.command(cls=RecordCommand, name="rm", epilog=_EXAMPLES)
@click.argument("uri")
@click.argument("section")
@click.argument("words", metavar="[ID]... [PATH]", nargs=-1)
@with_edit_options
def command(uri: str, section: str, words: tuple[str, ...], *, dry_run: bool, **settings: Any) -> None:
    """Remove one record, or one value in it. This is safe while the bot runs.

    PATH is a path such as cart.items[0]. Write other keys in brackets, as JSON: [42] or ["a.b"]. Data that the bot adds
    to the record at the same time is kept.
    """
    record, rest = record_of(section, words)
    if len(rest) > 1:
        raise ConfigurationError(f"Too many arguments: {' '.join(rest)!r}. {record.label} takes only one path.")
    run_edit(uri, lambda state: tools.remove(state, record, "".join(rest), dry_run=dry_run), **settings)
