"""Tables on the pages of the documentation, which the other scripts write."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def write_table(page: Path, script: str, name: str, table: str) -> None:
    """Replace a table on a page.

    Args:
        page: The page. The table is between ``<!-- NAME: written by benchmarks/SCRIPT -->`` and ``<!-- end -->``.
        script: The name of the script's file.
        name: The name of the table.
        table: The new table, which ends with a line break.

    Raises:
        ValueError: The page has no place for the table, or several.
    """
    begin, end = f"<!-- {name}: written by benchmarks/{script} -->\n", "<!-- end -->"
    pattern = re.compile(f"(?<={re.escape(begin)}).*?(?={end})", re.DOTALL)
    text, found = pattern.subn(lambda _: table, page.read_text(encoding="utf-8"))
    if found != 1:
        raise ValueError(f"{page} has {found} places for the table, not one: {begin.strip()} ... {end}")
    page.write_text(text, encoding="utf-8")
