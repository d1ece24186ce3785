"""The command ``ptb-bucket``: one module per verb."""

from ptb_bucket.cli.main import main

__all__ = ["main"]
