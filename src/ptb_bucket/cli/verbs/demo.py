"""``demo`` as the tool box lists it; its own arguments are argparse's, because it works without the extra."""

from __future__ import annotations

import click

__all__ = ["command"]


@click.command(name="demo", add_help_option=False, context_settings={"ignore_unknown_options": True})
def command() -> None:
    """A bot that is stopped, started again, and remembers."""
