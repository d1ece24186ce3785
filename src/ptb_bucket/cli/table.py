"""Lay out tables: folded to a terminal's width, as blocks if IDs must stay in one piece, or as TSV in a pipe."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    Row = Sequence[str]
    Styled = Callable[[str, str], str]
    """Returns a text in a style."""

__all__ = ["blocks", "columns", "fits", "tab_separated"]

_GAP: Final = "  "
_NARROWEST: Final = 4
"""Cells of a column that is never made narrower than this, however narrow the terminal is."""


def tab_separated(rows: Sequence[Row]) -> list[str]:
    """Return one line for each row, for ``cut`` and ``while read``. Cells contain no tabs and no line breaks."""
    return ["\t".join(row) for row in rows]


def fits(head: Row, rows: Sequence[Row], width: int) -> bool:
    """Tell whether a table fits a width without folding a cell."""
    return _total(_natural(head, rows)) <= width


def columns(head: Row, rows: Sequence[Row], width: int, styled: Styled, style_of: Callable[[str], str]) -> list[str]:
    """Lay out a table in columns, and fold the cells of the widest ones until it fits.

    Args:
        head: The names of the columns. ``#`` before a name marks a column of numbers, which is aligned to the right.
        rows: The cells of each row.
        width: The terminal's width in cells.
        styled: Applies a style.
        style_of: Returns the style of a cell.
    """
    widths = _narrowed(_natural(head, rows), width)
    right = [name.startswith("#") for name in head]
    names = [name.removeprefix("#") for name in head]
    lines = _lines(names, widths, right, lambda text, _: styled(text, "bold"))
    for row in rows:
        lines += _lines(row, widths, right, lambda text, cell: styled(text, style_of(cell)))
    return lines


def blocks(head: Row, rows: Sequence[Row], styled: Styled) -> list[str]:
    """Lay out each row as a block with one line for each cell, so that no ID is folded. Empty cells are left out."""
    names = [name.removeprefix("#") for name in head]
    label = max(map(_width, names), default=0)
    lines = []
    for row in rows:
        lines += [
            f"{styled(_padded(name, label), 'bold')}{_GAP}{cell}" for name, cell in zip(names, row, strict=True) if cell
        ]
        lines.append("")
    return lines[:-1]


def _natural(head: Row, rows: Sequence[Row]) -> list[int]:
    names = [name.removeprefix("#") for name in head]
    return [max(map(_width, cells)) for cells in zip(names, *rows, strict=True)]


def _total(widths: Sequence[int]) -> int:
    return sum(widths) + len(_GAP) * (len(widths) - 1)


def _narrowed(widths: list[int], width: int) -> list[int]:
    while _total(widths) > width and max(widths) > _NARROWEST:
        widths[widths.index(max(widths))] -= 1
    return widths


def _lines(cells: Row, widths: Sequence[int], right: Sequence[bool], style: Callable[[str, str], str]) -> list[str]:
    folded = [_folded(cell, width) for cell, width in zip(cells, widths, strict=True)]
    lines = []
    for at in range(max(map(len, folded), default=0)):
        parts = [
            style(_padded(one[at] if at < len(one) else "", width, right=is_right), cell)
            for cell, one, width, is_right in zip(cells, folded, widths, right, strict=True)
        ]
        lines.append(_GAP.join(parts).rstrip())
    return lines


def _folded(text: str, width: int) -> list[str]:
    """Break a text between words, and inside words that are too long for a line."""
    lines, line = [], ""
    for word in text.split(" "):
        rest = word
        if line and _width(line) + 1 + _width(word) <= width:
            line, rest = f"{line} {word}", ""
        elif line:
            lines.append(line)
            line = ""
        while _width(rest) > width:
            lines.append(_start(rest, width))
            rest = rest[len(lines[-1]) :]
        line = line or rest
    return [*lines, line]


def _start(text: str, width: int) -> str:
    end = 1
    while end < len(text) and _width(text[: end + 1]) <= width:
        end += 1
    return text[:end]


def _padded(text: str, width: int, *, right: bool = False) -> str:
    space = " " * (width - _width(text))
    return space + text if right else text + space


def _width(text: str) -> int:
    """Return how many cells of a terminal a text takes."""
    if text.isascii():
        return len(text)
    return sum(
        0 if unicodedata.combining(one) else 2 if unicodedata.east_asian_width(one) in "WF" else 1 for one in text
    )
