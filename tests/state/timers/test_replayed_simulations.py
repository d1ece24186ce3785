"""A seed replays its run exactly, in any process: without that, nobody could look at a run that has failed."""

from __future__ import annotations

import os
import subprocess
import sys
from itertools import zip_longest
from pathlib import Path

import pytest

from ptb_bucket.state import LAYOUTS
from support.simulation.timers import TimerWorld, run_processes

SIZE = {"storm": 100.0, "calm": 200.0}
TESTS = Path(__file__).parents[2]


def replayed(layout: str, seeds: range, hash_seed: int) -> list[str]:
    """Run worlds in a process with its own order of sets and its own addresses of objects. Return what happened."""
    command = [sys.executable, __file__, layout, *map(str, seeds)]
    environment = os.environ | {
        "PYTHONHASHSEED": str(hash_seed),
        "PYTHONPATH": os.pathsep.join([str(TESTS), *filter(None, sys.path)]),
    }
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=1800, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


@pytest.mark.parametrize(
    "layout", ["per-record", *(pytest.param(one, marks=pytest.mark.long) for one in LAYOUTS if one != "per-record")]
)
def test_a_seed_replays_in_another_process(layout, count):
    """The second process runs the worlds in another order, so nothing that one leaves behind changes the next."""
    seeds = range(count(2, 20))
    one, two = replayed(layout, seeds, hash_seed=1), replayed(layout, seeds[::-1], hash_seed=2)
    journals = [_by_seed(one), _by_seed(two)]
    assert journals[0].keys() == journals[1].keys() == set(seeds)
    for seed in seeds:
        pairs = zip_longest(*(found[seed] for found in journals))
        assert next((pair for pair in pairs if pair[0] != pair[1]), None) is None, f"seed {seed} with {layout}"
        assert len(journals[0][seed]) > 100


def _by_seed(lines: list[str]) -> dict[int, list[str]]:
    found: dict[int, list[str]] = {}
    for line in lines:
        seed, _, rest = line.partition(" ")
        found.setdefault(int(seed), []).append(rest)
    return found


if __name__ == "__main__":
    for number in map(int, sys.argv[2:]):
        world = run_processes(TimerWorld(number, layout=sys.argv[1], **SIZE))
        print(*(f"{number} {line}" for line in world.journal), sep="\n")  # noqa: T201  to the parent
