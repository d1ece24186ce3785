"""What all verbs say to a terminal, and how."""

from __future__ import annotations

import io
import os
import sys
from typing import TYPE_CHECKING

from ptb_bucket.errors import ConfigurationError

if TYPE_CHECKING:
    from ptb_bucket.errors import PTBBucketError

__all__ = ["bold", "complain", "dim", "prepare_streams", "report"]


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
        The exit code: 2 where the caller has to correct something, 1 otherwise.
    """
    return complain(str(error), 2 if isinstance(error, ConfigurationError) else 1)


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
