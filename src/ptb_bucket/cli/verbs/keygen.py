"""``ptb-bucket keygen``: generate a key to encrypt or sign with."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

import click

from ptb_bucket.cli.options import VerbCommand, with_output

if TYPE_CHECKING:
    from ptb_bucket.cli.output import Output

__all__ = ["command"]


@click.command(cls=VerbCommand, name="keygen", epilog="Example: ptb-bucket keygen > key.txt")
@with_output
def command(output: Output) -> None:
    """Generate a random key for encryption or signing.

    The key is printed and not stored anywhere. Set it in PTB_BUCKET_ENCRYPTION_KEYS or PTB_BUCKET_SIGNING_KEYS for the
    bot and for these commands. To rotate keys, put it before the old one. If you lose the key, you lose all data
    encrypted with it.
    """
    key = secrets.token_urlsafe(32)
    output.result({"key": key}, lambda: output.line(key))
