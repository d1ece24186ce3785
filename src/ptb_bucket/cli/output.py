"""What a verb says: for people on a terminal, or JSON for scripts. Data goes to stdout, progress to stderr."""

from __future__ import annotations

import json
from contextlib import contextmanager
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from rich.console import JustifyMethod

__all__ = ["Output"]

_ENDLESS: Final = 10_000
"""Columns that no table has."""


class Output:
    """Where a verb's result goes.

    Args:
        as_json: For scripts.
    """

    def __init__(self, *, as_json: bool) -> None:
        self.as_json = as_json
        self._console = Console(highlight=False, soft_wrap=True)

    def result(self, facts: Mapping[str, Any], render: Callable[[], None]) -> None:
        """Say what came of it, once.

        Args:
            facts: All of it, as JSON has it; dates and the like become text.
            render: Says the same to people, by the other methods.
        """
        if self.as_json:
            print(json.dumps(facts, default=str, ensure_ascii=False))
        else:
            render()

    def line(self, text: str, style: str = "") -> None:
        """One line, or several. Whatever could move the cursor or colour the terminal is shown, not done."""
        self._console.print(Text(_visible(text), style=style))

    def table(
        self,
        columns: Iterable[str],
        rows: Iterable[Iterable[object]],
        styles: Mapping[str, str] = MappingProxyType({}),
        *,
        folded: bool = True,
    ) -> None:
        """A table.

        Args:
            columns: Their names; those that begin with ``#`` hold numbers.
            rows: Their cells.
            styles: The style of cells with that text.
            folded: Narrow enough for the terminal. Otherwise each row is one line, so that an id in it can be copied.
        """
        table = Table(box=None, pad_edge=False, header_style="bold")
        for column in columns:
            justify: JustifyMethod = "right" if column.startswith("#") else "left"
            table.add_column(column.removeprefix("#"), justify=justify, overflow="fold")
        for row in rows:
            texts = (f"{cell:,}" if type(cell) is int else str(cell) for cell in row)
            table.add_row(*(Text(_visible(text), style=styles.get(text, "")) for text in texts))
        console = self._console if folded else Console(highlight=False, soft_wrap=True, width=_ENDLESS)
        console.print(table)

    @contextmanager
    def progress(self, label: str, total: int | None) -> Iterator[Callable[[int], None]]:
        """A bar on stderr while inside, on a terminal; give what you get the number of things done since."""
        console = Console(stderr=True)
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        with Progress(*columns, console=console, disable=self.as_json or not console.is_terminal) as bar:
            task = bar.add_task(label, total=total)
            yield lambda done: bar.advance(task, done)


def _visible(text: str) -> str:
    return "".join(one if one.isprintable() or one == "\n" else one.encode("unicode_escape").decode() for one in text)
