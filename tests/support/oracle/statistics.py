"""Counts of what the oracle's runs did, collected in each test and added up at the end of the session."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from support.oracle.classes import FAMILIES

if TYPE_CHECKING:
    from collections.abc import Iterable

    from support.oracle.snapshots import Snapshot

PROPERTY = "runs of the oracle"
MINIMUMS = {"runs": 10_000, "sharing": 2_000, "with cycles": 500, "both changed one object": 3_000}
EACH_FAMILY = 500
"""What ``--long`` has to reach, all tests together."""


@dataclass
class Figures:
    """Counts of runs, and the families of classes that occurred in them."""

    counts: Counter[str] = field(default_factory=Counter)
    families: Counter[str] = field(default_factory=lambda: Counter(dict.fromkeys(FAMILIES, 0)))

    def add(self, snapshots: Iterable[Snapshot], *, both_changed_one: bool = False) -> None:
        """Count one run, with the shape of its data."""
        snapshots = list(snapshots)
        self.counts["runs"] += 1
        self.counts["sharing"] += any(snapshot.shared for snapshot in snapshots)
        self.counts["with cycles"] += any(snapshot.cycles for snapshot in snapshots)
        self.counts["both changed one object"] += both_changed_one
        seen = {cls for snapshot in snapshots for cls in snapshot.types}
        self.families.update(name for name, cls in FAMILIES.items() if cls in seen)

    def plain(self) -> dict[str, Any]:
        """Return the figures in the form in which a pytest report carries them from a worker to the main process."""
        return {"counts": dict(self.counts), "families": dict(self.families)}


def added_up(reports: Iterable[Any]) -> Figures:
    """Return the sum of the figures of all tests that noted some."""
    total = Figures()
    for report in reports:
        for name, value in getattr(report, "user_properties", ()):
            if name == PROPERTY and report.when == "teardown":
                total.counts.update(value["counts"])
                total.families.update(value["families"])
    return total


def line(total: Figures) -> str:
    """Return one line of statistics."""
    rarest = min(total.families, key=lambda name: total.families[name])
    said = ", ".join(f"{total.counts[name]:,} {name}" for name in MINIMUMS)
    return f"oracle: {said}; rarest family: {rarest} in {total.families[rarest]:,}"
