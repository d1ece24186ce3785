"""Print results for people, or as JSON for scripts. Results go to stdout, notes and progress to stderr."""

from __future__ import annotations

import json
import os
import shutil
import sys
from contextlib import contextmanager
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TextIO

from ptb_bucket.cli.console import is_terminal, styled
from ptb_bucket.cli.table import blocks, columns, fits, tab_separated

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

__all__ = ["Output"]


class Output:
    """The printer of a verb's result.

    Args:
        as_json: Print JSON for scripts.
        quiet: Print neither the report of a change, nor notes, nor progress.
    """

    def __init__(self, *, as_json: bool, quiet: bool = False) -> None:
        self.as_json = as_json
        self.quiet = quiet
        self.to_stderr = False  # set if stdout carries data

    def result(self, facts: Mapping[str, Any], render: Callable[[], None]) -> None:
        """Print data that the user asked for, once.

        Args:
            facts: The complete result for JSON. Values that JSON does not have, such as dates, become text.
            render: Prints the same for people with the other methods.
        """
        if self.as_json:
            self._print(self._json(facts))
        else:
            render()

    def report(self, facts: Mapping[str, Any], render: Callable[[], None]) -> None:
        """Print what a verb has done, as :meth:`result`, unless the user asked for quiet."""
        if not self.quiet:
            self.result(facts, render)

    def line(self, text: str, style: str = "") -> None:
        """Print one or more lines. Control characters are escaped, so that stored text cannot control the terminal."""
        self._print(styled(_visible(text), style))

    def heading(self, text: str) -> None:
        """Print a heading for people. A pipe gets only the data below it."""
        if is_terminal(sys.stdout):
            self.line(text, "bold")

    def note(self, text: str) -> None:
        """Print a remark about the result. With JSON, and in a pipe, it goes to stderr: stdout has only data."""
        if self.quiet:
            return
        if is_terminal(sys.stdout) and not self.as_json:
            self.line(text)
        else:
            print(_visible(text.strip("\n")), file=sys.stderr)

    def table(
        self,
        head: Iterable[str],
        rows: Iterable[Iterable[object]],
        styles: Mapping[str, str] = MappingProxyType({}),
        *,
        folded: bool = True,
    ) -> None:
        """Print a table. In a pipe, each row is one line of cells with tabs between them, without a head.

        Args:
            head: The names of the columns. A name that begins with ``#`` marks a column of numbers.
            rows: The cells of each row.
            styles: The style of cells, by their text.
            folded: Fold cells to the terminal's width. Otherwise, rows that are too wide become blocks, so that you can
                copy IDs.
        """
        names, people = list(head), is_terminal(sys.stdout)
        cells = [[_cell(cell, people=people) for cell in row] for row in rows]
        width = shutil.get_terminal_size().columns
        if not people:
            lines = tab_separated(cells)
        elif folded or fits(names, cells, width):
            lines = columns(names, cells, width, styled, lambda text: styles.get(text, ""))
        else:
            lines = blocks(names, cells, styled)
        for line in lines:
            self._print(line)

    def _json(self, facts: Mapping[str, Any]) -> str:
        """Return JSON, with escapes if the stream's encoding lacks a character: a question mark would be other data."""
        text = json.dumps(facts, default=str, ensure_ascii=False)
        try:
            text.encode(self._stream.encoding or "utf-8")
        except UnicodeEncodeError:
            return json.dumps(facts, default=str)
        return text

    def _print(self, text: str) -> None:
        print(text, file=self._stream)

    @property
    def _stream(self) -> TextIO:
        return sys.stderr if self.to_stderr else sys.stdout

    @contextmanager
    def progress(self, label: str, total: int | None) -> Iterator[Callable[[int], None]]:
        """Show a progress bar on stderr if it is a terminal. Call the yielded function with each number done."""
        if self.as_json or self.quiet or not is_terminal(sys.stderr):
            yield lambda _: None
            return
        from rich.console import Console  # noqa: PLC0415  only a terminal needs it, and it delays every start
        from rich.progress import (  # noqa: PLC0415
            BarColumn,
            MofNCompleteColumn,
            Progress,
            TextColumn,
            TimeRemainingColumn,
        )

        console = Console(stderr=True, color_system=None) if os.environ.get("NO_COLOR") else Console(stderr=True)
        bars = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        with Progress(*bars, console=console) as bar:
            task = bar.add_task(label, total=total)
            yield lambda done: bar.advance(task, done)


def _cell(cell: object, *, people: bool) -> str:
    if type(cell) is int:
        return f"{cell:,}" if people else f"{cell}"
    return _visible(str(cell)).replace("\n", " ")


def _visible(text: str) -> str:
    if text.isprintable():
        return text
    return "".join(one if one.isprintable() or one == "\n" else one.encode("unicode_escape").decode() for one in text)
