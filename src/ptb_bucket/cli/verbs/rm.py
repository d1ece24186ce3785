"""``ptb-bucket rm``: remove a record or a value from a bot's state."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from ptb_bucket import tools
from ptb_bucket.cli.editing import run_edit
from ptb_bucket.cli.options import RecordCommand, dry_run, with_bot_id, with_output, with_types
from ptb_bucket.errors import ConfigurationError
from ptb_bucket.tools import record_of

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
    """Remove one record, or one value in it. This is safe while the bot runs.

    PATH is a path such as cart.items[0]. Write other keys in brackets, as JSON: [42] or ["a.b"]. Data that the bot adds
    to the record at the same time is kept.
    """
    record, rest = record_of(section, words)
    if len(rest) > 1:
        raise ConfigurationError(f"Too many arguments: {' '.join(rest)!r}. {record.label} takes only one path.")
    run_edit(uri, bot_id, types, output, lambda state: tools.remove(state, record, "".join(rest), dry_run=dry_run))
