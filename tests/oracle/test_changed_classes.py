"""An older deployment beside a newer one: the field that the older class lacks survives what the older one does."""

from __future__ import annotations

import contextlib
import random

import pytest
from oracle.applications import COMBINATIONS, Bot
from oracle.changed import CHANGED, versions
from oracle.lives import DifferentError
from virtual_time import run_virtually

from ptb_bucket.errors import PTBBucketError
from ptb_bucket.stores import MemoryStore


@pytest.mark.parametrize("family", CHANGED)
def test_a_field_that_the_older_class_lacks_is_carried(family, count):
    """``run_virtually(turns_of(family, seed))`` replays a seed."""
    for seed in range(count(12, 120)):
        run_virtually(turns_of(family, seed))


async def turns_of(family: str, seed: int) -> None:
    """The newer one writes objects with the field; both change the record in turns; the newer one looks."""
    rng, store, combination = random.Random(seed), MemoryStore(), COMBINATIONS[seed % len(COMBINATIONS)]
    older, newer = versions(family)
    bots = [Bot.on_bucket(store, combination, [cls]) for cls in (older, newer)]
    sheets = [{"name": f"n{number}", "hp": number, "extra": [number]} for number in range(rng.randrange(1, 4))]
    await bots[1].start()
    await bots[1].handle(42, 42, lambda context: _build(context.user_data, sheets, newer, rng.random()))
    await bots[0].start()
    for _ in range(4):
        bot, number = bots[rng.randrange(2)], rng.randrange(len(sheets))
        if rng.random() < 0.3:
            await bot.restart()
        value = rng.randrange(100)
        done: list[bool] = []

        def edit(context, number=number, value=value, done=done):
            done.append(_edit(context.user_data, number, value))

        with contextlib.suppress(PTBBucketError):  # the older one may refuse this user's updates, and lose nothing
            await bot.handle(42, 42, edit)
        if done and done[0]:
            sheets[number]["hp"] = value
        if not done and bot is bots[1]:
            raise DifferentError(f"{family}, seed {seed} ({combination}): {bot.errors}")
    seen: list[list[dict[str, object]]] = []
    await bots[1].handle(42, 42, lambda context: seen.append(_said(context.user_data)))
    for bot in bots:
        await bot.stop()
    if seen != [sheets]:
        raise DifferentError(f"{family}, seed {seed} ({combination}): expected {sheets}, got {seen}; {bots[0].errors}")


def _build(data, sheets, cls, draw):
    made = [cls(**sheet) for sheet in sheets]
    data.update(sheets=made, turns=0, deep={"first": (made[0],)} if draw < 0.5 else {})


def _edit(data, number, value) -> bool:
    """Change something in any case, and the object where that can be done."""
    data["turns"] += 1
    try:
        data["sheets"][number].hp = value
    except (AttributeError, TypeError, ValueError):
        return False
    return True


def _said(data) -> list[dict[str, object]]:
    return [{name: getattr(sheet, name, "missing") for name in ("name", "hp", "extra")} for sheet in data["sheets"]]
