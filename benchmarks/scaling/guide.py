"""The figures as tables in a guide, between two marks in a Markdown file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

__all__ = ["fill", "written"]

BEGIN: Final = "<!-- measured: written by benchmarks/scale.py -->\n"
END: Final = "<!-- /measured -->\n"
PLACE: Final = "file"
MEGA: Final = 1_000_000

Case = dict[str, Any]


def fill(path: Path, results: dict[str, Any]) -> None:
    """Write the tables into a file that has the marks."""
    before, _, rest = path.read_text().partition(BEGIN)
    _, mark, after = rest.partition(END)
    if not mark:
        raise SystemExit(f"{path} has no place for figures: {BEGIN.strip()} and {END.strip()}")
    path.write_text(before + BEGIN + written(results) + END + after)


def written(results: dict[str, Any]) -> str:
    """Return all tables for the directory, JSON and PTB's own pickles."""
    shown = [case for case in results["cases"] if case["place"] == PLACE and _is_usual(case)]
    about = results["about"]
    tables = "\n".join(_table(title, shown, value) for title, value in TABLES.items())
    return (
        f"\nMeasured {about['date']} with Python {about['Python']}, medians of {shown[0]['runs']} runs.\n\n{tables}\n"
    )


def _is_usual(case: Case) -> bool:
    return bool(case["codec"] == "json" or case["layout"].startswith("Pickle"))


def _table(title: str, cases: list[Case], value: Callable[[Case], str]) -> str:
    found = {(case["users"], case["layout"]): text for case in cases if (text := value(case))}
    layouts = list(dict.fromkeys(layout for _, layout in found))
    rows = [
        [f"{users:,}", *(found.get((users, one), "") for one in layouts)] for users in sorted({n for n, _ in found})
    ]
    lines = [[title, *layouts], ["---"] + ["---:"] * len(layouts), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _start(case: Case) -> str:
    return _milliseconds(case["starts"]["start"]["wall"])


def _commit(changed: int) -> Callable[[Case], str]:
    def shown(case: Case) -> str:
        found = case["commits"].get(str(changed))
        return _milliseconds(found["wall"]) if found else ""

    return shown


def _bytes(case: Case) -> str:
    found = case["commits"]["1"].get("bytes")
    return f"{found:,.0f}" if found else ""


def _memory(case: Case) -> str:
    return f"{case['memory']['peak'] / MEGA:,.0f} MB" if "memory" in case else ""


def _milliseconds(seconds: float) -> str:
    return f"{seconds * 1e3:,.0f} ms"


TABLES: Final = {
    "cold start to the first answer, users:": _start,
    "save one changed user of": _commit(1),
    "save 1,000 changed users of": _commit(1_000),
    "bytes written for one changed user of": _bytes,
    "Python's memory at its peak while loading": _memory,
}
