"""Print results for people, or as JSON for scripts. Results go to stdout, progress to stderr."""

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
"""More columns than any table needs."""


class Output:
    """The printer of a verb's result.

    Args:
        as_json: Print JSON for scripts.
    """

    def __init__(self, *, as_json: bool) -> None:
        self.as_json = as_json
        self._console = Console(highlight=False, soft_wrap=True)

    def result(self, facts: Mapping[str, Any], render: Callable[[], None]) -> None:
        """Print the verb's result, once.

        Args:
            facts: The complete result for JSON. Values that JSON does not have, such as dates, become text.
            render: Prints the same for people with the other methods.
        """
        if self.as_json:
            print(json.dumps(facts, default=str, ensure_ascii=False))
        else:
            render()

    def line(self, text: str, style: str = "") -> None:
        """Print one or more lines. Control characters are escaped, so that stored text cannot control the terminal."""
        self._console.print(Text(_visible(text), style=style))

    def table(
        self,
        columns: Iterable[str],
        rows: Iterable[Iterable[object]],
        styles: Mapping[str, str] = MappingProxyType({}),
        *,
        folded: bool = True,
    ) -> None:
        """Print a table.

        Args:
            columns: The names of the columns. A name that begins with ``#`` marks a column of numbers.
            rows: The cells of each row.
            styles: The style of cells, by their text.
            folded: Fold cells to the terminal's width. Otherwise, each row is one line, so that you can copy IDs.
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
        """Show a progress bar on stderr if it is a terminal. Call the yielded function with each number done."""
        console = Console(stderr=True)
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        with Progress(*columns, console=console, disable=self.as_json or not console.is_terminal) as bar:
            task = bar.add_task(label, total=total)
            yield lambda done: bar.advance(task, done)


def _visible(text: str) -> str:
    return "".join(one if one.isprintable() or one == "\n" else one.encode("unicode_escape").decode() for one in text)
