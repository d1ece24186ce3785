"""Two deployments of one bot whose classes differ in a field: the older one lacks ``extra``."""

from __future__ import annotations

import collections
import contextlib
import dataclasses
import random
from typing import Any

import attrs
import pydantic

from oracle.applications import COMBINATIONS, Bot
from oracle.lives import DifferentError
from ptb_bucket.errors import PTBBucketError
from ptb_bucket.stores import MemoryStore

FIELDS = ("name", "hp")


def _dataclass(fields: tuple[str, ...], **options: Any) -> type:
    return dataclasses.make_dataclass(
        "Sheet", [(name, Any, dataclasses.field(default=None)) for name in fields], **options
    )


def _attrs(fields: tuple[str, ...], **options: Any) -> type:
    return attrs.make_class("Sheet", {name: attrs.field(default=None) for name in fields}, **options)


def _pydantic(fields: tuple[str, ...], **config: Any) -> type:
    defined: Any = dict.fromkeys(fields, (Any, None))
    return pydantic.create_model("Sheet", __config__=pydantic.ConfigDict(**config), **defined)


def _plain(fields: tuple[str, ...], slots: tuple[str, ...] | None = None) -> type:
    def make(self: Any, **values: Any) -> None:
        for name in fields:
            setattr(self, name, values.get(name))

    return type("Sheet", (), {"__init__": make} | ({} if slots is None else {"__slots__": slots}))


def _named_tuple(fields: tuple[str, ...]) -> type:
    defaults = [None] * len(fields)
    return collections.namedtuple("Sheet", fields, defaults=defaults)  # noqa: PYI024  its fields differ from call to call


CHANGED: dict[str, Any] = {
    "dataclass": _dataclass,
    "dataclass slots": lambda fields: _dataclass(fields, slots=True),
    "dataclass frozen": lambda fields: _dataclass(fields, frozen=True),
    "dataclass frozen slots": lambda fields: _dataclass(fields, frozen=True, slots=True),
    "dataclass kw_only": lambda fields: _dataclass(fields, kw_only=True),
    "attrs define": lambda fields: _attrs(fields, slots=True),
    "attrs frozen": lambda fields: _attrs(fields, slots=True, frozen=True),
    "attrs without slots": _attrs,
    "pydantic": _pydantic,
    "pydantic frozen": lambda fields: _pydantic(fields, frozen=True),
    "named tuple": _named_tuple,
    "plain": _plain,
    "slots": lambda fields: _plain(fields, fields),
}
"""By family: makes the class with these fields."""


def versions(family: str) -> tuple[type, type]:
    """The class of the older deployment, and that of the newer one."""
    made = [CHANGED[family](fields) for fields in (FIELDS, (*FIELDS, "extra"))]
    for cls in made:
        cls.__module__, cls.__qualname__ = "bot", "Sheet"
    return made[0], made[1]


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
