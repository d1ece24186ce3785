"""A program: one case in a fresh process, as JSON. ``child.py PART CASE``, where PART is measure, memory or pickle."""

from __future__ import annotations

import asyncio
import json
import resource
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from scaling import commits, loads, pickles, starts
from scaling.cases import Case, opened
from scaling.filling import copied, filled


async def measure(case: Case) -> dict[str, Any]:
    """Fill the place, and measure starts, commits and, where everything is loaded, loading."""
    memory = await filled(case)
    base = memory if case.place == "memory" else None
    async with opened(case, base) as place:
        if base is None:
            await copied(memory, place.base)
        figures: dict[str, Any] = {"starts": await starts.measure(case, base)}
        figures["commits"] = await commits.measure(case, place)
        if case.layout != "per-record":
            figures["load"] = await loads.times(case, place.base)
    return figures


async def peak(case: Case) -> dict[str, Any]:
    """Load what a process before has filled."""
    async with opened(case) as place:
        return {"memory": await loads.memory(case, place.base)}


def main() -> None:
    """Run one part."""
    part, case = sys.argv[1], Case(**json.loads(sys.argv[2]))
    figures = asyncio.run({"measure": measure, "memory": peak, "pickle": pickles.measure}[part](case))
    figures["peak of the process"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
