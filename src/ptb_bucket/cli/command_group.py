"""The command group: all verbs except ``demo``, through click."""

from __future__ import annotations

import importlib
import logging
import sys
import warnings
from typing import TYPE_CHECKING, Final

import click
import rich  # noqa: F401  if it is missing, fail here and not in the middle of a verb

from ptb_bucket.cli.console import Code, complain

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["command_group", "run"]

_VERBS: Final[Mapping[str, str]] = {
    # verb → its module, in the order of the help
    "demo": "demo",
    "check": "check",
    "show": "show",
    "set": "set",
    "rm": "rm",
    "end-conversation": "end_conversation",
    "erase-user": "erase_user",
    "copy": "copy",
    "history": "history",
    "restore": "restore",
    "keygen": "keygen",
    "rekey": "rekey",
    "sweep": "sweep",
    "import": "import_",
    "export": "export",
}


class _CommandGroup(click.Group):
    """A command group that imports a verb only when it is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  click's signature
        return list(_VERBS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:  # noqa: ARG002  click's signature
        if name not in _VERBS:
            return None
        command: click.Command = importlib.import_module(f"ptb_bucket.cli.verbs.{_VERBS[name]}").command
        return command


@click.command(cls=_CommandGroup, name="ptb-bucket", context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="ptb-bucket", prog_name="ptb-bucket", message="%(prog)s %(version)s")
def command_group() -> None:
    """Inspect, edit, move and restore a Telegram bot's state in a bucket.

    URI is the location of the state, such as s3://my-bucket/my-bot. Without it, PTB_BUCKET_URI is read.

    Exit codes: 0 done, 1 failed, 2 wrong usage or configuration, 3 not found, 4 refused (nothing was changed).
    """


def run(arguments: list[str]) -> int:
    """Run one verb.

    Args:
        arguments: The verb and its arguments; an empty list shows the help.

    Returns:
        The exit code.

    Raises:
        PTBBucketError: The verb failed.
    """
    # Verbs report everything themselves, and an SDK's warnings about future versions are for programmers.
    logging.getLogger("ptb_bucket").addHandler(logging.NullHandler())
    if not sys.warnoptions:
        warnings.simplefilter("ignore", FutureWarning)
    try:
        code = command_group.main(args=arguments or ["--help"], prog_name="ptb-bucket", standalone_mode=False)
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message())
        return Code.USAGE
    except click.ClickException as error:
        return complain(error.format_message(), Code.USAGE)
    except click.Abort:
        return complain("Interrupted", Code.INTERRUPTED)
    return Code.USAGE if not arguments else int(code or 0)
