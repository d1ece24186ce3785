"""The time that a provider adds to the start of a process, measured in fresh processes in turns."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["Start", "measure"]

PROGRAM: Final = Path(__file__).with_name("fresh.py")
PATIENCE: Final = 60


@dataclass(frozen=True)
class Start:
    """The medians of fresh processes, as ratios to importing PTB and the core in the same process.

    ``first_use`` is the first read of a process less the second one, by another store: the SDK's import and what it
    prepares once. ``too_early`` are modules of an SDK that were loaded before; there must be none.
    """

    core: float
    opening: float
    first_use: float
    too_early: list[str]
    loaded: int


def measure(uris: Mapping[str, str], runs: int) -> dict[str, Start]:
    """Start ``runs`` processes for each URI, in turns, after one each that warms the disk's cache."""
    rounds = [{name: _run(uri) for name, uri in uris.items()} for _ in range(runs + 1)][1:]
    return {name: _start([one[name] for one in rounds]) for name in uris}


def _run(uri: str) -> dict[str, Any]:
    command = [sys.executable, "-W", "ignore", str(PROGRAM), uri]
    done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=PATIENCE)  # noqa: S603
    return dict(json.loads(done.stdout))


def _start(runs: list[dict[str, Any]]) -> Start:
    return Start(
        core=_median(_core(run["steps"]) for run in runs),
        opening=_median(_opening(run["steps"]) for run in runs),
        first_use=_median(_first_use(run["steps"]) for run in runs),
        too_early=sorted({name for run in runs for name in run["too early"]}),
        loaded=max(run["loaded"] for run in runs),
    )


def _median(values: Iterable[float]) -> float:
    return statistics.median(list(values))


def _base(steps: dict[str, float]) -> float:
    return steps["ptb_bucket"] - steps["begin"]


def _core(steps: dict[str, float]) -> float:
    return (steps["ptb_bucket"] - steps["telegram.ext"]) / _base(steps)


def _opening(steps: dict[str, float]) -> float:
    return (steps["opened"] - steps["bot"]) / _base(steps)


def _first_use(steps: dict[str, float]) -> float:
    second = steps["second"] - steps["first"] - (steps["opened"] - steps["bot"])
    return (steps["first"] - steps["looked"] - second) / _base(steps)
