"""The entry point of the command line. It reports every error in one clear line."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING, NoReturn

from ptb_bucket.cli.console import Code, complain, finish_output, prepare_streams, report, report_os_error
from ptb_bucket.cli.interruption import signals_as_interruption
from ptb_bucket.cli.version import version_text
from ptb_bucket.errors import PTBBucketError
from ptb_bucket.stores import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["main"]


def main(argv: Sequence[str] | None = None) -> int:
    """Run ``ptb-bucket``.

    Args:
        argv: The arguments after the command's name; None for those of the process.

    Returns:
        The exit code; see :class:`ptb_bucket.cli.console.Code`.

    Raises:
        SystemExit: argparse has printed the help of ``demo``, or refused its arguments.
    """
    prepare_streams()
    with signals_as_interruption():
        return finish_output(_run(list(sys.argv[1:] if argv is None else argv)))


def _run(arguments: list[str]) -> int:
    try:
        return _run_demo(arguments) if arguments[:1] == ["demo"] else _run_command_group(arguments)
    except PTBBucketError as error:
        return report(error)
    except OSError as error:
        return report_os_error(error)
    except KeyboardInterrupt:
        return complain("Interrupted", Code.INTERRUPTED)


def _run_demo(arguments: list[str]) -> int:
    parsed, unknown = _parser().parse_known_args(arguments)
    if unknown:
        meant = did_you_mean([unknown[0].lstrip("-")], ["help", *vars(parsed)]).replace("'", "'--", 1)
        return complain(f"'demo' does not know {unknown[0]!r}.{meant} Run with --help to list all options.", Code.USAGE)
    code: int = parsed.run(parsed)
    return code


def _run_command_group(arguments: list[str]) -> int:
    """Run a verb other than ``demo``. These need the extra ``[cli]``."""
    try:
        from ptb_bucket.cli.command_group import run  # noqa: PLC0415  the core has no click and rich
    except ModuleNotFoundError as error:
        if error.name not in {"click", "rich"}:
            raise
        return _without_extra(arguments)
    return run(arguments)


def _without_extra(arguments: list[str]) -> int:
    if not arguments or arguments[0].startswith("-"):
        parsed = _parser().parse_args(arguments or ["--help"])
        code: int = parsed.run(parsed)
        return code
    return complain(
        f"{arguments[0]!r} requires the [cli] extra. Run: pip install 'ptb-bucket[cli]' (in a checkout: pip "
        "install '.[cli]'). Without it, only 'demo' is available.",
        Code.USAGE,
    )


class _Parser(argparse.ArgumentParser):
    """A parser that reports an error in one line, as all verbs do."""

    def error(self, message: str) -> NoReturn:
        """End the process with the exit code of wrong usage."""
        raise SystemExit(complain(f"{message}. Run with --help to list all options.", Code.USAGE))


def _parser() -> argparse.ArgumentParser:
    from ptb_bucket.cli import demo  # noqa: PLC0415  no other verb needs the offline Telegram

    parser = _Parser(
        prog="ptb-bucket",
        description="Keep a Telegram bot's state in a bucket.",
        epilog="For more commands, install the [cli] extra: pip install 'ptb-bucket[cli]'\n\n"
        "example:\n  ptb-bucket demo        chat with a bot, restart it, and see that it remembers",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=version_text())
    verbs = parser.add_subparsers(title="verbs", metavar="VERB", required=True)
    demo.add_to(verbs)
    return parser
