"""``ptb-bucket keygen``: a key for sealing."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

import click

from ptb_bucket.cli.options import with_output

if TYPE_CHECKING:
    from ptb_bucket.cli.output import Output

__all__ = ["command"]


@click.command(name="keygen", epilog="Example: ptb-bucket keygen > key.txt")
@with_output
def command(output: Output) -> None:
    """A new key to encrypt or sign with, drawn at random.

    It is printed and kept nowhere. Put it into PTB_BUCKET_ENCRYPTION_KEYS or PTB_BUCKET_SIGNING_KEYS of the bot and
    of whoever runs these tools; to rotate, in front of the old one. Who loses the key loses what is encrypted with it.
    """
    key = secrets.token_urlsafe(32)
    output.result({"key": key}, lambda: output.line(key))
