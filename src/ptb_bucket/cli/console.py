"""Exit codes, errors and text styles on the terminal, for all verbs."""

from __future__ import annotations

import enum
import io
import os
import sys
from typing import TYPE_CHECKING

from ptb_bucket.errors import ConfigurationError, NotFoundError, RefusedError

if TYPE_CHECKING:
    from ptb_bucket.errors import PTBBucketError

__all__ = ["Code", "bold", "complain", "dim", "prepare_streams", "report"]


class Code(enum.IntEnum):
    """The exit codes of ``ptb-bucket``."""

    DONE = 0
    FAILED = 1
    USAGE = 2
    NOT_FOUND = 3
    REFUSED = 4
    INTERRUPTED = 130


def prepare_streams() -> None:
    """Print a question mark for a character that the console cannot show, instead of failing."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")


def complain(message: str, code: int) -> int:
    """Print one line about a problem to stderr.

    Args:
        message: The problem, and what to do about it.
        code: The exit code.

    Returns:
        The exit code.
    """
    sys.stdout.flush()
    print(f"ptb-bucket: {' '.join(message.split())}", file=sys.stderr)
    return code


def report(error: PTBBucketError) -> int:
    """Print one of our errors in one line to stderr.

    Args:
        error: The error.

    Returns:
        The exit code for this error.
    """
    codes = {ConfigurationError: Code.USAGE, NotFoundError: Code.NOT_FOUND, RefusedError: Code.REFUSED}
    return complain(str(error), next((code for kind, code in codes.items() if isinstance(error, kind)), Code.FAILED))


def bold(text: str) -> str:
    """Return bold text, if the terminal supports it."""
    return _styled(text, "1")


def dim(text: str) -> str:
    """Return dim text, if the terminal supports it."""
    return _styled(text, "2")


def _styled(text: str, style: str) -> str:
    if sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb":
        return f"\x1b[{style}m{text}\x1b[0m"
    return text
