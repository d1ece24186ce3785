"""Tables of the figures."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sdk.commits import Commits, Ratio
    from sdk.counting import Counts
    from sdk.imports import Start

__all__ = ["show_commits", "show_counts", "show_starts"]


def table(rows: Sequence[Sequence[str]]) -> None:
    """Print rows, the first being the heading, in columns that line up."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = [row[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True))]
        print("  " + "   ".join(cells))


def show_commits(server: str, results: Sequence[Commits]) -> None:
    """Print the ratios to the bare SDK's put."""
    print(f"\n{server}: × the bare SDK's put of the same bytes (median of the rounds, and their middle half)")
    heading = ("bytes", "store put, time", "CPU", "commit, time", "CPU")
    table([heading, *(commit_row(result) for result in results)])


def commit_row(result: Commits) -> list[str]:
    """Return the row of a size."""
    ratios = [result.ratio(what, who) for who in ("store", "commit") for what in ("wall", "cpu")]
    return [f"{result.size:,}", *map(ratio_text, ratios)]


def ratio_text(ratio: Ratio) -> str:
    """Return the median and the bounds of the middle half."""
    return f"×{ratio.median:.2f} ({ratio.low:.2f}-{ratio.high:.2f})"


def show_counts(server: str, layouts: Mapping[str, Counts]) -> None:
    """Print the requests on the wire."""
    print(f"\n{server}: requests on the wire")
    steps = next(iter(layouts.values()))
    rows = [[step, *(count_text(counts[step]) for counts in layouts.values())] for step in steps]
    table([["", *layouts], *rows])


def count_text(counts: Mapping[str, int]) -> str:
    """Return a text such as 2 GET + 1 PUT."""
    return " + ".join(f"{number} {sort}" for sort, number in counts.items()) or "0"


def show_starts(starts: Mapping[str, Start]) -> None:
    """Print the time that each scheme adds to a start."""
    print("\nfresh process: × importing telegram.ext and ptb_bucket (median)")
    heading = ("", "import ptb_bucket", "open a store", "first use - second", "SDK modules before, after")
    table([heading, *(start_row(name, start) for name, start in starts.items())])


def start_row(name: str, start: Start) -> list[str]:
    """Return the row of a scheme."""
    ratios = (start.core, start.opening, start.first_use)
    return [name, *(f"×{ratio:.3f}" for ratio in ratios), f"{len(start.too_early)}, {start.loaded}"]
