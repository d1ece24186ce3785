"""Exit codes, errors and text styles on the terminal, for all verbs."""

from __future__ import annotations

import enum
import errno
import io
import os
import sys
from contextlib import contextmanager, suppress
from typing import IO, TYPE_CHECKING, Final

from ptb_bucket.errors import ConfigurationError, NotFoundError, RefusedError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from ptb_bucket.errors import PTBBucketError

__all__ = [
    "Code",
    "bold",
    "complain",
    "dim",
    "finish_output",
    "is_terminal",
    "naming",
    "prepare_streams",
    "report",
    "report_os_error",
    "report_wait",
    "styled",
]


class Code(enum.IntEnum):
    """The exit codes of ``ptb-bucket``."""

    DONE = 0
    FAILED = 1
    USAGE = 2
    NOT_FOUND = 3
    REFUSED = 4
    INTERRUPTED = 130
    CLOSED_PIPE = 141


def prepare_streams() -> None:
    """Print a question mark for a character that the console cannot show, and open closed streams on the null device.

    Otherwise the next file or connection would get the number of a closed stream.
    """
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, os.fdopen(os.open(os.devnull, os.O_RDWR), mode, encoding="utf-8"))
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
    with suppress(OSError):  # without stderr, the exit code still says it
        with suppress(OSError):
            sys.stdout.flush()
        print(f"ptb-bucket: {' '.join(message.split())}", file=sys.stderr, flush=True)
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


def report_wait(text: str) -> None:
    """Print to stderr what a verb is waiting for; see :func:`ptb_bucket.tools.report_waits`."""
    print(f"ptb-bucket: {text}", file=sys.stderr, flush=True)


def report_os_error(error: OSError) -> int:
    """Report an error of the operating system, such as a full disk, in one line. A closed pipe needs no line.

    Returns:
        The exit code: that of a program which SIGPIPE ended, or 1.
    """
    _end_output()
    if isinstance(error, BrokenPipeError):
        return Code.CLOSED_PIPE
    what = error.filename if isinstance(error.filename, str) else "The output"
    advice = " Free some space, and try again." if error.errno in {errno.ENOSPC, errno.EDQUOT} else ""
    return complain(f"{what} could not be read or written: {error.strerror or error}.{advice}", Code.FAILED)


@contextmanager
def naming(path: Path) -> Iterator[None]:
    """Name the file in an error of the operating system that names none: a full disk is reported after the opening."""
    try:
        yield
    except OSError as error:
        if error.filename is None:
            error.filename = str(path)
        raise


def finish_output(code: int) -> int:
    """Write what is buffered for stdout, and report if that fails.

    Python would do this at its exit, and print a traceback if the pipe is closed or the disk is full.

    Args:
        code: The exit code so far.

    Returns:
        The exit code; an error here matters only if nothing failed before.
    """
    try:
        sys.stdout.flush()
    except OSError as error:
        said = report_os_error(error)
        return code or said
    return code


def _end_output() -> None:
    """Write what stdout and stderr still buffer. What cannot be written goes to the null device.

    Otherwise the next attempt would fail again, at the latest at Python's exit, with another report or exit code.
    """
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            with suppress(OSError, ValueError, io.UnsupportedOperation):
                nothing = os.open(os.devnull, os.O_WRONLY)
                os.dup2(nothing, stream.fileno())
                os.close(nothing)


def is_terminal(stream: IO[str]) -> bool:
    """Tell whether people read a stream. ``FORCE_COLOR`` says so of every stream."""
    return bool(os.environ.get("FORCE_COLOR")) or stream.isatty()


_STYLES: Final = {"bold": "1", "dim": "2", "red": "31", "green": "32", "yellow": "33", "bold red": "1;31"}


def styled(text: str, style: str) -> str:
    """Return a text in a style, if stdout is a terminal that has styles. ``NO_COLOR`` (no-color.org) turns all off."""
    if not style or not is_terminal(sys.stdout) or os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        return text
    return f"\x1b[{_STYLES[style]}m{text}\x1b[0m"


def bold(text: str) -> str:
    """Return bold text, if the terminal supports it."""
    return styled(text, "bold")


def dim(text: str) -> str:
    """Return dim text, if the terminal supports it."""
    return styled(text, "dim")
