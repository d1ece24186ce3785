"""The command line: its verbs, and one clear line for whatever goes wrong."""

from __future__ import annotations

import argparse
import sys
from importlib.metadata import version
from typing import TYPE_CHECKING

from ptb_bucket.cli import demo
from ptb_bucket.cli._console import complain, prepare_streams, report
from ptb_bucket.errors import PTBBucketError

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["main"]

_VERBS = {"demo": demo}

_USAGE, _INTERRUPTED = 2, 130


def main(argv: Sequence[str] | None = None) -> int:
    """Run ``ptb-bucket``.

    Args:
        argv: The arguments after the command's name; without, those of the process.

    Returns:
        The exit code: 0 done, 1 something failed, 2 called or configured wrongly, 130 interrupted.

    Raises:
        SystemExit: From argparse, after ``--help``, ``--version`` or arguments that it cannot read.
    """
    prepare_streams()
    arguments = list(sys.argv[1:] if argv is None else argv)
    if not arguments:
        _parser().print_help()
        return _USAGE
    if not arguments[0].startswith("-") and arguments[0] not in _VERBS:
        return complain(_unknown(arguments[0]), _USAGE)
    return _run(_parser().parse_args(arguments))


def _run(arguments: argparse.Namespace) -> int:
    try:
        code: int = arguments.run(arguments)
    except PTBBucketError as error:
        return report(error)
    except KeyboardInterrupt:
        return complain("interrupted", _INTERRUPTED)
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="ptb-bucket",
        description="A Telegram bot's memory in a bucket.",
        epilog="example:\n  ptb-bucket demo        a bot that is stopped, started again, and remembers",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"ptb-bucket {version('ptb-bucket')}")
    verbs = parser.add_subparsers(title="verbs", metavar="VERB", required=True)
    for verb in _VERBS.values():
        verb.add_to(verbs)
    return parser


def _unknown(verb: str) -> str:
    known = ", ".join(_VERBS)
    return f"there is no verb {verb!r} here, only: {known}."
