"""What all verbs say to a terminal, and how."""

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
    """Exit codes."""

    DONE = 0
    FAILED = 1
    USAGE = 2
    NOT_FOUND = 3
    REFUSED = 4
    INTERRUPTED = 130


def prepare_streams() -> None:
    """Let no character be the end of us: a console that cannot show one shows a question mark."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")


def complain(message: str, code: int) -> int:
    """Say in one line on stderr what is wrong.

    Args:
        message: What is wrong and what to do about it.
        code: The exit code that goes with it.

    Returns:
        The code.
    """
    sys.stdout.flush()
    print(f"ptb-bucket: {' '.join(message.split())}", file=sys.stderr)
    return code


def report(error: PTBBucketError) -> int:
    """Say in one line on stderr which of our errors it was.

    Args:
        error: The error.

    Returns:
        The exit code that goes with it.
    """
    codes = {ConfigurationError: Code.USAGE, NotFoundError: Code.NOT_FOUND, RefusedError: Code.REFUSED}
    return complain(str(error), next((code for kind, code in codes.items() if isinstance(error, kind)), Code.FAILED))


def bold(text: str) -> str:
    """Emphasise, on a terminal that can."""
    return _styled(text, "1")


def dim(text: str) -> str:
    """Take back, on a terminal that can."""
    return _styled(text, "2")


def _styled(text: str, style: str) -> str:
    if sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb":
        return f"\x1b[{style}m{text}\x1b[0m"
    return text
