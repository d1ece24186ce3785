"""``ptb-bucket set``: put a value into a bot's state."""

from __future__ import annotations

from typing import Any

import click

from ptb_bucket import tools
from ptb_bucket.cli.editing import run_edit, with_edit_options
from ptb_bucket.cli.options import RecordCommand
from ptb_bucket.cli.streams import text_of
from ptb_bucket.errors import ConfigurationError
from ptb_bucket.tools import record_of

__all__ = ["command"]

_EXAMPLES = """\b
Example: ptb-bucket set s3://my-bucket/bot user_data 42 premium true
         ptb-bucket set s3://my-bucket/bot chat_data -100 tags '{"$set": [1]}'
         ptb-bucket set s3://my-bucket/bot conversations order 42 42 '"size"'"""


@click.command(cls=RecordCommand, name="set", epilog=_EXAMPLES)
@click.argument("uri")
@click.argument("section")
@click.argument("words", metavar="[ID]... [PATH] JSON", nargs=-1, required=True)
@click.option("--new-class", is_flag=True, help="Accept a class that does not occur in the state yet.")
@with_edit_options
def command(uri: str, section: str, words: tuple[str, ...], *, dry_run: bool, new_class: bool, **settings: Any) -> None:
    """Set a value in one record, or the whole record. This is safe while the bot runs.

    PATH is a path such as cart.items[0], through dicts, lists and fields of objects. Write other keys in brackets, as
    JSON: [42] or ["a.b"]. JSON uses the notation of stored documents: {"$set": [1]} is a set, and {"$ref": 1} is the
    object in this record that `show` with the same --types shows with "$id": 1. Use - to read JSON from stdin. Your
    change is merged with the bot's own changes.
    """
    record, rest = record_of(section, words[:-1])
    if len(rest) > 1:
        raise ConfigurationError(
            f"Too many arguments: {' '.join(rest)!r}. {record.label} takes one path, followed by the value."
        )
    path, text = "".join(rest), text_of(words[-1])
    run_edit(
        uri,
        lambda state: tools.set_value(state, record, path, text, dry_run=dry_run, new_class=new_class),
        **settings,
    )
