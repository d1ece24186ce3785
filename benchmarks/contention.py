"""Several instances that write to one document: how long updates wait, and what they cost, on a simulated clock.

    python benchmarks/contention.py [--minutes 10] [--seeds 3] [--json results.json] [--plots docs/pictures]

Real BucketApplications with ``save="update"`` and the layout ``single``; each update changes ``bot_data`` and
``user_data``. The time of requests is simulated, so the figures are the same on every machine. Two parts:

* "one write per second": updates of different people arrive at random, five per second for all instances together. The
  bucket refuses a write that arrives less than a second after the last one, as Google may.
* "contention": each instance handles one update after another, so all of them always compete. The bucket has no limit.

To measure another version of ptb-bucket, put its ``src`` first in ``PYTHONPATH``.
"""

from __future__ import annotations

import argparse
import json
import logging
import statistics
import sys
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

sys.path.append(str(Path(__file__).parents[1] / "tests"))

from contending import Case, Outcome, draw, measure

from support.documents.virtual_time import run_virtually

RATE = 5.0
PACED, CONTENDED = "one write per second", "contention"
COUNTS = (1, 2, 4, 8)


def cases(minutes: float) -> dict[str, list[Case]]:
    """Return what is measured, by part."""
    seconds = 60 * minutes
    paced = [Case(count, seconds, rate=RATE, interval=1.0) for count in COUNTS[:-1]]
    contended = [
        Case(count, seconds * read / 200, read_ms=read, write_ms=write)
        for read, write in ((20, 40), (2, 5))
        for count in COUNTS
    ]
    return {PACED: paced, CONTENDED: contended}


def figures(case: Case, seeds: int) -> dict[str, Any]:
    """Measure one case with several seeds, and return its figures."""
    outcomes = [run_virtually(measure(replace(case, seed=seed))) for seed in range(1, seeds + 1)]
    return {**asdict(case), "seeds": seeds, **summary(outcomes)}


def summary(outcomes: list[Outcome]) -> dict[str, Any]:
    """Return the figures of several runs together."""
    waits = sorted(wait for outcome in outcomes for some in outcome.waits for wait in some)
    counts = {name: sum(outcome.counts.get(name, 0) for outcome in outcomes) for name in ("put", "get", "refused")}
    shares = [len(some) for outcome in outcomes for some in outcome.waits]
    return {
        "updates": len(waits),
        "per second": len(waits) / sum(outcome.seconds for outcome in outcomes),
        "median": statistics.median(waits),
        "p99": waits[int(len(waits) * 0.99)],
        "largest": waits[-1],
        "unsaved": sum(outcome.unsaved for outcome in outcomes),
        "puts": counts["put"] / len(waits),
        "gets": counts["get"] / len(waits),
        "refused": counts["refused"] / len(waits),
        "share": max(shares) / max(1, min(shares)),
    }


COLUMNS = {
    "instances": "{instances}",
    "read / write": "{read_ms:g} / {write_ms:g} ms",
    "updates per second": "{per second:.1f}",
    "median wait": "{median:.2f} s",
    "99 % wait at most": "{p99:.2f} s",
    "largest wait": "{largest:.2f} s",
    "puts per update": "{puts:.2f}",
    "of them refused (429)": "{refused:.2f}",
    "reads per update": "{gets:.2f}",
    "not saved in time": "{unsaved}",
    "busiest / idlest": "{share:.2f}",
}


def table(rows: list[dict[str, Any]]) -> str:
    """Return figures as a Markdown table."""
    lines = [
        list(COLUMNS),
        ["---:"] * len(COLUMNS),
        *([text.format(**row) for text in COLUMNS.values()] for row in rows),
    ]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=10, help="the simulated duration; shorter for contention")
    parser.add_argument("--seeds", type=int, default=3, help="how often each case is measured")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--plots", type=Path, help="a folder for contention.svg")
    parser.add_argument("--before", type=Path, help="the --json of another version, for the picture")
    options = parser.parse_args()
    logging.getLogger("ptb_bucket").setLevel(logging.CRITICAL)  # each bucket is empty at first
    results: dict[str, list[dict[str, Any]]] = {}
    for part, some in cases(options.minutes).items():
        results[part] = [figures(case, options.seeds) for case in some]
        print(f"\n{part}\n\n{table(results[part])}", flush=True)
    if options.json:
        options.json.write_text(json.dumps(results, indent=2) + "\n")
    if options.plots:
        draw(results, json.loads(options.before.read_text()) if options.before else None, options.plots)


if __name__ == "__main__":
    main()
