"""A program: one case in a fresh process, as JSON. ``child.py PART CASE``; PART is one of PARTS."""

from __future__ import annotations

import asyncio
import json
import resource
import sys
from functools import partial
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

import loop_gaps

from scaling import commits, loads, pickles, starts
from scaling.cases import Case, opened
from scaling.filling import copied, filled


async def measure(case: Case) -> dict[str, Any]:
    """Fill the place, and measure starts, commits and, if everything is loaded, loading."""
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
    """Load the state that an earlier process stored."""
    async with opened(case) as place:
        return {"memory": await loads.memory(case, place.base)}


async def gaps(case: Case, *, freeze: bool = False) -> dict[str, Any]:
    """Return the loop's longest gaps, by default or as docs/how-to/choose-a-layout.md advises for large bots."""
    return await loop_gaps.measure(case.users, case.codec, freeze=freeze)


def main() -> None:
    """Run a part."""
    part, case = sys.argv[1], Case(**json.loads(sys.argv[2]))
    figures = asyncio.run(PARTS[part](case))
    figures["peak of the process"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print(json.dumps(figures))


PARTS = {
    "measure": measure,
    "memory": peak,
    "gaps": gaps,
    "frozen": partial(gaps, freeze=True),
    "pickle": pickles.measure,
}

if __name__ == "__main__":
    main()
