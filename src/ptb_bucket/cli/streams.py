"""Stdin and stdout in place of a file: ``-`` for ``import``, ``export``, ``set`` and ``edit``."""

from __future__ import annotations

import shutil
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from ptb_bucket.cli.console import naming
from ptb_bucket.errors import ConfigurationError, RefusedError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ptb_bucket.cli.output import Output

__all__ = ["STDOUT", "check_stdout", "input_file", "output_file", "text_of"]

STDOUT: Final = "-"
_STDIN: Final = "-"


def text_of(word: str) -> str:
    """Return an argument, or the text of stdin if the argument is ``-``.

    Raises:
        ConfigurationError: Stdin is not UTF-8.
    """
    if word != _STDIN:
        return word
    try:
        return sys.stdin.buffer.read().decode()
    except UnicodeDecodeError:
        raise ConfigurationError("The value on stdin is not valid UTF-8.") from None


@contextmanager
def input_file(name: str) -> Iterator[str]:
    """Yield the path of a file. ``-`` is a temporary copy of stdin, which only this user may read."""
    if name != _STDIN:
        yield name
        return
    with tempfile.TemporaryDirectory(prefix="ptb-bucket-") as folder:
        copy = Path(folder, "stdin")
        with naming(copy), copy.open("wb") as file:
            shutil.copyfileobj(sys.stdin.buffer, file)
        yield str(copy)


@contextmanager
def output_file(name: str) -> Iterator[Path]:
    """Yield the path of a file to write. ``-`` is a temporary file, which is copied to stdout when it is complete."""
    if name != STDOUT:
        yield Path(name)
        return
    with tempfile.TemporaryDirectory(prefix="ptb-bucket-") as folder:
        made = Path(folder, "stdout")
        yield made
        sys.stdout.flush()
        with made.open("rb") as file:
            shutil.copyfileobj(file, sys.stdout.buffer)
        sys.stdout.buffer.flush()


def check_stdout(output: Output, *, binary: bool, multi: bool) -> None:
    """Check that stdout can carry an export, and send the report to stderr.

    Raises:
        BadParameter: Stdout cannot carry the report's JSON, or five files, too.
        RefusedError: A terminal would show a pickle's bytes.
    """
    if multi:
        raise click.BadParameter("--multi writes five files, so it can't be combined with FILE -.")
    if output.as_json:
        raise click.BadParameter("--json can't be combined with FILE -. Both would write to stdout.")
    if binary and sys.stdout.isatty():
        raise RefusedError("A pickle is binary, and stdout is a terminal. Redirect it: ... - --format pickle > FILE")
    output.to_stderr = True
