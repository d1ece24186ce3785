"""Names of classes in values and in a state, so that a misspelt one does not reach a bot."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from ptb_bucket.codecs import UnknownInstance
from ptb_bucket.errors import RefusedError
from ptb_bucket.stores import closest

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ptb_bucket.state import Record
    from ptb_bucket.tools.state import State

__all__ = ["refuse_new_classes"]

_TAG: Final = re.compile(rb'\{"\$([^"\\]+)":')
"""A tag in JSON. It cannot be part of a text, because quotes are escaped there."""


async def refuse_new_classes(state: State, record: Record, value: Any) -> None:
    """Refuse instances of unknown classes of which the state has none: the bot could not load the record.

    The record's own document is searched first, and the others only if it lacks a class.

    Args:
        state: The bot's state.
        record: The record that is to contain the value.
        value: The new value. Classes that the state was opened with are not unknown.

    Raises:
        RefusedError: A class occurs nowhere. The message suggests a similar one.
        DocumentError, StoreError: The state could not be read.
    """
    new, known = _unknown_in(value), set[str]()
    if new and (part := await state.archive.part_of(record)):
        known = _names_in(part.records.values())
    if not new <= known:
        async for part in state.archive.parts():
            known |= _names_in(part.records.values())
    if missing := sorted(new - known):
        raise RefusedError(
            f"The class {missing[0]} does not occur in this state, so the bot may not be able to load "
            f"{record.label}.{_meant(missing[0], known)} Nothing was changed. If the bot has this class, pass it "
            "with --types, or pass --new-class."
        )


def _meant(name: str, known: Iterable[str]) -> str:
    names = {one.casefold(): one for one in known}
    found = closest(name, names)
    return f" Did you mean {names[found]!r}?" if found else ""


def _names_in(encoded: Any) -> set[str]:
    return {found.decode(errors="replace") for value in encoded for found in _TAG.findall(value)}


def _unknown_in(value: Any) -> set[str]:
    """Return the names of the unknown classes in a value, at any depth."""
    names, seen, waiting = set[str](), set[int](), [value]
    while waiting:
        value = waiting.pop()
        if id(value) in seen or isinstance(value, (str, bytes)):
            continue
        seen.add(id(value))
        if isinstance(value, UnknownInstance):
            names.add(value.name)
            waiting.append(value.payload)
        elif isinstance(value, dict):
            waiting += [*value.keys(), *value.values()]
        elif hasattr(value, "__iter__"):
            waiting += list(value)
    return names
