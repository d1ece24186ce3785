"""The entry of ``demo`` in the help. Its arguments are parsed by argparse, because it works without the extra."""

from __future__ import annotations

import click

__all__ = ["command"]


@click.command(name="demo", add_help_option=False, context_settings={"ignore_unknown_options": True})
def command() -> None:
    """Chat with a bot, restart it, and see that it remembers."""
