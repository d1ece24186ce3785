"""Two deployments of one bot whose classes differ in a field: the older one lacks ``extra``."""

from __future__ import annotations

import dataclasses
import random
from functools import partial
from typing import Any

import attrs
import pydantic

from ptb_bucket.stores import MemoryStore
from support.oracle.applications import COMBINATIONS, Bot
from support.oracle.runs import DifferentError
from support.values.declared_classes import FAMILIES, Fields, dataclass, model

FIELDS = ("name", "hp")


def _plain(fields: Fields, slots: Fields | None = None) -> type:
    def make(self: Any, **values: Any) -> None:
        for name, default in fields.items():
            setattr(self, name, values.get(name, default))

    return type("Sheet", (), {"__init__": make} | ({} if slots is None else {"__slots__": tuple(slots)}))


CHANGED: dict[str, Any] = {
    **{name: make for name, make in FAMILIES.items() if name != "pydantic, extra forbidden"},
    "dataclass kw_only": lambda fields: dataclass(fields, kw_only=True),
    "pydantic frozen": lambda fields: model(fields, frozen=True),
    "plain": _plain,
    "slots": lambda fields: _plain(fields, fields),
}
"""By family: makes the class with these fields."""

MADE_ANEW = ("attrs frozen", "dataclass frozen", "dataclass frozen slots", "named tuple")
"""Their instances are replaced by new ones, made from the fields of the class: the newer one finds the default."""


def versions(family: str) -> tuple[type, type]:
    """Return the class of the older deployment and that of the newer one."""
    made = [CHANGED[family](dict.fromkeys(fields)) for fields in (FIELDS, (*FIELDS, "extra"))]
    for cls in made:
        cls.__module__, cls.__qualname__ = "bot", "Sheet"
    return made[0], made[1]


async def turns_of(family: str, seed: int) -> None:
    """Let the newer one write objects with the field, let both change the record in turns, then look at the result."""
    rng, store, combination = random.Random(seed), MemoryStore(), COMBINATIONS[seed % len(COMBINATIONS)]
    older, newer = versions(family)
    bots = [Bot.on_bucket(store, combination, [cls]) for cls in (older, newer)]
    sheets = [{"name": f"n{number}", "hp": number, "extra": [number]} for number in range(rng.randrange(1, 4))]
    await bots[1].start()
    await bots[1].handle(42, 42, lambda context: _build(context.user_data, sheets, newer, rng.random()))
    await bots[0].start()
    for _ in range(4):
        side, number, value = rng.randrange(2), rng.randrange(len(sheets)), rng.randrange(100)
        bot, cls, replaced = bots[side], (older, newer)[side], rng.choice([_made_by_class, _made_from_it])
        if rng.random() < 0.3:
            await bot.restart()
        edit = (partial(replaced, cls), number, value)
        await bot.handle(42, 42, lambda context, edit=edit: _edit(context.user_data, *edit))
        sheets[number]["hp"] = value
        if cls is older and family in MADE_ANEW:
            sheets[number]["extra"] = None
    seen: list[Any] = []
    await bots[1].handle(42, 42, lambda context: seen.append(_said(context.user_data)))
    for bot in bots:
        await bot.stop()
    errors = [error for bot in bots for error in bot.errors]
    if errors or seen != [(4, sheets)]:
        raise DifferentError(f"{family}, seed {seed} ({combination}): expected {sheets}, got {seen}; {errors}")


def _build(data, sheets, cls, draw):
    made = [cls(**sheet) for sheet in sheets]
    data.update(sheets=made, turns=0, deep={"first": (made[0],)} if draw < 0.5 else {})


def _edit(data, replaced, number, value) -> None:
    """Change an object, or replace it if it cannot be changed."""
    data["turns"] += 1
    sheet = data["sheets"][number]
    try:
        sheet.hp = value
    except (AttributeError, TypeError, ValueError):
        data["sheets"][number] = replaced(sheet, hp=value)


def _made_by_class(cls: Any, sheet: Any, **changes: Any) -> Any:
    if isinstance(sheet, pydantic.BaseModel):
        return sheet.model_copy(update=changes)
    fields = {name: getattr(sheet, name) for name in (*FIELDS, "extra") if hasattr(cls(), name)}
    return cls(**fields | changes)


def _made_from_it(_: Any, sheet: Any, **changes: Any) -> Any:
    """Replace an object in its family's way, which asks the object for its class."""
    if isinstance(sheet, pydantic.BaseModel):
        return sheet.model_copy(update=changes)
    if isinstance(sheet, tuple):
        return sheet._replace(**changes)
    return (attrs.evolve if attrs.has(type(sheet)) else dataclasses.replace)(sheet, **changes)


def _said(data) -> tuple[int, list[dict[str, object]]]:
    names = (*FIELDS, "extra")
    return data["turns"], [{name: getattr(sheet, name, "missing") for name in names} for sheet in data["sheets"]]
