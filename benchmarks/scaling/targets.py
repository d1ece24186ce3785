"""The targets for the figures, as ratios within one run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["LARGE", "show"]

Results = list[dict[str, Any]]
Target = tuple[str, float, float]
"""A target: its name, its value and its limit."""

LARGE: Final = 100_000
"""The number of users with which pickle and the loop's gaps are measured too."""


def show(results: Results) -> None:
    """Print the targets that the cases cover."""
    print("\ntargets, and what was measured")
    for what, found, limit in (*_flat(results), *_commits(results), *_loads(results), *_gaps(results)):
        print(f"{what:90}{found:8.2f}{limit:8.2f}  {'met' if found <= limit else 'MISSED'}")


def _flat(results: Results) -> Iterator[Target]:
    for place in dict.fromkeys(case["place"] for case in results):
        of_it = [
            case for case in results if (case["layout"], case["codec"], case["place"]) == ("per-record", "json", place)
        ]
        by_users = {case["users"]: case["starts"] for case in of_it}
        if len(by_users) > 1:
            few, many = by_users[min(by_users)], by_users[max(by_users)]
            for part in ("start", "update"):
                what = f"per-record, {place}: {part} with {max(by_users):,} users / with {min(by_users):,}"
                yield what, many[part]["wall"] / few[part]["wall"], 1.2


def _commits(results: Results) -> Iterator[Target]:
    for case in results:
        if case["layout"] == "single" and case["codec"] == "json":
            what = f"single, {case['place']}, {case['users']:,} users: CPU beyond the raw put, of its time"
            yield what, case["commits"]["1"]["own cpu share"], 0.15


def _loads(results: Results) -> Iterator[Target]:
    for case in results:
        if case["layout"] == "single" and case["users"] == LARGE:
            name = f"single, {case['codec']}, {case['place']}, {LARGE:,} users"
            yield f"{name}: load / bare decoding", case["load"]["ratio"], 1.3
            if "memory" in case:
                yield f"{name}: peak memory / decoded state", case["memory"]["peak ratio"], 2.5


def _gaps(results: Results) -> Iterator[Target]:
    for case in results:
        for how, gaps in case.get("gaps", {}).items():
            for what in ("load", "save one user", "refresh one user"):
                name = f"single, {case['codec']}, {LARGE:,} users, {how}: loop's gap beyond idle, {what} (ms)"
                yield name, gaps[what] - gaps["idle"], 50
