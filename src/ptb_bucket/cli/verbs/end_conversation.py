"""``ptb-bucket end-conversation``: end a conversation that is stuck."""

from __future__ import annotations

from typing import Any

import click

from ptb_bucket import tools
from ptb_bucket.cli.editing import run_edit, with_edit_options
from ptb_bucket.cli.options import RecordCommand
from ptb_bucket.tools import conversation

__all__ = ["command"]


@click.command(
    cls=RecordCommand,
    name="end-conversation",
    epilog="Example: ptb-bucket end-conversation s3://my-bucket/my-bot order 42 42",
)
@click.argument("uri")
@click.argument("handler")
@click.argument("key", nargs=-1, required=True)
@with_edit_options
def command(uri: str, handler: str, key: tuple[str, ...], *, dry_run: bool, **settings: Any) -> None:
    """End one conversation. HANDLER is the handler name, and KEY is usually the chat ID and the user ID.

    BucketApplication picks up the change before the next update, telegram.ext.Application after a restart.
    """
    record = conversation(handler, key)
    run_edit(uri, lambda state: tools.remove(state, record, dry_run=dry_run), **settings)
