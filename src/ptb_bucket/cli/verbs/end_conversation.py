"""``ptb-bucket end-conversation``: end a conversation that is stuck."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from ptb_bucket import tools
from ptb_bucket.cli.editing import run_edit
from ptb_bucket.cli.options import RecordCommand, dry_run, with_bot_id, with_output, with_types
from ptb_bucket.tools import conversation

if TYPE_CHECKING:
    from ptb_bucket.cli.output import Output

__all__ = ["command"]


@click.command(
    cls=RecordCommand,
    name="end-conversation",
    epilog="Example: ptb-bucket end-conversation s3://my-bucket/my-bot order 42 42",
)
@click.argument("uri")
@click.argument("handler")
@click.argument("key", nargs=-1, required=True)
@dry_run
@with_types
@with_bot_id
@with_output
def command(  # noqa: PLR0913  what click gives
    uri: str, handler: str, key: tuple[str, ...], *, dry_run: bool,
    types: list[Any], bot_id: str | None, output: Output,
) -> None:  # fmt: skip
    """End one conversation. HANDLER is the handler name, and KEY is usually the chat ID and the user ID.

    BucketApplication picks up the change before the next update, telegram.ext.Application after a restart.
    """
    record = conversation(handler, key)
    run_edit(uri, bot_id, types, output, lambda state: tools.remove(state, record, dry_run=dry_run))
