"""The command group: all verbs except ``demo``, through click."""

from __future__ import annotations

import importlib
import importlib.util
import logging
import os
import sys
import warnings
from typing import TYPE_CHECKING, Final

import click
from click.shell_completion import shell_complete

from ptb_bucket.cli.console import Code, complain
from ptb_bucket.cli.version import version_text
from ptb_bucket.stores import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["command_group", "run"]

_VERBS: Final[Mapping[str, str]] = {
    # verb → its module, in the order of the help
    "demo": "demo",
    "init": "init",
    "check": "check",
    "verify": "verify",
    "show": "show",
    "web": "web",
    "set": "set",
    "edit": "edit",
    "rm": "rm",
    "end-conversation": "end_conversation",
    "erase-user": "erase_user",
    "copy": "copy",
    "broadcasts": "broadcasts",
    "history": "history",
    "explain": "explain",
    "restore": "restore",
    "keygen": "keygen",
    "rekey": "rekey",
    "sweep": "sweep",
    "tick": "tick",
    "import": "import_",
    "export": "export",
}
_COMPLETION: Final = "_PTB_BUCKET_COMPLETE"
"""The variable with which a shell asks for completions. click documents its name and its values."""
_OTHER_NAMES: Final[Mapping[str, str]] = {
    # what other tools call it → the verb
    "get": "show", "ls": "show", "list": "show", "cat": "show", "put": "set", "delete": "rm", "remove": "rm",
    "cp": "copy", "sync": "copy", "log": "history", "versions": "history", "blame": "explain", "rollback": "restore",
    "dump": "export", "load": "import", "doctor": "check",
    "browse": "web", "admin": "web", "ui": "web", "benchmark": "verify", "conformance": "verify",
}  # fmt: skip


if importlib.util.find_spec("rich") is None:  # fail here and not in the middle of a verb
    raise ModuleNotFoundError("No module named 'rich'", name="rich")


class _CommandGroup(click.Group):
    """A command group that imports a verb only when it is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  click's signature
        return list(_VERBS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:  # noqa: ARG002  click's signature
        if name not in _VERBS:
            return None
        command: click.Command = importlib.import_module(f"ptb_bucket.cli.verbs.{_VERBS[name]}").command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Refuse an unknown verb, and suggest the one that was probably meant."""
        name = args[0]
        if name not in _VERBS and not name.startswith("-"):
            raise click.UsageError(
                f"No such command {name!r}.{_meant(name)} Run 'ptb-bucket --help' to list all commands.", ctx
            )
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the verbs with the first sentence of each help, which click would cut at the end of the line."""
        rows = [(name, _first_sentence(self.get_command(ctx, name))) for name in _VERBS]
        with formatter.section("Commands"):
            formatter.write_dl(rows)


def _meant(name: str) -> str:
    known = {verb.replace("-", "_"): verb for verb in _VERBS}
    return did_you_mean([_OTHER_NAMES.get(name, name)], known).replace("_", "-")


def _first_sentence(command: click.Command | None) -> str:
    text = " ".join(((command and command.help) or "").split("\n\n")[0].split())
    return text.partition(". ")[0].rstrip(".") + "."


def _print_version(ctx: click.Context, _: click.Parameter, wanted: bool) -> None:  # noqa: FBT001  click's signature
    if wanted and not ctx.resilient_parsing:
        click.echo(version_text())
        ctx.exit()


@click.command(cls=_CommandGroup, name="ptb-bucket", context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--version", is_flag=True, expose_value=False, is_eager=True, callback=_print_version,
              help="Show the versions of ptb-bucket, its providers, python-telegram-bot and Python.")  # fmt: skip
def command_group() -> None:
    """Inspect, edit, move and restore a Telegram bot's state in a bucket.

    URI is the location of the state, such as s3://my-bucket/my-bot. If omitted, PTB_BUCKET_URI is used.

    Exit codes: 0 done, 1 failed, 2 wrong usage or configuration, 3 not found, 4 refused (nothing was changed), 130
    interrupted, 141 the output pipe was closed.
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
    if shell := os.environ.get(_COMPLETION):
        return shell_complete(command_group, {}, "ptb-bucket", _COMPLETION, shell)
    try:
        # Not main(): it ends after a closed pipe with code 1, which means a failure.
        with command_group.make_context("ptb-bucket", list(arguments) or ["--help"]) as ctx:
            code = command_group.invoke(ctx)
    except click.exceptions.Exit as done:
        code = done.exit_code
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message())
        return Code.USAGE
    except click.ClickException as error:
        return complain(error.format_message(), Code.USAGE)
    except click.Abort:
        return complain("Interrupted", Code.INTERRUPTED)
    return Code.USAGE if not arguments else int(code or 0)
