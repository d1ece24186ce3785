"""The command ``ptb-bucket``. Each verb has its own module."""

from ptb_bucket.cli.main import main

__all__ = ["main"]
