"""Medians of starts, and their tables."""

from __future__ import annotations

import statistics
from typing import TYPE_CHECKING, Any, Final

from starting.processes import PHASES

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from starting.processes import Run

__all__ = ["NAMES", "phase_table", "start_table", "summary"]

BASE, TUNED = "ptb", "ptb tuned"
NAMES: Final = {
    "ptb": "PTB alone, as it ships",
    "ptb tuned": "PTB alone, one TLS context and no garbage collection while starting",
    "pickle": "PicklePersistence",
    "boto3": "a pickle in S3, written by hand with boto3",
    "file": "`file:`",
    "s3 light": "`s3://`, light client",
    "s3 aioboto3": "`s3://`, aioboto3",
    "gs light": "`gs://`, light client",
    "gs google-cloud-storage": "`gs://`, google-cloud-storage",
}
"""Contestant → its name in tables."""


def summary(runs: Mapping[str, Sequence[Run]]) -> dict[str, dict[str, Any]]:
    """Return the medians of each contestant in ms and MB, and of its ratios to PTB alone in the same round.

    "Least" is the round with the least CPU time of each contestant, on which other load of the machine weighs least.
    """
    return {name: _figures(runs, name) for name in runs}


def _figures(runs: Mapping[str, Sequence[Run]], name: str) -> dict[str, Any]:
    own = runs[name]
    cpu, wall = (_totals(runs, name, what) for what in ("cpu", "wall"))
    return {
        "wall ms": _ms(wall),
        "cpu ms": _ms(cpu),
        "wall ratio": statistics.median(
            our / base for our, base in zip(wall, _totals(runs, BASE, "wall"), strict=True)
        ),
        "cpu ratio": statistics.median(our / base for our, base in zip(cpu, _totals(runs, BASE, "cpu"), strict=True)),
        "cpu ms above tuned": _ms(our - base for our, base in zip(cpu, _totals(runs, TUNED, "cpu"), strict=True)),
        "least cpu ms": min(cpu) * 1000,
        "least cpu ratio": min(cpu) / min(_totals(runs, BASE, "cpu")),
        "least cpu ms above tuned": (min(cpu) - min(_totals(runs, TUNED, "cpu"))) * 1000,
        "rounds": {"cpu": cpu, "wall": wall},
        "memory MB": statistics.median(run.memory for run in own) / 1e6,
        "cpu ms by phase": {phase: _ms(run.cpu[phase] for run in own) for phase in PHASES},
        "wall ms by phase": {phase: _ms(run.wall[phase] for run in own) for phase in PHASES},
    }


def _totals(runs: Mapping[str, Sequence[Run]], name: str, what: str) -> list[float]:
    return [sum(getattr(run, what).values()) for run in runs[name]]


def _ratio(ours: Sequence[float], base: Sequence[float]) -> float:
    return statistics.median(our / other for our, other in zip(ours, base, strict=True))


def _ms(seconds: Iterable[float]) -> float:
    return statistics.median(list(seconds)) * 1000


def start_table(figures: Mapping[str, Any], missing: Mapping[str, str]) -> str:
    """Return a Markdown table of whole starts. Contestants that could not be measured say so."""
    head = (
        "",
        "time",
        "× PTB alone",
        "CPU",
        "× PTB alone",
        "above tuned",
        "least CPU",
        "× PTB alone",
        "above tuned",
        "memory",
    )
    rows = [[NAMES[name], *_cells(one)] for name, one in figures.items()]
    rows += [[NAMES[name], f"**not measured**: {why}", *[""] * 8] for name, why in missing.items()]
    return _table(head, rows)


def _cells(one: Mapping[str, Any]) -> list[str]:
    return [
        f"{one['wall ms']:.0f} ms",
        f"{one['wall ratio']:.2f}",
        f"{one['cpu ms']:.0f} ms",
        f"{one['cpu ratio']:.2f}",
        f"{one['cpu ms above tuned']:+.0f} ms",
        f"{one['least cpu ms']:.0f} ms",
        f"{one['least cpu ratio']:.2f}",
        f"{one['least cpu ms above tuned']:+.0f} ms",
        f"{one['memory MB']:.0f} MB",
    ]


def phase_table(figures: Mapping[str, Any]) -> str:
    """Return a Markdown table of the CPU time of each phase."""
    rows = [
        [NAMES[name], *(f"{one['cpu ms by phase'][phase]:.0f}" for phase in PHASES)] for name, one in figures.items()
    ]
    return _table(("CPU, ms", *PHASES), rows)


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, [":---", *["---:"] * (len(head) - 1)], *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)
